-- Adds an account. KEYS 1 the account. ARGV 1 name, 2 password hash. Gives 1, or 0 when it exists.
if redis.call('EXISTS', KEYS[1]) == 1 then
	return 0
end
redis.call('HSET', KEYS[1], 'name', ARGV[1], 'hash', ARGV[2])
return 1
