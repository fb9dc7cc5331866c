// FastCGI framing, looked at before the bytes are given to libfcgi: only one whole, plain responder
// request gets that far. Pure.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define RD_PARAMS_MAX 40960 // bytes of all FastCGI parameters: nginx' largest headers and some more
// The longest request that is waited for: parameters, body_max at its most, record headers, and
// room.
#define RD_FRAME_MAX (RD_PARAMS_MAX + 65536 + 8192)

enum rd_frame {
	RD_FRAME_WAIT,  // fine so far, more must come
	RD_FRAME_READY, // exactly one whole request
	RD_FRAME_LARGE, // a request that is too large; *request_id says which
	RD_FRAME_BAD,   // nothing we talk to
};

// bytes: everything the connection has sent so far for this request. scratch: RD_PARAMS_MAX bytes,
// used when the parameters come in several records.
[[nodiscard]] enum rd_frame rd_frame_look(const uint8_t *bytes, size_t len, uint8_t *scratch,
					  unsigned *request_id);

// The whole FastCGI answer "413" for a request that libfcgi never sees: neither its dialect nor its
// request id is known. Returns its length.
#define RD_FRAME_LARGE_ANSWER_MAX 512
size_t rd_frame_answer_large(uint8_t out[static RD_FRAME_LARGE_ANSWER_MAX], unsigned request_id);
