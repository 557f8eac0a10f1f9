-- Keep leases alive. ARGV goes on with shard, fence pairs.
-- Returns the job's state, then 1 or 0 for each shard: still held by this fence or lost.
local JOB, LEASES, HOLDERS = unpack(KEYS)
local LEASE_MS = tonumber(ARGV[1])
local answer = {redis.call('HGET', JOB, 'state') or 'gone'}
for i = 2, #ARGV, 2 do
  local shard, fence = ARGV[i], ARGV[i + 1]
  local mine = redis.call('HGET', HOLDERS, shard) == fence
  if mine then redis.call('ZADD', LEASES, now + LEASE_MS, shard) end
  answer[#answer + 1] = mine and 1 or 0
end
return answer
