// What a question to the store must be.
#pragma once
#include "ring_fixture.h"
#include "store/store.h"
#include "unit.h"

#define PREFIX RD_SPAN("rd:")
#define SID    "vOtSHaqSXWx9IedySlGDPQ"

static const uint8_t slot[RD_SLOT_LEN] = "\x00\x10\x83\x10\x51\x87\x20\x92"; // ABCDEFGHIJI

static struct rd_question question;

static inline void check(enum rd_script script, const char *const *keys, size_t key_count,
			 const struct rd_span *args, size_t arg_count)
{
	assert_int_equal(question.script, script);
	assert_false(question.durable);
	assert_int_equal(question.keys, key_count);
	for (size_t i = 0; i < key_count; i++)
		assert_text(question.key[i], keys[i]);
	assert_int_equal(question.args, arg_count);
	for (size_t i = 0; i < arg_count; i++)
		if (!rd_span_is(question.arg[i], args[i]))
			fail_msg("argument %zu is %.*s", i + 1, (int)question.arg[i].len,
				 question.arg[i].ptr);
}
