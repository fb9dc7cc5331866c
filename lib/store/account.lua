-- A user's account. KEYS 1 the account. Gives {name, hash, disabled}, nil where there is none.
return redis.call('HMGET', KEYS[1], 'name', 'hash', 'disabled')
