-- When is this quota next free? A reservation (GCRA) on Redis's clock: it returns a wait, so nobody polls.
-- KEYS: gate. ARGV: believed rate (calls/s), most permits wanted, ceiling as a multiple of the believed rate.
-- Returns {permits, wait until the first in us, us between them}. Times are in microseconds; Lua numbers hold them exactly.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local believed, wanted, ceiling = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]) * tonumber(ARGV[1])
local known = redis.call('HMGET', KEYS[1], 'rate', 'tat', 'at', 'cut', 'believed')
local rate, tat, at, cut = tonumber(known[1]), tonumber(known[2]), tonumber(known[3]), tonumber(known[4]) or 0

if not rate or now - at > 60000000 or tonumber(known[5]) ~= believed then
  -- Slow start: a sudden jump is what ThrottlingException means.
  rate, tat, at = math.max(believed / 2, math.min(believed, 1)), now, now
end
local quiet = (now - cut) / 1000000
local passed = math.min(now - at, 1000000) / 1000000
if quiet > 1 then
  local limit = cut == 0 and believed or ceiling
  if ceiling < believed then limit = ceiling end
  local gain = cut == 0 and 0.12 or (quiet < 6 and 0.01 or 0.05)
  if rate < limit then rate = math.min(limit, rate + believed * gain * passed) end
end
-- What jitter made late may be caught up within 30 ms; more would be a burst.
tat = math.max(tat, now - 30000)
local permits = math.max(1, math.min(wanted, math.floor(rate * 0.04), 16))
local interval = 1000000 / rate
local wait = tat - now
redis.call('HSET', KEYS[1], 'rate', string.format('%.6f', rate), 'tat', string.format('%.0f', tat + permits * interval),
  'at', now, 'believed', ARGV[1])
redis.call('EXPIRE', KEYS[1], 3600)
return {permits, math.floor(wait), math.floor(interval)}
