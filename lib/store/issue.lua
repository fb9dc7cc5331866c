-- Starts a family: a login of one user on one device.
--
-- KEYS  1 the family's record, 2 its user's index (same hash slot)
-- ARGV  1 idle ms, 2 absolute ms, 3 auth_time ms (0: now), 4 kid, 5 seed, 6 the record's variable part
-- Gives one string as rotate.lua does: "I", now (ms, 6 bytes), the record. The clock is Redis' own.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local idle, absolute, auth = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local expires = now + absolute
if auth == 0 then
	auth = now
end

-- The index goes first: were its key of another type, this fails before anything is written.
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
local index_expires = redis.call('PEXPIRETIME', KEYS[2])
local rec = struct.pack('>BBBBI4I6I6I6I6I6', 1, 0, tonumber(ARGV[4]), 0, 0, 0, now, expires, now, auth)
	.. ARGV[5] .. ARGV[6]
if not redis.call('SET', KEYS[1], rec, 'PXAT', math.min(now + idle, expires), 'NX') then
	return redis.error_reply('ERR family exists') -- 128 random bits: then the randomness is broken
end
redis.call('ZADD', KEYS[2], expires, KEYS[1]:sub(-22))
if index_expires < expires then
	redis.call('PEXPIREAT', KEYS[2], expires)
end
return 'I' .. struct.pack('>I6', now) .. rec
