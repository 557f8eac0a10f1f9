-- Record what came of attempts. KEYS: job, holders, intents, answers, live, prices, todo, queued.
-- ARGV: shard, fence, then per attempt: field, request, attempt, mark, answer, counters. Marks: see `Mark` in ledger.py.
-- An empty answer means the call will be tried again. An answer is kept even when the lease is lost: it was paid for,
-- and the next holder reads it; only a shard that is done takes no more.
local job = KEYS[1]
local undone = redis.call('HGET', KEYS[2], ARGV[1])
  or redis.call('ZSCORE', KEYS[7], ARGV[1]) or redis.call('ZSCORE', KEYS[8], ARGV[1])
if not undone then return 0 end
for i = 3, #ARGV, 6 do
  local field, request, attempt, mark = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), ARGV[i + 3]
  local answer, counters = ARGV[i + 4], ARGV[i + 5]
  local attempts = redis.call('HGET', KEYS[3], field) or ''
  local so_far = attempts:sub(attempt, attempt)
  -- `m`: the next holder took it for maybe billed, but its answer comes after all.
  if mark ~= '' and (so_far == '?' or so_far == 'm') then
    redis.call('HSET', KEYS[3], field, attempts:sub(1, attempt - 1) .. mark .. attempts:sub(attempt + 1))
    if so_far == '?' then redis.call('HINCRBY', job, 'in_flight', -1) end
    if mark == 'n' or mark == 't' then count(load_schedule(KEYS[6]), job, request, -1) end
  end
  -- A counter is raised with the answer, or with the attempt where there is none yet (a throttle).
  if (answer == '' and mark ~= '') or (answer ~= '' and redis.call('HSETNX', KEYS[4], field, answer) == 1) then
    for counter in counters:gmatch('[^ ]+') do redis.call('HINCRBY', KEYS[5], counter, 1) end
  end
end
return 1
