-- Prepended to the scripts by which a shard gets or loses a holder. Attempts of which no answer is known (`?`) turn into
-- maybe billed (`m`): nobody waits for them any more, the budget least of all. Their own holder, should it live, still
-- settles them.
local function doubt_attempts(job, health, intents, live)
  local found = redis.call('HGETALL', intents)
  for i = 1, #found, 2 do
    local mark, pool, request = read_attempt(found[i + 1])
    if mark == '?' then
      found[i + 1] = attempt_text('m', pool, request)
      redis.call('HSET', intents, found[i], found[i + 1])
      redis.call('HINCRBY', job, 'in_flight', -1)
      ended(job, load_health(health, found[i], place_of(pool)), found[i], false, 0, '')
      tell(live, 'm', pool, request, 1)
    end
  end
  save_health(health)
  return found
end

