-- The door before a start: the lease is still held, the job runs, the budget covers the film; then the start is written.
-- STARTS keeps one for each call: 'MARK MONTH MS EPOCH TOKEN TIME JOB': what is known of its bill, the month it was begun
-- in, the milliseconds it stands for, the epoch, the token, when it was begun (ms), AWS's JobId or '-'. COUNTED: the
-- job's counters have it from its folder.
-- Returns 'go' and the start, or why not: 'wait' (the budget is held by what is in flight), 'lost', 'answered', the state.
local JOB, HOLDERS, STARTS, ANSWERS, PRICES, TODO, PURSE = unpack(KEYS)
local SHARD, FENCE, CALL, REQUEST, MS, EPOCH, TOKEN, COUNTED, SINCE = unpack(ARGV)
local state = redis.call('HGET', JOB, 'state') or 'gone'
if redis.call('HGET', HOLDERS, SHARD) ~= FENCE then return {'lost'} end
if state ~= 'running' then return {state} end
if redis.call('HEXISTS', ANSWERS, CALL) == 1 then return {'answered'} end
local written = redis.call('HGET', STARTS, CALL)
if written then return {'go', written} end -- before: the same token is sent again
local month = month_of(now)
if COUNTED == '0' then
  local schedule, purse = load_schedule(PRICES), load_purse(PURSE)
  local cap = tonumber(redis.call('HGET', JOB, 'cap') or '') or math.huge
  local short = short_of(schedule, JOB, cap, purse, REQUEST, month, tonumber(MS))
  if short then
    if tonumber(redis.call('HGET', JOB, 'in_flight') or '0') > 0 then return {'wait'} end
    redis.call('HSET', JOB, 'state', 'incomplete', 'reason', short)
    redis.call('ZADD', TODO, -1, '-1')
    return {'incomplete'}
  end
  count(schedule, JOB, purse, REQUEST, month, tonumber(MS))
end
redis.call('HINCRBY', JOB, 'in_flight', 1)
local began = SINCE == '' and string.format('%.0f', now) or SINCE
written = table.concat({'?', SINCE == '' and month or month_of(tonumber(SINCE)), MS, EPOCH, TOKEN, began, '-'}, ' ')
redis.call('HSET', STARTS, CALL, written)
return {'go', written}
