-- The purse of a home (cost.lua) is filled anew. CAP: '' where the home has none: then it is empty. FIELDS: steps and units
-- of what does not run, as JSON. JOBS: the jobs that run, whose counters are added, each at its places of PLACES ({'': its
-- own, '@eu-west-1': another}). Returns 0, and nothing is changed, where it was filled or a job was put on the table since VERSION was read.
local NAMES = {unpack(KEYS)}
local VERSION, CAP, FIELDS, PLACES = unpack(ARGV)
local PURSE = table.remove(NAMES, 1)
local version = redis.call('HGET', PURSE, 'version') or '0'
if version ~= VERSION then return 0 end
redis.call('DEL', PURSE)
redis.call('HSET', PURSE, 'version', tonumber(version) + 1)
if CAP == '' then return 1 end
redis.call('HSET', PURSE, 'cap', CAP)
for name, value in pairs(cjson.decode(FIELDS)) do redis.call('HSET', PURSE, name, value) end
local places = cjson.decode(PLACES)
for i, job in ipairs(NAMES) do
  local all = redis.call('HGETALL', job)
  for n = 1, #all, 2 do
    local month, place, meter = all[n]:match('^m:(%d+-%d+)(@?[^:]*):(.+)$')
    if month then redis.call('HINCRBY', PURSE, month .. ' ' .. places[i][place] .. ' ' .. meter, all[n + 1]) end
  end
end
return 1
