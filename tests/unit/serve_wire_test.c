// Answers on real sockets, whose other end reads late or never.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "fcgi/serve/wire.h"
#include "http/reply.h"
#include "unit.h"

static const uint8_t request[] = {
    1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, // BEGIN, to be kept
    1, 4, 0, 1, 0, 0, 0, 0, 1, 5, 0, 1, 0, 0, 0, 0, // no PARAMS, no STDIN
};

static int start(void **state)
{
	signal(SIGPIPE, SIG_IGN);
	*state = malloc(RD_REPLY_BODY_MAX);
	if (*state)
		memset(*state, 'a', RD_REPLY_BODY_MAX);
	return *state && rd_wire_init() ? 0 : -1;
}

static int stop(void **state)
{
	free(*state);
	return 0;
}

// Sends body_len bytes through a socket with this much room (0: as it comes) and gives how it
// ended.
static enum rd_wire_end send_through(const char *body, int room, int pair[2])
{
	struct rd_wire *wire = rd_wire_new();
	struct rd_params params;
	char *in;
	size_t in_len;
	enum rd_wire_end end;

	assert_non_null(wire);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	if (room)
		setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	assert_int_equal(write(pair[0], request, sizeof request), sizeof request);
	assert_int_equal(rd_wire_begin(wire, pair[1], 16, &params, &in, &in_len), RD_WIRE_KEEP);
	end = rd_wire_finish(wire, RD_SPAN("Status: 200 OK\r\n\r\n"),
			     (struct rd_span){body, RD_REPLY_BODY_MAX});
	rd_wire_free(wire);
	return end;
}

// Reads all there is; gives how many bytes of the body were in it.
static size_t read_all(int fd)
{
	static char got[2 * RD_REPLY_BODY_MAX];
	size_t len = 0, body = 0;
	ssize_t n;

	while ((n = read(fd, got + len, sizeof got - len)) > 0)
		len += (size_t)n;
	for (size_t i = 0; i < len; i++)
		body += got[i] == 'a';
	return body - (body > 0 && memmem(got, len, "Status", 6)); // its one a
}

static void the_longest_answer_waits_whole_for_a_late_reader(void **state)
{
	int pair[2];

	assert_int_equal(send_through(*state, 0, pair), RD_WIRE_KEEP);
	assert_int_equal(read_all(pair[0]), RD_REPLY_BODY_MAX);
	close(pair[0]);
	close(pair[1]);
}

static void an_answer_that_does_not_fit_ends_the_connection(void **state)
{
	int pair[2];
	char byte;

	assert_int_equal(send_through(*state, 8192, pair), RD_WIRE_CLOSED);
	assert_in_range(read_all(pair[0]), 0, RD_REPLY_BODY_MAX - 1);
	assert_int_equal(read(pair[0], &byte, 1), 0); // the end, not silence
	close(pair[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_longest_answer_waits_whole_for_a_late_reader),
	    cmocka_unit_test(an_answer_that_does_not_fit_ends_the_connection),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
