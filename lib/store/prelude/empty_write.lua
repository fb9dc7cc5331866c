-- Changes nothing, but is a write. KEYS[2] does not exist: no record's sid is empty.
redis.call('SET', KEYS[2], '')
redis.call('DEL', KEYS[2])
