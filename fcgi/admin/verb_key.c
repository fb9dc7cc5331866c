// refreshd key: makes the key file and rotates its keys, from next to active to retired to removed.
// Running workers read the file again at SIGHUP.
#include "fcgi/admin/verb_key.h"
#include "base/clock.h"
#include "config/keyfile.h"
#include "token/keytext.h"

#define WHY_MAX        (RD_KEYFILE_PATH_MAX + 300)
#define NAME_MAX_BYTES (RD_KID_LEN + 32)
#define TAKE_UP        "; send SIGHUP to apply it"
#define EDIT_A_COPY                                                                                \
	"; edit a copy (refreshd key ... --key-file COPY), put it in the file's place (of a file " \
	"from a Kubernetes Secret: replace the Secret) and send SIGHUP"

const char rd_key_usage[] = "usage: refreshd key new [access [EdDSA|HS256] | refresh]\n"
			    "       refreshd key list [--json]\n"
			    "       refreshd key activate KID [--now]\n"
			    "       refreshd key retire KID [--now]";

// A key to be edited, in a file that is locked. It holds secrets: declare it EDIT.
struct edit {
	struct rd_keyfile file;
	struct rd_key_list list;
	const struct rd_key_entry *key;
	char name[NAME_MAX_BYTES]; // of key
	struct rd_key_lives lives;
	int64_t now_s;
	bool now; // --now
};

static void close_edit(struct edit *edit)
{
	rd_keyfile_close(&edit->file);
}
#define EDIT RD_WIPE(close_edit) struct edit

// Such as `access key kPrK_… (EdDSA)`. Returns out.
static const char *key_name(char out[static NAME_MAX_BYTES], const struct rd_key_entry *key)
{
	if (key->refresh)
		snprintf(out, NAME_MAX_BYTES, "refresh key %s", key->kid);
	else
		snprintf(out, NAME_MAX_BYTES, "access key %s (%s)", key->kid,
			 rd_alg_names[key->alg]);
	return out;
}

static int open_file(struct edit *edit, const struct rd_config *config)
{
	char reason[WHY_MAX];
	struct rd_buf why = RD_BUF(reason);

	edit->lives = rd_key_lives_of(config);
	if (!rd_keyfile_open(config->key_file, rd_socket_groups(config), &edit->file, &why))
		return rd_complain(RD_EXIT_CONFIG, "%.*s", (int)why.len, why.ptr);
	edit->now_s = rd_wall_ms() / 1000;
	rd_keys_list(&edit->file.keys, &edit->list);
	return 0;
}

// Opens the file and finds the key of `KID [--now]`. Returns the exit status; after a complaint key
// is NULL.
static int open_key(struct edit *edit, const struct rd_config *config, int argc, char **argv)
{
	const struct rd_key_entry *found;
	const char *kid = NULL;
	size_t count;
	int status;

	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], "--now") == 0)
			edit->now = true;
		else if (!kid)
			kid = argv[i];
		else
			return rd_complain_usage(rd_key_usage);
	if (!kid)
		return rd_complain_usage(rd_key_usage);
	status = open_file(edit, config);
	if (status)
		return status;
	count = rd_key_find(&edit->list, rd_span(kid), &found);
	if (count == 0)
		return rd_complain(1,
				   "no key '%s'; name a refresh key by its number, an access key "
				   "by at least the first %d characters of its kid",
				   kid, RD_KID_PREFIX_MIN);
	if (count > 1)
		return rd_complain(1, "'%s' is the beginning of %zu kids; give more characters",
				   kid, count);
	edit->key = found;
	key_name(edit->name, found);
	return 0;
}

static int replace_file(struct edit *edit)
{
	char reason[WHY_MAX];
	struct rd_buf why = RD_BUF(reason);
	const int status = rd_keyfile_replace(&edit->file, &why) ? 0 : 1;

	if (why.len)
		rd_complain(status, "%.*s%s", (int)why.len, why.ptr,
			    edit->file.read_only ? EDIT_A_COPY : "");
	return status;
}

static int make_file(const struct rd_config *config)
{
	char reason[WHY_MAX];
	struct rd_buf why = RD_BUF(reason);

	switch (rd_keyfile_create(config->key_file, &why)) {
	case 1:
		rd_say("made %s", config->key_file);
		return why.len ? rd_complain(0, "%.*s", (int)why.len, why.ptr) : 0;
	case 0:
		rd_say("%s already exists; nothing done", config->key_file);
		return 0;
	default:
		return rd_complain(1, "%.*s", (int)why.len, why.ptr);
	}
}

// Prints which key the edit has added: the last one in the file.
static void print_new_key(const struct edit *edit)
{
	struct rd_key_list list;
	const struct rd_key_entry *last;
	char name[NAME_MAX_BYTES], time[RD_TIME_MAX];
	int64_t from;

	rd_keys_list(&edit->file.keys, &list);
	last = &list.entry[0];
	for (size_t i = 1; i < list.count; i++)
		if (list.entry[i].line > last->line)
			last = &list.entry[i];
	from = rd_key_activate_from(last, &edit->lives);
	printf("made %s, state next; send SIGHUP ", key_name(name, last));
	if (from)
		printf("to publish it; it may become active at %s\n", rd_key_time(time, from));
	else
		puts("so that every worker knows it before it becomes active");
}

static int make_key(const struct rd_config *config, bool refresh, enum rd_alg alg)
{
	EDIT edit = {.file.fd = -1};
	int status = open_file(&edit, config);

	if (status)
		return status;
	if (refresh)
		rd_keytext_add_refresh(&edit.file.out, edit.file.text,
				       rd_keys_new_kid(&edit.file.keys), edit.now_s);
	else
		rd_keytext_add_access(&edit.file.out, edit.file.text, alg, edit.now_s);
	status = replace_file(&edit);
	if (!status)
		print_new_key(&edit);
	return status;
}

static int key_new(const struct rd_config *config, int argc, char **argv)
{
	const char *name = argc == 2 ? argv[1] : rd_alg_names[config->alg];

	if (argc == 0)
		return make_file(config);
	if (argc == 1 && strcmp(argv[0], "refresh") == 0)
		return make_key(config, true, 0);
	for (int alg = 0; alg < RD_ALG_COUNT; alg++)
		if (argc <= 2 && strcmp(argv[0], "access") == 0 &&
		    strcmp(name, rd_alg_names[alg]) == 0)
			return make_key(config, false, (enum rd_alg)alg);
	return rd_complain_usage(rd_key_usage);
}

// Whether the edit must wait until `from`, in unix seconds.
static bool is_too_early(const struct edit *edit, int64_t from)
{
	return edit->now_s < from && !edit->now;
}

static int key_activate(const struct rd_config *config, int argc, char **argv)
{
	EDIT edit = {.file.fd = -1};
	const struct rd_key_entry *former;
	char time[RD_TIME_MAX];
	int64_t from;
	int status = open_key(&edit, config, argc, argv);

	if (!edit.key)
		return status;
	if (edit.key->state == RD_KEY_ACTIVE) {
		printf("%s is already active; nothing done\n", edit.name);
		return 0;
	}
	from = rd_key_activate_from(edit.key, &edit.lives);
	rd_key_time(time, from);
	if (is_too_early(&edit, from))
		return rd_complain(1,
				   "%s may become active at %s: until then clients may hold a "
				   "JWKS without it; --now overrides this",
				   edit.name, time);
	former = rd_key_active(&edit.list, edit.key);
	rd_keytext_activate(&edit.file.out, edit.file.text, edit.key->line,
			    former ? former->line : 0, edit.now_s);
	status = replace_file(&edit);
	if (status)
		return status;
	printf("%s is active", edit.name);
	if (edit.now_s < from)
		printf(" (until %s clients may hold a JWKS without it)", time);
	if (former)
		printf(", %s is retired", former->kid);
	puts(TAKE_UP);
	return 0;
}

static int key_retire(const struct rd_config *config, int argc, char **argv)
{
	EDIT edit = {.file.fd = -1};
	char time[RD_TIME_MAX];
	int64_t from;
	int status = open_key(&edit, config, argc, argv);

	if (!edit.key)
		return status;
	if (edit.key->state == RD_KEY_ACTIVE)
		return rd_complain(1, "%s is active; activate another key first", edit.name);
	from = rd_key_remove_from(edit.key, &edit.lives);
	if (is_too_early(&edit, from))
		return rd_complain(1,
				   "%s may be removed at %s: until then tokens made with it may "
				   "still be valid; --now overrides this, and they are refused",
				   edit.name, rd_key_time(time, from));
	rd_keytext_remove(&edit.file.out, edit.file.text, edit.key->line);
	status = replace_file(&edit);
	if (status)
		return status;
	printf("%s is removed", edit.name);
	if (edit.now_s < from)
		printf(" early: from the next reload on, all tokens made with it are refused%s",
		       edit.key->refresh ? ", and their users must log in again" : "");
	puts(TAKE_UP);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const struct rd_config *config, int argc, char **argv);
} parts[] = {
    {"new", key_new},
    {"list", rd_verb_key_list},
    {"activate", key_activate},
    {"retire", key_retire},
};

int rd_verb_key(const struct rd_config *config, int argc, char **argv)
{
	for (size_t i = 0; argc > 0 && i < sizeof parts / sizeof *parts; i++)
		if (strcmp(argv[0], parts[i].name) == 0)
			return parts[i].run(config, argc - 1, argv + 1);
	return rd_complain_usage(rd_key_usage);
}
