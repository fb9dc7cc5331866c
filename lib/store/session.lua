-- Looks at one session and changes nothing. KEYS 1 the session's record.
-- Returns "G", now (ms, 6 bytes), the record; or "A" and now where there is none.
local time = redis.call('TIME')
local now = struct.pack('>I6', time[1] * 1000 + math.floor(time[2] / 1000))
local rec = redis.call('GET', KEYS[1])
return rec and 'G' .. now .. rec or 'A' .. now
