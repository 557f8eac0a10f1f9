-- Who asks AWS about a content that several items of a job have. KEYS: claims (a bucket), instead, leases, queued, todo,
-- answers (prefix). ARGV: item, content (eight bytes of its hash), request, shard size, item whose answer is no good or ''.
-- Returns {'mine'}: ask; {'held', owner}: somebody is at it; {'answer', owner, answer}: what the journal has;
-- {'done', owner}: its shard's part is written.
-- The first to claim a content owns it. An owner who failed, or whose shard nobody holds, is replaced for that request in
-- `instead`; one who comes back finds that and waits like the others. An owner never waits, so nobody waits in a circle.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local me, content, request, bad = ARGV[1], ARGV[2], ARGV[3], ARGV[5]
local short = content:sub(1, 4) -- two contents that agree in it part ways in `instead`, which is kept by all eight
local first = redis.call('HGET', KEYS[1], short)
if not first then
  redis.call('HSET', KEYS[1], short, me)
  return {'mine'}
end
local place = content .. ':' .. request
local owner = redis.call('HGET', KEYS[2], place) or first
if owner == me then return {'mine'} end
if owner ~= bad then
  local shard = string.format('%d', math.floor(tonumber(owner) / tonumber(ARGV[4])))
  local answer = redis.call('HGET', KEYS[6] .. shard, owner .. ':' .. request)
  if answer then return {'answer', owner, answer} end
  local held = redis.call('ZSCORE', KEYS[3], shard)
  if held and tonumber(held) > now then return {'held', owner} end
  local left = held or redis.call('ZSCORE', KEYS[4], shard) or redis.call('ZSCORE', KEYS[5], shard)
  if not left then return {'done', owner} end
end
redis.call('HSET', KEYS[2], place, me)
return {'mine'}
