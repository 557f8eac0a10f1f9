-- Give a shard back undone; its journal stays. Where it is DOUBTFUL its attempts without an answer are maybe billed
-- (doubt.lua).
local JOB, TODO, LEASES, HOLDERS, INTENTS, LIVE, HEALTH = unpack(KEYS)
local SHARD, FENCE, DOUBTFUL = unpack(ARGV)
if redis.call('HGET', HOLDERS, SHARD) ~= FENCE then return 0 end
if DOUBTFUL == '1' then doubt_attempts(JOB, HEALTH, INTENTS, LIVE) end
redis.call('ZREM', LEASES, SHARD)
redis.call('HDEL', HOLDERS, SHARD)
redis.call('ZADD', TODO, SHARD, SHARD)
return 1
