-- Redis's clock in milliseconds. Put in front of the scripts that need it (tests put their own there).
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
