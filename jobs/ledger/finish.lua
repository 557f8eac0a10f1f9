-- A shard's part is committed: count it and forget its journal.
-- ARGV goes on with counter, amount pairs: the whole shard's. What `open` counted of it before (BASE) is taken off.
-- Returns {1, shards left} or {0} when the lease was lost. When none is left, -1 (the job's last step) is put on the table.
local JOB, LEASES, HOLDERS, JOURNALS, BASE, INTENTS, ANSWERS, LIVE, SUSPECTS,
  TODO, QUEUED, HELD, FILMS_TODO, FILMS_QUEUED, FILMS_HELD = unpack(KEYS)
local SHARD, FENCE = ARGV[1], ARGV[2]
if redis.call('HGET', HOLDERS, SHARD) ~= FENCE then return {0} end
redis.call('ZREM', LEASES, SHARD)
redis.call('HDEL', HOLDERS, SHARD)
local live = redis.call('HGETALL', LIVE)
for i = 1, #live, 2 do
  -- Throttles are of no call's row: this is where they are counted.
  if live[i]:sub(1, 10) == 'throttled:' then redis.call('HINCRBY', JOB, live[i], live[i + 1]) end
end
redis.call('DEL', INTENTS, ANSWERS, LIVE, SUSPECTS)
redis.call('SREM', JOURNALS, SHARD)
for i = 3, #ARGV, 2 do
  local counter, amount = ARGV[i], ARGV[i + 1]
  redis.call('HINCRBY', JOB, counter, amount)
end
local before = redis.call('HGET', BASE, SHARD)
for counter, amount in pairs(before and cjson.decode(before) or {}) do redis.call('HINCRBY', JOB, counter, -amount) end
redis.call('HDEL', BASE, SHARD)
if SHARD == '-1' then return {1, 0} end
redis.call('HINCRBY', JOB, 'shards_done', 1)
local left = 0 -- LEASES is one of these
for _, where in ipairs({TODO, QUEUED, HELD, FILMS_TODO, FILMS_QUEUED, FILMS_HELD}) do
  left = left + redis.call('ZCARD', where)
end
if left == 0 then redis.call('ZADD', TODO, -1, '-1') end
return {1, left}
