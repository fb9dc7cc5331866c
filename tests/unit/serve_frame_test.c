#include <stdlib.h>
#include "fcgi/serve/frame.h"
#include "unit.h"

static uint8_t frame[200000];
static size_t len;

static void put(const void *bytes, size_t count)
{
	assert_true(len + count <= sizeof frame);
	if (count > 0)
		memcpy(frame + len, bytes, count);
	len += count;
}

static void record(uint8_t type, uint8_t id, const void *content, size_t size, uint8_t padding)
{
	static const uint8_t zero[255];

	put((uint8_t[]){1, type, 0, id, (uint8_t)(size >> 8), (uint8_t)size, padding, 0}, 8);
	put(content, size);
	put(zero, padding);
}

#define BEGIN_FLAGS "\0\1\1\0\0\0\0\0" // responder, keep the connection

static void begin(void)
{
	len = 0;
	record(1, 9, BEGIN_FLAGS, 8, 0);
}

static void end_params_and_body(void)
{
	record(4, 9, NULL, 0, 0);
	record(5, 9, NULL, 0, 0);
}

// A request with parameters and a body, both padded.
static void usual(void)
{
	begin();
	record(4, 9, "\1\2Abc\2\0XY", 9, 7);
	record(4, 9, NULL, 0, 0);
	record(5, 9, "hello", 5, 3);
	record(5, 9, NULL, 0, 0);
}

// Out of memory of its very size, for the sanitizer.
static enum rd_frame look_at(size_t count, unsigned *id)
{
	uint8_t *copy = malloc(count > 0 ? count : 1);
	enum rd_frame seen;

	assert_non_null(copy);
	memcpy(copy, frame, count);
	seen = rd_frame_look(copy, count, id);
	free(copy);
	return seen;
}

static enum rd_frame look(void)
{
	unsigned id = 0;

	return look_at(len, &id);
}

static void a_whole_request_is_ready_and_every_part_of_it_waits(void **state)
{
	(void)state;
	for (int kind = 0; kind < 4; kind++) {
		if (kind == 0)
			usual();
		else
			begin();
		if (kind == 1)
			end_params_and_body(); // neither parameters nor body
		if (kind == 2) {
			record(4, 9, "\1", 1, 0); // parameters cut anywhere into records
			record(4, 9, "\2A", 2, 255);
			record(4, 9, "bc\200\0\0\1\0Z", 8, 0);
			record(4, 9, NULL, 0, 0);
			record(5, 9, "a", 1, 0);
			record(5, 9, "b", 1, 0);
			record(5, 9, NULL, 0, 0);
		}
		if (kind == 3) {
			static const uint8_t body[65535];

			record(4, 9, NULL, 0, 0);
			record(5, 9, body, sizeof body, 0);
			record(5, 9, NULL, 0, 0);
		}
		for (size_t count = 0; count < len; count += kind == 3 ? 97 : 1) {
			unsigned id = 0;

			if (look_at(count, &id) != RD_FRAME_WAIT)
				fail_msg("kind %d, %zu bytes", kind, count);
		}
		assert_int_equal(look(), RD_FRAME_READY);
	}
}

static void a_byte_more_is_bad(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		usual();
		put(&(uint8_t){(uint8_t)byte}, 1);
		assert_int_equal(look(), RD_FRAME_BAD);
	}
	usual();
	record(1, 9, BEGIN_FLAGS, 8, 0); // the next request, before the answer
	assert_int_equal(look(), RD_FRAME_BAD);
}

// Where a record of the usual request begins, and what its type is.
static const struct {
	size_t at;
	uint8_t type;
} records[] = {{0, 1}, {16, 4}, {40, 4}, {48, 5}, {64, 5}};

static void any_other_version_type_or_id_is_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(records); i++)
		for (int byte = 0; byte < 256; byte++) {
			usual();
			frame[records[i].at] = (uint8_t)byte;
			assert_int_equal(look(), byte == 1 ? RD_FRAME_READY : RD_FRAME_BAD);
			usual();
			frame[records[i].at + 1] = (uint8_t)byte;
			assert_int_equal(look(),
					 byte == records[i].type ? RD_FRAME_READY : RD_FRAME_BAD);
			if (i == 0)
				continue;
			usual();
			frame[records[i].at + 2] = (uint8_t)byte;
			assert_int_equal(look(), byte == 0 ? RD_FRAME_READY : RD_FRAME_BAD);
			usual();
			frame[records[i].at + 3] = (uint8_t)byte;
			assert_int_equal(look(), byte == 9 ? RD_FRAME_READY : RD_FRAME_BAD);
		}
}

// As soon as it can be seen: a connection is not kept waiting for the rest of what is no good.
static void what_is_bad_is_bad_at_once(void **state)
{
	static const struct {
		size_t at, count;
		uint8_t byte;
	} rows[] = {
	    {0, 1, 0},   {0, 1, 'G'}, {1, 2, 2},   {1, 2, 9},   {3, 4, 0},   {5, 6, 7},
	    {4, 6, 1},   {6, 7, 1},   {8, 10, 1},  {9, 10, 2},  {9, 10, 3},  {9, 10, 0},
	    {16, 17, 2}, {17, 18, 5}, {17, 18, 2}, {41, 42, 5}, {49, 50, 4}, {65, 66, 1},
	};
	unsigned id = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		usual();
		frame[rows[i].at] = rows[i].byte;
		if (look_at(rows[i].count, &id) != RD_FRAME_BAD)
			fail_msg("row %zu", i);
	}
}

static void only_a_responder_is_served(void **state)
{
	(void)state;
	for (int role = 0; role < 0x300; role++) {
		usual();
		frame[8] = (uint8_t)(role >> 8);
		frame[9] = (uint8_t)role;
		assert_int_equal(look(), role == 1 ? RD_FRAME_READY : RD_FRAME_BAD);
	}
}

static void a_padded_end_of_a_stream_is_bad(void **state)
{
	(void)state;
	for (int padding = 1; padding < 256; padding++) {
		begin();
		record(4, 9, NULL, 0, (uint8_t)padding);
		record(5, 9, NULL, 0, 0);
		assert_int_equal(look(), RD_FRAME_BAD);
		begin();
		record(4, 9, NULL, 0, 0);
		record(5, 9, NULL, 0, (uint8_t)padding);
		assert_int_equal(look(), RD_FRAME_BAD);
	}
}

// libfcgi trips over it.
static void a_padded_begin_is_bad(void **state)
{
	(void)state;
	for (int padding = 1; padding < 256; padding++) {
		len = 0;
		record(1, 9, BEGIN_FLAGS, 8, (uint8_t)padding);
		end_params_and_body();
		assert_int_equal(look(), RD_FRAME_BAD);
	}
}

static void the_request_is_named(void **state)
{
	unsigned id;

	(void)state;
	for (unsigned wanted = 1; wanted < 65536; wanted += 257) {
		usual();
		for (size_t i = 0; i < COUNT(records); i++) {
			frame[records[i].at + 2] = (uint8_t)(wanted >> 8);
			frame[records[i].at + 3] = (uint8_t)wanted;
		}
		id = 0;
		assert_int_equal(look_at(len, &id), RD_FRAME_READY);
		assert_int_equal(id, wanted);
	}
}

// A 16-byte record with huge lengths aborts libfcgi.
static void in_two_records(struct rd_span params, size_t cut)
{
	begin();
	if (cut > 0)
		record(4, 9, params.ptr, cut, 0);
	if (cut < params.len)
		record(4, 9, params.ptr + cut, params.len - cut, 1);
	end_params_and_body();
}

static void lengths_past_the_end_are_bad(void **state)
{
	static const struct rd_span params[] = {
	    {"\1", 1},
	    {"\1\1", 2},
	    {"\1\1A", 3},
	    {"\0\1", 2},
	    {"\1\2Ab", 4},
	    {"\2\1Ab", 4},
	    {"\1\1AbX", 5},
	    {"\200", 1},
	    {"\200\0\0", 3},
	    {"\200\0\0\1", 4},
	    {"\200\0\0\1\200\0\0\1A", 9},
	    {"\1\200\0\0", 4},
	    {"\377\377\377\377\377\377\377\377Abcdefgh", 16},
	    {"\1\377\377\377\377A", 6},
	    {"\377\377\377\377\1A", 6},
	    {"\200\0\0\0\377\377\377\377", 8},
	    {"\177\177A", 3},
	    {"\1\1Ab\377", 5},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(params); i++)
		for (size_t cut = 0; cut <= params[i].len; cut++) {
			in_two_records(params[i], cut);
			if (look() != RD_FRAME_BAD)
				fail_msg("row %zu cut at %zu", i, cut);
		}
}

static void lengths_of_one_and_of_four_bytes_are_read(void **state)
{
	static const struct rd_span params[] = {
	    {"\0\0", 2},
	    {"\1\1Ab", 4},
	    {"\200\0\0\1\1Ab", 7},
	    {"\1\200\0\0\1Ab", 7},
	    {"\200\0\0\1\200\0\0\1Ab", 10},
	    {"\1\1Ab\0\0\1\0C", 9},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(params); i++)
		for (size_t cut = 0; cut <= params[i].len; cut++) {
			in_two_records(params[i], cut);
			assert_int_equal(look(), RD_FRAME_READY);
		}
}

// One parameter that fills count bytes, in records of at most step.
static void params_of(size_t count, size_t step)
{
	static uint8_t content[RD_PARAMS_MAX + 1];
	const size_t value = count - 6;

	assert_true(count <= sizeof content);
	memset(content, 'v', sizeof content);
	memcpy(content,
	       (uint8_t[]){1, 0x80, (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value},
	       5);
	for (size_t at = 0; at < count; at += step)
		record(4, 9, content + at, count - at < step ? count - at : step, 0);
}

static void more_than_params_max_is_large(void **state)
{
	static const size_t steps[] = {65535, 32768, 8192, 1000};
	unsigned id = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++)
		for (size_t more = 0; more < 2; more++) {
			begin();
			params_of(RD_PARAMS_MAX + more, steps[i]);
			end_params_and_body();
			id = 0;
			assert_int_equal(look_at(len, &id), more ? RD_FRAME_LARGE : RD_FRAME_READY);
			assert_int_equal(id, 9);
		}
}

static void nothing_is_waited_for_past_frame_max(void **state)
{
	static const uint8_t body[65535];
	unsigned id = 0;

	(void)state;
	begin();
	record(4, 9, NULL, 0, 0);
	record(5, 9, body, sizeof body, 0);
	record(5, 9, body, sizeof body, 0);
	assert_true(len > RD_FRAME_MAX);
	assert_int_equal(look_at(RD_FRAME_MAX - 1, &id), RD_FRAME_WAIT);
	assert_int_equal(look_at(RD_FRAME_MAX, &id), RD_FRAME_LARGE);
	assert_int_equal(id, 9);
}

static void a_body_of_its_largest_with_all_parameters_is_ready(void **state)
{
	static const uint8_t body[32768];

	(void)state;
	begin();
	params_of(RD_PARAMS_MAX, 65535);
	record(4, 9, NULL, 0, 0);
	record(5, 9, body, sizeof body, 0); // body_max at its most, 65536
	record(5, 9, body, sizeof body, 0);
	record(5, 9, NULL, 0, 0);
	assert_true(len <= RD_FRAME_MAX);
	assert_int_equal(look(), RD_FRAME_READY);
}

static void too_large_is_answered_in_whole_records(void **state)
{
	uint8_t out[RD_FRAME_LARGE_ANSWER_MAX];
	const size_t size = rd_frame_answer_large(out, 0x1234);
	const size_t text = (size_t)out[4] << 8 | out[5];
	static const uint8_t after[] = {1, 6, 0x12, 0x34, 0, 0, 0, 0,  // the end of STDOUT
					1, 3, 0x12, 0x34, 0, 8, 0, 0,  // END_REQUEST: status 0,
					0, 0, 0,    0,    0, 0, 0, 0}; // complete
	const char *body;

	(void)state;
	assert_memory_equal(out, ((uint8_t[]){1, 6, 0x12, 0x34}), 4);
	assert_int_equal(size, 8 + text + sizeof after);
	assert_memory_equal(out + 8 + text, after, sizeof after);
	assert_memory_equal(out + 8, "Status: 413 Content Too Large\r\n", 31);
	body = memmem(out + 8, text, "\r\n\r\n", 4);
	assert_non_null(body);
	assert_text((struct rd_span){body + 4, (size_t)((char *)out + 8 + text - body - 4)},
		    "{\"error\":\"payload_too_large\"}");
	assert_non_null(memmem(out + 8, text, "\r\nContent-Length: 29\r\n", 22));
	assert_non_null(memmem(out + 8, text, "\r\nCache-Control: no-store\r\n", 27));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_whole_request_is_ready_and_every_part_of_it_waits),
	    cmocka_unit_test(a_byte_more_is_bad),
	    cmocka_unit_test(any_other_version_type_or_id_is_bad),
	    cmocka_unit_test(what_is_bad_is_bad_at_once),
	    cmocka_unit_test(only_a_responder_is_served),
	    cmocka_unit_test(a_padded_end_of_a_stream_is_bad),
	    cmocka_unit_test(a_padded_begin_is_bad),
	    cmocka_unit_test(the_request_is_named),
	    cmocka_unit_test(lengths_past_the_end_are_bad),
	    cmocka_unit_test(lengths_of_one_and_of_four_bytes_are_read),
	    cmocka_unit_test(more_than_params_max_is_large),
	    cmocka_unit_test(nothing_is_waited_for_past_frame_max),
	    cmocka_unit_test(a_body_of_its_largest_with_all_parameters_is_ready),
	    cmocka_unit_test(too_large_is_answered_in_whole_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
