-- A new holder of a shard of films reads what the ones before it left: starts and answers, as flat lists. A start is
-- whoever's sends its token, so nothing changes by that; UNDER as in adopt.lua.
local HOLDERS, STARTS, ANSWERS = unpack(KEYS)
local SHARD, FENCE, UNDER = unpack(ARGV)
if redis.call('HGET', HOLDERS, UNDER) ~= FENCE then return {{}, {}} end
if UNDER ~= SHARD and redis.call('HGET', HOLDERS, SHARD) then return {{}, {}} end
return {redis.call('HGETALL', STARTS), redis.call('HGETALL', ANSWERS)}
