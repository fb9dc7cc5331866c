-- Ends sessions of one user: each record becomes a tombstone until its absolute expiry and leaves the index.
--
-- KEYS  1 the user's index, 2 what the keys of the user's records begin with
-- ARGV  1 which: a sid, "*" all, "-" all but the asker's; 2 the asker's sid, whose session must stand
--       ("": nobody asks); 3 the client whose session it must be ("": any), 4 reason
-- Gives outcome letter, now (ms, 6 bytes), how many ended (4 bytes). The clock is Redis' own.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local which, asker = ARGV[1], ARGV[2]
local count = 0

local function answer(outcome)
	return outcome .. struct.pack('>I6I4', now, count)
end

local function record(sid)
	local rec = redis.call('GET', KEYS[2] .. sid)
	return rec and #rec >= 69 and rec:byte(1) == 1 and rec
end

local function finish(sid, rec)
	if rec:byte(2) == 0 then
		rec = rec:sub(1, 1) .. '\1' .. rec:sub(3, 3) .. string.char(ARGV[4]) .. rec:sub(5, 14)
			.. struct.pack('>I6', now) .. rec:sub(21)
		redis.call('SET', KEYS[2] .. sid, rec, 'PXAT', (struct.unpack('>I6', rec, 27)))
		count = count + 1
	end
end

local stands = asker ~= '' and record(asker)
if asker ~= '' and not (stands and stands:byte(2) == 0) then
	return answer('V') -- who asks is logged out
end
if #which > 1 then
	local rec = record(which)
	if not rec then
		return answer('A')
	end
	local _, client = struct.unpack('>Bc0Bc0', rec, 61)
	if ARGV[3] ~= '' and ARGV[3] ~= client then
		return answer('W')
	end
	redis.call('ZREM', KEYS[1], which) -- first: of another type, it fails before anything is written
	finish(which, rec)
	return answer('D')
end
local sids = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 1, #sids, 2 do
	local rec = (which == '*' or sids[i] ~= asker) and record(sids[i])
	if rec then
		finish(sids[i], rec)
	end
end
redis.call('DEL', KEYS[1])
for i = 1, #sids, 2 do
	if which == '-' and sids[i] == asker then
		redis.call('ZADD', KEYS[1], sids[i + 1], asker)
		redis.call('PEXPIREAT', KEYS[1], sids[i + 1])
	end
end
return answer('D')
