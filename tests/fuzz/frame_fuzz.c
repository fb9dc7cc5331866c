// What is taken for a whole request has no shorter one in it, and libfcgi reads it to its last
// byte.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#include "fcgi/serve/frame.h"
#include "fcgi/serve/wire.h"
#include "tests/fuzz/fuzz.h"

static enum rd_frame look(const uint8_t *bytes, size_t len)
{
	unsigned id = 0;

	return rd_frame_look(bytes, len, &id);
}

static void nothing_shorter_is_ready(const uint8_t *data, size_t size)
{
	for (size_t len = 0; len < size; len++)
		MUST(look(data, len) == RD_FRAME_WAIT);
}

// A request that is bad stays bad, whatever follows.
static void nothing_bad_gets_better(const uint8_t *data, size_t size)
{
	bool bad = false;

	for (size_t len = 0; len <= size; len++) {
		const bool now = look(data, len) == RD_FRAME_BAD;

		MUST(now || !bad);
		bad = now;
	}
}

static void libfcgi_takes_it(const uint8_t *data, size_t size)
{
	struct rd_wire *wire = rd_wire_new();
	struct rd_params params;
	size_t body_len;
	char *body, left;
	int pair[2];
	enum rd_wire_end end;

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	MUST(write(pair[0], data, size) == (ssize_t)size);
	MUST(rd_wire_begin(wire, pair[1], 65536, &params, &body, &body_len) == RD_WIRE_KEEP);
	MUST(recv(pair[1], &left, 1, MSG_PEEK) < 0);
	MUST(body_len < size);
	end = rd_wire_finish(wire, RD_SPAN("Status: 200 OK\r\n\r\n"), RD_SPAN(""));
	MUST(end == (data[10] & 1 ? RD_WIRE_KEEP : RD_WIRE_CLOSE));
	close(pair[0]);
	close(pair[1]);
	rd_wire_free(wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;

	if (!started) {
		signal(SIGPIPE, SIG_IGN);
		MUST(rd_wire_init());
		started = true;
	}
	if (size > 4096)
		return 0;
	if (look(data, size) == RD_FRAME_READY) {
		nothing_shorter_is_ready(data, size);
		libfcgi_takes_it(data, size);
	} else {
		nothing_bad_gets_better(data, size);
	}
	return 0;
}
