-- Give a shard back undone; its journal stays.
local TODO, LEASES, HOLDERS = unpack(KEYS)
local SHARD, FENCE = unpack(ARGV)
if redis.call('HGET', HOLDERS, SHARD) ~= FENCE then return 0 end
redis.call('ZREM', LEASES, SHARD)
redis.call('HDEL', HOLDERS, SHARD)
redis.call('ZADD', TODO, SHARD, SHARD)
return 1
