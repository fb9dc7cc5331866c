#include "record_fixture.h"
#include "copies_fixture.h"
#include "unit.h"

static char text[8192];

static struct rd_record full(void)
{
	return (struct rd_record){.kid = 7,
				  .reason = RD_REASON_REUSE,
				  .revoked = true,
				  .generation = 0x01020304,
				  .rotated_ms = 0x010203040506,
				  .seen_ms = 0x111213141516,
				  .late = 0x82,
				  .expires_ms = 0xfffefdfcfbfa,
				  .created_ms = 0x313233343536,
				  .auth_time_ms = 0x414243444546,
				  .seed = "0123456789abcde",
				  .user = RD_SPAN("anna"),
				  .client = RD_SPAN("web"),
				  .ip = RD_SPAN("2001:db8::1"),
				  .scope = RD_SPAN("read write"),
				  .claims = RD_SPAN("\"r\":1"),
				  .agent = RD_SPAN("curl/8")};
}

static struct rd_span written(const struct rd_record *record)
{
	struct rd_buf buf = RD_BUF(text);

	record_put(&buf, record);
	assert_true(rd_buf_ok(&buf));
	return rd_buf_span(&buf);
}

static bool read(struct rd_span bytes, struct rd_record *out)
{
	memset(out, 0xaa, sizeof *out);
	return rd_record_read(copy_of(bytes), out);
}

static void assert_same(const struct rd_record *a, const struct rd_record *b)
{
	assert_int_equal(a->revoked, b->revoked);
	assert_int_equal(a->kid, b->kid);
	assert_int_equal(a->reason, b->reason);
	assert_int_equal(a->generation, b->generation);
	assert_int_equal(a->rotated_ms, b->rotated_ms);
	assert_int_equal(a->seen_ms, b->seen_ms);
	assert_int_equal(a->late, b->late);
	assert_int_equal(a->expires_ms, b->expires_ms);
	assert_int_equal(a->created_ms, b->created_ms);
	assert_int_equal(a->auth_time_ms, b->auth_time_ms);
	assert_memory_equal(a->seed, b->seed, RD_SEED_LEN);
	assert_true(rd_span_is(a->user, b->user));
	assert_true(rd_span_is(a->client, b->client));
	assert_true(rd_span_is(a->ip, b->ip));
	assert_true(rd_span_is(a->scope, b->scope));
	assert_true(rd_span_is(a->claims, b->claims));
	assert_true(rd_span_is(a->agent, b->agent));
}

// The layout is on disk: an old record must be read by a new binary.
static void d_the_layout_stays(void **state)
{
	static const char golden[] = "\x01\x01\x07\x01\x01\x02\x03\x04"
				     "\x01\x02\x03\x04\x05\x06\x11\x12\x13\x14\x15\x16"
				     "\x82\0\0\0\0\0"
				     "\xff\xfe\xfd\xfc\xfb\xfa\x31\x32\x33\x34\x35\x36"
				     "\x41\x42\x43\x44\x45\x46"
				     "0123456789abcde\0"
				     "\4anna\3web\x0b"
				     "2001:db8::1\0\x0aread write\0\5\"r\":1\0\6curl/8";
	const struct rd_span golden_bytes = {golden, sizeof golden - 1};
	const struct rd_record record = full();
	struct rd_record back;

	(void)state;
	assert_true(rd_span_is(written(&record), golden_bytes));
	assert_true(read(golden_bytes, &back));
	assert_same(&record, &back);
	copies_free();
}

// rotate.lua alone writes and reads it; to us any five bytes are good.
static void the_fingerprint_is_passed_over(void **state)
{
	const struct rd_record record = full();
	const struct rd_span whole = written(&record);
	struct rd_record back;

	(void)state;
	memset(text + 21, 0xff, 5);
	assert_true(read(whole, &back));
	assert_same(&record, &back);
	copies_free();
}

static void what_is_written_is_read(void **state)
{
	static char long_text[2048];
	struct rd_record records[5], back;

	(void)state;
	memset(long_text, 'x', sizeof long_text);
	for (size_t i = 0; i < COUNT(records); i++)
		records[i] = full();
	records[1].revoked = false;
	records[1].generation = 0;
	records[1].rotated_ms = 0;
	records[1].late = 0;
	records[2].ip = records[2].scope = records[2].claims = records[2].agent =
	    (struct rd_span){0};
	records[3].user = records[3].client = records[3].ip = (struct rd_span){0};
	records[4] = (struct rd_record){.generation = UINT32_MAX,
					.kid = 255,
					.user = {long_text, RD_USER_MAX},
					.client = {long_text, RD_CLIENT_MAX},
					.ip = {long_text, RD_IP_MAX},
					.scope = {long_text, RD_SCOPE_MAX},
					.claims = {long_text, RD_CLAIMS_MAX},
					.agent = {long_text, RD_AGENT_MAX}};
	for (size_t i = 0; i < COUNT(records); i++) {
		assert_true(read(written(&records[i]), &back));
		assert_same(&records[i], &back);
		copies_free();
	}
}

static void every_truncation_and_extension_is_refused(void **state)
{
	const struct rd_record record = full();
	const struct rd_span whole = written(&record);
	struct rd_record out;

	(void)state;
	for (size_t len = 0; len < whole.len; len++) {
		assert_false(read((struct rd_span){text, len}, &out));
		copies_free();
	}
	text[whole.len] = 0;
	assert_false(read((struct rd_span){text, whole.len + 1}, &out));
	copies_free();
	assert_false(rd_record_read((struct rd_span){0}, &out));
}

static void d_another_version_is_refused(void **state)
{
	const struct rd_record record = full();
	const struct rd_span whole = written(&record);
	struct rd_record out;

	(void)state;
	for (int version = 0; version < 256; version++) {
		text[0] = (char)version;
		assert_int_equal(read(whole, &out), version == 1);
		copies_free();
	}
}

// Any length at all in each length field: nothing is read past the end (sanitizer), and what is
// taken is within its limit.
static void a_length_that_lies_is_refused(void **state)
{
	static const size_t at[] = {60, 65, 69, 81, 82, 93, 94, 100, 101};
	const struct rd_record record = full();
	const struct rd_span whole = written(&record);

	(void)state;
	for (size_t i = 0; i < COUNT(at); i++) {
		const char was = text[at[i]];

		for (int n = 0; n < 256; n++) {
			struct rd_record out;

			text[at[i]] = (char)n;
			assert_int_equal(read(whole, &out), text[at[i]] == was);
			copies_free();
		}
		text[at[i]] = was;
	}
}

static void a_text_over_its_limit_is_refused(void **state)
{
	static const struct {
		size_t field, max, length_bytes;
	} rows[] = {
	    {1, RD_CLIENT_MAX, 1}, {2, RD_IP_MAX, 1},    {3, RD_SCOPE_MAX, 2},
	    {4, RD_CLAIMS_MAX, 2}, {5, RD_AGENT_MAX, 2},
	};
	static const char fill[RD_CLAIMS_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t more = 0; more < 2; more++) {
			struct rd_record out;
			struct rd_buf buf = RD_BUF(text);

			record_put_int(&buf, 1, 1);
			rd_put(&buf, fill, RD_RECORD_HEAD - 1);
			for (size_t field = 0; field < 6; field++) {
				const size_t len = field == rows[i].field ? rows[i].max + more : 0;

				record_put_int(&buf, len, field < 3 ? 1 : 2);
				rd_put(&buf, fill, len);
			}
			assert_int_equal(read(rd_buf_span(&buf), &out), !more);
			copies_free();
		}
}

static void a_longer_user_agent_is_cut(void **state)
{
	static char agent[300];
	struct rd_record record = full(), back;

	(void)state;
	memset(agent, 'a', sizeof agent);
	record.agent = (struct rd_span){agent, sizeof agent};
	assert_true(read(written(&record), &back));
	assert_int_equal(back.agent.len, RD_AGENT_MAX);
	copies_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(d_the_layout_stays),
	    cmocka_unit_test(the_fingerprint_is_passed_over),
	    cmocka_unit_test(what_is_written_is_read),
	    cmocka_unit_test(every_truncation_and_extension_is_refused),
	    cmocka_unit_test(d_another_version_is_refused),
	    cmocka_unit_test(a_length_that_lies_is_refused),
	    cmocka_unit_test(a_text_over_its_limit_is_refused),
	    cmocka_unit_test(a_longer_user_agent_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
