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
	*word = rd_span_cut(rest, ' ');
	return word->len > 0;
}

static bool has_word(struct rd_span scope, struct rd_span wanted)
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
		if (!has_word(granted, word))
			return false;
	return true;
}
