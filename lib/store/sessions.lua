-- Lists a user's sessions, the newest first; those that ended unused leave the index here.
--
-- KEYS  1 the user's index, 2 what the keys of the user's records begin with
-- ARGV  1 how many to pass over, 2 how many to give, 3 the asker's sid, whose session must stand ("": nobody asks)
-- Returns "G" (or "V": who asks is logged out), now (ms, 6 bytes), how many the index has (4 bytes), and for each
-- its sid (22 bytes), the length of its record (2 bytes) and the record.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[3] ~= '' then
	local rec = redis.call('GET', KEYS[2] .. ARGV[3])
	if not rec or rec:byte(2) ~= 0 then
		return 'V' .. struct.pack('>I6I4', now, 0)
	end
end
local from = tonumber(ARGV[1])
local out, gone = {}, {}
for _, sid in ipairs(redis.call('ZREVRANGE', KEYS[1], from, from + ARGV[2] - 1)) do
	local rec = redis.call('GET', KEYS[2] .. sid)
	if rec and rec:byte(2) == 0 and #rec <= 0xffff then
		out[#out + 1] = sid .. struct.pack('>H', #rec) .. rec
	else
		gone[#gone + 1] = sid
	end
end
for _, sid in ipairs(gone) do
	redis.call('ZREM', KEYS[1], sid)
end
return 'G' .. struct.pack('>I6I4', now, redis.call('ZCARD', KEYS[1])) .. table.concat(out)
