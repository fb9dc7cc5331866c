-- Lists a user's sessions, the newest first, and removes from the index those that expired or ended.
--
-- KEYS  1 the user's index, 2 what the keys of the user's records begin with
-- ARGV  1 how many to skip, 2 how many to return, 3 the asker's sid, whose session must stand ("": none)
-- Returns "G" (or "V": the asker's session is over), now (ms, 6 bytes), how many the index has (4 bytes), and for
-- each its sid (22 bytes), the length of its record (2 bytes) and the record.

--- @include "now"
if ARGV[3] ~= '' then
	local rec = redis.call('GET', KEYS[2] .. ARGV[3])
	if not rec or rec:byte(AT_REVOKED) ~= 0 then
		return 'V' .. struct.pack('>I6I4', now, 0)
	end
end
local from = tonumber(ARGV[1])
local out, gone = {}, {}
for _, sid in ipairs(redis.call('ZREVRANGE', KEYS[1], from, from + ARGV[2] - 1)) do
	local rec = redis.call('GET', KEYS[2] .. sid)
	if rec and rec:byte(AT_REVOKED) == 0 and #rec <= 0xffff then
		out[#out + 1] = sid .. struct.pack('>H', #rec) .. rec
	else
		gone[#gone + 1] = sid
	end
end
for _, sid in ipairs(gone) do
	redis.call('ZREM', KEYS[1], sid)
end
return 'G' .. struct.pack('>I6I4', now, redis.call('ZCARD', KEYS[1])) .. table.concat(out)
