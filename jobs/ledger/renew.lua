-- Keep leases alive. KEYS: job, leases, holders. ARGV: lease in ms, then shard, fence pairs.
-- Returns the job's state, then 1 or 0 for each shard: still held by this fence or lost.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local answer = {redis.call('HGET', KEYS[1], 'state') or 'gone'}
for i = 2, #ARGV, 2 do
  local mine = redis.call('HGET', KEYS[3], ARGV[i]) == ARGV[i + 1]
  if mine then redis.call('ZADD', KEYS[2], now + tonumber(ARGV[1]), ARGV[i]) end
  answer[#answer + 1] = mine and 1 or 0
end
return answer
