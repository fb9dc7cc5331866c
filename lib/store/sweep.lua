-- Goes through one user's sessions for the administrator: ends those that began before a time, and takes out of
-- the index what is over. It reads all of them, and only then writes.
--
-- KEYS  1 the user's index, 2 what the keys of the user's records begin with
-- ARGV  1 the time before which they began (ms; 0: none ends), 2 the client they must be of ("": any), 3 reason,
--       4 "1": only to count
-- Returns "D", now (ms, 6 bytes), and how many sessions ended, how many were over, how many stand (4 bytes each).
-- The clock is Redis' own.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local before, client = tonumber(ARGV[1]), ARGV[2]
local ending, over, stand = {}, {}, 0 -- ending: sid, record, sid, record ...

local function has_to_end(rec)
	if #rec < 69 or rec:byte(1) ~= 1 or struct.unpack('>I6', rec, 33) >= before then
		return false
	end
	local _, whose = struct.unpack('>Bc0Bc0', rec, 61)
	return client == '' or client == whose
end

for _, sid in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
	local rec = redis.call('GET', KEYS[2] .. sid)
	if not rec or rec:byte(2) ~= 0 then
		over[#over + 1] = sid
	elseif has_to_end(rec) then
		ending[#ending + 1] = sid
		ending[#ending + 1] = rec
	else
		stand = stand + 1
	end
end
if ARGV[4] ~= '1' then
	for _, sid in ipairs(over) do
		redis.call('ZREM', KEYS[1], sid)
	end
	for i = 1, #ending, 2 do
		local rec = ending[i + 1]
		rec = rec:sub(1, 1) .. '\1' .. rec:sub(3, 3) .. string.char(ARGV[3]) .. rec:sub(5, 14)
			.. struct.pack('>I6', now) .. rec:sub(21)
		redis.call('ZREM', KEYS[1], ending[i])
		redis.call('SET', KEYS[2] .. ending[i], rec, 'PXAT', (struct.unpack('>I6', rec, 27)))
	end
end
return 'D' .. struct.pack('>I6I4I4I4', now, #ending / 2, #over, stand)
