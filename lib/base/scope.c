#include "base/scope.h"

bool rd_scope_valid(struct rd_span scope)
{
	char before = ' ';

	for (size_t i = 0; i < scope.len; i++) {
		const char c = scope.ptr[i];

		if (c < 0x20 || c > 0x7e || c == '"' || c == '\\' || (c == ' ' && before == ' '))
			return false;
		before = c;
	}
	return scope.len == 0 || before != ' ';
}

bool rd_scope_next(struct rd_span *rest, struct rd_span *word)
{
	const char *blank = rest->len ? memchr(rest->ptr, ' ', rest->len) : NULL;
	const size_t len = blank ? (size_t)(blank - rest->ptr) : rest->len;
	const size_t used = len + (blank != NULL);

	*word = (struct rd_span){rest->ptr, len};
	*rest = (struct rd_span){rest->len ? rest->ptr + used : NULL, rest->len - used};
	return len > 0;
}

static bool has(struct rd_span scope, struct rd_span wanted)
{
	struct rd_span word;

	while (rd_scope_next(&scope, &word))
		if (rd_span_is(word, wanted))
			return true;
	return false;
}

bool rd_scope_covers(struct rd_span granted, struct rd_span asked)
{
	struct rd_span word;

	while (rd_scope_next(&asked, &word))
		if (!has(granted, word))
			return false;
	return true;
}
