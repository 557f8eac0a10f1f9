-- The door before paid calls: the lease is still held, the job runs, the budget covers the call; then the intent is
-- written. KEYS: job, holders, intents, prices, todo. ARGV: shard, fence, then field, request, attempt triples.
-- Returns for each 'go', 'wait' (the budget is held by calls in flight: ask again) or why not.
local job = KEYS[1]
local state = redis.call('HGET', job, 'state') or 'gone'
local mine = redis.call('HGET', KEYS[2], ARGV[1]) == ARGV[2]
local cap = tonumber(redis.call('HGET', job, 'cap') or '') or math.huge
local schedule = load_schedule(KEYS[4])
local answer = {}

for i = 3, #ARGV, 3 do
  local field, request, attempt = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  -- One character per attempt; `?` until its answer is known: after a crash those are the calls maybe billed.
  local attempts = redis.call('HGET', KEYS[3], field) or ''
  local word = 'go'
  if not mine then
    word = 'lost'
  elseif #attempts >= attempt then
    word = 'go' -- written before, only the reply was lost
  elseif state ~= 'running' then
    word = state
  elseif cap < math.huge and cost_with(schedule, job, request, 1) > cap then
    if tonumber(redis.call('HGET', job, 'in_flight') or '0') > 0 then
      word = 'wait'
    else
      word, state = 'incomplete', 'incomplete'
      redis.call('HSET', job, 'state', state, 'reason', 'budget')
      redis.call('ZADD', KEYS[5], -1, '-1')
    end
  else
    count(schedule, job, request, 1)
    redis.call('HINCRBY', job, 'in_flight', 1)
    redis.call('HSET', KEYS[3], field, attempts .. '?')
  end
  answer[#answer + 1] = word
end
return answer
