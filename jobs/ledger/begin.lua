-- The door before paid calls: the lease is still held, the job runs, the budget covers the call; then the intent is written.
-- KEYS: job, holders, intents, prices. ARGV: shard, fence, then field, request, attempt triples.
-- Returns for each 'go', 'wait' (the budget is held by calls in flight: ask again) or why not. The cost of a job is a function of its units per meter, so that tiers are exact
-- in any order of calls: `m:<meter>` counts units billed, maybe billed and in flight.
local state = redis.call('HGET', KEYS[1], 'state') or 'gone'
local mine = redis.call('HGET', KEYS[2], ARGV[1]) == ARGV[2]
local cap = tonumber(redis.call('HGET', KEYS[1], 'cap') or nil)
local answer = {}

local schedules = {}
local function schedule(request)
  if not schedules[request] then
    schedules[request] = cjson.decode(redis.call('HGET', KEYS[4], request) or '[]')
  end
  return schedules[request]
end

local function affordable(request)
  if not cap then return true end
  local total = tonumber(redis.call('HGET', KEYS[1], 'cost') or '0')
  local extra = 0
  for _, meter in ipairs(schedule(request)) do
    local units = tonumber(redis.call('HGET', KEYS[1], 'm:' .. meter.meter) or '0')
    extra = extra + cost(meter.tiers, units + 1) - cost(meter.tiers, units)
  end
  return total + extra <= cap
end

local function take(request)
  local total = tonumber(redis.call('HGET', KEYS[1], 'cost') or '0')
  for _, meter in ipairs(schedule(request)) do
    local after = redis.call('HINCRBY', KEYS[1], 'm:' .. meter.meter, 1)
    total = total + cost(meter.tiers, after) - cost(meter.tiers, after - 1)
  end
  redis.call('HSET', KEYS[1], 'cost', string.format('%.0f', total))
end

for i = 3, #ARGV, 3 do
  local field, request, attempt = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  -- One character per attempt; `?` until its answer is known: after a crash those are the calls maybe billed.
  local attempts = redis.call('HGET', KEYS[3], field) or ''
  if not mine then
    answer[#answer + 1] = 'lost'
  elseif #attempts >= attempt then
    answer[#answer + 1] = 'go' -- written before, only the reply was lost
  elseif state ~= 'running' then
    answer[#answer + 1] = state
  elseif not affordable(request) and tonumber(redis.call('HGET', KEYS[1], 'in_flight') or '0') > 0 then
    answer[#answer + 1] = 'wait'
  elseif not affordable(request) then
    redis.call('HSET', KEYS[1], 'state', 'incomplete', 'reason', 'budget')
    state = 'incomplete'
    answer[#answer + 1] = state
  else
    take(request)
    redis.call('HINCRBY', KEYS[1], 'in_flight', 1)
    redis.call('HSET', KEYS[3], field, attempts .. '?')
    answer[#answer + 1] = 'go'
  end
end
return answer
