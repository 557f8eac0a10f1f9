-- Give a shard back undone; its journal stays. KEYS: todo, leases, holders. ARGV: shard, fence.
if redis.call('HGET', KEYS[3], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[1])
return 1
