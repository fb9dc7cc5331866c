-- Lists accounts page by page. ARGV 1 cursor ("0" at first), 2 about how many,
-- 3 the pattern of their keys.
-- Returns {next cursor, for each: name (1 byte of length) and whether it is disabled ("0" or "1")}.
local found = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[3], 'COUNT', ARGV[2], 'TYPE', 'hash')
local out = {}
for _, key in ipairs(found[2]) do
	local account = redis.call('HMGET', key, 'name', 'disabled')
	if account[1] then
		out[#out + 1] = string.char(#account[1]) .. account[1] .. (account[2] and '1' or '0')
	end
end
return {found[1], table.concat(out)}
