-- Record what came of attempts of holder FENCE. PATIENCE: ms that a service may be ill, until the job is blocked.
-- ARGV goes on with call, request and place, number, mark, answer, counters, what it tells of the service (health.lua) of each.
-- An empty mark: nothing was sent.
-- An empty answer means that the call has no outcome yet. Everything is kept even when the lease is lost: it was paid
-- for, and the next holder reads it. Not a failure that a holder of before a retry brings late: the retry is to ask that
-- call. Returns 0 when anything is not taken (the shard is done, or that): then its holder keeps it.
local JOB, TODO, QUEUED, HOLDERS, JOURNALS, INTENTS, ANSWERS, LIVE, PRICES, HEALTH, PURSE = unpack(KEYS)
local SHARD, FENCE, PATIENCE = ARGV[1], ARGV[2], tonumber(ARGV[3])
local mine = redis.call('HGET', HOLDERS, SHARD) == FENCE
local retries = (redis.call('HGET', JOB, 'retry') or '0') ~= '0'
local taken = 1
local undone = redis.call('HGET', HOLDERS, SHARD)
  or redis.call('ZSCORE', TODO, SHARD) or redis.call('ZSCORE', QUEUED, SHARD)
if not undone then return 0 end
redis.call('SADD', JOURNALS, SHARD)
local purse = load_purse(PURSE)

local function sent(mark) return mark == 'b' or mark == 'u' or mark == 'm' or mark == '?' end

-- Whether it was news.
local function note(call, request, place, number, mark, tells)
  local field = call .. ' ' .. FENCE .. ' ' .. number
  local written = redis.call('HGET', INTENTS, field)
  local had, pool = nil, month_of(now) .. place -- no record: Redis has lost its last second, or everything
  if written then had, pool = read_attempt(written) end
  -- `m`: the next holder took it for maybe billed, but its own holder knows.
  if had and had ~= '?' and had ~= 'm' then return false end
  redis.call('HSET', INTENTS, field, attempt_text(mark, pool, request))
  if had == '?' then
    redis.call('HINCRBY', JOB, 'in_flight', -1)
    ended(JOB, load_health(HEALTH, call, place_of(pool)), field, number == '1', PATIENCE, tells)
  end
  local counted = had ~= nil
  if counted ~= sent(mark) then
    count(load_schedule(PRICES), JOB, purse, request, pool, counted and -1 or 1)
  end
  if had == 'm' then tell(LIVE, 'm', pool, request, -1) end
  tell(LIVE, mark, pool, request, 1)
  return true
end

for i = 4, #ARGV, 7 do
  local call, number, mark = ARGV[i], ARGV[i + 2], ARGV[i + 3]
  local request, place = at_place(ARGV[i + 1])
  local answer, counters, tells = ARGV[i + 4], ARGV[i + 5], ARGV[i + 6]
  local known = mine or redis.call('HEXISTS', INTENTS, call .. ' ' .. FENCE .. ' ' .. number) == 1
  local news = mark ~= '' and note(call, request, place, number, mark, tells)
  local no_answer = counters:find('failed:', 1, true) or counters:find('not_asked:', 1, true)
  if retries and not known and no_answer then answer, counters, taken = '', '', 0 end
  -- A counter is raised with the answer, or with the attempt where there is none yet (a throttle).
  if (answer == '' and news) or (answer ~= '' and redis.call('HSETNX', ANSWERS, call, answer) == 1) then
    for counter in counters:gmatch('[^ ]+') do redis.call('HINCRBY', LIVE, counter, 1) end
  end
end
save_health(HEALTH)
return taken
