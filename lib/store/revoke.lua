-- Ends sessions of one user: each record becomes a tombstone until its absolute expiry and leaves the index.
-- It reads all of them, and only then writes.
--
-- KEYS  1 the user's index, 2 what the keys of the user's records begin with
-- ARGV  1 which: a sid, "*" all, "-" all but the asker's; 2 the asker's sid, whose session must stand
--       ("": nobody asks); 3 the client whose session it must be ("": any), 4 reason
-- Returns outcome letter, now (ms, 6 bytes), how many ended (4 bytes). The clock is Redis' own.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local which, asker = ARGV[1], ARGV[2]
local ending = {} -- sid, record, sid, record ...

local function answer(outcome, count)
	return outcome .. struct.pack('>I6I4', now, count)
end

local function record(sid)
	local rec = redis.call('GET', KEYS[2] .. sid)
	return rec and #rec >= 69 and rec:byte(1) == 1 and rec
end

local function add(sid, rec)
	if rec and rec:byte(2) == 0 then
		ending[#ending + 1] = sid
		ending[#ending + 1] = rec
	end
end

local function finish()
	for i = 1, #ending, 2 do
		local rec = ending[i + 1]
		rec = rec:sub(1, 1) .. '\1' .. rec:sub(3, 3) .. string.char(ARGV[4]) .. rec:sub(5, 14)
			.. struct.pack('>I6', now) .. rec:sub(21)
		redis.call('SET', KEYS[2] .. ending[i], rec, 'PXAT', (struct.unpack('>I6', rec, 27)))
	end
	return answer('D', #ending / 2)
end

local stands = asker ~= '' and record(asker)
if asker ~= '' and not (stands and stands:byte(2) == 0) then
	return answer('V', 0) -- who asks is logged out
end
if #which > 1 then
	local rec = record(which)
	if not rec then
		return answer('A', 0)
	end
	local _, client = struct.unpack('>Bc0Bc0', rec, 61)
	if ARGV[3] ~= '' and ARGV[3] ~= client then
		return answer('W', 0)
	end
	add(which, rec)
	redis.call('ZREM', KEYS[1], which) -- first: of another type, it fails before anything is written
	return finish()
end
local kept
local sids = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 1, #sids, 2 do
	if which == '-' and sids[i] == asker then
		kept = sids[i + 1]
	else
		add(sids[i], record(sids[i]))
	end
end
redis.call('DEL', KEYS[1])
if kept then
	redis.call('ZADD', KEYS[1], kept, asker)
	redis.call('PEXPIREAT', KEYS[1], kept)
end
return finish()
