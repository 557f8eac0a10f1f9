-- Bring back what died: lapsed leases, and bells that nobody answered.
-- LOST_AFTER_MS: when a queued shard's message is taken for lost, '' for never. Returns the number of lapsed leases.
local TODO, QUEUED, LEASES, HOLDERS, LAPSES = unpack(KEYS)
local LOST_AFTER_MS = ARGV[1]
local lapsed = redis.call('ZRANGEBYSCORE', LEASES, '-inf', now)
for _, shard in ipairs(lapsed) do
  redis.call('ZREM', LEASES, shard)
  redis.call('HDEL', HOLDERS, shard)
  redis.call('ZADD', TODO, shard, shard)
  redis.call('HINCRBY', LAPSES, shard, 1)
end
local age = tonumber(LOST_AFTER_MS)
for _, shard in ipairs(age and redis.call('ZRANGEBYSCORE', QUEUED, '-inf', now - age) or {}) do
  redis.call('ZREM', QUEUED, shard)
  redis.call('ZADD', TODO, shard, shard)
end
return #lapsed
