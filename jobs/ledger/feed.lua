-- Move shards from the table to the queue, up to a window of shards queued or held.
-- KEYS: job, todo, queued, leases. ARGV: window. Returns the shards to ring the bell for.
-- A job that stopped short (budget, cancel) still gets its last step, -1, once no shard is held.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local state = redis.call('HGET', KEYS[1], 'state')
local given = {}
if state == 'running' then
  local room = tonumber(ARGV[1]) - redis.call('ZCARD', KEYS[3]) - redis.call('ZCARD', KEYS[4])
  if room > 0 then given = redis.call('ZRANGEBYSCORE', KEYS[2], 0, '+inf', 'LIMIT', 0, room) end
end
local short = state == 'incomplete' or state == 'cancelled'
local idle = redis.call('ZCARD', KEYS[4]) == 0 and (short or (#given == 0 and redis.call('ZCARD', KEYS[3]) == 0))
if idle and (short or state == 'running') and redis.call('ZSCORE', KEYS[2], '-1') then given = {'-1'} end
for _, shard in ipairs(given) do
  redis.call('ZREM', KEYS[2], shard)
  redis.call('ZADD', KEYS[3], now, shard)
end
return given
