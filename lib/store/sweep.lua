-- Sweeps one user's sessions for the administrator: ends those that began before a time, and removes from the
-- index what is over. It reads all of them, and only then writes.
--
-- KEYS  1 the user's index, 2 what the keys of the user's records begin with
-- ARGV  1 the time before which they began (ms; 0: none ends), 2 the client they must be of ("": any), 3 reason,
--       4 "1": only to count, 5 "1": durable, it writes also when it ends nothing
-- Returns "D", now (ms, 6 bytes), and how many sessions ended, how many were over, how many stand (4 bytes each).

--- @include "now"
local before, client = tonumber(ARGV[1]), ARGV[2]
local ending, over, stand = {}, {}, 0 -- ending: sid, record, sid, record ...

local function has_to_end(rec)
	if not IS_RECORD(rec) or struct.unpack(FORMAT(CREATED), rec, AT_CREATED) >= before then
		return false
	end
	local _, owner = struct.unpack(FORMAT(USER, CLIENT), rec, AT_USER)
	return client == '' or client == owner
end

for _, sid in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
	local rec = redis.call('GET', KEYS[2] .. sid)
	if not rec or rec:byte(AT_REVOKED) ~= 0 then
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
	--- @include "tombstone"
	for i = 1, #ending, 2 do
		redis.call('ZREM', KEYS[1], ending[i])
		write_tombstone(KEYS[2] .. ending[i], ending[i + 1], ARGV[3])
	end
	if #ending == 0 and ARGV[5] == '1' then
		--- @include "empty_write"
	end
end
return 'D' .. struct.pack('>I6I4I4I4', now, #ending / 2, #over, stand)
