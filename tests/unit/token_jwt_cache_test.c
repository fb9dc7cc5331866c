#include "token/jwt_cache.h"
#include "jws_fixture.h"

struct made {
	char text[1024];
	struct rd_span token;
	struct rd_access access;
};

static struct rd_access access_of(const char *jti)
{
	return (struct rd_access){.iss = RD_SPAN(ISS),
				  .aud = RD_SPAN(AUD),
				  .sub = RD_SPAN("anna"),
				  .client_id = RD_SPAN("web"),
				  .scope = RD_SPAN("read write"),
				  .sid = RD_SPAN("AAAAAAAAAAAAAAAAAAAAAA"),
				  .jti = rd_span(jti),
				  .iat_s = NOW - 1,
				  .exp_s = NOW + 10,
				  .auth_time_s = NOW - 2,
				  .fresh = true};
}

static void sign(struct made *out, enum rd_alg alg)
{
	struct rd_buf buf = RD_BUF(out->text);

	rd_jwt_sign(&buf, &out->access, jws_key(alg), 0);
	assert_true(rd_buf_ok(&buf));
	out->token = rd_buf_span(&buf);
}

// jti: borrowed.
static struct made make(const char *jti)
{
	return (struct made){.access = access_of(jti)};
}

static void put(struct rd_jwt_cache *cache, struct made *made)
{
	uint8_t id[RD_JWT_CACHE_ID];

	sign(made, RD_ALG_EDDSA);
	assert_true(rd_jwt_cache_id(cache, made->token, ring(), id));
	rd_jwt_cache_put(cache, id, &made->access, NOW);
}

static bool get_as(struct rd_jwt_cache *cache, struct rd_span token, const struct rd_keys *keys,
		   const struct rd_jwt_wants *as)
{
	char text[RD_JWT_CACHE_TEXT];
	uint8_t id[RD_JWT_CACHE_ID];
	struct rd_access out;

	return rd_jwt_cache_id(cache, token, keys, id) &&
	       rd_jwt_cache_get(cache, id, as, text, &out);
}

static bool has(struct rd_jwt_cache *cache, const struct made *made)
{
	char text[1024];

	// Not the very memory that was put.
	memcpy(text, made->token.ptr, made->token.len);
	return get_as(cache, (struct rd_span){text, made->token.len}, ring(), &wants);
}

static void assert_span(struct rd_span is, struct rd_span wanted)
{
	assert_int_equal(is.len, wanted.len);
	assert_true(rd_span_is(is, wanted));
}

static void a_hit_says_what_verifying_says(void **state)
{
	struct rd_jwt_cache *cache = rd_jwt_cache_new(8);
	const char *jtis[] = {"j", "", "0123456789abcdef"};

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct made made = make(jtis[i % 3]);
		struct json_object *doc;
		char text[RD_JWT_CACHE_TEXT];
		uint8_t id[RD_JWT_CACHE_ID];
		struct rd_access cold, hot;

		if (i == 1)
			made.access.scope = made.access.sid = made.access.client_id =
			    (struct rd_span){0};
		made.access.fresh = i % 2;
		sign(&made, i < 3 ? RD_ALG_EDDSA : RD_ALG_HS256);
		assert_int_equal(rd_jwt_verify(made.token, ring(), &wants, &doc, &cold), RD_OK);
		assert_true(rd_jwt_cache_id(cache, made.token, ring(), id));
		assert_false(rd_jwt_cache_get(cache, id, &wants, text, &hot));
		rd_jwt_cache_put(cache, id, &cold, NOW);
		assert_true(rd_jwt_cache_get(cache, id, &wants, text, &hot));
		assert_span(hot.iss, cold.iss);
		assert_span(hot.aud, cold.aud);
		assert_span(hot.sub, cold.sub);
		assert_span(hot.client_id, cold.client_id);
		assert_span(hot.scope, cold.scope);
		assert_span(hot.sid, cold.sid);
		assert_span(hot.jti, cold.jti);
		assert_int_equal(hot.extra.len, 0);
		assert_true(hot.exp_s == cold.exp_s && hot.iat_s == cold.iat_s &&
			    hot.auth_time_s == cold.auth_time_s && hot.fresh == cold.fresh);
		assert_true(hot.sub.ptr >= text && hot.sub.ptr < text + sizeof text);
		rd_json_free(doc);
	}
	rd_jwt_cache_free(cache);
}

static void s5_a_token_with_one_bit_changed_never_hits(void **state)
{
	struct rd_jwt_cache *cache = rd_jwt_cache_new(4);
	struct made made = make("j");
	char *text = made.text;

	(void)state;
	put(cache, &made);
	for (size_t bit = 0; bit < 8 * made.token.len; bit++) {
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		assert_false(has(cache, &made));
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
	}
	assert_true(has(cache, &made));
	for (size_t len = 0; len < made.token.len; len++)
		assert_false(get_as(cache, (struct rd_span){text, len}, ring(), &wants));
	text[made.token.len++] = 'A';
	assert_false(has(cache, &made));
	rd_jwt_cache_free(cache);
}

static void an_entry_never_outlives_exp(void **state)
{
	struct rd_jwt_cache *cache = rd_jwt_cache_new(4);
	struct made made = make("j");
	struct rd_jwt_wants later = wants;

	(void)state;
	put(cache, &made);
	later.now_s = made.access.exp_s - 1;
	assert_true(get_as(cache, made.token, ring(), &later));
	later.now_s = made.access.exp_s;
	assert_false(get_as(cache, made.token, ring(), &later));
	later.now_s = made.access.exp_s + 1000000;
	assert_false(get_as(cache, made.token, ring(), &later));
	rd_jwt_cache_free(cache);
}

static void a_hit_is_for_its_issuer_and_its_audience(void **state)
{
	static const struct rd_span names[] = {RD_SPAN("orders"), RD_SPAN("ap"), RD_SPAN("apii"),
					       RD_SPAN("")};
	struct rd_jwt_cache *cache = rd_jwt_cache_new(4);
	struct made made = make("j"), other;
	struct rd_jwt_wants as = wants;
	uint8_t id[RD_JWT_CACHE_ID];

	(void)state;
	put(cache, &made);
	for (size_t i = 0; i < COUNT(names); i++) {
		as.aud = names[i];
		assert_false(get_as(cache, made.token, ring(), &as));
		as.aud = wants.aud;
		as.iss = names[i];
		assert_false(get_as(cache, made.token, ring(), &as));
		as.iss = wants.iss;
	}
	// A token with several audiences is there once for each that was asked for.
	other = made;
	other.access.aud = names[0];
	assert_true(rd_jwt_cache_id(cache, made.token, ring(), id));
	rd_jwt_cache_put(cache, id, &other.access, NOW);
	assert_true(has(cache, &made));
	as.aud = names[0];
	assert_true(get_as(cache, made.token, ring(), &as));
	rd_jwt_cache_free(cache);
}

static void without_its_key_a_token_is_not_found(void **state)
{
	static const char *const rings[] = {
	    RING_DEPLOYMENT RING_REFRESH RING_HS256 RING_EDDSA_RETIRED,
	    RING_DEPLOYMENT RING_REFRESH,
	    // another secret in its place
	    RING_DEPLOYMENT RING_REFRESH
	    "access EdDSA active kJGSk5SVlpeYmZqbnJ2en6ChoqOkpaanqKmqq6ytrq8\n"};
	struct rd_jwt_cache *cache = rd_jwt_cache_new(4);
	struct made made = make("j");
	char reason[100];

	(void)state;
	put(cache, &made);
	for (size_t i = 0; i < COUNT(rings); i++) {
		struct rd_buf why = RD_BUF(reason);
		struct rd_keys keys;

		if (!rd_keys_parse(rd_span(rings[i]), &keys, &why))
			fail_msg("%.*s", (int)why.len, why.ptr);
		assert_false(get_as(cache, made.token, &keys, &wants));
		rd_keys_wipe(&keys);
	}
	assert_true(has(cache, &made)); // and it is found when the key is back
	rd_jwt_cache_free(cache);
}

static void the_longest_unused_makes_room(void **state)
{
	struct rd_jwt_cache *cache = rd_jwt_cache_new(4);
	struct made made[] = {make("0"), make("1"), make("2"), make("3"), make("4"), make("5")};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		put(cache, &made[i]);
	for (size_t i = 0; i < 4; i++)
		assert_true(has(cache, &made[i]));
	assert_true(has(cache, &made[0])); // now 1 is the one
	put(cache, &made[4]);
	assert_false(has(cache, &made[1]));
	assert_true(has(cache, &made[0]) && has(cache, &made[2]) && has(cache, &made[3]) &&
		    has(cache, &made[4]));
	put(cache, &made[4]); // again: nobody has to go
	assert_true(has(cache, &made[0]) && has(cache, &made[2]) && has(cache, &made[3]) &&
		    has(cache, &made[4]));
	rd_jwt_cache_free(cache);
}

static void an_expired_one_makes_room_first(void **state)
{
	struct rd_jwt_cache *cache = rd_jwt_cache_new(4);
	struct made made[] = {make("0"), make("1"), make("2"), make("3"), make("4")};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		made[i].access.exp_s = i == 2 ? NOW : NOW + 10;
		put(cache, &made[i]);
	}
	put(cache, &made[4]);
	assert_true(has(cache, &made[0]) && has(cache, &made[1]) && has(cache, &made[3]) &&
		    has(cache, &made[4]));
	rd_jwt_cache_free(cache);
}

static void it_never_holds_more_than_its_size(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 4, 5, 7, 64, 100};
	static struct made made[400];
	static char jti[COUNT(made)][8];

	(void)state;
	for (size_t s = 0; s < COUNT(sizes); s++) {
		struct rd_jwt_cache *cache = rd_jwt_cache_new(sizes[s]);
		size_t held = 0;

		for (size_t i = 0; i < COUNT(made); i++) {
			snprintf(jti[i], sizeof jti[i], "%zu", i);
			made[i] = make(jti[i]);
			put(cache, &made[i]);
			assert_true(has(cache, &made[i]));
		}
		for (size_t i = 0; i < COUNT(made); i++)
			held += has(cache, &made[i]);
		assert_in_range(held, 1, sizes[s]);
		// Four times as many as there is room for find nearly every place.
		assert_true(held >= sizes[s] / 4 * 3);
		rd_jwt_cache_free(cache);
	}
}

static void what_is_too_long_is_not_kept(void **state)
{
	static char name[256];
	struct rd_jwt_cache *cache = rd_jwt_cache_new(4);
	struct made made = make("j");
	uint8_t id[RD_JWT_CACHE_ID];
	size_t rest;

	(void)state;
	memset(name, '~', sizeof name);
	made.access.sid = (struct rd_span){name, 200};
	rest = RD_JWT_CACHE_TEXT - made.access.iss.len - made.access.aud.len -
	       made.access.client_id.len - made.access.scope.len - made.access.jti.len - 200;
	made.access.sub = (struct rd_span){name, rest};
	put(cache, &made);
	assert_true(has(cache, &made));
	made.access.sub.len++;
	put(cache, &made);
	assert_false(has(cache, &made));
	assert_false(rd_jwt_cache_id(cache, (struct rd_span){0}, ring(), id));
	rd_jwt_cache_free(cache);
}

static void a_text_longer_than_any_token_is_not_hashed(void **state)
{
	static char text[RD_JWT_MAX + 1];
	struct rd_jwt_cache *cache = rd_jwt_cache_new(1);
	struct made made = make("j");
	uint8_t id[RD_JWT_CACHE_ID];

	(void)state;
	sign(&made, RD_ALG_EDDSA);
	memset(text, 'A', sizeof text);
	memcpy(text, made.token.ptr, made.token.len);
	assert_true(rd_jwt_cache_id(cache, (struct rd_span){text, RD_JWT_MAX}, ring(), id));
	assert_false(rd_jwt_cache_id(cache, (struct rd_span){text, RD_JWT_MAX + 1}, ring(), id));
	rd_jwt_cache_free(cache);
}

static void the_id_differs_from_cache_to_cache(void **state)
{
	struct rd_jwt_cache *one = rd_jwt_cache_new(1), *two = rd_jwt_cache_new(1);
	struct made made = make("j");
	uint8_t a[RD_JWT_CACHE_ID], b[RD_JWT_CACHE_ID];

	(void)state;
	sign(&made, RD_ALG_EDDSA);
	assert_true(rd_jwt_cache_id(one, made.token, ring(), a));
	assert_true(rd_jwt_cache_id(two, made.token, ring(), b));
	assert_memory_not_equal(a, b, sizeof a);
	rd_jwt_cache_free(one);
	rd_jwt_cache_free(two);
}

static void zero_means_none(void **state)
{
	(void)state;
	assert_null(rd_jwt_cache_new(0));
	rd_jwt_cache_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_hit_says_what_verifying_says),
	    cmocka_unit_test(s5_a_token_with_one_bit_changed_never_hits),
	    cmocka_unit_test(an_entry_never_outlives_exp),
	    cmocka_unit_test(a_hit_is_for_its_issuer_and_its_audience),
	    cmocka_unit_test(without_its_key_a_token_is_not_found),
	    cmocka_unit_test(the_longest_unused_makes_room),
	    cmocka_unit_test(an_expired_one_makes_room_first),
	    cmocka_unit_test(it_never_holds_more_than_its_size),
	    cmocka_unit_test(what_is_too_long_is_not_kept),
	    cmocka_unit_test(a_text_longer_than_any_token_is_not_hashed),
	    cmocka_unit_test(the_id_differs_from_cache_to_cache),
	    cmocka_unit_test(zero_means_none),
	};

	return cmocka_run_group_tests(tests, start_sodium, NULL);
}
