-- Lists users who have sessions, page by page. ARGV 1 cursor ("0" at first), 2 about how many keys to look at,
-- 3 the pattern of the indexes' keys.
-- Returns {next cursor, the slot of each (11 characters), one behind the other}. A user may come twice.
local found = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[3], 'COUNT', ARGV[2], 'TYPE', 'zset')
local out = {}
for _, key in ipairs(found[2]) do
	out[#out + 1] = key:match('{(...........)}:u$')
end
return {found[1], table.concat(out)}
