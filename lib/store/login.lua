-- One attempt to log in. It is counted before the password is checked, so that parallel guesses gain nothing;
-- issue.lua resets the count when the password was right. Accounts that do not exist are counted alike.
--
-- KEYS  1 the account, 2 the user's failed logins
-- ARGV  1 attempts before an account has to wait, 2 the longest wait in ms (0: none)
-- Returns {name, hash, disabled, ms to wait}: nil for what there is not, and neither hash nor disabled while it
-- has to wait.

local FORGET = 900000 -- ms after the last attempt
local tries, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local account = redis.call('HMGET', KEYS[1], 'name', 'hash', 'disabled')
account[4] = false
if most > 0 then
	--- @include "now"
	local before = redis.call('HMGET', KEYS[2], 'n', 'until')
	local n, wait = tonumber(before[1] or 0) + 1, tonumber(before[2] or 0) - now
	if wait > 0 then
		return {account[1], false, false, string.format('%d', math.min(wait, most))}
	end
	redis.call('HSET', KEYS[2], 'n', n)
	if n >= tries then -- the next one waits 1 s, the one after that 2 s, 4 s ...
		local pause = math.min(1000 * 2 ^ math.min(n - tries, 30), most)
		redis.call('HSET', KEYS[2], 'until', string.format('%d', now + pause))
	end
	redis.call('PEXPIRE', KEYS[2], FORGET + most)
end
return account
