-- Prepended to the scripts that begin and settle attempts. Is the service behind a request well? HEALTH keeps of each
-- request of the job at each of its places, as `labels:out`, `labels@eu-west-1:out`, ...:
--   out, last    attempts under way, and when the last one was begun (ms)
--   room         how many may be under way: it grows while they are answered, up to twice as many as there are
--   debt         calls that went wrong, less the answers since; at LIMIT the door shuts
--   next, probe  shut: when one call may go and see (0: open), and which one does
--   pause        ms until the next one may, should this one go wrong too
--   since        when it shut, until all debt is paid (0: well)
local ROOM = 24 -- attempts under way before anything was answered, and so what may be maybe billed of a service that hangs
local LIMIT, NEW = 12, 8 -- debt: the most, and that of a request that was never answered
local FIRST, LONGEST = 1000, 30000 -- pauses, ms
local NUDGE = 15000 -- ms after which one more call goes whatever is under way: who began the others may be dead
local LOOK, SOON = 500, 50 -- ms until a call that must wait asks again: shut, no room
local DO = 'See whether Rekognition, and what is before it (proxy, gateway, endpoint URL), is well, then resume the job: '
  .. 'it begins with one call. If only these pictures fare so, REKSCAN_OUTAGE_SECONDS=0 makes them failed rows.'

local of_health = {out = 0, last = 0, room = ROOM, debt = NEW, next = 0, probe = '', pause = FIRST, since = 0}
local health_names = {'out', 'last', 'room', 'debt', 'next', 'probe', 'pause', 'since'}
local health_seen = {}

-- Of the request that CALL (`12:labels`) is of, at PLACE ('': the job's own).
local function load_health(key, call, place)
  local request = (call:match('^%d+:([^ ]+)') or call) .. place
  local found = health_seen[request]
  if found then return found end
  local fields = {}
  for i, name in ipairs(health_names) do fields[i] = request .. ':' .. name end
  found = {request = request, key = key}
  for i, value in ipairs(redis.call('HMGET', key, unpack(fields))) do
    local name = health_names[i]
    found[name] = value and (name == 'probe' and value or tonumber(value)) or of_health[name]
  end
  health_seen[request] = found
  return found
end

local function save_health(key)
  for request, of in pairs(health_seen) do
    local flat = {}
    for _, name in ipairs(health_names) do flat[#flat + 1] = request .. ':' .. name; flat[#flat + 1] = of[name] end
    redis.call('HSET', key, unpack(flat))
  end
end

-- How many ms a call must wait, nil: it may go.
local function must_wait(of)
  if of.next > 0 then return now < of.next and math.min(of.next - now, LOOK) or nil end
  if of.out >= of.room and now - of.last < NUDGE then return SOON end
end

local function begun(of, attempt)
  of.out, of.last = of.out + 1, now
  if of.next > 0 then of.next, of.probe = now + math.max(of.pause, NUDGE), attempt end
end

local function is_well(job, of)
  if of.next > 0 then -- one step at a time
    of.next, of.room, of.debt = 0, of.out + 1, LIMIT - 1
  else
    of.debt = math.max(0, of.debt - 1)
    of.room = math.max(of.room, math.min(of.room + 1, 2 * (of.out + 1)))
  end
  if of.debt == 0 and of.since > 0 then
    of.since, of.pause = 0, FIRST
    local told = redis.call('HGET', job, 'trouble') or ''
    if told:sub(1, #of.request + 1) == of.request .. ':' then redis.call('HDEL', job, 'trouble') end
  end
end

-- Whether the request is asked at another place, too, that was well within PATIENCE; of no time: that is well.
local function well_elsewhere(of, patience)
  local all = redis.call('HGETALL', of.key)
  for i = 1, #all, 2 do
    local other = all[i]:match('^(.*):since$')
    if other and other ~= of.request and other:match('^[^@]+') == of.request:match('^[^@]+') then
      local since = health_seen[other] and health_seen[other].since or tonumber(all[i + 1])
      if since == 0 or now - since < patience then return true end
    end
  end
  return false
end

-- FIRST_TRY: of its call. The others of a call say little of the service: some pictures go wrong each time.
local function is_ill(job, of, probed, first_try, patience, sample)
  if patience == 0 and not well_elsewhere(of, 0) then -- it is not to be waited for
    if of.next > 0 then of.next, of.room, of.since = 0, math.max(of.room, ROOM), 0 end
    return
  end
  if of.next > 0 then
    if of.since == 0 then of.since = now end
    if probed then
      of.pause = math.min(2 * of.pause, LONGEST)
      of.next = now + of.pause
      redis.call('HSET', job, 'trouble', of.request .. ': ' .. sample:match('^[^\n]*'))
    end
  elseif first_try or of.since > 0 then
    of.debt = of.debt + 1
    if of.debt < LIMIT then return end
    if of.since == 0 then of.since = now end
    of.next = now + of.pause
    redis.call('HSET', job, 'trouble', of.request .. ': ' .. sample:match('^[^\n]*'))
  end
  if of.next > 0 and now - of.since >= patience and redis.call('HGET', job, 'state') == 'running'
    and not well_elsewhere(of, patience) then
    local text, advice = sample:match('^([^\n]*)\n?(.*)$')
    local lasted = (now - of.since) / 1000
    local reason = string.format('%s: nothing usable was answered for %d s, the last was %s', of.request, lasted, text)
    redis.call('HSET', job, 'state', 'blocked', 'reason', reason, 'do', advice ~= '' and advice or DO)
  end
end

-- An attempt is over. TELLS: 'well', '' (nothing of the service), or what was wrong with it, and in a second line what to do.
local function ended(job, of, attempt, first_try, patience, tells)
  of.out = math.max(0, of.out - 1)
  local probed = of.next > 0 and of.probe == attempt
  if tells == 'well' then
    is_well(job, of)
  elseif tells ~= '' then
    is_ill(job, of, probed, first_try, patience, tells)
  elseif probed then
    of.next = now + of.pause
  end
end
