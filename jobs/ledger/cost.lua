-- Prepended to the scripts that spend. The schedule (jobs/costs/cap.py) says what so many units of a meter cost:
-- {"first": month, "meters": {meter: [[from unit, nano-dollars, cost of the units before, of how many units], ...]},
-- "later": the same, "requests": {name: {meter: units}}}: `meters` of its first month, `later` of each other one. Of
-- pictures a unit is a call; of films it is a millisecond, of which a start has as many as its film (BY).
-- The cost of a job is a function of its units per month and meter, so tiers are exact in any order of calls:
-- `m:<month>:<meter>` counts units billed, maybe billed and in flight, `cost` is what they come to.
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

-- What the job costs with the units of one more call (by = 1) or one less (by = -1) of a request, begun in a month.
local function cost_with(schedule, job, request, month, by)
  local total = tonumber(redis.call('HGET', job, 'cost') or '0')
  local steps = month == schedule.first and schedule.meters or schedule.later
  for meter, units in pairs(schedule.requests[request] or {}) do
    local before = tonumber(redis.call('HGET', job, 'm:' .. month .. ':' .. meter) or '0')
    total = total + at(steps[meter], before + by * units) - at(steps[meter], before)
  end
  return total
end

local function count(schedule, job, request, month, by)
  redis.call('HSET', job, 'cost', string.format('%.0f', cost_with(schedule, job, request, month, by)))
  for meter, units in pairs(schedule.requests[request] or {}) do
    redis.call('HINCRBY', job, 'm:' .. month .. ':' .. meter, by * units)
  end
end
