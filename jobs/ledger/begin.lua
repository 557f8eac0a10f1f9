-- The door before paid calls: the lease is still held, the job runs, the budget covers the call; then the intent is
-- written. ARGV goes on with field, request, attempt triples.
-- Returns for each 'go', 'wait' (the budget is held by calls in flight: ask again) or why not.
local JOB, HOLDERS, INTENTS, PRICES, TODO = unpack(KEYS)
local SHARD, FENCE = ARGV[1], ARGV[2]
local state = redis.call('HGET', JOB, 'state') or 'gone'
local mine = redis.call('HGET', HOLDERS, SHARD) == FENCE
local cap = tonumber(redis.call('HGET', JOB, 'cap') or '') or math.huge
local schedule = load_schedule(PRICES)
local answer = {}

for i = 3, #ARGV, 3 do
  local field, request, attempt = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  -- One character per attempt; `?` until its answer is known: after a crash those are the calls maybe billed.
  local attempts = redis.call('HGET', INTENTS, field) or ''
  local word = 'go'
  if not mine then
    word = 'lost'
  elseif #attempts >= attempt then
    word = 'go' -- written before, only the reply was lost
  elseif state ~= 'running' then
    word = state
  elseif cap < math.huge and cost_with(schedule, JOB, request, 1) > cap then
    if tonumber(redis.call('HGET', JOB, 'in_flight') or '0') > 0 then
      word = 'wait'
    else
      word, state = 'incomplete', 'incomplete'
      redis.call('HSET', JOB, 'state', state, 'reason', 'budget')
      redis.call('ZADD', TODO, -1, '-1')
    end
  else
    count(schedule, JOB, request, 1)
    redis.call('HINCRBY', JOB, 'in_flight', 1)
    redis.call('HSET', INTENTS, field, attempts .. '?')
  end
  answer[#answer + 1] = word
end
return answer
