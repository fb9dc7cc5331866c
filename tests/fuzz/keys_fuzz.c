// A key file is taken whole, or leaves nothing but a reason; and every edit of one that is taken
// gives one that is taken.
#include "tests/fuzz/fuzz.h"
#include "token/keylist.h"
#include "token/keytext.h"

#define NOW 1700000000

static struct rd_keys keys, edited;
static struct rd_key_list list, after;

static void is_whole(void)
{
	size_t active = 0;

	MUST(keys.refresh_active != 0);
	MUST(keys.refresh[0].kid == 0 && keys.access_count <= RD_KEYS_MAX);
	for (int kid = 1; kid < 256; kid++) {
		MUST(keys.refresh[kid].kid == 0 || keys.refresh[kid].kid == kid);
		MUST(keys.refresh[kid].since_s >= 0 && keys.refresh[kid].since_s <= RD_SINCE_MAX);
		active += keys.refresh[kid].kid != 0 && keys.refresh[kid].state == RD_KEY_ACTIVE;
	}
	MUST(active == 1 && keys.refresh[keys.refresh_active].state == RD_KEY_ACTIVE);
	for (size_t i = 0; i < keys.access_count; i++) {
		MUST(keys.access[i].header_len[0] > 0 && strlen(keys.access[i].kid) == RD_KID_LEN);
		MUST(keys.access[i].since_s >= 0 && keys.access[i].since_s <= RD_SINCE_MAX);
	}
}

// What parses then is left in edited, its keys in after.
static bool parses(const struct rd_buf *text)
{
	char reason[128];
	struct rd_buf why = RD_BUF(reason);
	bool ok = rd_buf_ok(text) && rd_keys_parse(rd_buf_span(text), &edited, &why);

	if (ok)
		rd_keys_list(&edited, &after);
	rd_keys_wipe(&edited);
	return ok;
}

static void edit(struct rd_span text, const struct rd_key_entry *key)
{
	static char out[8192];
	struct rd_buf active = RD_BUF(out), less;
	const struct rd_key_entry *former = rd_key_active(&list, key), *found;

	if (key->state == RD_KEY_ACTIVE)
		return;
	rd_keytext_activate(&active, text, key->line, former ? former->line : 0, NOW);
	MUST(parses(&active) && after.count == list.count);
	MUST(rd_key_find(&after, rd_span(key->kid), &found) == 1);
	MUST(found->state == RD_KEY_ACTIVE && found->since_s == NOW && found->line == key->line);
	MUST(!former || after.entry[former - list.entry].state == RD_KEY_RETIRED);
	less = RD_BUF(out);
	rd_keytext_remove(&less, text, key->line);
	MUST(parses(&less) && after.count == list.count - 1);
	MUST(rd_key_find(&after, rd_span(key->kid), &found) == 0);
}

static void add(struct rd_span text)
{
	static char out[8192];
	struct rd_buf more = RD_BUF(out);

	rd_keytext_add_refresh(&more, text, rd_keys_new_kid(&keys), NOW);
	if (parses(&more))
		MUST(after.count == list.count + 1);
	else
		MUST(list.count >= RD_KEYS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[128];
	struct rd_buf why = RD_BUF(text);

	if (rd_keys_parse(input(data, size), &keys, &why)) {
		is_whole();
		MUST(why.len == 0);
		rd_keys_list(&keys, &list);
		if (size < 4096) {
			add(input(data, size));
			edit(input(data, size), &list.entry[0]);
			edit(input(data, size), &list.entry[list.count - 1]);
		}
		rd_keys_wipe(&keys);
	} else
		MUST(why.len > 0 && rd_buf_ok(&why));
	MUST(sodium_is_zero((const uint8_t *)&keys, sizeof keys));
	return 0;
}
