// Log lines: what is in them, how many there may be, and where they go.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "observe/rate_limit.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "unit.h"

// In place of the library's clock.
static int64_t mono_ms = 1000000;

int64_t rd_wall_ms(void)
{
	return 1700000000123;
}

int64_t rd_mono_ms(void)
{
	return mono_ms;
}

int64_t rd_mono_us(void)
{
	return mono_ms * 1000;
}

static struct {
	char folder[32], path[64], moved[64], text[1 << 20];
	struct rd_metrics *metrics;
	struct rd_counts *counts;
} log_;

static void must_open(const char *path)
{
	char reason[256];
	struct rd_buf why = RD_BUF(reason);

	if (!rd_sink_open(path, &why))
		fail_msg("%.*s", (int)why.len, why.ptr);
}

static int start_log(void **state)
{
	memcpy(log_.folder, "/tmp/rd-log-XXXXXX", 19);
	if (!mkdtemp(log_.folder))
		return -1;
	snprintf(log_.path, sizeof log_.path, "%s/log", log_.folder);
	snprintf(log_.moved, sizeof log_.moved, "%s/log.1", log_.folder);
	log_.metrics = rd_metrics_new(1, 1);
	log_.counts = rd_metrics_counts(log_.metrics, 1);
	mono_ms += 60000; // nothing of the test before is left
	rd_log_tick(mono_ms);
	rd_log_worker(7, log_.counts);
	rd_log_least(RD_LOG_INFO);
	must_open(log_.path);
	return start_sodium(state);
}

static int stop_log(void **state)
{
	(void)state;
	unlink(log_.path);
	unlink(log_.moved);
	return rmdir(log_.folder);
}

static const char *written_to(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, log_.text, sizeof log_.text - 1);

	close(fd);
	log_.text[n > 0 ? n : 0] = 0;
	return log_.text;
}

static unsigned lines(const char *text)
{
	unsigned n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

static void a_line_is_one_JSON_object(void **state)
{
	(void)state;
	rd_log(RD_LOG_WARN, "redis.down", "%s", "no \"answer\"\n\x80");
	assert_string_equal(written_to(log_.path),
			    "{\"time\":\"2023-11-14T22:13:20.123Z\",\"level\":\"warning\","
			    "\"worker\":7,\"event\":\"redis.down\","
			    "\"msg\":\"no \\\"answer\\\"\\u000a\xef\xbf\xbd\"}\n");
}

static void an_audit_line_has_the_fields_of_the_contract(void **state)
{
	(void)state;
	rd_log_audit(&(struct rd_audit){.level = RD_LOG_INFO,
					.event = "request",
					.request_id = RD_SPAN("r1"),
					.method = RD_SPAN("POST"),
					.route = "refresh",
					.status = 200,
					.took_us = 1234,
					.outcome = "rotated",
					.client_ip = RD_SPAN("192.0.2.1"),
					.client_id = RD_SPAN("web"),
					.sid = RD_SPAN("s"),
					.count = 2});
	assert_non_null(strstr(written_to(log_.path),
			       "\"event\":\"request\",\"request_id\":\"r1\",\"method\":\"POST\","
			       "\"route\":\"refresh\",\"status\":200,\"duration_s\":0.001234,"
			       "\"count\":2,\"outcome\":\"rotated\",\"client_ip\":\"192.0.2.1\","
			       "\"client_id\":\"web\",\"sid\":\"s\"}\n"));
}

// Fields that do not fit are left out, whole.
static void the_longest_line_is_still_JSON(void **state)
{
	static char long_[4000];
	struct rd_audit audit = {.level = RD_LOG_INFO, .event = "x", .route = "r", .count = 9};
	struct json_object *json;
	struct rd_span text;

	(void)state;
	memset(long_, 1, sizeof long_);
	for (size_t len = 0; len < 400; len++) {
		unlink(log_.path);
		must_open(log_.path);
		audit.request_id = (struct rd_span){long_, len};
		audit.sub = (struct rd_span){long_, 255};
		audit.sid = RD_SPAN("the-end");
		rd_log_audit(&audit);
		text = rd_span(written_to(log_.path));
		assert_true(text.len > 50 && text.len <= 2048);
		json = rd_json_parse((struct rd_span){text.ptr, text.len - 1});
		if (!json)
			fail_msg("%s", text.ptr);
		rd_json_free(json);
	}
}

static void levels_below_the_least_are_not_written(void **state)
{
	(void)state;
	rd_log_least(RD_LOG_ERROR);
	assert_false(rd_log_wants(RD_LOG_WARN));
	assert_true(rd_log_wants(RD_LOG_CRITICAL));
	rd_log(RD_LOG_WARN, "a", "x");
	rd_log_audit(&(struct rd_audit){.level = RD_LOG_INFO, .event = "b"});
	assert_string_equal(written_to(log_.path), "");
	rd_log(RD_LOG_ERROR, "a", "x");
	rd_log_least(RD_LOG_DEBUG);
	rd_log(RD_LOG_DEBUG, "a", "x");
	assert_int_equal(lines(written_to(log_.path)), 2);
}

static void a_limit_passes_per_s_a_second_and_a_burst_of_ten(void **state)
{
	struct rd_rate_limit limit = {0};
	unsigned passed = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		passed += rd_rate_limit_pass(&limit, 5000, 30);
	assert_int_equal(passed, 300);
	assert_int_equal(rd_rate_limit_held(&limit, 5999), 0);
	assert_int_equal(rd_rate_limit_held(&limit, 6000), 700);
	assert_int_equal(rd_rate_limit_held(&limit, 9000), 0);
	for (int64_t now_ms = 5000; now_ms < 15000; now_ms += 5)
		passed += rd_rate_limit_pass(&limit, now_ms, 30);
	assert_in_range(passed, 300 + 299, 300 + 301);
	for (int i = 0; i < 1000; i++) // after a pause
		passed += rd_rate_limit_pass(&limit, 115000, 30);
	assert_in_range(passed, 900 - 1, 900 + 1);
}

static void what_is_not_limited_always_passes(void **state)
{
	struct rd_rate_limit limit = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_true(rd_rate_limit_pass(&limit, 7000, 0));
	assert_int_equal(rd_rate_limit_held(&limit, 9000), 0);
}

#define AT_ONCE (RD_LOG_LINES_PER_S * RD_RATE_LIMIT_BURST_S)

static void a_flood_of_one_event_is_some_lines_and_a_number(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		rd_log(RD_LOG_WARN, "flood", "x");
	rd_log(RD_LOG_WARN, "other", "x");
	assert_int_equal(lines(written_to(log_.path)), AT_ONCE + 1);
	assert_int_equal(log_.counts->lines_lost[RD_LINE_LIMITED], 1000 - AT_ONCE);
	mono_ms += 1000;
	rd_log(RD_LOG_WARN, "flood", "again");
	assert_int_equal(lines(written_to(log_.path)), AT_ONCE + 3);
	assert_non_null(strstr(log_.text, "\"event\":\"flood\",\"msg\":\"more of these were not "
					  "written\",\"suppressed\":900}\n"));
}

static void what_was_held_back_is_told_when_the_flood_is_over(void **state)
{
	(void)state;
	assert_int_equal(rd_log_tick(mono_ms), -1);
	for (int i = 0; i < AT_ONCE + 5; i++)
		rd_log(RD_LOG_WARN, "flood", "x");
	assert_int_equal(rd_log_tick(mono_ms), 1000);
	mono_ms += 1000;
	assert_int_equal(rd_log_tick(mono_ms), -1);
	assert_int_equal(lines(written_to(log_.path)), AT_ONCE + 1);
	assert_non_null(strstr(log_.text, "\"suppressed\":5}\n"));
}

static void an_audit_event_has_a_limit_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < 3000; i++) {
		rd_log_audit(
		    &(struct rd_audit){.level = RD_LOG_INFO, .event = "security", .per_s = 200});
		rd_log_audit(&(struct rd_audit){.level = RD_LOG_INFO, .event = "all"});
	}
	assert_int_equal(lines(written_to(log_.path)), 5000);
}

// No client can cause what the master tells of.
static void the_master_has_no_limit(void **state)
{
	(void)state;
	rd_log_worker(0, NULL);
	for (int i = 0; i < 1000; i++)
		rd_log(RD_LOG_INFO, "key.reloaded", "x");
	assert_int_equal(lines(written_to(log_.path)), 1000);
}

static void the_file_is_made_for_its_group_and_opened_again(void **state)
{
	const mode_t mask = umask(022);
	struct stat about;

	(void)state;
	rd_log(RD_LOG_WARN, "a", "before");
	rename(log_.path, log_.moved);
	rd_log(RD_LOG_WARN, "a", "moved");
	rd_log_reopen();
	rd_log(RD_LOG_WARN, "a", "after");
	umask(mask);
	assert_int_equal(lines(written_to(log_.moved)), 2);
	assert_int_equal(lines(written_to(log_.path)), 1);
	assert_int_equal(stat(log_.path, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0640);
}

static void a_file_that_cannot_be_opened_again_leaves_the_old_one(void **state)
{
	char reason[256];
	struct rd_buf why = RD_BUF(reason);

	(void)state;
	rename(log_.path, log_.moved);
	assert_int_equal(mkdir(log_.path, 0700), 0);
	rd_log_reopen();
	rd_log(RD_LOG_WARN, "a", "x");
	assert_int_equal(lines(written_to(log_.moved)), 2);
	assert_non_null(strstr(log_.text, "\"event\":\"log.reopen\""));
	assert_false(rd_sink_open(log_.path, &why));
	rmdir(log_.path);
}

static void a_reader_that_does_not_read_loses_lines_and_holds_up_nothing(void **state)
{
	char fifo[80];
	int reader;

	(void)state;
	snprintf(fifo, sizeof fifo, "%s/fifo", log_.folder);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	reader = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	must_open(fifo);
	for (int i = 0; i < 5000; i++)
		rd_log_audit(&(struct rd_audit){.level = RD_LOG_INFO, .event = "all"});
	assert_true(log_.counts->lines_lost[RD_LINE_BLOCKED] > 0);
	assert_true(read(reader, log_.text, sizeof log_.text) > 0);
	rd_log(RD_LOG_WARN, "a", "x");
	log_.text[read(reader, log_.text, sizeof log_.text - 1)] = 0;
	assert_non_null(strstr(log_.text, "\"dropped\":"));
	must_open(log_.path);
	close(reader);
	unlink(fifo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define FRESH(test) cmocka_unit_test_setup_teardown(test, start_log, stop_log)
	    FRESH(a_line_is_one_JSON_object),
	    FRESH(an_audit_line_has_the_fields_of_the_contract),
	    FRESH(the_longest_line_is_still_JSON),
	    FRESH(levels_below_the_least_are_not_written),
	    FRESH(a_limit_passes_per_s_a_second_and_a_burst_of_ten),
	    FRESH(what_is_not_limited_always_passes),
	    FRESH(a_flood_of_one_event_is_some_lines_and_a_number),
	    FRESH(what_was_held_back_is_told_when_the_flood_is_over),
	    FRESH(an_audit_event_has_a_limit_of_its_own),
	    FRESH(the_master_has_no_limit),
	    FRESH(the_file_is_made_for_its_group_and_opened_again),
	    FRESH(a_file_that_cannot_be_opened_again_leaves_the_old_one),
	    FRESH(a_reader_that_does_not_read_loses_lines_and_holds_up_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
