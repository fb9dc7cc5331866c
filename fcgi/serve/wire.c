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
	size_t body_size, body_len;
};

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

static bool read_body(struct rd_wire *wire, size_t body_max, char **body, size_t *body_len)
{
	char rest[1024];
	int n;

	if (!wire->body) {
		wire->body_size = body_max + 1;
		wire->body = malloc(wire->body_size);
		if (!wire->body)
			return false;
	}
	n = FCGX_GetStr(wire->body, (int)wire->body_size, wire->request.in);
	*body = wire->body;
	*body_len = wire->body_len = n < 0 ? 0 : (size_t)n;
	// To the end, or the next request on this connection would begin with what is left.
	while (n == (int)wire->body_size && FCGX_GetStr(rest, sizeof rest, wire->request.in) > 0)
		;
	rd_wipe(rest, *body_len == wire->body_size ? sizeof rest : 0);
	return FCGX_GetError(wire->request.in) == 0;
}

// libfcgi frees its copies without wiping them. So are the buffers of its streams, which nobody but
// libfcgi can reach: a core of a worker would hold tokens, and the service makes none (master.c).
static void wipe_credentials(struct rd_wire *wire)
{
	static const char *const secret[] = {
	    "HTTP_AUTHORIZATION=", "HTTP_REFRESH_TOKEN=", "HTTP_COOKIE=", "HTTP_X_CSRF_TOKEN="};

	for (char **pair = wire->request.envp; *pair; pair++)
		for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
			if (strncmp(*pair, secret[i], strlen(secret[i])) == 0)
				rd_wipe(*pair, strlen(*pair));
	if (wire->body)
		rd_wipe(wire->body, wire->body_len);
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
	wipe_credentials(wire);
	FCGX_Free(r, 0);
	r->ipcFd = -1;
	return RD_WIRE_CLOSE;
}

enum rd_wire_end rd_wire_finish(struct rd_wire *wire, struct rd_span head, struct rd_span body)
{
	FCGX_Request *r = &wire->request;

	FCGX_PutStr(head.ptr, (int)head.len, r->out);
	FCGX_PutStr(body.ptr, (int)body.len, r->out);
	wipe_credentials(wire);
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

// A whole exchange: begin must take the connection it is given, and finish must leave it open with
// the answer on it, though nobody has read any of that yet.
static bool exchange(struct rd_wire *wire, const int pair[2], struct rd_span answer)
{
	static const uint8_t request[] = {
	    1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 1,   0,   0,   0, 0, 0, // BEGIN
	    1, 4, 0, 1, 0, 5, 0, 0, 1, 2, 'A', 'b', 'c',          // PARAMS
	    1, 4, 0, 1, 0, 0, 0, 0, 1, 5, 0,   1,   0,   2, 0, 0, 'h', 'i', 1, 5, 0, 1, 0, 0, 0, 0};
	struct rd_params params;
	size_t body_len = 0;
	char *body = NULL;

	return write(pair[0], request, sizeof request) == (ssize_t)sizeof request &&
	       rd_wire_begin(wire, pair[1], 16, &params, &body, &body_len) == RD_WIRE_KEEP &&
	       body_len == 2 && memcmp(body, "hi", 2) == 0 &&
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
