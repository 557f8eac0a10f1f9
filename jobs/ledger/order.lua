-- Somebody tells a job to stop: STATE is `paused` or `cancelled`, TELLS what can be done. TOKEN names this order; whoever
-- began to put the job on the table before it does not do so any more (Ledger.open). Returns 1 where the job is on the
-- table, else 0.
local JOB, OPEN, TODO, ORDER = unpack(KEYS)
local STATE, TELLS, TOKEN, LASTS = unpack(ARGV)
redis.call('SET', ORDER, TOKEN)
redis.call('EXPIRE', ORDER, LASTS)
if redis.call('EXISTS', OPEN) == 0 then return 0 end
redis.call('HSET', JOB, 'state', STATE, 'reason', '', 'do', TELLS)
if STATE == 'cancelled' then redis.call('ZADD', TODO, -1, '-1') end -- its last step: partial tables
return 1
