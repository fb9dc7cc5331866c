-- Ends sessions of one user: each record becomes a tombstone and leaves the index. It reads all of them, and only
-- then writes.
--
-- KEYS  1 the user's index, 2 what the keys of the user's records begin with
-- ARGV  1 which: a sid, "*" all, "-" all but the asker's; 2 the asker's sid, whose session must stand
--       ("": none); 3 the client whose session it must be ("": any), 4 reason, 5 "1": durable, it writes also
--       when it ends nothing
-- Returns outcome letter, now (ms, 6 bytes), how many ended (4 bytes).

--- @include "now"
local which, asker = ARGV[1], ARGV[2]
local ending = {} -- sid, record, sid, record ...

local function answer(outcome, count)
	if count == 0 and ARGV[5] == '1' then
		--- @include "empty_write"
	end
	return outcome .. struct.pack('>I6I4', now, count)
end

local function record(sid)
	local rec = redis.call('GET', KEYS[2] .. sid)
	return rec and IS_RECORD(rec) and rec
end

local function collect(sid, rec)
	if rec and rec:byte(AT_REVOKED) == 0 then
		ending[#ending + 1] = sid
		ending[#ending + 1] = rec
	end
end

--- @include "tombstone"

local function end_collected()
	for i = 1, #ending, 2 do
		write_tombstone(KEYS[2] .. ending[i], ending[i + 1], ARGV[4])
	end
	return answer('D', #ending / 2)
end

local stands = asker ~= '' and record(asker)
if asker ~= '' and not (stands and stands:byte(AT_REVOKED) == 0) then
	return answer('V', 0) -- the asker's session is over
end
if #which > 1 then
	local rec = record(which)
	if not rec then
		return answer('A', 0)
	end
	local _, client = struct.unpack(FORMAT(USER, CLIENT), rec, AT_USER)
	if ARGV[3] ~= '' and ARGV[3] ~= client then
		return answer('W', 0)
	end
	collect(which, rec)
	redis.call('ZREM', KEYS[1], which) -- first: of another type, it fails before anything is written
	return end_collected()
end
local kept
local sids = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 1, #sids, 2 do
	if which == '-' and sids[i] == asker then
		kept = sids[i + 1]
	else
		collect(sids[i], record(sids[i]))
	end
end
redis.call('DEL', KEYS[1])
if kept then
	redis.call('ZADD', KEYS[1], kept, asker)
	redis.call('PEXPIREAT', KEYS[1], kept)
end
return end_collected()
