-- Move shards from the table to the queue, up to a window of shards queued or held.
-- Returns the shards to ring the bell for.
-- A job that stopped short (budget, cancel) still gets its last step, -1, once no shard is held, of films neither.
local JOB, TODO, QUEUED, LEASES, FILMS_TODO, FILMS_LEASES = unpack(KEYS)
local WINDOW = ARGV[1]
local state = redis.call('HGET', JOB, 'state')
local given = {}
if state == 'running' then
  local room = tonumber(WINDOW) - redis.call('ZCARD', QUEUED) - redis.call('ZCARD', LEASES)
  if room > 0 then given = redis.call('ZRANGEBYSCORE', TODO, 0, '+inf', 'LIMIT', 0, room) end
end
local short = state == 'incomplete' or state == 'cancelled'
local held = redis.call('ZCARD', LEASES) + redis.call('ZCARD', FILMS_LEASES)
local waiting = redis.call('ZCARD', QUEUED) + redis.call('ZCARD', FILMS_TODO)
local idle = held == 0 and (short or (#given == 0 and waiting == 0))
if idle and (short or state == 'running') and redis.call('ZSCORE', TODO, '-1') then given = {'-1'} end
for _, shard in ipairs(given) do
  redis.call('ZREM', TODO, shard)
  redis.call('ZADD', QUEUED, now, shard)
end
return given
