-- Makes the record a tombstone, seen last now, until its absolute expiry. Returns it.
local function write_tombstone(key, rec, reason)
	rec = rec:sub(AT_VERSION, END_VERSION) .. '\1' .. rec:sub(AT_KID, END_KID) .. string.char(reason)
		.. rec:sub(AT_GENERATION, END_ROTATED) .. struct.pack(FORMAT(SEEN), now) .. rec:sub(AT_LATE)
	redis.call('SET', key, rec, 'PXAT', (struct.unpack(FORMAT(EXPIRES), rec, AT_EXPIRES)))
	return rec
end
