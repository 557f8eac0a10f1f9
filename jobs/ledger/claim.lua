-- Who asks AWS about a content that several items of a job have. CLAIMS: bucket number BUCKET of them. ITEM: who claims.
-- CONTENT: eight bytes of its hash. BAD: an item whose answer is no good, or ''. ANSWERS: those of shard SHARD ('': none).
-- Returns {'mine'}: ask; {'held', owner}: somebody is at it; {'answer', owner, answer}: what the journal has;
-- {'done', owner}: its shard's part is written; {'look', owner}: nothing yet, come again with the owner's answers.
-- The first to claim a content owns it. An owner who failed, or whose shard nobody holds, is replaced for that request in
-- `instead`; one who comes back finds that and waits like the others. An owner never waits, so nobody waits in a circle.
local CLAIMS, BUCKETS, INSTEAD, LEASES, QUEUED, TODO, OPEN, ANSWERS = unpack(KEYS)
local ITEM, CONTENT, REQUEST, BAD, BUCKET, SHARD_SIZE, SHARD = unpack(ARGV)
if redis.call('EXISTS', OPEN) == 0 then return {'mine'} end -- over: one that slept keeps nothing here, nor may it ask
local short = CONTENT:sub(1, 4) -- two contents that agree in it part ways in `instead`, which is kept by all eight
local first = redis.call('HGET', CLAIMS, short)
if not first then
  redis.call('HSET', CLAIMS, short, ITEM)
  redis.call('SADD', BUCKETS, BUCKET)
  return {'mine'}
end
local place = CONTENT .. ':' .. REQUEST
local owner = redis.call('HGET', INSTEAD, place) or first
if owner == ITEM then return {'mine'} end
if owner ~= BAD then
  local shard = string.format('%d', math.floor(tonumber(owner) / tonumber(SHARD_SIZE)))
  -- A script may touch only keys that it was given, and the owner is known only here. What follows is decided in one
  -- step all the same: the script that was given the answers finds the owner again, and sends back who has another's.
  if shard ~= SHARD then return {'look', owner} end
  local answer = redis.call('HGET', ANSWERS, owner .. ':' .. REQUEST)
  if answer then return {'answer', owner, answer} end
  local held = redis.call('ZSCORE', LEASES, shard)
  if held and tonumber(held) > now then return {'held', owner} end
  local left = held or redis.call('ZSCORE', QUEUED, shard) or redis.call('ZSCORE', TODO, shard)
  if not left then return {'done', owner} end
end
redis.call('HSET', INSTEAD, place, ITEM)
return {'mine'}
