-- Looks at one session and changes nothing. KEYS 1 the session's record.
-- Returns "G", now (ms, 6 bytes), the record; or "A" and now where there is none.
--- @include "now"
local when = struct.pack('>I6', now)
local rec = redis.call('GET', KEYS[1])
return rec and 'G' .. when .. rec or 'A' .. when
