-- Prepended to the scripts that write attempts. INTENTS keeps a field for each: 'CALL HOLDER NUMBER' -> mark, pool and
-- request ('b2026-11 labels+properties'); jobs/attempts.py tells the marks. A pool is what AWS counts units in: the month
-- ('2026-11'), and where the job asks at several places ('2026-11@eu-west-1'), '' being its own.
local function read_attempt(text)
  return text:match('^(.)(%S+) (.+)$')
end

local function attempt_text(mark, pool, request)
  return mark .. pool .. ' ' .. request
end

-- A request and where it is asked: 'labels@eu-west-1' -> 'labels', '@eu-west-1'.
local function at_place(request)
  return request:match('^([^@]+)(.*)$')
end

local function place_of(pool)
  return pool:sub(8)
end

-- What the counters of a shard under way say of an attempt with this mark: `units:labels:2026-11`, ...
local function tell(live, mark, pool, request, by)
  local name = mark == 'b' and 'units:' or (mark == 'u' or mark == 'm') and 'maybe_billed:'
  if not name then return end
  for api in request:gmatch('[^+]+') do redis.call('HINCRBY', live, name .. api .. ':' .. pool, by) end
end

-- The calendar month (UTC) of a time in milliseconds: '2026-11'. Days to civil dates, as Howard Hinnant gives it
-- (http://howardhinnant.github.io/date_algorithms.html#civil_from_days).
local function month_of(ms)
  local floor = math.floor
  local days = floor(ms / 86400000) + 719468
  local era = floor(days / 146097)
  local of_era = days - era * 146097
  local year = floor((of_era - floor(of_era / 1460) + floor(of_era / 36524) - floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * year + floor(year / 4) - floor(year / 100))
  local shifted = floor((5 * of_year + 2) / 153)
  local month = shifted < 10 and shifted + 3 or shifted - 9
  return string.format('%04d-%02d', year + era * 400 + (month <= 2 and 1 or 0), month)
end
