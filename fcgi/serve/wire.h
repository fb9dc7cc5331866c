// FastCGI requests by libfcgi. wire.c is the only file that knows the library. It is handed a
// connection when a whole request is there, and hands it back when the answer is written.
//
// Source of the calling order: fcgiapp.c of libfcgi 2.4.2. FCGX_Accept_r uses ipcFd when it is set
// and accepts nothing then. rd_wire_init proves on the running machine that this still holds.
#pragma once
#include "base/span.h"
#include "http/params.h"

struct rd_wire; // one request at a time, many one after the other

// Once per process, with SIGPIPE ignored and SIGTERM, SIGUSR1 blocked or handled. False when this
// libfcgi does not work the way described above.
[[nodiscard]] bool rd_wire_init(void);

struct rd_wire *rd_wire_new(void);       // NULL when memory is short
void rd_wire_free(struct rd_wire *wire); // no request may be open; NULL is fine

enum rd_wire_end {
	RD_WIRE_KEEP,   // fd is open: a request has begun, or the next one may come
	RD_WIRE_CLOSE,  // fd is the caller's again, who closes it
	RD_WIRE_CLOSED, // libfcgi has closed fd
};

// Reads the request that waits on fd (non-blocking, RD_FRAME_READY). params borrows from wire until
// rd_wire_finish. body: body_len bytes, owned by wire; body_max + 1 of them when it was longer than
// body_max, which may be another one for each request. Anything but RD_WIRE_KEEP: libfcgi or memory
// failed, and there is no request.
[[nodiscard]] enum rd_wire_end rd_wire_begin(struct rd_wire *wire, int fd, size_t body_max,
					     struct rd_params *params, char **body,
					     size_t *body_len);

// Writes the answer, and wipes what libfcgi and wire hold of request and answer. RD_WIRE_CLOSED
// also when the socket could not take all of it at once: the answer is cut then, and its reader
// sees that by the connection's end.
enum rd_wire_end rd_wire_finish(struct rd_wire *wire, struct rd_span head, struct rd_span body);
