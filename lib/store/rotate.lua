-- Rotates a session: the whole table of the rotation in one run. It reads, decides, and only then writes,
-- because Redis keeps what a failed script has written.
--
-- KEYS  1 the session's record, 2 its user's index (same hash slot)
-- ARGV  1 generation presented, 2 client id, 3 grace ms, 4 idle ms, 5 kid of the head to be made,
--       6 "1": this client rotates, 7 scope asked for ("": all of it), 8 late retry ms (0: none),
--       9 fingerprint of the sender, 10 how many generations ahead of the record to believe (0: none)
-- Returns one string: outcome letter, now (ms, 6 bytes), the record as it now stands (nothing when absent).
-- The record's layout is in record.h. The clock is Redis' own.

local rec = redis.call('GET', KEYS[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local n, grace, idle = tonumber(ARGV[1]), tonumber(ARGV[3]), tonumber(ARGV[4])

local function answer(outcome, record)
	return outcome .. struct.pack('>I6', now) .. record
end

-- Replaces the record's bytes from offset `at`, with its expiry in the same write, and gives the new record.
local function write(at, bytes, expires_at)
	rec = rec:sub(1, at) .. bytes .. rec:sub(at + #bytes + 1)
	redis.call('SET', KEYS[1], rec, 'PXAT', expires_at)
	return rec
end

-- Scope never grows (RFC 6749 section 6): whether every word asked for was granted.
local function covers(wanted)
	local _, _, _, granted = struct.unpack('>Bc0Bc0Bc0Hc0', rec, 61)
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
if #rec < 69 or rec:byte(1) ~= 1 then
	return answer('X', '') -- another version's, or not a record
end

local _, revoked, kid, _, g, w, seen, late, sender, expires = struct.unpack('>BBBBI4I6I6Bc5I6', rec)
local _, client = struct.unpack('>Bc0Bc0', rec, 61)
local set_back = w > now or seen > now -- Redis' clock was: what seems to come from the future happened just now
w, seen = math.min(w, now), math.min(seen, now)
local young = now - w < grace
local retried = late % 2 == 1 and now - seen < grace -- the head was given to a late retry, at `seen`

-- Whether a predecessor past the grace comes again because its answer was lost: the sender looks like the one
-- that rotated, and it happens in at most two of any 8 generations, else a thief could live on it for ever.
local function lost()
	if grace == 0 or now - w >= tonumber(ARGV[8]) or sender == '\0\0\0\0\0' or sender ~= ARGV[9] then
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
	return set_back and write(8, struct.pack('>I6I6', w, seen), math.min(seen + idle, expires)) or rec
end

local replay = n == g - 1 and young
local late_retry = n == g - 1 and not young and lost()

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
	local head = struct.pack('>BBI4I6I6B', tonumber(ARGV[5]), 0, n, now, now, late) .. '\0\0\0\0\0'
	return answer('H', write(2, head, math.min(now + idle, expires)))
elseif n == g and ARGV[6] ~= '1' then
	return answer('K', write(14, struct.pack('>I6', now), math.min(now + idle, expires))) -- kept
elseif n == g and not young and not retried then
	local head = struct.pack('>BBI4I6I6Bc5', tonumber(ARGV[5]), 0, g + 1, now, now, late * 2 % 256, ARGV[9])
	return answer('R', write(2, head, math.min(now + idle, expires))) -- rotated
elseif late_retry then
	late = late - late % 2 + 1
	return answer('L', write(8, struct.pack('>I6I6B', w, now, late), math.min(now + idle, expires))) -- late
elseif n == g then
	return answer('C', settled()) -- coalesced: a young head returns itself
elseif replay then
	return answer('P', settled()) -- replayed
end

-- Reuse: the session becomes a tombstone until its absolute expiry. Reason 1 is reuse.
redis.call('ZREM', KEYS[2], KEYS[1]:sub(-22))
return answer('U', write(1, struct.pack('>BBBI4I6I6', 1, kid, 1, g, w, now), expires))
