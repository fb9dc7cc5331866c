// A key file is taken whole, or leaves nothing but a reason.
#include "tests/fuzz/fuzz.h"
#include "token/keys.h"

static void is_whole(const struct rd_keys *keys)
{
	size_t active = 0;

	MUST(keys->refresh_active != 0 && keys->refresh[keys->refresh_active].active);
	MUST(keys->refresh[0].kid == 0 && keys->access_count <= RD_KEYS_MAX);
	for (int kid = 0; kid < 256; kid++) {
		MUST(keys->refresh[kid].kid == 0 || keys->refresh[kid].kid == kid);
		active += keys->refresh[kid].active;
	}
	MUST(active == 1);
	for (size_t i = 0; i < keys->access_count; i++)
		MUST(keys->access[i].header_len[0] > 0 &&
		     strlen(keys->access[i].kid) == RD_KID_LEN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rd_keys keys;
	char text[128];
	struct rd_buf why = RD_BUF(text);

	if (rd_keys_parse(input(data, size), &keys, &why)) {
		is_whole(&keys);
		MUST(why.len == 0);
		rd_keys_wipe(&keys);
	} else
		MUST(why.len > 0 && rd_buf_ok(&why));
	MUST(sodium_is_zero((const uint8_t *)&keys, sizeof keys));
	return 0;
}
