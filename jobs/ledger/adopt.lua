-- A new holder reads what the ones before it left. UNDER: the shard whose lease this is done under: the shard's own, or
-- -1 for the last step of a job that stopped short, where nobody holds the shard.
-- Attempts still without an answer (`?`) turn into maybe billed (`m`). Returns intents and answers as flat lists.
local JOB, HOLDERS, INTENTS, ANSWERS, LIVE, HEALTH = unpack(KEYS)
local SHARD, FENCE, UNDER = unpack(ARGV)
if redis.call('HGET', HOLDERS, UNDER) ~= FENCE then return {{}, {}} end
if UNDER ~= SHARD and redis.call('HGET', HOLDERS, SHARD) then return {{}, {}} end
local intents = redis.call('HGETALL', INTENTS)
for i = 1, #intents, 2 do
  local mark, month, request = read_attempt(intents[i + 1])
  if mark == '?' then
    intents[i + 1] = attempt_text('m', month, request)
    redis.call('HSET', INTENTS, intents[i], intents[i + 1])
    redis.call('HINCRBY', JOB, 'in_flight', -1)
    ended(JOB, load_health(HEALTH, intents[i]), intents[i], false, 0, '')
    tell(LIVE, 'm', month, request, 1)
  end
end
save_health(HEALTH)
return {intents, redis.call('HGETALL', ANSWERS)}
