-- A new holder reads what the ones before it left. UNDER: the shard whose lease this is done under: the shard's own, or
-- -1 for the last step of a job that stopped short, where nobody holds the shard.
-- Attempts still without an answer turn into maybe billed (doubt.lua). Returns intents and answers as flat lists.
local JOB, HOLDERS, INTENTS, ANSWERS, LIVE, HEALTH = unpack(KEYS)
local SHARD, FENCE, UNDER = unpack(ARGV)
if redis.call('HGET', HOLDERS, UNDER) ~= FENCE then return {{}, {}} end
if UNDER ~= SHARD and redis.call('HGET', HOLDERS, SHARD) then return {{}, {}} end
return {doubt_attempts(JOB, HEALTH, INTENTS, LIVE), redis.call('HGETALL', ANSWERS)}
