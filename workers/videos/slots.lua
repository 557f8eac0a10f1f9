-- The slots of one account in one Region: how many jobs on stored video it may have open, over all APIs and scans.
-- SLOTS: token -> when its slot lapses (ms): who holds a film says so again and again. OWNERS: token -> job.
-- USERS: job -> when it last asked. LIMITS: `limit` AWS named it; `room`, `next`: somebody else has open jobs, too: how
-- many of ours there is room for, and when one more may try.
-- VERBS: `take` TOKEN JOB MOST LAPSE: 1, or 0: ask again. `still` TOKEN: 1, or 0: it is free again, as more were taken than
-- there are by what AWS has said since. `open` TOKEN JOB LAPSE: it is open, whatever there is room
-- for. `keep` LAPSE TOKEN...; `free` TOKEN. `refused` TOKEN LIMIT HOLD: AWS had no slot for it; LIMIT: what it named, 0:
-- nothing. `look`. These return {how many are taken, limit}.
local SLOTS, OWNERS, USERS, LIMITS = unpack(KEYS)
local VERB, TOKEN = ARGV[1], ARGV[2]
local ASKS = 5000 -- ms that who has asked counts as waiting
local KEPT = 3600 -- seconds that a limit is believed

for _, token in ipairs(redis.call('ZRANGEBYSCORE', SLOTS, '-inf', now)) do
  redis.call('ZREM', SLOTS, token)
  redis.call('HDEL', OWNERS, token)
end
local limit = tonumber(redis.call('HGET', LIMITS, 'limit') or '') or math.huge

local function free(token)
  redis.call('ZREM', SLOTS, token)
  redis.call('HDEL', OWNERS, token)
end

local function take(job, most, lapse)
  redis.call('ZADD', USERS, now, job)
  redis.call('ZREMRANGEBYSCORE', USERS, '-inf', now - ASKS)
  redis.call('PEXPIRE', USERS, ASKS)
  if not redis.call('ZSCORE', SLOTS, TOKEN) then
    limit = math.min(limit, most)
    local taken, mine, waiting = redis.call('ZCARD', SLOTS), 0, redis.call('ZCARD', USERS)
    if taken >= limit then return 0 end
    if waiting > 1 then
      for _, owner in ipairs(redis.call('HVALS', OWNERS)) do mine = mine + (owner == job and 1 or 0) end
      if mine >= math.ceil(limit / waiting) then return 0 end
    end
    local room = tonumber(redis.call('HGET', LIMITS, 'room') or '')
    if room and taken >= room then
      if now < tonumber(redis.call('HGET', LIMITS, 'next')) then return 0 end
      redis.call('HSET', LIMITS, 'room', taken + 1, 'next', now + tonumber(redis.call('HGET', LIMITS, 'hold')))
      if taken + 1 >= limit then redis.call('HDEL', LIMITS, 'room') end
    end
  end
  redis.call('ZADD', SLOTS, now + lapse, TOKEN)
  redis.call('HSET', OWNERS, TOKEN, job)
  return 1
end

if VERB == 'take' then return take(ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])) end
if VERB == 'still' then
  local room = tonumber(redis.call('HGET', LIMITS, 'room') or '') or math.huge
  if not redis.call('ZSCORE', SLOTS, TOKEN) then return 0 end
  if redis.call('ZCARD', SLOTS) <= math.min(limit, room) then return 1 end
  free(TOKEN)
  return 0
end
if VERB == 'open' then
  redis.call('ZADD', SLOTS, now + tonumber(ARGV[4]), TOKEN)
  redis.call('HSET', OWNERS, TOKEN, ARGV[3])
elseif VERB == 'keep' then
  for i = 3, #ARGV do redis.call('ZADD', SLOTS, 'XX', now + tonumber(TOKEN), ARGV[i]) end
elseif VERB == 'free' then
  free(TOKEN)
elseif VERB == 'refused' then
  local named, hold = tonumber(ARGV[3]), tonumber(ARGV[4])
  free(TOKEN)
  if named > 0 then
    redis.call('HSET', LIMITS, 'limit', named)
    limit = named
  end
  local taken = redis.call('ZCARD', SLOTS)
  if taken < limit then redis.call('HSET', LIMITS, 'room', taken, 'next', now + hold, 'hold', hold) end
  redis.call('EXPIRE', LIMITS, KEPT)
end
return {redis.call('ZCARD', SLOTS), limit < math.huge and limit or 0}
