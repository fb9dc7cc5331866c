-- Rotates a family: the whole table of the rotation in one run. It reads, decides, and only then writes,
-- because Redis keeps what a failed script has written.
--
-- KEYS  1 the family's record, 2 its user's index (same hash slot)
-- ARGV  1 generation presented, 2 client id, 3 grace ms, 4 idle ms, 5 active kid, 6 "1": this client rotates,
--       7 scope asked for ("": all of it)
-- Gives one string: outcome letter, now (ms, 6 bytes), the record as it now stands (nothing when absent).
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
	local _, _, _, granted = struct.unpack('>Bc0Bc0Bc0Hc0', rec, 55)
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
if #rec < 63 or rec:byte(1) ~= 1 then
	return answer('X', '') -- another version's, or not a record
end

local _, revoked, kid, _, g, w, seen, expires = struct.unpack('>BBBBI4I6I6I6', rec)
local _, client = struct.unpack('>Bc0Bc0', rec, 55)
local young = grace > 0 and now - w < grace -- grace 0 is strict, also when the clock was set back
local replay = n == g - 1 and young

if revoked ~= 0 then
	return answer('V', rec) -- a tombstone
elseif now >= expires or now >= seen + idle then
	return answer('E', rec) -- expired, also inside grace
elseif client ~= ARGV[2] then
	return answer('W', rec) -- wrong client
elseif n > g then
	return answer('F', rec) -- ahead of the store
elseif (n == g or replay) and ARGV[7] ~= '' and not covers(ARGV[7]) then
	return answer('S', rec) -- wider scope; the family stays as it is
elseif n == g and ARGV[6] ~= '1' then
	return answer('K', write(14, struct.pack('>I6', now), math.min(now + idle, expires))) -- kept
elseif n == g and young then
	return answer('C', rec) -- coalesced: a head younger than the grace returns itself
elseif n == g then
	local head = struct.pack('>BBI4I6I6', tonumber(ARGV[5]), 0, g + 1, now, now)
	return answer('R', write(2, head, math.min(now + idle, expires))) -- rotated
elseif replay then
	return answer('P', rec) -- replayed
end

-- Reuse: the family becomes a tombstone until its absolute expiry. Reason 1 is reuse.
redis.call('ZREM', KEYS[2], KEYS[1]:sub(-22))
return answer('U', write(1, struct.pack('>BBBI4I6I6', 1, kid, 1, g, w, now), expires))
