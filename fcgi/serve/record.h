// Records of FastCGI 1.0 (specification, section 3.3): a header of 8 bytes, the content, padding.
// Pure.
#pragma once
#include <stdint.h>
#include "base/buf.h"

#define RD_FASTCGI_VERSION        1
#define RD_FASTCGI_HEADER         8 // bytes
#define RD_FASTCGI_END_BODY       8 // bytes of an END's content: status and protocol status
#define RD_FASTCGI_ROLE_RESPONDER 1

enum rd_fastcgi_type {
	RD_FASTCGI_BEGIN = 1,
	RD_FASTCGI_END = 3,
	RD_FASTCGI_PARAMS = 4,
	RD_FASTCGI_STDIN = 5,
	RD_FASTCGI_STDOUT = 6,
};

struct rd_fastcgi_record {
	unsigned version, type, request_id;
	struct rd_span content; // borrowed
	size_t size;            // bytes of the whole record
};

// Reads the record that bytes begin with. Returns false when not all of it is there.
[[nodiscard]] bool rd_fastcgi_record_read(struct rd_span bytes, struct rd_fastcgi_record *out);

// Writes one without padding. content: at most 65535 bytes.
void rd_fastcgi_record_put(struct rd_buf *buf, enum rd_fastcgi_type type, unsigned request_id,
			   struct rd_span content);
