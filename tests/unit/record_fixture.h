// A family's record as the scripts write it, for answers made by hand.
#pragma once
#include "store/record.h"

static inline void record_put_int(struct rd_buf *out, uint64_t n, size_t bytes)
{
	while (bytes-- > 0)
		rd_put(out, &(uint8_t){(uint8_t)(n >> 8 * bytes)}, 1);
}

static inline void record_put(struct rd_buf *out, const struct rd_record *record)
{
	record_put_int(out, 1, 1);
	record_put_int(out, record->revoked, 1);
	record_put_int(out, record->kid, 1);
	record_put_int(out, record->reason, 1);
	record_put_int(out, record->generation, 4);
	record_put_int(out, (uint64_t)record->rotated_ms, 6);
	record_put_int(out, (uint64_t)record->seen_ms, 6);
	record_put_int(out, record->late, 1);
	record_put_int(out, 0, 5); // the fingerprint, which nobody but rotate.lua reads
	record_put_int(out, (uint64_t)record->expires_ms, 6);
	record_put_int(out, (uint64_t)record->created_ms, 6);
	record_put_int(out, (uint64_t)record->auth_time_ms, 6);
	rd_put(out, record->seed, RD_SEED_LEN);
	rd_record_put_var(out, record);
}
