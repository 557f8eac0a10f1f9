-- Take a shard under a lease. KEYS: job, todo, queued, leases, holders, lapses. ARGV: shard, lease in ms, share.
-- `share`: shards the job may hold while others wait for a turn (0: no limit).
-- Returns {fence, times this shard's lease lapsed} or {0, why}: the job does not run, the shard is held or done, or it
-- is another job's turn (then the shard is back on the table).
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local shard = ARGV[1]
local state = redis.call('HGET', KEYS[1], 'state')
if shard ~= '-1' and state ~= 'running' then
  -- Its message is used up: back on the table, so that a resume need not wait for the reaper to miss it.
  if redis.call('ZREM', KEYS[3], shard) == 1 then redis.call('ZADD', KEYS[2], shard, shard) end
  return {0, state or 'gone'}
end
local held = redis.call('ZSCORE', KEYS[4], shard)
if held and tonumber(held) > now then return {0, 'leased'} end
local known = held or redis.call('ZSCORE', KEYS[3], shard) or redis.call('ZSCORE', KEYS[2], shard)
if not known then return {0, 'done'} end
local share = tonumber(ARGV[3])
if share > 0 and redis.call('ZCARD', KEYS[4]) >= share then
  redis.call('ZREM', KEYS[3], shard)
  redis.call('ZADD', KEYS[2], shard, shard)
  return {0, 'share'}
end
redis.call('ZREM', KEYS[2], shard)
redis.call('ZREM', KEYS[3], shard)
local fence = redis.call('HINCRBY', KEYS[1], 'fence', 1)
redis.call('ZADD', KEYS[4], now + tonumber(ARGV[2]), shard)
redis.call('HSET', KEYS[5], shard, fence)
return {fence, tonumber(redis.call('HGET', KEYS[6], shard) or '0')}
