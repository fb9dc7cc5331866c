-- Tries every command that the other scripts call, on keys of its own that are gone afterwards.
-- KEYS three in one hash slot that nobody uses: for a string, a hash, a sorted set.
-- Returns {command, error, command, error ...} of those that failed. A unit test holds it against the other scripts.

local s, h, z = KEYS[1], KEYS[2], KEYS[3]
local tries = {
	{'TIME'}, {'SCAN', '0', 'COUNT', '1'},
	{'SET', s, '1', 'PX', '1000'}, {'GET', s}, {'EXISTS', s},
	{'PEXPIRE', s, '1000'}, {'PEXPIREAT', s, '4102444800000'}, {'PEXPIRETIME', s}, {'DEL', s},
	{'HSET', h, 'a', '1'}, {'HMGET', h, 'a'}, {'HDEL', h, 'a'},
	{'ZADD', z, '1', 'a'}, {'ZCARD', z}, {'ZCOUNT', z, '-inf', '+inf'}, {'ZRANGE', z, '0', '-1'},
	{'ZRANGEBYSCORE', z, '-inf', '+inf'}, {'ZREVRANGE', z, '0', '-1'},
	{'ZREMRANGEBYSCORE', z, '-inf', '0'}, {'ZREM', z, 'a'},
}
local failed = {}
for _, try in ipairs(tries) do
	local reply = redis.pcall(unpack(try))
	if type(reply) == 'table' and reply.err then
		failed[#failed + 1] = try[1]
		failed[#failed + 1] = reply.err
	end
end
for _, key in ipairs(KEYS) do -- what a missing right has left
	redis.pcall('PEXPIRE', key, '1000')
	redis.pcall('DEL', key)
end
return failed
