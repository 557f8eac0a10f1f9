-- Prepended to the scripts that spend. The schedule (jobs/costs/cap.py) says what so many units of a meter cost:
-- {"first": month, "meters": {meter: [[from unit, nano-dollars, cost of the units before, of how many units], ...]},
-- "later": the same, "requests": {name: {meter: units}}, "place": the account and Region}: `meters` of its first month,
-- `later` of each other one; "places": {'@eu-west-1': its meters, later, requests and place} where the job asks at others,
-- too. Of pictures a unit is a call; of films it is a millisecond, of which a start has as many as its film (BY).
-- The cost of a job is a function of its units per pool (a month, and of another place `2026-11@eu-west-1`) and meter, so
-- tiers are exact in any order of calls: `m:<pool>:<meter>` counts units billed, maybe billed and in flight, `cost` is what they come to.
local function load_schedule(key)
  local text = redis.call('GET', key)
  return text and cjson.decode(text) or {first = '', meters = {}, later = {}, requests = {}}
end

local function at(steps, units)
  for i = #steps, 1, -1 do
    if units >= steps[i][1] then
      local whole, per = (units - steps[i][1]) * steps[i][2], steps[i][4] or 1
      local rest = whole % per
      return steps[i][3] + (whole - rest) / per + (rest > 0 and 1 or 0)
    end
  end
  return 0
end

-- What holds at each place that the job asks at, by how a pool tells it: '' its own.
local function places_of(schedule)
  local found = {[''] = schedule}
  for place, part in pairs(schedule.places or {}) do found[place] = part end
  return found
end

-- What holds where a pool is, and its month.
local function part_of(schedule, pool)
  local place = pool:sub(8)
  return place == '' and schedule or (schedule.places or {})[place], pool:sub(1, 7)
end

-- What the job costs with the units of one more call (by = 1) or one less (by = -1) of a request, begun in a pool.
local function cost_with(schedule, job, request, pool, by)
  local total = tonumber(redis.call('HGET', job, 'cost') or '0')
  local units_of = schedule.requests[request]
  if not units_of then return total end -- no prices are known
  local part, month = part_of(schedule, pool)
  local steps = month == schedule.first and part.meters or part.later
  for meter, units in pairs(units_of) do
    local before = tonumber(redis.call('HGET', job, 'm:' .. pool .. ':' .. meter) or '0')
    total = total + at(steps[meter], before + by * units) - at(steps[meter], before)
  end
  return total
end

-- The purse of a home whose jobs together may cost so much in a calendar month: `cap` in nano-dollars; '2026-11 PLACE
-- METER', their units in that month, as `m:` counts a job's; 'steps PLACE METER', what those cost, from the month's first
-- on. KEY: nil where the job has none. Without a cap nothing is counted there.
local function load_purse(key)
  local cap = key and redis.call('HGET', key, 'cap')
  return cap and {key = key, cap = tonumber(cap)} or nil
end

local function read_purse(purse, month)
  local units, steps, total = {}, {}, 0
  local all = redis.call('HGETALL', purse.key)
  for i = 1, #all, 2 do
    local word, what = all[i]:match('^(%S+) (.+)$')
    if word == 'steps' then steps[what] = cjson.decode(all[i + 1]) end
    if word == month then units[what] = tonumber(all[i + 1]) end
  end
  for what, n in pairs(units) do total = total + (steps[what] and at(steps[what], n) or 0) end
  purse.month, purse.units, purse.steps, purse.cost = month, units, steps, total
end

-- What the home's month costs with that, as cost_with says of the job.
local function purse_with(schedule, purse, request, pool, by)
  local part, month = part_of(schedule, pool)
  if purse.month ~= month then read_purse(purse, month) end
  local total = purse.cost
  for meter, n in pairs(schedule.requests[request] or {}) do
    local what = part.place .. ' ' .. meter
    local before, steps = purse.units[what] or 0, purse.steps[what] or part.later[meter]
    total = total + at(steps, before + by * n) - at(steps, before)
  end
  return total
end

-- Which cap does not cover it, with what the models of the job cost until they could be stopped (`charge.lua`): the reason for which the job stops short; nil: they do.
local function short_of(schedule, job, cap, purse, request, pool, by)
  local models = tonumber(redis.call('HGET', job, 'models') or '0')
  if cap < math.huge and cost_with(schedule, job, request, pool, by) + models > cap then return 'budget' end
  if purse and purse_with(schedule, purse, request, pool, by) > purse.cap then return 'month-cap' end
  return nil
end

local function count(schedule, job, purse, request, pool, by)
  local part, month = part_of(schedule, pool)
  redis.call('HSET', job, 'cost', string.format('%.0f', cost_with(schedule, job, request, pool, by)))
  if purse and purse.month == month then purse.cost = purse_with(schedule, purse, request, pool, by) end
  for meter, units in pairs(schedule.requests[request] or {}) do
    redis.call('HINCRBY', job, 'm:' .. pool .. ':' .. meter, by * units)
    if purse then
      local what = part.place .. ' ' .. meter
      local now_there = redis.call('HINCRBY', purse.key, month .. ' ' .. what, by * units)
      if purse.month == month then purse.units[what] = now_there end
    end
  end
end
