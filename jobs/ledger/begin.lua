-- The door before paid calls: the lease is still held, the job runs, the budget covers the call, the service is well;
-- then the intent is written. ARGV goes on with call, request and place, number triples; numbers count a holder's attempts
-- at a call.
-- Returns for each 'go POOL' (the pool it is begun in), 'wait' (the budget is held by calls in flight: ask again),
-- 'hold MS' (no room: ask again after so long), 'hold MS shut' (go elsewhere meanwhile: the service is not well, or the
-- budget covers the call at another place and not here) or why not: 'answered' where a holder before brought the answer
-- after this one had looked.
local JOB, HOLDERS, INTENTS, PRICES, TODO, ANSWERS, HEALTH, PURSE = unpack(KEYS)
local SHARD, FENCE = ARGV[1], ARGV[2]
local state = redis.call('HGET', JOB, 'state') or 'gone'
local mine = redis.call('HGET', HOLDERS, SHARD) == FENCE
local cap = tonumber(redis.call('HGET', JOB, 'cap') or '') or math.huge
local schedule, purse = load_schedule(PRICES), load_purse(PURSE)
local month = month_of(now)
local answer = {}

-- Whether the caps cover the call at another place that is well.
local function covered_elsewhere(call, request, place)
  for other, part in pairs(places_of(schedule)) do
    if other ~= place and (part.requests or {})[request] and load_health(HEALTH, call, other).next == 0
      and not short_of(schedule, JOB, cap, purse, request, month .. other, 1) then return true end
  end
  return false
end

for i = 3, #ARGV, 3 do
  local call, number = ARGV[i], ARGV[i + 2]
  local request, place = at_place(ARGV[i + 1])
  local pool = month .. place
  local field = call .. ' ' .. FENCE .. ' ' .. number
  local written = redis.call('HGET', INTENTS, field)
  local word = 'go ' .. pool
  if not mine then
    word = 'lost'
  elseif written then -- before; only the reply was lost
    local _, then_ = read_attempt(written)
    word = 'go ' .. then_
  elseif state ~= 'running' then
    word = state
  elseif redis.call('HEXISTS', ANSWERS, call) == 1 then
    word = 'answered'
  elseif must_wait(load_health(HEALTH, call, place)) then
    local of = load_health(HEALTH, call, place)
    word = 'hold ' .. must_wait(of) .. (of.next > 0 and ' shut' or '')
  elseif short_of(schedule, JOB, cap, purse, request, pool, 1) then
    if covered_elsewhere(call, request, place) then
      word = 'hold ' .. LOOK .. ' shut'
    elseif tonumber(redis.call('HGET', JOB, 'in_flight') or '0') > 0 then
      word = 'wait'
    else
      word, state = 'incomplete', 'incomplete'
      redis.call('HSET', JOB, 'state', state, 'reason', short_of(schedule, JOB, cap, purse, request, pool, 1))
      redis.call('ZADD', TODO, -1, '-1')
    end
  else
    count(schedule, JOB, purse, request, pool, 1)
    redis.call('HINCRBY', JOB, 'in_flight', 1)
    begun(load_health(HEALTH, call, place), field)
    redis.call('HSET', INTENTS, field, attempt_text('?', pool, request))
  end
  answer[#answer + 1] = word
end
save_health(HEALTH)
return answer
