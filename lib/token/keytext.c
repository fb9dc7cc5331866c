#include "token/keytext.h"
#include <assert.h>
#include "base/b64.h"
#include "base/rand.h"
#include "base/secret.h"

static void put_seconds(struct rd_buf *out, int64_t seconds)
{
	rd_put_u64(out, seconds > 0 ? (uint64_t)seconds : 0);
}

static void put_new_secret(struct rd_buf *out)
{
	RD_SECRET_BYTES(secret, 32);

	rd_rand(secret, sizeof secret);
	rd_put_b64(out, secret, sizeof secret);
}

static void put_new_key(struct rd_buf *out, const char *kind, const char *name,
			enum rd_key_state state, int64_t now_s)
{
	rd_put_str(out, kind);
	rd_put_str(out, name);
	rd_put_lit(out, " ");
	rd_put_str(out, rd_key_state_names[state]);
	rd_put_lit(out, " ");
	put_new_secret(out);
	rd_put_lit(out, " ");
	put_seconds(out, now_s);
	rd_put_lit(out, "\n");
}

void rd_keys_generate(struct rd_buf *out, int64_t now_s)
{
	rd_put_lit(out, "deployment ");
	put_new_secret(out);
	rd_put_lit(out, "\n");
	put_new_key(out, "refresh ", "1", RD_KEY_ACTIVE, now_s);
	for (int alg = 0; alg < RD_ALG_COUNT; alg++)
		put_new_key(out, "access ", rd_alg_names[alg], RD_KEY_ACTIVE, now_s);
}

// Ends the last line where it has no newline.
static void put_lines(struct rd_buf *out, struct rd_span text)
{
	rd_put_span(out, text);
	if (text.len > 0 && text.ptr[text.len - 1] != '\n')
		rd_put_lit(out, "\n");
}

void rd_keytext_add_refresh(struct rd_buf *out, struct rd_span text, uint8_t kid, int64_t now_s)
{
	char number[4] = ""; // "255"
	struct rd_buf digits = {.ptr = number, .max = sizeof number - 1};

	rd_put_u64(&digits, kid);
	put_lines(out, text);
	put_new_key(out, "refresh ", number, RD_KEY_NEXT, now_s);
}

void rd_keytext_add_access(struct rd_buf *out, struct rd_span text, enum rd_alg alg, int64_t now_s)
{
	put_lines(out, text);
	put_new_key(out, "access ", rd_alg_names[alg], RD_KEY_NEXT, now_s);
}

// Takes the next line off *text, with its newline where it has one.
static struct rd_span take_line(struct rd_span *text)
{
	struct rd_span rest = *text;

	(void)rd_span_cut(&rest, '\n');
	return rd_span_take(text, text->len - rest.len);
}

// line: `kind name state secret [since]`, as it is but for state and since.
static void put_changed(struct rd_buf *out, struct rd_span line, enum rd_key_state state,
			int64_t now_s)
{
	const bool has_newline = line.ptr[line.len - 1] == '\n';
	struct rd_span rest = rd_span_cut(&line, '\n');
	const struct rd_span kind = rd_span_cut(&rest, ' ');
	const struct rd_span name = rd_span_cut(&rest, ' ');
	struct rd_span secret;

	(void)rd_span_cut(&rest, ' '); // the former state
	secret = rd_span_cut(&rest, ' ');
	assert(secret.len == RD_B64_LEN(32));
	rd_put_span(out, kind);
	rd_put_lit(out, " ");
	rd_put_span(out, name);
	rd_put_lit(out, " ");
	rd_put_str(out, rd_key_state_names[state]);
	rd_put_lit(out, " ");
	rd_put_span(out, secret);
	rd_put_lit(out, " ");
	put_seconds(out, now_s);
	if (has_newline)
		rd_put_lit(out, "\n");
}

void rd_keytext_activate(struct rd_buf *out, struct rd_span text, unsigned line,
			 unsigned former_line, int64_t now_s)
{
	for (unsigned n = 1; text.len > 0; n++) {
		struct rd_span one = take_line(&text);

		if (n == line)
			put_changed(out, one, RD_KEY_ACTIVE, now_s);
		else if (n == former_line)
			put_changed(out, one, RD_KEY_RETIRED, now_s);
		else
			rd_put_span(out, one);
	}
}

void rd_keytext_remove(struct rd_buf *out, struct rd_span text, unsigned line)
{
	for (unsigned n = 1; text.len > 0; n++) {
		struct rd_span one = take_line(&text);

		if (n != line)
			rd_put_span(out, one);
	}
}
