-- A job is put on the table again: where its door is shut (health.lua), one call may go and see at once.
local HEALTH = unpack(KEYS)
local found = redis.call('HGETALL', HEALTH)
for i = 1, #found, 2 do
  local request = found[i]:match('^(.*):next$')
  if request and found[i + 1] ~= '0' then
    redis.call('HSET', HEALTH, request .. ':next', 1, request .. ':since', 0)
    redis.call('HDEL', HEALTH, request .. ':pause')
  end
end
return 1
