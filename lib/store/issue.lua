-- Starts a session: a login of one user on one device.
--
-- KEYS  1 the session's record, 2 its user's index, 3 the user's failed logins, if this one ends them
-- ARGV  1 idle ms, 2 absolute ms, 3 auth_time ms (0: now), 4 kid, 5 seed, 6 the record's variable part,
--       7 how many sessions a user may have (0: any number)
-- Gives {as rotate.lua: "I", now (ms, 6 bytes), the record; sid of the session that had to end, or ""}.
-- The clock is Redis' own.

local SCAN = 1000 -- sessions looked at to make room
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local idle, absolute, auth = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local most = tonumber(ARGV[7])
local expires = now + absolute
local ended = ''
if auth == 0 then
	auth = now
end

-- When the user has too many: those that ended unused leave the index, else the oldest ends (reason 2).
local function make_room()
	local oldest, live = redis.call('ZRANGE', KEYS[2], 0, SCAN - 1), nil
	for _, sid in ipairs(oldest) do
		local rec = redis.call('GET', KEYS[1]:sub(1, -23) .. sid)
		if not rec then
			redis.call('ZREM', KEYS[2], sid)
		elseif not live and #rec >= 69 and rec:byte(1) == 1 then
			live = {sid, rec}
		end
	end
	if not live or redis.call('ZCARD', KEYS[2]) < most then
		return
	end
	ended = live[1]
	local rec = live[2]
	rec = rec:sub(1, 1) .. '\1' .. rec:sub(3, 3) .. '\2' .. rec:sub(5, 14) .. struct.pack('>I6', now) .. rec:sub(21)
	redis.call('SET', KEYS[1]:sub(1, -23) .. ended, rec, 'PXAT', (struct.unpack('>I6', rec, 27)))
	redis.call('ZREM', KEYS[2], ended)
end

-- The index goes first: were its key of another type, this fails before anything is written.
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
local index_expires = redis.call('PEXPIRETIME', KEYS[2])
local rec = struct.pack('>BBBBI4I6I6BBc4I6I6I6', 1, 0, tonumber(ARGV[4]), 0, 0, 0, now, 0, 0, '\0\0\0\0',
	expires, now, auth) .. ARGV[5] .. ARGV[6]
if not redis.call('SET', KEYS[1], rec, 'PXAT', math.min(now + idle, expires), 'NX') then
	return redis.error_reply('ERR session exists') -- 128 random bits: then the randomness is broken
end
if most > 0 and redis.call('ZCARD', KEYS[2]) >= most then
	make_room()
end
redis.call('ZADD', KEYS[2], expires, KEYS[1]:sub(-22))
if index_expires < expires then
	redis.call('PEXPIREAT', KEYS[2], expires)
end
if KEYS[3] then
	redis.call('DEL', KEYS[3])
end
return {'I' .. struct.pack('>I6', now) .. rec, ended}
