-- AWS said "too fast": the shared rate drops for every worker, at most once a second. The schedule itself is never moved
-- and reserved permits stay good, or old and new reservations would overlap. KEYS: gate. ARGV: believed rate.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local known = redis.call('HMGET', KEYS[1], 'rate', 'cut')
local rate, cut = tonumber(known[1]) or tonumber(ARGV[1]), tonumber(known[2]) or 0
if now - cut > 1000000 then
  redis.call('HSET', KEYS[1], 'rate', string.format('%.6f', math.max(rate * 0.85, 0.2)), 'cut', now)
end
return 1
