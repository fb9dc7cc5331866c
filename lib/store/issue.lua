-- Starts a session: a login of one user on one device. It reads, decides, and only then writes.
--
-- KEYS  1 the session's record, 2 its user's index; for a login with a password: 3 the user's failed logins,
--       which are forgotten, 4 the account
-- ARGV  1 idle ms, 2 absolute ms, 3 auth_time ms (0: now), 4 kid, 5 seed, 6 the record's variable part,
--       7 how many sessions a user may have (0: any number); for a login: 8 the password hash that was looked
--       at, 9 the hash to have in its place, or ""
-- Returns {as rotate.lua: "I", now (ms, 6 bytes), the record; sid of the session that had to end, or ""}. Or "B" and
-- now alone when the account's password was changed, or it was disabled or deleted, since it was looked at.

local SCAN = 100 -- sessions looked at to make room
--- @include "now"
local idle, absolute, auth = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local most = tonumber(ARGV[7])
local expires = now + absolute
local records = KEYS[1]:sub(1, -23) -- what the keys of the user's records begin with
local after = string.format('(%d', now)
local over, oldest, record = {}, nil, nil
if auth == 0 then
	auth = now
end

if KEYS[4] then
	local account = redis.call('HMGET', KEYS[4], 'hash', 'disabled')
	if account[1] ~= ARGV[8] or account[2] then
		return {'B' .. struct.pack('>I6', now), ''}
	end
end

-- Whether the user has too many. Those that are over do not count; of the others the oldest has to end.
local function crowded(live)
	for _, sid in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], after, '+inf', 'LIMIT', 0, SCAN)) do
		local rec = redis.call('GET', records .. sid)
		if not rec or rec:byte(AT_REVOKED) ~= 0 then
			over[#over + 1] = sid
		elseif not oldest and IS_RECORD(rec) then
			oldest, record = sid, rec
		end
		if live - #over < most then
			return false
		end
	end
	return oldest
end

local live = redis.call('ZCOUNT', KEYS[2], after, '+inf')
local ends = most > 0 and live >= most and crowded(live)
local rec = struct.pack(FORMAT(VERSION, SEED), RECORD_VERSION, 0, tonumber(ARGV[4]), 0, 0, 0, now, 0, ZEROS(FINGERPRINT),
	expires, now, auth, ARGV[5]) .. ARGV[6]
if not redis.call('SET', KEYS[1], rec, 'PXAT', math.min(now + idle, expires), 'NX') then
	return redis.error_reply('ERR session exists') -- 128 random bits: then the randomness is broken
end
if ends then -- reason 2: it had to make room
	over[#over + 1] = oldest
	--- @include "tombstone"
	write_tombstone(records .. oldest, record, 2)
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
for _, sid in ipairs(over) do
	redis.call('ZREM', KEYS[2], sid)
end
local index_expires = redis.call('PEXPIRETIME', KEYS[2]) -- now, since an index that was emptied lost it
redis.call('ZADD', KEYS[2], expires, KEYS[1]:sub(-22))
if index_expires < expires then
	redis.call('PEXPIREAT', KEYS[2], expires)
end
if KEYS[4] then
	redis.call('DEL', KEYS[3])
	if ARGV[9] ~= '' then
		redis.call('HSET', KEYS[4], 'hash', ARGV[9])
	end
end
return {'I' .. struct.pack('>I6', now) .. rec, ends and oldest or ''}
