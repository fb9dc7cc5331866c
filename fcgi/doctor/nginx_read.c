// Reading the files of an nginx configuration.
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include "fcgi/doctor/nginx_conf.h"

#define TEXT_MAX ((size_t)16 << 20)

// Returns false.
static bool refuse_file(struct rd_buf *why, const char *path, const char *reason)
{
	rd_put_str(why, path);
	rd_put_lit(why, ": ");
	rd_put_str(why, reason);
	return false;
}

// Returns all of file, NUL-terminated, for free. NULL with why.
static char *read_text(FILE *file, const char *path, size_t *len, struct rd_buf *why)
{
	char *text = malloc(TEXT_MAX + 1), *fitting;

	if (!text) {
		(void)refuse_file(why, path, "out of memory");
		return NULL;
	}
	*len = fread(text, 1, TEXT_MAX, file);
	if (ferror(file) || !feof(file)) {
		(void)refuse_file(why, path, ferror(file) ? strerror(errno) : "too long");
		free(text);
		return NULL;
	}
	text[*len] = 0;
	fitting = realloc(text, *len + 1);
	if (fitting)
		text = fitting;
	return text;
}

// Returns the text of path, which conf holds then. NULL with why.
static const char *hold_text(struct rd_nginx *conf, const char *path, size_t *len,
			     struct rd_buf *why)
{
	const bool ours = strcmp(path, "-") != 0;
	FILE *file = NULL;
	char *text;

	if (conf->helds == RD_NGINX_SOURCES_MAX)
		errno = EMFILE;
	else
		file = ours ? fopen(path, "re") : stdin;
	if (!file) {
		(void)refuse_file(why, path, strerror(errno));
		return NULL;
	}
	text = read_text(file, path, len, why);
	if (ours)
		(void)fclose(file);
	if (text)
		conf->held[conf->helds++] = text;
	return text;
}

static bool add_source(struct rd_nginx *conf, const char *path, struct rd_buf *why)
{
	size_t len;
	const char *text;
	char *name;

	for (size_t i = 0; i < conf->sources; i++)
		if (rd_span_is(conf->source[i].path, rd_span(path)))
			return true;
	if (conf->sources == RD_NGINX_SOURCES_MAX || conf->helds + 2 > RD_NGINX_SOURCES_MAX)
		return refuse_file(why, path, "too many files");
	text = hold_text(conf, path, &len, why);
	if (!text)
		return false;
	name = strdup(path);
	if (!name)
		return refuse_file(why, path, "out of memory");
	conf->held[conf->helds++] = name;
	conf->source[conf->sources++] = (struct rd_nginx_source){rd_span(name), {text, len}};
	return true;
}

// For glob: a folder that is not there has no file, one that cannot be read ends the search.
static int is_unreadable(const char *folder, int error)
{
	(void)folder;
	return error != ENOENT && error != ENOTDIR;
}

static bool load_files(struct rd_nginx *conf, struct rd_span pattern, struct rd_buf *why)
{
	glob_t found = {0};
	bool ok = true;

	errno = 0;
	switch (glob(pattern.ptr, 0, is_unreadable, &found)) {
	case 0:
		for (size_t i = 0; ok && i < found.gl_pathc; i++)
			ok = add_source(conf, found.gl_pathv[i], why);
		break;
	case GLOB_NOMATCH:
		break; // the caller says so
	default:
		ok = refuse_file(why, pattern.ptr, strerror(errno ? errno : EIO));
	}
	globfree(&found);
	return ok;
}

bool rd_nginx_read(struct rd_nginx *conf, const char *path, struct rd_buf *why)
{
	size_t len;
	const char *text;

	memset(conf, 0, sizeof *conf);
	conf->load = load_files;
	text = hold_text(conf, path, &len, why);
	return text && rd_nginx_parse(conf, rd_span(path), (struct rd_span){text, len}, why);
}

void rd_nginx_free(struct rd_nginx *conf)
{
	for (size_t i = 0; i < conf->helds; i++)
		free(conf->held[i]);
	free(conf->node);
	free(conf->word);
	memset(conf, 0, sizeof *conf);
}
