// The rows of options.h as data, and what can be done with any of them.
#pragma once
#include "config/config.h"

enum rd_option_group {
#define RD_OPTION_GROUP(group, title) RD_GROUP_##group,
	RD_OPTION_GROUPS(RD_OPTION_GROUP)
#undef RD_OPTION_GROUP
	    RD_GROUP_COUNT
};
enum rd_option_kind { RD_KIND_NUMBER, RD_KIND_TEXT, RD_KIND_WORD, RD_KIND_SCOPES, RD_KIND_SECRET };
enum rd_option_change { RD_CHANGE_LIVE, RD_CHANGE_RESTART };

struct rd_option {
	const char *name, *help;
	enum rd_option_kind kind;
	size_t at;            // offset of its field in the owner
	uint32_t def;         // numbers: the default
	uint32_t least, most; // numbers: the range; texts and scopes: most is the longest
	const char *text;     // texts and words: the default
	const char *words;    // words: divided by |
	enum rd_option_id id; // of the service's only, and so are the others below
	enum rd_option_group group;
	enum rd_option_change change;
};

const struct rd_option *rd_option_at(enum rd_option_id id);
// By value, as one that is inherited is a copy of the service's row.
struct rd_option rd_client_option(enum rd_client_option_id id);

// given: len bytes, a key of the file, a flag without its dashes or a variable without REFRESHD_.
// NULL when the service has no such option.
const struct rd_option *rd_option_find(const char *given, size_t len);

enum rd_spelling { RD_SPELLED_KEY, RD_SPELLED_FLAG, RD_SPELLED_VARIABLE };
// Puts the name as a key, a --flag or a REFRESHD_VARIABLE.
void rd_option_spell(struct rd_buf *out, const char *name, enum rd_spelling spelling);
// Puts "; did you mean NAME?" where an option has almost the name given (as for rd_option_find).
void rd_option_nearest(const char *given, size_t len, enum rd_spelling spelling,
		       struct rd_buf *out);

// Values. owner: the struct rd_config, or for a client's option the struct rd_client.
// Sets the default; what has none becomes empty.
void rd_option_default(void *owner, const struct rd_option *option);
// False with why, which begins with the option's name; then nothing has changed.
[[nodiscard]] bool rd_option_set(void *owner, const struct rd_option *option, const char *value,
				 struct rd_buf *why);
// Puts the value as a file has it: *** for a secret and for the password in a URL, nothing when it
// is not set.
void rd_option_put(const void *owner, const struct rd_option *option, struct rd_buf *out);
size_t rd_option_size(const struct rd_option *option); // bytes of the field
bool rd_option_same(const void *a, const void *b, const struct rd_option *option);
// word: of access_alg. *name: 1 for Ed25519, which is EdDSA written otherwise, else 0.
void rd_alg_of(uint8_t word, enum rd_alg *alg, int *name);
// Puts the words as "a, b or c".
void rd_option_put_words(const struct rd_option *option, struct rd_buf *out);

// The sections of clients (config_client.c). A line of a file in one of them: `name = value`, or
// with NULL for both the line that begins the section.
struct rd_client_line {
	const char *id, *name, *value;
	uint32_t number; // in the file
};
[[nodiscard]] bool rd_client_set(struct rd_config *config, const struct rd_client_line *line,
				 struct rd_buf *why);
// Whether a section has such a key.
bool rd_client_has(const char *name);
// After everything is read: takes over what is inherited and checks that the clients make sense.
[[nodiscard]] bool rd_clients_finish(struct rd_config *config, struct rd_buf *why);

void rd_put_line(struct rd_buf *out, const char *path, uint32_t line); // path:line
