-- Rotates a session: the whole table of the rotation in one run. It reads, decides, and only then writes,
-- because Redis keeps what a failed script has written.
--
-- KEYS  1 the session's record, 2 its user's index (same hash slot)
-- ARGV  1 generation presented, 2 client id, 3 grace ms, 4 idle ms, 5 kid of the head to be made,
--       6 "1": this client rotates, 7 scope asked for ("": all of it), 8 late retry ms (0: none),
--       9 fingerprint of the sender, 10 how many generations ahead of the record to believe (0: none)
-- Returns one string: outcome letter, now (ms, 6 bytes), the record as it now stands (nothing when absent).
-- The record's layout is in record.h, the capital words' meaning in expand.awk.

local rec = redis.call('GET', KEYS[1])
--- @include "now"
local n, grace, idle = tonumber(ARGV[1]), tonumber(ARGV[3]), tonumber(ARGV[4])

local function answer(outcome, record)
	return outcome .. struct.pack('>I6', now) .. record
end

-- Replaces the record's bytes from position `at`, with its expiry in the same write. Returns the new record.
local function write(at, bytes, expires_at)
	rec = rec:sub(1, at - 1) .. bytes .. rec:sub(at + #bytes)
	redis.call('SET', KEYS[1], rec, 'PXAT', expires_at)
	return rec
end

-- Scope never grows (RFC 6749 section 6): whether every word asked for was granted.
local function covers(wanted)
	local _, _, _, granted = struct.unpack(FORMAT(USER, SCOPE), rec, AT_USER)
	for word in wanted:gmatch('%S+') do
		if not (' ' .. granted .. ' '):find(' ' .. word .. ' ', 1, true) then
			return false
		end
	end
	return true
end

if not rec then
	return answer('A', '') -- absent
end
if not IS_RECORD(rec) then
	return answer('X', '') -- another version's, or not a record
end

local _, revoked, _, _, g, w, seen, late, sender, expires = struct.unpack(FORMAT(VERSION, EXPIRES), rec)
local _, client = struct.unpack(FORMAT(USER, CLIENT), rec, AT_USER)
local set_back = w > now or seen > now -- Redis' clock was: what seems to come from the future happened just now
w, seen = math.min(w, now), math.min(seen, now)
local young = now - w < grace
local retried = late % 2 == 1 and now - seen < grace -- the head was given to a late retry, at `seen`

-- Whether a predecessor past the grace comes again because its answer was lost: the sender looks like the one
-- that rotated, and it happens in at most two of any 8 generations, else a thief could live on it for ever.
local function answer_was_lost()
	if grace == 0 or now - w >= tonumber(ARGV[8]) or sender == ZEROS(FINGERPRINT) or sender ~= ARGV[9] then
		return false
	end
	local others, rest = 0, bit.rshift(late, 1)
	while rest > 0 do
		others, rest = others + rest % 2, bit.rshift(rest, 1)
	end
	return others < 2
end

-- The record without times from the future.
local function settled()
	if set_back then
		write(AT_ROTATED, struct.pack(FORMAT(ROTATED, SEEN), w, seen), math.min(seen + idle, expires))
	end
	return rec
end

local replay = n == g - 1 and young
local late_retry = n == g - 1 and not young and answer_was_lost()

if revoked ~= 0 then
	return answer('V', rec) -- a tombstone
elseif now >= expires or now >= seen + idle then
	return answer('E', rec) -- expired, also inside grace
elseif client ~= ARGV[2] then
	return answer('W', rec) -- wrong client
elseif n > g + tonumber(ARGV[10]) then
	return answer('F', rec) -- ahead of the store
elseif (n >= g or replay or late_retry) and ARGV[7] ~= '' and not covers(ARGV[7]) then
	return answer('S', rec) -- wider scope; the session stays as it is
elseif n > g then -- adopted: Redis has lost what led to this generation; nobody may be late behind it
	late = bit.lshift(late, n - g) % 256
	local head = struct.pack(FORMAT(KID, LATE), tonumber(ARGV[5]), 0, n, now, now, late) .. ZEROS(FINGERPRINT)
	return answer('H', write(AT_KID, head, math.min(now + idle, expires)))
elseif n == g and ARGV[6] ~= '1' then
	return answer('K', write(AT_SEEN, struct.pack(FORMAT(SEEN), now), math.min(now + idle, expires))) -- kept
elseif n == g and not young and not retried then
	local head = struct.pack(FORMAT(KID, FINGERPRINT),
		tonumber(ARGV[5]), 0, g + 1, now, now, late * 2 % 256, ARGV[9])
	return answer('R', write(AT_KID, head, math.min(now + idle, expires))) -- rotated
elseif late_retry then
	late = late - late % 2 + 1
	local times = struct.pack(FORMAT(ROTATED, LATE), w, now, late)
	return answer('L', write(AT_ROTATED, times, math.min(now + idle, expires))) -- late
elseif n == g then
	return answer('C', settled()) -- coalesced: a young head returns itself
elseif replay then
	return answer('P', settled()) -- replayed
end

--- @include "tombstone"
-- Reuse: the session ends. Reason 1 is reuse.
redis.call('ZREM', KEYS[2], KEYS[1]:sub(-22)) -- first: of another type, it fails before anything is written
return answer('U', write_tombstone(KEYS[1], settled(), 1))
