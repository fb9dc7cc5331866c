// Whatever becomes of a request, its credentials are in no memory of the process afterwards.
#include <fcntl.h>
#include "conn_fixture.h"

#define SECRET_LEN 32
#define MASK       0x55
#define PAGES_MAX  (64L << 20) // a sanitizer's shadow is larger

// The secrets are letters that no text here has in a row, and are kept under a mask, so that what
// is found is what a request has left.
static uint8_t masked[SECRET_LEN];

struct secret {
	char text[SECRET_LEN + 1];
};

static void wipe_secret(struct secret *s)
{
	rd_wipe(s, sizeof *s);
}

// In place, or a copy of it might stay on the stack.
static void unmask(struct secret *s)
{
	for (size_t i = 0; i < SECRET_LEN; i++)
		s->text[i] = (char)(masked[i] ^ MASK);
	s->text[SECRET_LEN] = 0;
}

static int start_wipe(void **state)
{
	for (size_t i = 0; i < SECRET_LEN; i++)
		masked[i] = (uint8_t)('A' + i * 7 % 25) ^ MASK;
	return start_conn(state);
}

// The secret, unmasked byte by byte, among bytes.
static bool is_among(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i + SECRET_LEN <= len; i++) {
		size_t same = 0;

		while (same < SECRET_LEN && (bytes[i + same] ^ MASK) == masked[same])
			same++;
		if (same == SECRET_LEN)
			return true;
	}
	return false;
}

// Over /proc, so that a sanitizer does not mind; pages that nobody has touched are not read.
static bool is_within(int mem, unsigned long begin, unsigned long end)
{
	static uint8_t part[65536];
	bool found = false;

	while (begin < end && !found) {
		const size_t wanted = end - begin < sizeof part ? end - begin : sizeof part;
		const ssize_t n = pread(mem, part, wanted, (off_t)begin);

		if (n <= 0)
			break;
		found = is_among(part, (size_t)n);
		rd_wipe(part, sizeof part);
		begin += n < SECRET_LEN ? (size_t)n : (size_t)n - (SECRET_LEN - 1);
		if ((size_t)n == wanted && wanted < sizeof part)
			break;
	}
	return found;
}

// The sanitizer's functions leave copies of registers on the stack.
#ifdef __SANITIZE_ADDRESS__
#define IS_SEARCHED(line) (!strstr((line), "[stack]"))
#else
#define IS_SEARCHED(line) true
#endif

// Whether the secret is in memory that this process can write.
static bool is_in_memory(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	unsigned long begin, end;
	char line[512], mode[8];
	bool found = false;

	assert_non_null(maps);
	assert_true(mem >= 0);
	while (!found && fgets(line, sizeof line, maps))
		if (sscanf(line, "%lx-%lx %7s", &begin, &end, mode) == 3 && mode[0] == 'r' &&
		    mode[1] == 'w' && end - begin <= PAGES_MAX && IS_SEARCHED(line))
			found = is_within(mem, begin, end);
	fclose(maps);
	close(mem);
	return found;
}

static void the_search_finds_what_is_there(void **state)
{
	struct secret *s = malloc(sizeof *s);

	(void)state;
	assert_non_null(s);
	unmask(s);
	assert_true(is_in_memory());
	rd_wipe(s, sizeof *s);
	assert_false(is_in_memory());
	free(s);
}

// A request with the secret in every place for one. piece: bytes of a PARAMS record. large: more
// parameters than are taken.
static void build_secret(struct request *r, const char *route, size_t piece, bool large)
{
	RD_WIPE(wipe_secret) struct secret s;
	static char padding[RD_PARAMS_MAX + 1], text[2][100];
	const char *const pairs[] = {"REFRESHD_ROUTE",
				     route,
				     "REFRESHD_DIALECT",
				     "flask",
				     "REQUEST_METHOD",
				     "POST",
				     "HTTP_AUTHORIZATION",
				     text[0],
				     "HTTP_COOKIE",
				     text[1],
				     "HTTP_REFRESH_TOKEN",
				     s.text,
				     "HTTP_X_CSRF_TOKEN",
				     s.text,
				     "HTTP_X_API_KEY",
				     s.text,
				     "CONTENT_TYPE",
				     "application/json",
				     "CONTENT_LENGTH",
				     "32",
				     "HTTP_X",
				     padding,
				     NULL};

	unmask(&s);
	memset(padding, large ? 'x' : 0, sizeof padding - 1);
	snprintf(text[0], sizeof text[0], "Bearer %s", s.text);
	snprintf(text[1], sizeof text[1], "a=b; __Host-refresh_token=%s; c=d", s.text);
	build(r, pairs, piece, (struct rd_span){s.text, SECRET_LEN});
	rd_wipe(text, sizeof text);
}

enum end { ANSWERED, TOO_LARGE, BAD, OTHER_ROLE, HALF, HALF_TIMED_OUT, HALF_DRAINED };

static void spoil(struct request *r, enum end end)
{
	if (end == BAD)
		r->bytes[r->buf.len - 8] = 7; // another version in the last record
	if (end == OTHER_ROLE)
		r->bytes[9] = 2; // an authorizer
	if (end >= HALF)
		r->buf.len -= 5;
}

static void take(int peer, enum end end)
{
	wake();
	if (end == HALF_DRAINED) {
		it.loop.drain_by_ms = it.loop.now_ms + 10000;
		wake_after(1000);
	}
	if (end == HALF_TIMED_OUT)
		wake_after(5000);
	(void)heard_on(peer);
}

static void after_every_end_of_a_request_its_credentials_are_gone(void **state)
{
	static struct request r;

	(void)state;
	for (size_t piece = 7; piece <= 60000; piece = piece == 7 ? 300 : piece * 200)
		for (enum end end = ANSWERED; end <= HALF_DRAINED; end++) {
			int peer = connect_conn();

			build_secret(&r, "health", piece, end == TOO_LARGE);
			spoil(&r, end);
			send_bytes(peer, rd_buf_span(&r.buf));
			rd_wipe(&r, sizeof r);
			take(peer, end);
			if (is_in_memory())
				fail_msg("end %d, records of %zu bytes", end, piece);
			hang_up(peer);
			if (is_in_memory())
				fail_msg("end %d, closed", end);
			it.loop.drain_by_ms = 0;
		}
}

static void a_token_refused_or_unread_is_gone_after_the_answer(void **state)
{
	static const char *const routes[] = {"refresh", "verify",     "logout", "nowhere",
					     "revoke",  "introspect", "issue",  "sessions"};
	static struct request r;

	(void)state;
	for (size_t i = 0; i < COUNT(routes); i++) {
		int peer = connect_conn();

		build_secret(&r, routes[i], 50, false);
		send_bytes(peer, rd_buf_span(&r.buf));
		rd_wipe(&r, sizeof r);
		wake();
		assert_int_equal(it.asked_count, 0);
		(void)heard_on(peer);
		if (is_in_memory())
			fail_msg("%s", routes[i]);
		hang_up(peer);
	}
}

// The secret beside a good token, and the store is away.
static void a_request_without_a_store_is_gone_after_the_answer(void **state)
{
	static struct request r;
	struct secret s;
	const struct op_token token = op_token(0);
	int peer = connect_conn();
	static char bearer[200];

	(void)state;
	unmask(&s);
	snprintf(bearer, sizeof bearer, "Bearer %s", token.text);
	build(&r,
	      PARAMS("REFRESHD_ROUTE", "refresh", "REFRESHD_DIALECT", "flask", "REQUEST_METHOD",
		     "POST", "CONTENT_LENGTH", "0", "HTTP_AUTHORIZATION", bearer, "HTTP_COOKIE",
		     s.text),
	      20, RD_SPAN(""));
	send_bytes(peer, rd_buf_span(&r.buf));
	rd_wipe(&r, sizeof r);
	rd_wipe(&s, sizeof s);
	wake();
	store_answers(op_away);
	assert_string_equal(heard_on(peer), "503 ");
	assert_false(is_in_memory());
	hang_up(peer);
}

// Of an answer's token, of which libfcgi has its own copy, and the loop two.
static void a_token_given_out_is_gone_after_the_answer(void **state)
{
	const struct rd_record record = op_record(1);
	struct op_token next = op_token(1);
	int peer = connect_conn();

	(void)state;
	memcpy(masked, next.text + 60, SECRET_LEN);
	for (size_t i = 0; i < SECRET_LEN; i++)
		masked[i] ^= MASK;
	rd_wipe(&next, sizeof next);
	send_refresh(peer, op_token(0).text);
	wake();
	store_answers(op_turn('R', &record));
	assert_string_equal(heard_on(peer), "200 ");
	assert_false(is_in_memory());
	hang_up(peer);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, start_wipe, stop_conn)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(the_search_finds_what_is_there),
	    CASE(after_every_end_of_a_request_its_credentials_are_gone),
	    CASE(a_token_refused_or_unread_is_gone_after_the_answer),
	    CASE(a_request_without_a_store_is_gone_after_the_answer),
	    CASE(a_token_given_out_is_gone_after_the_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
