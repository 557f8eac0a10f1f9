-- Take a shard under a lease. SHARE: shards the job may hold while others wait for a turn (0: no limit).
-- Returns {fence, times this shard's lease lapsed} or {0, why}: the job does not run, the shard is held or done, or it
-- is another job's turn (then the shard is back on the table).
local JOB, TODO, QUEUED, LEASES, HOLDERS, LAPSES, JOURNALS = unpack(KEYS)
local SHARD, LEASE_MS, SHARE = unpack(ARGV)
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local state = redis.call('HGET', JOB, 'state')
if SHARD ~= '-1' and state ~= 'running' then
  -- Its message is used up: back on the table, so that a resume need not wait for the reaper to miss it.
  if redis.call('ZREM', QUEUED, SHARD) == 1 then redis.call('ZADD', TODO, SHARD, SHARD) end
  return {0, state or 'gone'}
end
local held = redis.call('ZSCORE', LEASES, SHARD)
if held and tonumber(held) > now then return {0, 'leased'} end
local known = held or redis.call('ZSCORE', QUEUED, SHARD) or redis.call('ZSCORE', TODO, SHARD)
if not known then return {0, 'done'} end
local share = tonumber(SHARE)
if share > 0 and redis.call('ZCARD', LEASES) >= share then
  redis.call('ZREM', QUEUED, SHARD)
  redis.call('ZADD', TODO, SHARD, SHARD)
  return {0, 'share'}
end
redis.call('ZREM', TODO, SHARD)
redis.call('ZREM', QUEUED, SHARD)
local fence = redis.call('HINCRBY', JOB, 'fence', 1)
redis.call('ZADD', LEASES, now + tonumber(LEASE_MS), SHARD)
redis.call('HSET', HOLDERS, SHARD, fence)
redis.call('SADD', JOURNALS, SHARD)
return {fence, tonumber(redis.call('HGET', LAPSES, SHARD) or '0')}
