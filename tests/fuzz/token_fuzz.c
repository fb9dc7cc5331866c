// A token that parses has one spelling, and no change of one byte leaves an authentic one
// authentic.
#include "tests/fuzz/fuzz.h"
#include "tests/unit/ring_fixture.h"
#include "token/refresh.h"

static void one_byte_counts(const struct rd_token *token, struct rd_span client)
{
	struct rd_token other = *token;

	other.secret[other.generation % RD_SECRET_LEN] ^= 1;
	MUST(!rd_token_authentic(&other, ring(), client));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t seed[RD_SEED_LEN] = {1};
	struct rd_span client = RD_SPAN("spa");
	char text[RD_TOKEN_TEXT_LEN + 1];
	struct rd_token token;

	if (rd_token_parse(input(data, size), &token) != RD_OK) {
		MUST(sodium_is_zero((const uint8_t *)&token, sizeof token));
		return 0;
	}
	rd_token_print(&token, text);
	MUST(size == RD_TOKEN_TEXT_LEN && memcmp(text, data, size) == 0);
	if (rd_token_authentic(&token, ring(), client))
		one_byte_counts(&token, client);
	MUST(!rd_token_lineage(&token, ring(), client, seed));
	if (ring()->refresh[token.kid].kid == 0)
		return 0;
	rd_token_seal(&token, ring(), client, seed);
	MUST(rd_token_authentic(&token, ring(), client));
	MUST(rd_token_lineage(&token, ring(), client, seed));
	one_byte_counts(&token, client);
	rd_token_wipe(&token);
	return 0;
}
