-- Take a shard under a lease. KEYS: job, todo, queued, leases, holders. ARGV: shard, owner, lease in ms.
-- Returns {fence} or {0, why}: a job that does not run, a shard that is held, or one that is done.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local shard = ARGV[1]
local state = redis.call('HGET', KEYS[1], 'state')
if shard ~= '-1' and state ~= 'running' then return {0, state or 'gone'} end
local held = redis.call('ZSCORE', KEYS[4], shard)
if held and tonumber(held) > now then return {0, 'leased'} end
local known = held or redis.call('ZSCORE', KEYS[3], shard) or redis.call('ZSCORE', KEYS[2], shard)
if not known then return {0, 'done'} end
redis.call('ZREM', KEYS[2], shard)
redis.call('ZREM', KEYS[3], shard)
local fence = redis.call('HINCRBY', KEYS[1], 'fence', 1)
redis.call('ZADD', KEYS[4], now + tonumber(ARGV[3]), shard)
redis.call('HSET', KEYS[5], shard, fence)
return {fence}
