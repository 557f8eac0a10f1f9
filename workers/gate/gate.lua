-- The shared schedule of one quota. Needs `now` (us) in front: clock.lua.
--
-- A reservation (GCRA): `take` returns a wait, so nobody polls. The rate is a function of the busy time since the last
-- throttle, as in TCP CUBIC: just below the wall that was met, flat there for some seconds, then faster and faster, so
-- that a quota that came back is found within seconds and one that did not costs few refused calls.
--
-- VERB `take` needs MOST (permits wanted), JOB, TURNSTILE and WASTED (permits of the last block that came too late to be
--   used). Returns {permits, us until the first, us between them, ticket of the first}; no permits: the schedule is full
--   as far ahead as it goes, ask again in so many us.
-- VERB `throttled` needs TICKET. Tickets count permits from 1. Returns 1 if the rate dropped.
-- BELIEVED: the rate the quota is believed to have; EXACT: 1 if it must not be exceeded.
local GATE, USERS = unpack(KEYS)
local VERB, BELIEVED, EXACT = unpack(ARGV)
local MOST, JOB, TURNSTILE, WASTED = unpack(ARGV, 4)
local TICKET = ARGV[4]
local GROW, DIP = 0.0005, 0.03 -- rate = wall * (1 + GROW * (seconds - PLATEAU)^3), from wall * (1 - DIP)
local PLATEAU = (DIP / GROW) ^ (1 / 3)
local LEAST = 0.125 -- of the believed rate: a wall below this grows as if it were there, or it would take minutes
local START, DOUBLE = 0.3, 1.5 -- slow start from this share of the rate, twice as fast every 1.5 s
local CALM, CALMEST = 15, 600 -- seconds at a believed rate before something beyond it is tried
local NEAR = 1.15 -- a wall met within this of the believed rate is taken for the believed rate
-- At the believed rate some refusals within 0.2 s are jitter, a burst: a short pause (us) lets the server's bucket fill.
-- Calls sent after that, within 3 s, must pass, else the quota is lower.
local BURST, DOUBT, PAUSE = 0.2, 3, 30000
local DEBT, HASTE = 20000, 0.04 -- us of wasted permits that are given again, and how much faster
local BLOCK = 40000 -- us that the permits of one turnstile stand for, at least one permit
local HORIZON = 1000000 -- us ahead that the last permit may lie; half of that for a job that had its share
local SLACK = 30000 -- us that a schedule fallen behind may catch up; more would be a burst

local believed, exact = tonumber(BELIEVED), EXACT == '1'
local names = {
  'tat', 'at', 'count', 'rate', 'age', 'warm', 'wall', 'calm', 'safe', 'cut', 'cut_rate', 'cut_first', 'cut_last', 'refused',
  'hint', 'hinted', 'debt',
}
local s = {}
for i, value in ipairs(redis.call('HMGET', GATE, unpack(names))) do s[names[i]] = tonumber(value) end
s.tat, s.at, s.count = s.tat or now, s.at or now, s.count or 0
s.age, s.warm, s.calm, s.safe = s.age or 0, s.warm or 0, s.calm or CALM, s.safe or 0

local function save()
  local flat = {}
  for name, value in pairs(s) do flat[#flat + 1] = name; flat[#flat + 1] = value end
  redis.call('HSET', GATE, unpack(flat))
  redis.call('EXPIRE', GATE, 3600)
end

local function rate_now()
  local rate = s.wall and s.wall + GROW * (s.age - PLATEAU) ^ 3 * math.max(s.wall, s.age > PLATEAU and believed * LEAST or 0)
    or believed
  if exact or (s.wall or 0) <= believed * NEAR then
    rate = math.min(rate, believed)
    if not exact and s.age > s.calm then rate = math.max(rate, believed * (1 + GROW * (s.age - s.calm) ^ 3)) end
  end
  return math.min(rate, math.max(s.wall or 0, believed) * START * 2 ^ math.min(s.warm / DOUBLE, 20))
end

-- The wall, given that a call was refused at `rate`. The server's bucket was empty then and at the cut before: what
-- was let through in between is the true rate.
local function wall_at(rate, ticket)
  local wall = rate * 0.97
  local passed = s.cut and (now - s.cut) / 1000000 or 0
  if passed > 2 and passed < 40 and rate < s.wall * 1.25 and rate ~= believed then wall = (ticket - s.cut_first - s.refused) / passed end
  wall = math.max(rate * 0.85, math.min(rate, wall))
  if not exact and rate > believed and rate <= believed * 1.25 then
    s.calm = math.min(s.calm * 2, CALMEST)
    return believed
  end
  return wall
end

if VERB == 'throttled' then
  local ticket = tonumber(TICKET)
  if ticket > s.count or not s.rate then return 0 end -- of a schedule that Redis has lost
  s.debt = 0 -- the server's bucket is empty
  if ticket > s.safe then -- the first word against the present rate
    if s.rate == believed then
      local since = s.hint and (ticket - s.hint) / s.rate or math.huge
      if since > DOUBT then s.hint, s.hinted, s.tat, since = ticket, 0, s.tat + PAUSE, 0 end
      s.hinted = s.hinted + 1
      if since < BURST then save(); return 0 end
    end
    local wall = wall_at(s.rate, ticket)
    s.cut, s.cut_rate, s.cut_first, s.cut_last, s.refused = now, s.rate, ticket, s.count, 1
    if s.rate == believed then s.cut_first, s.refused = s.hint, s.hinted end
    s.wall = wall
  elseif ticket > s.cut_last then
    return 0 -- sent before a later drop
  else -- more calls from before the drop: their share tells how far above the wall the rate was
    s.refused = s.refused + 1
    local seen = ticket - s.cut_first + 1
    -- A burst alone says little: look at a quarter of a second at least.
    if s.refused < 4 or seen < math.max(8, s.cut_rate / 4) then save(); return 0 end
    local wall = s.cut_rate * math.max(0.1, 1 - (s.refused - 1) / seen)
    if wall > s.wall * 0.97 and wall > s.cut_rate * 0.9 then save(); return 0 end
    s.wall = wall
  end
  s.safe, s.age = s.count, 0
  save()
  return 1
end

-- Time counts only while the schedule is full: a rate that nobody uses proves nothing.
local gap = (now - s.at) / 1000000
if gap > 60 then s.warm = 0 end
if s.tat > now - SLACK - 20000 then
  local most = math.max(0.5, s.rate and 2 / s.rate or 0)
  s.age, s.warm = s.age + math.min(gap, most), s.warm + math.min(gap, most)
end
s.rate, s.at = rate_now(), now
-- Permits that jitter wasted are in the server's bucket still: they are given again, a few percent faster, not at once.
local lost = math.max(0, now - SLACK - s.tat) + tonumber(WASTED) * 1000000 / s.rate
s.debt = math.min((s.debt or 0) + lost, DEBT)
s.tat = math.max(s.tat, now - SLACK)

-- Fair between jobs. With room for all, turnstiles take turns, so a job with fewer of them takes larger blocks. Where
-- they are so many that the schedule is full, a job keeps to its share of it, SHARE: the time up to which what it was
-- given would last it if all jobs had alike. One that has its share only fills what others leave of half the horizon.
local share = math.max(now, tonumber(redis.call('ZSCORE', USERS, JOB) or '0'))
redis.call('ZADD', USERS, now, JOB .. ' ' .. TURNSTILE)
redis.call('EXPIRE', USERS, 60)
local ahead, over = s.tat - now, share - now - HORIZON
local horizon = over > 0 and HORIZON / 2 or HORIZON
if ahead > horizon - BLOCK then
  save()
  return {0, math.ceil(math.min(ahead - HORIZON / 2, math.max(ahead - HORIZON, over)) + BLOCK), 0, 0}
end

redis.call('ZREMRANGEBYSCORE', USERS, '-inf', now - 3000000)
local users, most, jobs = {}, 0, 0
for _, member in ipairs(redis.call('ZRANGE', USERS, 0, -1)) do
  local job = member:match('^([^ ]*) ')
  if job then
    if not users[job] then users[job], jobs = 0, jobs + 1 end
    users[job] = users[job] + 1
    most = math.max(most, users[job])
  end
end
local interval, first = 1000000 / s.rate, s.count + 1
local permits = math.max(1, math.min(tonumber(MOST), math.floor(s.rate * BLOCK / 1000000)))
permits = math.min(64, math.floor(permits * most / users[JOB] + 0.5), 1 + math.floor((horizon - ahead) / interval))
redis.call('ZADD', USERS, math.min(share + permits * interval * jobs, now + 2 * HORIZON), JOB)

if s.debt > 0 then
  s.debt = s.debt - permits * interval * HASTE
  interval = interval * (1 - HASTE)
end
s.tat, s.count = s.tat + permits * interval, s.count + permits
save()
return {permits, math.floor(ahead), math.floor(interval), first}
