-- A new holder reads what the ones before it left.
-- Attempts still without an answer (`?`) turn into maybe billed (`m`). Returns intents and answers as flat lists.
local JOB, HOLDERS, INTENTS, ANSWERS = unpack(KEYS)
local SHARD, FENCE = unpack(ARGV)
if redis.call('HGET', HOLDERS, SHARD) ~= FENCE then return {{}, {}} end
local intents = redis.call('HGETALL', INTENTS)
for i = 1, #intents, 2 do
  if intents[i + 1]:sub(-1) == '?' then
    intents[i + 1] = intents[i + 1]:sub(1, -2) .. 'm'
    redis.call('HSET', INTENTS, intents[i], intents[i + 1])
    redis.call('HINCRBY', JOB, 'in_flight', -1)
  end
end
return {intents, redis.call('HGETALL', ANSWERS)}
