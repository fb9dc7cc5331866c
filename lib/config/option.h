// The rows of options.h as data. For config.c and its sections only.
#pragma once
#include "config/config.h"

struct rd_option {
	const char *name;
	enum rd_option_id id;
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

enum rd_spelling { RD_SPELLED_KEY, RD_SPELLED_FLAG, RD_SPELLED_VARIABLE };
void rd_option_spell(struct rd_buf *out, const char *name, enum rd_spelling spelling);

// Puts "; did you mean NAME?" where an option has almost the name that was given (as for
// rd_option_find). The answer is spelled as a key, a --flag or a REFRESHD_VARIABLE.
void rd_option_nearest(const char *given, size_t len, enum rd_spelling spelling,
		       struct rd_buf *out);

const struct rd_option *rd_option_at(enum rd_option_id id);
const char *rd_option_name(enum rd_option_id id);
const char *rd_option_text(const struct rd_config *config, enum rd_option_id id); // of a text

// Whether only a restart can change it.
bool rd_option_fixed(enum rd_option_id id);

// False and the reason in why; then nothing has changed.
[[nodiscard]] bool rd_option_set(struct rd_config *config, const struct rd_option *option,
				 const char *value, struct rd_buf *why);

[[nodiscard]] bool rd_number(const char *text, uint32_t least, uint32_t most, uint32_t *out);

// EdDSA, HS256 or Ed25519. *name: 1 for Ed25519, which is EdDSA written otherwise.
[[nodiscard]] bool rd_alg_read(const char *text, enum rd_alg *alg, int *name);

// One `name = value` of a [client NAME] section (config_client.c), or with NULL the section alone.
struct rd_client_line {
	const char *id, *name, *value;
	uint32_t number; // in the file
};
[[nodiscard]] bool rd_client_set(struct rd_config *config, const struct rd_client_line *line,
				 struct rd_buf *why);
// Whether a [client NAME] section has such a key.
bool rd_client_has(const char *name);
// The keys of a section by their number in key_line; NULL behind the last. And a client's value of
// one as text: nothing when it is unset, *** for a secret.
const char *rd_client_key(size_t i);
void rd_client_value(const struct rd_client *client, size_t i, struct rd_buf *out);

void rd_put_line(struct rd_buf *out, const char *path, uint32_t line); // path:line
// After everything is read: fills in defaults, checks that the clients make sense.
[[nodiscard]] bool rd_clients_finish(struct rd_config *config, struct rd_buf *why);
