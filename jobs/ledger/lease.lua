-- Take a shard under a lease. SHARE: shards the job may hold while others wait for a turn (0: no limit).
-- FENCE: the holder's id, by which it is known until its lease lapses; no other lease ever has it.
-- Returns {1, times this shard's lease lapsed, the purse's key or ''} or {0, why}: the job does not run, the shard is held or done, or it
-- is another job's turn (then the shard is back on the table).
local JOB, TODO, QUEUED, LEASES, HOLDERS, LAPSES, JOURNALS = unpack(KEYS)
local SHARD, FENCE, LEASE_MS, SHARE = unpack(ARGV)
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
redis.call('ZADD', LEASES, now + tonumber(LEASE_MS), SHARD)
redis.call('HSET', HOLDERS, SHARD, FENCE)
redis.call('SADD', JOURNALS, SHARD)
redis.call('HINCRBY', JOB, 'handed_out', 1)
return {1, tonumber(redis.call('HGET', LAPSES, SHARD) or '0'), redis.call('HGET', JOB, 'purse') or ''}
