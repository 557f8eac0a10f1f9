-- Bring back a shard whose lease has lapsed; where it is DOUBTFUL its attempts without an answer are maybe billed
-- (doubt.lua).
-- Returns 1, or 0: its holder has renewed it, or another process was first.
local JOB, TODO, LEASES, HOLDERS, LAPSES, INTENTS, LIVE, HEALTH = unpack(KEYS)
local SHARD, DOUBTFUL = unpack(ARGV)
local lasts = redis.call('ZSCORE', LEASES, SHARD)
if not lasts or tonumber(lasts) > now then return 0 end
if DOUBTFUL == '1' then doubt_attempts(JOB, HEALTH, INTENTS, LIVE) end
redis.call('ZREM', LEASES, SHARD)
redis.call('HDEL', HOLDERS, SHARD)
redis.call('ZADD', TODO, SHARD, SHARD)
redis.call('HINCRBY', LAPSES, SHARD, 1)
return 1
