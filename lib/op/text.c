#include "op/text.h"
#include "base/scope.h"
#include "base/utf8.h"
#include "store/record.h"

bool rd_text_is_user(struct rd_span text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			return false;
	return text.len >= 1 && text.len <= RD_USER_MAX && text.ptr[0] != ' ' &&
	       text.ptr[text.len - 1] != ' ' && rd_utf8_valid(text);
}

bool rd_text_is_scope(struct rd_span text)
{
	return text.len <= RD_SCOPE_MAX && rd_scope_valid(text);
}

// Takes the first word off a scope.
static struct rd_span next_word(struct rd_span *rest)
{
	const char *blank = memchr(rest->ptr, ' ', rest->len);
	struct rd_span word = {rest->ptr, blank ? (size_t)(blank - rest->ptr) : rest->len};
	const size_t used = word.len + (blank != NULL);

	*rest = (struct rd_span){rest->ptr + used, rest->len - used};
	return word;
}

bool rd_text_has_scope(struct rd_span granted, struct rd_span wanted)
{
	while (wanted.len) {
		struct rd_span word = next_word(&wanted), left = granted;
		bool found = false;

		while (left.len && !found)
			found = rd_span_is(next_word(&left), word);
		if (!found)
			return false;
	}
	return true;
}

bool rd_text_is_ip(struct rd_span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!strchr("0123456789abcdefABCDEF.:%", text.ptr[i]) || !text.ptr[i])
			return false;
	return text.len <= RD_IP_MAX;
}
