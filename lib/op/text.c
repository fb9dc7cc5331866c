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

bool rd_text_is_ip(struct rd_span text)
{
	return text.len <= RD_IP_MAX && rd_span_only(text, RD_DIGITS "abcdefABCDEF.:%");
}
