-- NANOUSD: what the models of a job have cost, until they could be stopped. Where that and its calls are over the cap,
-- the job sends nothing more, and its last step comes.
local JOB, OPEN, TODO = unpack(KEYS)
local NANOUSD = unpack(ARGV)
if redis.call('EXISTS', OPEN) == 0 then return end
redis.call('HSET', JOB, 'models', NANOUSD)
local cap = tonumber(redis.call('HGET', JOB, 'cap') or '') or math.huge
local cost = tonumber(redis.call('HGET', JOB, 'cost') or '0')
if redis.call('HGET', JOB, 'state') == 'running' and cost + tonumber(NANOUSD) > cap then
  redis.call('HSET', JOB, 'state', 'incomplete', 'reason', 'budget')
  redis.call('ZADD', TODO, -1, '-1')
end
