-- Bring back what died: lapsed leases, and bells that nobody answered. KEYS: job, todo, queued, leases, holders, lapses.
-- ARGV: age in ms after which a queued shard's message is taken for lost, '' for never. Returns the number of lapsed leases.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local lapsed = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', now)
for _, shard in ipairs(lapsed) do
  redis.call('ZREM', KEYS[4], shard)
  redis.call('HDEL', KEYS[5], shard)
  redis.call('ZADD', KEYS[2], shard, shard)
  redis.call('HINCRBY', KEYS[6], shard, 1)
end
local age = tonumber(ARGV[1])
for _, shard in ipairs(age and redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now - age) or {}) do
  redis.call('ZREM', KEYS[3], shard)
  redis.call('ZADD', KEYS[2], shard, shard)
end
return #lapsed
