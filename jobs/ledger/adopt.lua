-- A new holder reads what the ones before it left. KEYS: job, holders, intents, answers. ARGV: shard, fence.
-- Attempts still without an answer (`?`) turn into maybe billed (`m`). Returns intents and answers as flat lists.
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return {{}, {}} end
local intents = redis.call('HGETALL', KEYS[3])
for i = 1, #intents, 2 do
  if intents[i + 1]:sub(-1) == '?' then
    intents[i + 1] = intents[i + 1]:sub(1, -2) .. 'm'
    redis.call('HSET', KEYS[3], intents[i], intents[i + 1])
    redis.call('HINCRBY', KEYS[1], 'in_flight', -1)
  end
end
return {intents, redis.call('HGETALL', KEYS[4])}
