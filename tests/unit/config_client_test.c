#include "config_fixture.h"
#include "ring_fixture.h"

#define SECRET "kind = confidential\nsecret_sha256 = " SHA "\n"
#define SHA    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" // of "test"

static const struct rd_client *client(const char *id)
{
	const struct rd_client *c = rd_config_client(&read_.config, rd_span(id));

	if (!c)
		fail_msg("no client %s", id);
	return c;
}

static void taken(const char *text)
{
	if (!load_text(text))
		fail_msg("%s: %s", text, read_.why);
}

static void a_secret_may_be_pasted_as_sha256sum_prints_it(void **state)
{
	static const char *const bad[] = {"-", "  file", "  - -", " -x", "0", "  -0"};
	uint8_t secret[32];

	(void)state;
	taken("[client a]\nkind = confidential\nsecret_sha256 = " SHA "\n");
	memcpy(secret, client("a")->secret_sha256, sizeof secret);
	taken("[client a]\nkind = confidential\nsecret_sha256 = " SHA "  -\n");
	assert_memory_equal(client("a")->secret_sha256, secret, sizeof secret);
	taken("[client a]\nkind = confidential\nsecret_sha256 = " SHA " *-\n");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char text[200];

		snprintf(text, sizeof text,
			 "[client a]\nkind = confidential\nsecret_sha256 = %s%s\n", SHA, bad[i]);
		assert_false(load_text(text));
	}
}

static void a_section_says_what_its_tokens_are_like(void **state)
{
	const struct rd_client *c;

	(void)state;
	taken("[client a]\n" SECRET "scopes = read orders:write\naudience = https://api.example\n"
	      "access_alg = HS256\naccess_ttl_s = 60\nintrospect = on\n");
	c = client("a");
	assert_string_equal(c->scopes, "read orders:write");
	assert_string_equal(c->audience, "https://api.example");
	assert_int_equal(c->access_alg, RD_ALG_HS256);
	assert_int_equal(c->alg_name, 0);
	assert_int_equal(c->access_ttl_s, 60);
	assert_true(c->introspect);
}

static void what_it_leaves_open_is_the_services(void **state)
{
	static const struct {
		const char *more, *audience;
		enum rd_alg alg;
		int name;
	} rows[] = {
	    {"", "http://127.0.0.1:8080", RD_ALG_EDDSA, 0},
	    {"issuer = https://id\n", "https://id", RD_ALG_EDDSA, 0},
	    {"issuer = https://id\naudience = api\naccess_alg = HS256\n", "api", RD_ALG_HS256, 0},
	    {"access_alg = Ed25519\n", "http://127.0.0.1:8080", RD_ALG_EDDSA, 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[300];

		snprintf(text, sizeof text, "%saccess_ttl_s = 77\n[client a]\n", rows[i].more);
		taken(text);
		assert_string_equal(client("a")->audience, rows[i].audience);
		assert_int_equal(client("a")->access_alg, rows[i].alg);
		assert_int_equal(client("a")->alg_name, rows[i].name);
		assert_int_equal(client("a")->access_ttl_s, 77);
		assert_string_equal(client("a")->scopes, "");
		assert_false(client("a")->introspect);
		assert_int_equal(client("web")->access_ttl_s, 77); // without a section too
	}
}

static void a_client_may_have_the_name_of_rfc9864_or_not_whatever_the_service_has(void **state)
{
	(void)state;
	taken("access_alg = HS256\n[client a]\naccess_alg = Ed25519\n[client b]\n"
	      "access_alg = EdDSA\n");
	assert_true(client("a")->access_alg == RD_ALG_EDDSA && client("a")->alg_name == 1);
	assert_true(client("b")->access_alg == RD_ALG_EDDSA && client("b")->alg_name == 0);
}

static void jitter_is_the_services_or_a_tenth_and_less_than_the_life(void **state)
{
	static const struct {
		const char *text;
		uint32_t jitter_s;
	} rows[] = {
	    {"[client a]\n", 90},
	    {"[client a]\naccess_ttl_s = 60\n", 6},
	    {"[client a]\naccess_ttl_s = 9\n", 0},
	    {"[client a]\naccess_ttl_s = 1\n", 0},
	    {"[client a]\naccess_ttl_s = 3600\n", 360},
	    {"access_jitter_s = 30\n[client a]\naccess_ttl_s = 60\n", 30},
	    {"access_jitter_s = 60\n[client a]\naccess_ttl_s = 60\n", 6},
	    {"access_jitter_s = 100\n[client a]\naccess_ttl_s = 60\n", 6},
	    {"access_jitter_s = 0\n[client a]\naccess_ttl_s = 60\n", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		taken(rows[i].text);
		assert_int_equal(client("a")->access_jitter_s, rows[i].jitter_s);
		assert_true(client("a")->access_jitter_s < client("a")->access_ttl_s);
	}
}

static void a_mistake_is_reported_with_its_line(void **state)
{
	static const struct {
		const char *line, *reason;
	} rows[] = {
	    {"scopes = a  b", "scopes: must be words divided by single spaces, at most 255 bytes"},
	    {"scopes = a\"b", "scopes: must be words divided by single spaces, at most 255 bytes"},
	    {"access_alg = none", "access_alg: must be EdDSA, HS256 or Ed25519"},
	    {"access_alg = hs256", "access_alg: must be EdDSA, HS256 or Ed25519"},
	    {"access_ttl_s = 0", "access_ttl_s: must be a whole number from 1 to 86400"},
	    {"access_ttl_s = 86401", "access_ttl_s: must be a whole number from 1 to 86400"},
	    {"introspect = maybe", "introspect: must be on or off"},
	    {"scope = a", "unknown key in a client section: scope; did you mean scopes?"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[100];

		snprintf(text, sizeof text, "[client a]\n%s\n", rows[i].line);
		assert_line(text, 2, rows[i].reason);
	}
}

static void only_a_confidential_client_may_introspect(void **state)
{
	(void)state;
	assert_line("[client a]\nintrospect = on\n", 1,
		    "introspect = on requires kind = confidential: client a");
	taken("[client a]\nintrospect = off\n");
}

static void every_algorithm_in_use_wants_an_active_key(void **state)
{
	static const char eddsa[] = RING_DEPLOYMENT RING_REFRESH RING_EDDSA,
			  hs256[] = RING_DEPLOYMENT RING_REFRESH RING_HS256 RING_EDDSA_RETIRED;
	static const struct {
		const char *ring, *config, *missing;
	} rows[] = {
	    {RING, "[client a]\naccess_alg = HS256\n", ""},
	    {eddsa, "[client a]\naccess_alg = Ed25519\n", ""},
	    {eddsa, "access_alg = HS256\n", "no active access key for HS256"},
	    {eddsa, "[client a]\naccess_alg = HS256\n",
	     "no active access key for HS256, which signs for client a"},
	    {hs256, "", "no active access key for EdDSA"},
	    {hs256, "access_alg = HS256\n[client a]\naccess_alg = Ed25519\n",
	     "no active access key for EdDSA, which signs for client a"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		static struct rd_keys keys;
		char text[200];
		struct rd_buf why = RD_BUF(text);

		taken(rows[i].config);
		assert_true(rd_keys_parse(rd_span(rows[i].ring), &keys, &why));
		assert_int_equal(rd_config_signs(&read_.config, &keys, &why), !*rows[i].missing);
		assert_text(rd_buf_span(&why), rows[i].missing);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_secret_may_be_pasted_as_sha256sum_prints_it),
	    cmocka_unit_test(a_section_says_what_its_tokens_are_like),
	    cmocka_unit_test(what_it_leaves_open_is_the_services),
	    cmocka_unit_test(a_client_may_have_the_name_of_rfc9864_or_not_whatever_the_service_has),
	    cmocka_unit_test(jitter_is_the_services_or_a_tenth_and_less_than_the_life),
	    cmocka_unit_test(a_mistake_is_reported_with_its_line),
	    cmocka_unit_test(only_a_confidential_client_may_introspect),
	    cmocka_unit_test(every_algorithm_in_use_wants_an_active_key),
	};

	return cmocka_run_group_tests(tests, start_config, stop_config);
}
