-- Record what came of attempts.
-- ARGV goes on with field, request, attempt, mark, answer, counters of each. Marks: see `Mark` in ledger.py.
-- An empty answer means the call will be tried again. An answer is kept even when the lease is lost: it was paid for,
-- and the next holder reads it; only a shard that is done takes no more.
local JOB, TODO, QUEUED, HOLDERS, JOURNALS, INTENTS, ANSWERS, LIVE, PRICES = unpack(KEYS)
local SHARD = ARGV[1]
local undone = redis.call('HGET', HOLDERS, SHARD)
  or redis.call('ZSCORE', TODO, SHARD) or redis.call('ZSCORE', QUEUED, SHARD)
if not undone then return 0 end
redis.call('SADD', JOURNALS, SHARD)
for i = 2, #ARGV, 6 do
  local field, request, attempt, mark = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), ARGV[i + 3]
  local answer, counters = ARGV[i + 4], ARGV[i + 5]
  local attempts = redis.call('HGET', INTENTS, field) or ''
  local so_far = attempts:sub(attempt, attempt)
  -- `m`: the next holder took it for maybe billed, but its answer comes after all.
  if mark ~= '' and (so_far == '?' or so_far == 'm') then
    redis.call('HSET', INTENTS, field, attempts:sub(1, attempt - 1) .. mark .. attempts:sub(attempt + 1))
    if so_far == '?' then redis.call('HINCRBY', JOB, 'in_flight', -1) end
    if mark == 'n' or mark == 't' then count(load_schedule(PRICES), JOB, request, -1) end
  end
  -- A counter is raised with the answer, or with the attempt where there is none yet (a throttle).
  if (answer == '' and mark ~= '') or (answer ~= '' and redis.call('HSETNX', ANSWERS, field, answer) == 1) then
    for counter in counters:gmatch('[^ ]+') do redis.call('HINCRBY', LIVE, counter, 1) end
  end
end
return 1
