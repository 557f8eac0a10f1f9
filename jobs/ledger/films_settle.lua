-- What came of a start (films_begin.lua). MARK: '?' AWS gave the job JOB_ID; 'b' billed, 'n' not, 'm' maybe; '' there is
-- no job (refused, to be tried again). MS: what it is billed for. ANSWER, COUNTERS: the call's rows and what they raise.
-- BEGUN: the start as its holder knows it, should Redis have lost it with its last second; '' where there was none.
-- It is kept even when the lease is lost: it was paid for. Returns 0 when the shard is done: then its holder keeps it.
local JOB, TODO, LEASES, STARTS, ANSWERS, LIVE, PRICES, JOURNALS, PURSE = unpack(KEYS)
local SHARD, CALL, REQUEST, MARK, MS, JOB_ID, ANSWER, COUNTERS, BEGUN = unpack(ARGV)
if not (redis.call('ZSCORE', LEASES, SHARD) or redis.call('ZSCORE', TODO, SHARD)) then return 0 end
redis.call('SADD', JOURNALS, SHARD)
local purse = load_purse(PURSE)
local written = redis.call('HGET', STARTS, CALL)
if not written and MARK ~= '' then
  written = BEGUN
  local month, ms = written:match('^. (%S+) (%d+) ')
  count(load_schedule(PRICES), JOB, purse, REQUEST, month, tonumber(ms))
  redis.call('HINCRBY', JOB, 'in_flight', 1)
end
if written then
  local had, month, ms, rest = written:match('^(.) (%S+) (%d+) (%S+ %S+ %S+) ')
  if had == '?' and MARK == '' then
    redis.call('HDEL', STARTS, CALL)
    count(load_schedule(PRICES), JOB, purse, REQUEST, month, -tonumber(ms))
    redis.call('HINCRBY', JOB, 'in_flight', -1)
  elseif had == '?' then
    local now_ms = MARK == '?' and ms or MS
    redis.call('HSET', STARTS, CALL, table.concat({MARK, month, now_ms, rest, JOB_ID}, ' '))
    if MARK ~= '?' then
      redis.call('HINCRBY', JOB, 'in_flight', -1)
      count(load_schedule(PRICES), JOB, purse, REQUEST, month, (MARK == 'n' and 0 or tonumber(MS)) - tonumber(ms))
    end
    local what = MARK == 'b' and {'units:', 'ms:'} or MARK == 'm' and {'maybe_billed:', 'maybe_ms:'}
    if what then
      redis.call('HINCRBY', LIVE, what[1] .. REQUEST .. ':' .. month, 1)
      redis.call('HINCRBY', LIVE, what[2] .. REQUEST .. ':' .. month, MS)
    end
  end
end
if ANSWER ~= '' and redis.call('HSETNX', ANSWERS, CALL, ANSWER) == 1 then
  for name, by in COUNTERS:gmatch('([^ =]+)=(%d+)') do redis.call('HINCRBY', LIVE, name, by) end
end
return 1
