-- What died: bells that nobody answered come back, and the shards are told whose leases have lapsed (lapse.lua brings
-- each of them back). LOST_AFTER_MS: when a queued shard's message is taken for lost, '' for never.
local TODO, QUEUED, LEASES = unpack(KEYS)
local LOST_AFTER_MS = ARGV[1]
local age = tonumber(LOST_AFTER_MS)
for _, shard in ipairs(age and redis.call('ZRANGEBYSCORE', QUEUED, '-inf', now - age) or {}) do
  redis.call('ZREM', QUEUED, shard)
  redis.call('ZADD', TODO, shard, shard)
end
return redis.call('ZRANGEBYSCORE', LEASES, '-inf', now)
