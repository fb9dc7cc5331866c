// The rows of options.h as data. For config.c and its sections only.
#pragma once
#include "run/config.h"

struct rd_option {
	const char *name;
	size_t at; // offset in struct rd_config
	bool number;
	uint32_t least, most; // numbers: the range; texts: most is the longest
	uint32_t def;         // numbers
	const char *text;     // texts: the default
	const char *help;
};

void rd_option_defaults(struct rd_config *config);

// given: len bytes, a file's key, a flag without its dashes or a variable without REFRESHD_.
const struct rd_option *rd_option_find(const char *given, size_t len);

// False and the reason in why; then nothing has changed.
[[nodiscard]] bool rd_option_set(struct rd_config *config, const struct rd_option *option,
				 const char *value, struct rd_buf *why);

[[nodiscard]] bool rd_number(const char *text, uint32_t least, uint32_t most, uint32_t *out);

// EdDSA, HS256 or Ed25519. *name: 1 for Ed25519, which is EdDSA written otherwise.
[[nodiscard]] bool rd_alg_read(const char *text, enum rd_alg *alg, int *name);

// One `name = value` of a [client NAME] section (config_client.c), or with NULL the section alone.
[[nodiscard]] bool rd_client_set(struct rd_config *config, const char *id, const char *name,
				 const char *value, struct rd_buf *why);
// After everything is read: fills in defaults, checks that the clients make sense.
[[nodiscard]] bool rd_clients_finish(struct rd_config *config, struct rd_buf *why);
