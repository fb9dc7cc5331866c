#include "fcgi/serve/wire.h"
#include <assert.h>
#include <fastcgi.h>
#include <fcgiapp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/secret.h"
#include "http/reply.h"

struct rd_wire {
	FCGX_Request request;
	bool keep; // the other side set FCGI_KEEP_CONN
	char *body;
	size_t body_size; // bytes at body
	size_t body_len;  // of this request
};

// How what FCGX_Stream.data points to begins. libfcgi keeps its definition to itself; rd_wire_init
// finds out whether it is still like that.
struct stream_data {
	unsigned char *buffer;
	int buffer_size;
};

static bool buffers_known;

struct rd_wire *rd_wire_new(void)
{
	struct rd_wire *wire = calloc(1, sizeof *wire);

	if (wire && FCGX_InitRequest(&wire->request, -1, 0) != 0) {
		free(wire);
		return NULL;
	}
	if (wire)
		wire->request.ipcFd = -1;
	return wire;
}

void rd_wire_free(struct rd_wire *wire)
{
	if (wire)
		free(wire->body);
	free(wire);
}

static bool make_room(struct rd_wire *wire, size_t size)
{
	if (wire->body_size >= size)
		return true;
	free(wire->body); // wiped after each request
	wire->body = malloc(size);
	wire->body_size = wire->body ? size : 0;
	return wire->body != NULL;
}

struct discarded {
	char bytes[1024];
};

static void wipe_discarded(struct discarded *part)
{
	rd_wipe(part, sizeof *part);
}

// To the end, or the next request on this connection would begin with what is left.
static void discard_rest(FCGX_Stream *in)
{
	RD_WIPE(wipe_discarded) struct discarded part;

	while (FCGX_GetStr(part.bytes, sizeof part.bytes, in) > 0)
		;
}

static bool read_body(struct rd_wire *wire, size_t body_max, char **body, size_t *body_len)
{
	const size_t size = body_max + 1; // one byte more says that it is too long
	int n;

	if (!make_room(wire, size))
		return false;
	n = FCGX_GetStr(wire->body, (int)size, wire->request.in);
	*body = wire->body;
	*body_len = wire->body_len = n < 0 ? 0 : (size_t)n;
	if (wire->body_len == size)
		discard_rest(wire->request.in);
	return FCGX_GetError(wire->request.in) == 0;
}

static void wipe_buffer(const FCGX_Stream *stream)
{
	const struct stream_data *data = stream->data;

	if (buffers_known)
		rd_wipe(data->buffer, (size_t)data->buffer_size);
}

// libfcgi frees its copies without wiping them.
static void wipe_request(struct rd_wire *wire)
{
	for (char **pair = wire->request.envp; *pair; pair++)
		rd_wipe(*pair, strlen(*pair));
	wipe_buffer(wire->request.in);
	if (wire->body)
		rd_wipe(wire->body, wire->body_len);
	wire->body_len = 0;
}

enum rd_wire_end rd_wire_begin(struct rd_wire *wire, int fd, size_t body_max,
			       struct rd_params *params, char **body, size_t *body_len)
{
	FCGX_Request *r = &wire->request;

	r->ipcFd = fd;
	r->keepConnection = 1;
	FCGX_Detach(r); // when it closes, it must not linger
	if (FCGX_Accept_r(r) != 0) {
		r->ipcFd = -1;
		return RD_WIRE_CLOSED;
	}
	wire->keep = r->keepConnection;
	r->keepConnection = 1; // so that closing is left to us
	FCGX_Detach(r);
	*params = (struct rd_params){0};
	for (char **pair = r->envp; *pair; pair++)
		rd_params_add(params, rd_span(*pair));
	if (r->role == FCGI_RESPONDER && FCGX_GetError(r->in) == 0 &&
	    read_body(wire, body_max, body, body_len))
		return RD_WIRE_KEEP;
	wipe_request(wire);
	FCGX_Free(r, 0);
	r->ipcFd = -1;
	return RD_WIRE_CLOSE;
}

enum rd_wire_end rd_wire_finish(struct rd_wire *wire, struct rd_span head, struct rd_span body)
{
	FCGX_Request *r = &wire->request;

	FCGX_PutStr(head.ptr, (int)head.len, r->out);
	FCGX_PutStr(body.ptr, (int)body.len, r->out);
	FCGX_FClose(r->err); // as FCGX_Finish_r does, which also frees
	FCGX_FClose(r->out);
	wipe_buffer(r->out);
	wipe_request(wire);
	FCGX_Finish_r(r);
	if (r->ipcFd < 0)
		return RD_WIRE_CLOSED;
	r->ipcFd = -1;
	return wire->keep ? RD_WIRE_KEEP : RD_WIRE_CLOSE;
}

#define END_LEN ((ssize_t)sizeof(FCGI_EndRequestRecord))

// Whether the bytes that wait on fd end an answer of more than body_len bytes.
static bool answered(int fd, size_t body_len)
{
	uint8_t part[4096];
	size_t total = 0;
	ssize_t n;

	while ((n = recv(fd, part, sizeof part, MSG_PEEK)) > END_LEN) {
		n = recv(fd, part, (size_t)(n - END_LEN), 0); // never the record that ends it
		total += n > 0 ? (size_t)n : 0;
	}
	return recv(fd, part, sizeof part, 0) == END_LEN && part[1] == FCGI_END_REQUEST &&
	       total > body_len;
}

static const uint8_t test_request[] = {
    1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 1,   0,   0,   0, 0, 0, // BEGIN
    1, 4, 0, 1, 0, 5, 0, 0, 1, 2, 'A', 'b', 'c',          // PARAMS
    1, 4, 0, 1, 0, 0, 0, 0, 1, 5, 0,   1,   0,   2, 0, 0, 'h', 'i', 1, 5, 0, 1, 0, 0, 0, 0};

// Whether a stream's buffer is where struct stream_data says: around the position that the stream
// shows to everybody.
static bool has_buffer(const FCGX_Stream *stream, const unsigned char *position)
{
	const struct stream_data *data = stream->data;

	return data->buffer <= position && position - data->buffer <= data->buffer_size &&
	       data->buffer_size > (int)sizeof test_request && data->buffer_size <= UINT16_MAX;
}

// request: the test request has been read in one go.
static bool find_buffers(const FCGX_Request *r)
{
	const struct stream_data *in = r->in->data;

	return has_buffer(r->in, r->in->rdNext) && has_buffer(r->out, r->out->wrNext) &&
	       memcmp(in->buffer, test_request, sizeof test_request) == 0;
}

// A whole exchange: begin must take the connection it is given, and finish must leave it open with
// the answer on it, though nobody has read any of that yet.
static bool exchange(struct rd_wire *wire, const int pair[2], struct rd_span answer)
{
	struct rd_params params;
	size_t body_len = 0;
	char *body = NULL;

	if (write(pair[0], test_request, sizeof test_request) != (ssize_t)sizeof test_request ||
	    rd_wire_begin(wire, pair[1], 16, &params, &body, &body_len) != RD_WIRE_KEEP)
		return false;
	buffers_known = find_buffers(&wire->request);
	return body_len == 2 && memcmp(body, "hi", 2) == 0 &&
	       rd_wire_finish(wire, RD_SPAN("x"), answer) == RD_WIRE_KEEP &&
	       answered(pair[0], answer.len);
}

// The longest reply too must fit into what a socket of this machine takes at once.
static bool self_test(void)
{
	static const char longest[RD_REPLY_HEAD_MAX + RD_REPLY_BODY_MAX];
	struct rd_wire *wire = rd_wire_new();
	int pair[2];
	bool ok;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair)) {
		rd_wire_free(wire);
		return false;
	}
	ok = wire && exchange(wire, pair, RD_SPAN("y")) &&
	     exchange(wire, pair, (struct rd_span){longest, sizeof longest});
	close(pair[0]);
	close(pair[1]);
	rd_wire_free(wire);
	return ok;
}

bool rd_wire_init(void)
{
	return FCGX_Init() == 0 && self_test();
}
