// FastCGI framing, checked before the bytes are handed to libfcgi: it gets one whole, plain
// responder request at a time. Pure.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define RD_PARAMS_MAX 40960 // bytes of all FastCGI parameters: nginx' largest headers and some more
// The longest request that is waited for: parameters, the largest body_max, record headers, and
// room.
#define RD_FRAME_MAX (RD_PARAMS_MAX + 65536 + 8192)

enum rd_frame {
	RD_FRAME_WAIT,  // right so far, more must come
	RD_FRAME_READY, // exactly one whole request
	RD_FRAME_LARGE, // a request that is too large; *request_id is set
	RD_FRAME_BAD,   // not a request that we serve
};

// bytes: all that the connection has sent so far for this request; nothing is copied out of them.
[[nodiscard]] enum rd_frame rd_frame_look(const uint8_t *bytes, size_t len, unsigned *request_id);

// Writes the whole FastCGI answer "413" to a request that libfcgi never sees: its dialect and its
// request id (X-Request-Id) are not known. Returns its length.
#define RD_FRAME_LARGE_ANSWER_MAX 512
size_t rd_frame_answer_large(uint8_t out[static RD_FRAME_LARGE_ANSWER_MAX], unsigned request_id);
