// Values of options: one reader and one writer for each kind.
#include <assert.h>
#include <sodium.h>
#include <strings.h>
#include "base/scope.h"
#include "config/option.h"

static_assert(sizeof(bool) == sizeof(uint8_t)); // a word of two may be kept as a bool

size_t rd_option_size(const struct rd_option *option)
{
	switch (option->kind) {
	case RD_KIND_NUMBER:
		return sizeof(uint32_t);
	case RD_KIND_WORD:
		return sizeof(uint8_t);
	case RD_KIND_SECRET:
		return crypto_hash_sha256_BYTES;
	case RD_KIND_TEXT:
	case RD_KIND_SCOPES:
		break;
	}
	return option->most + 1;
}

static bool set_number(void *field, const struct rd_option *option, const char *value)
{
	uint64_t n;

	if (!rd_span_number(rd_span(value), option->most, &n) || n < option->least)
		return false;
	*(uint32_t *)field = (uint32_t)n;
	return true;
}

// What is behind the text becomes zero, so that equal values are equal bytes.
static bool set_text(void *field, const struct rd_option *option, const char *value)
{
	const size_t len = strlen(value);

	if (len > option->most)
		return false;
	memset(field, 0, option->most + 1);
	memcpy(field, value, len);
	return true;
}

static bool is_switch(const struct rd_option *option)
{
	return rd_span_is(rd_span(option->words), RD_SPAN("off|on"));
}

// YAML 1.1 reads `on` as a boolean, so tools that write variables and flags from it (Helm, Compose,
// Ansible) hand over `true` for it; yes and 1 are usual elsewhere. Returns the option's own word.
static const char *switch_word(const char *value)
{
	static const char *const spelled[][2] = {{"true", "on"},   {"yes", "on"}, {"1", "on"},
						 {"false", "off"}, {"no", "off"}, {"0", "off"},
						 {"on", "on"},     {"off", "off"}};

	for (size_t i = 0; i < sizeof spelled / sizeof *spelled; i++)
		if (strcasecmp(value, spelled[i][0]) == 0)
			return spelled[i][1];
	return value;
}

static bool set_word(void *field, const struct rd_option *option, const char *value)
{
	struct rd_span rest = rd_span(option->words);

	if (is_switch(option))
		value = switch_word(value);
	for (uint8_t index = 0; rest.len; index++)
		if (rd_span_is(rd_span_cut(&rest, '|'), rd_span(value))) {
			*(uint8_t *)field = index;
			return true;
		}
	return false;
}

// Behind the digits, sha256sum names what it has read: "-" for stdin, "*-" where it read bytes.
static bool is_stdin_of_sha256sum(const char *text)
{
	const char *name = text + strspn(text, " \t");

	return !*text || (name > text && (strcmp(name, "-") == 0 || strcmp(name, "*-") == 0));
}

static bool set_secret(void *field, const char *value)
{
	uint8_t secret[crypto_hash_sha256_BYTES];
	const size_t digits = strspn(value, "0123456789abcdefABCDEF");
	size_t len = 0;

	if (digits != 2 * sizeof secret || !is_stdin_of_sha256sum(value + digits) ||
	    sodium_hex2bin(secret, sizeof secret, value, digits, NULL, &len, NULL) ||
	    len != sizeof secret)
		return false;
	memcpy(field, secret, sizeof secret);
	return true;
}

static bool set_value(void *field, const struct rd_option *option, const char *value)
{
	switch (option->kind) {
	case RD_KIND_NUMBER:
		return set_number(field, option, value);
	case RD_KIND_TEXT:
		return set_text(field, option, value);
	case RD_KIND_WORD:
		return set_word(field, option, value);
	case RD_KIND_SCOPES:
		return rd_scope_valid(rd_span(value)) && set_text(field, option, value);
	case RD_KIND_SECRET:
		return set_secret(field, value);
	}
	return false;
}

void rd_option_default(void *owner, const struct rd_option *option)
{
	void *field = (char *)owner + option->at;
	bool is_good = true;

	memset(field, 0, rd_option_size(option));
	if (option->kind == RD_KIND_NUMBER)
		*(uint32_t *)field = option->def; // RD_UNSET is out of range
	else if (option->text)
		is_good = set_value(field, option, option->text);
	assert(is_good);
}

void rd_option_put_words(const struct rd_option *option, struct rd_buf *out)
{
	struct rd_span rest = rd_span(option->words);

	rd_put_span(out, rd_span_cut(&rest, '|'));
	while (rest.len) {
		const struct rd_span word = rd_span_cut(&rest, '|');

		rd_put_str(out, rest.len ? ", " : " or ");
		rd_put_span(out, word);
	}
}

static void put_expected(const struct rd_option *option, struct rd_buf *out)
{
	switch (option->kind) {
	case RD_KIND_NUMBER:
		rd_put_lit(out, "a whole number from ");
		rd_put_u64(out, option->least);
		rd_put_lit(out, " to ");
		rd_put_u64(out, option->most);
		break;
	case RD_KIND_WORD:
		if (is_switch(option))
			rd_put_lit(out, "on or off");
		else
			rd_option_put_words(option, out);
		break;
	case RD_KIND_SECRET:
		rd_put_lit(out, "64 hexadecimal digits");
		break;
	case RD_KIND_SCOPES:
		rd_put_lit(out, "words divided by single spaces, ");
		[[fallthrough]];
	case RD_KIND_TEXT:
		rd_put_lit(out, "at most ");
		rd_put_u64(out, option->most);
		rd_put_lit(out, " bytes");
		break;
	}
}

bool rd_option_set(void *owner, const struct rd_option *option, const char *value,
		   struct rd_buf *why)
{
	if (set_value((char *)owner + option->at, option, value))
		return true;
	rd_put_str(why, option->name);
	rd_put_lit(why, ": must be ");
	put_expected(option, why);
	return false;
}

// Puts a text, but *** for the password in a URL such as redis://user:password@host, and for all
// before the @ where it cannot be told apart.
static void put_text_masked(struct rd_span text, struct rd_buf *out)
{
	const char *scheme = memmem(text.ptr, text.len, "://", 3);
	const char *at = memrchr(text.ptr, '@', text.len);
	struct rd_span login;

	if (!scheme || !at || at < scheme) {
		rd_put_span(out, text);
		return;
	}
	rd_put_span(out, rd_span_take(&text, (size_t)(scheme + 3 - text.ptr)));
	login = rd_span_take(&text, (size_t)(at - text.ptr));
	if (memchr(login.ptr, ':', login.len)) {
		rd_put_span(out, rd_span_cut(&login, ':'));
		rd_put_lit(out, ":");
	}
	rd_put_lit(out, "***");
	rd_put_span(out, text);
}

static struct rd_span word_at(const char *words, unsigned index)
{
	struct rd_span rest = rd_span(words), word = rd_span_cut(&rest, '|');

	while (index--)
		word = rd_span_cut(&rest, '|');
	return word;
}

void rd_option_put(const void *owner, const struct rd_option *option, struct rd_buf *out)
{
	const void *field = (const char *)owner + option->at;

	switch (option->kind) {
	case RD_KIND_NUMBER:
		rd_put_u64(out, *(const uint32_t *)field);
		break;
	case RD_KIND_WORD:
		rd_put_span(out, word_at(option->words, *(const uint8_t *)field));
		break;
	case RD_KIND_SECRET:
		if (!sodium_is_zero(field, rd_option_size(option)))
			rd_put_lit(out, "***");
		break;
	case RD_KIND_TEXT:
	case RD_KIND_SCOPES:
		put_text_masked(rd_span(field), out);
		break;
	}
}

void rd_alg_of(uint8_t word, enum rd_alg *alg, int *name)
{
	static_assert(RD_ALG_EDDSA == 0 && RD_ALG_HS256 == 1 && RD_ALG_COUNT == 2); // as the words

	*name = word == RD_ALG_COUNT;
	*alg = *name ? RD_ALG_EDDSA : (enum rd_alg)word;
}

bool rd_option_same(const void *a, const void *b, const struct rd_option *option)
{
	return memcmp((const char *)a + option->at, (const char *)b + option->at,
		      rd_option_size(option)) == 0;
}
