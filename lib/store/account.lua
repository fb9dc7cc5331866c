-- Changes an account. KEYS 1 the account.
-- ARGV 1 what: add, password, disable, enable, delete; 2 name, 3 password hash
-- Returns 1, or 0 when there is nothing to change: add finds an account, or another one finds none.

local what = ARGV[1]
local there = redis.call('EXISTS', KEYS[1]) == 1
if there == (what == 'add') then
	return 0
elseif what == 'add' then
	redis.call('HSET', KEYS[1], 'name', ARGV[2], 'hash', ARGV[3])
elseif what == 'password' then
	redis.call('HSET', KEYS[1], 'hash', ARGV[3])
elseif what == 'disable' then
	redis.call('HSET', KEYS[1], 'disabled', '1')
elseif what == 'enable' then
	redis.call('HDEL', KEYS[1], 'disabled')
elseif what == 'delete' then
	redis.call('DEL', KEYS[1])
else
	return 0
end
return 1
