-- NANOUSD: what the models of a job have cost, until they could be stopped. UNITS: of METER ('': none) that this is, by
-- month, as JSON; the job and its home's purse count them from here on. NOW: the month that goes on. Where that and its
-- calls are over a cap, the job sends nothing more, and its last step comes.
local JOB, OPEN, TODO, PURSE = unpack(KEYS)
local NANOUSD, METER, UNITS, NOW = unpack(ARGV)
if redis.call('EXISTS', JOB) == 0 then return end
local purse, place = load_purse(PURSE), redis.call('HGET', JOB, 'place')
for month, units in pairs(METER ~= '' and cjson.decode(UNITS) or {}) do
  local field = 'm:' .. month .. ':' .. METER
  local more = units - tonumber(redis.call('HGET', JOB, field) or '0')
  redis.call('HSET', JOB, field, string.format('%d', units))
  if purse and place then redis.call('HINCRBY', purse.key, month .. ' ' .. place .. ' ' .. METER, more) end
end
if redis.call('EXISTS', OPEN) == 0 then return end
redis.call('HSET', JOB, 'models', NANOUSD)
if redis.call('HGET', JOB, 'state') ~= 'running' then return end
local cap = tonumber(redis.call('HGET', JOB, 'cap') or '') or math.huge
local short = nil
if tonumber(redis.call('HGET', JOB, 'cost') or '0') + tonumber(NANOUSD) > cap then short = 'budget' end
if purse and not short then
  read_purse(purse, NOW)
  if purse.cost > purse.cap then short = 'month-cap' end
end
if short then
  redis.call('HSET', JOB, 'state', 'incomplete', 'reason', short)
  redis.call('ZADD', TODO, -1, '-1')
end
