-- A shard's part is committed: count it and forget its journal.
-- KEYS: job, todo, queued, leases, holders, intents, answers, live, suspects.
-- ARGV: shard, fence, then counter, amount pairs.
-- Returns {1, shards left} or {0} when the lease was lost. When none is left, -1 (the job's last step) is put on the table.
if redis.call('HGET', KEYS[5], ARGV[1]) ~= ARGV[2] then return {0} end
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('HDEL', KEYS[5], ARGV[1])
local live = redis.call('HGETALL', KEYS[8])
for i = 1, #live, 2 do
  -- Throttles are of no call's row: this is where they are counted.
  if live[i]:sub(1, 10) == 'throttled:' then redis.call('HINCRBY', KEYS[1], live[i], live[i + 1]) end
end
redis.call('DEL', KEYS[6], KEYS[7], KEYS[8], KEYS[9])
for i = 3, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1]) end
if ARGV[1] == '-1' then return {1, 0} end
redis.call('HINCRBY', KEYS[1], 'shards_done', 1)
local left = redis.call('ZCARD', KEYS[2]) + redis.call('ZCARD', KEYS[3]) + redis.call('ZCARD', KEYS[4])
if left == 0 then redis.call('ZADD', KEYS[2], -1, '-1') end
return {1, left}
