// The files of an nginx configuration.
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include "fcgi/doctor/nginx_conf.h"

#define TEXT_MAX ((size_t)16 << 20)

// All of path in memory that conf holds, NUL-terminated. NULL with why.
static char *read_text(struct rd_nginx *conf, const char *path, size_t *len, struct rd_buf *why)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *text = file && conf->helds < RD_NGINX_SOURCES_MAX ? malloc(TEXT_MAX + 1) : NULL;
	char *fitting;

	errno = file && !text ? ENOMEM : errno;
	*len = text ? fread(text, 1, TEXT_MAX, file) : 0;
	if (!text || ferror(file) || !feof(file)) {
		rd_put_str(why, path);
		rd_put_lit(why, ": ");
		rd_put_str(why, text && !ferror(file) ? "too long" : strerror(errno));
		free(text);
		text = NULL;
	}
	if (file && file != stdin)
		fclose(file);
	if (!text)
		return NULL;
	text[*len] = 0;
	fitting = realloc(text, *len + 1);
	if (fitting)
		text = fitting;
	conf->held[conf->helds++] = text;
	return text;
}

static bool add(struct rd_nginx *conf, const char *path, struct rd_buf *why)
{
	size_t len;
	char *text, *name;

	for (size_t i = 0; i < conf->sources; i++)
		if (rd_span_is(conf->source[i].path, rd_span(path)))
			return true;
	if (conf->sources == RD_NGINX_SOURCES_MAX || conf->helds + 2 > RD_NGINX_SOURCES_MAX) {
		rd_put_lit(why, "too many files");
		return false;
	}
	text = read_text(conf, path, &len, why);
	name = text ? strdup(path) : NULL;
	if (!name)
		return false;
	conf->held[conf->helds++] = name;
	conf->source[conf->sources++] = (struct rd_nginx_source){rd_span(name), {text, len}};
	return true;
}

static bool load(struct rd_nginx *conf, struct rd_span pattern, struct rd_buf *why)
{
	glob_t found = {0};
	bool ok = true;

	if (glob(pattern.ptr, 0, NULL, &found) != 0)
		return true; // no file: the caller says so
	for (size_t i = 0; ok && i < found.gl_pathc; i++)
		ok = add(conf, found.gl_pathv[i], why);
	globfree(&found);
	return ok;
}

bool rd_nginx_read(struct rd_nginx *conf, const char *path, struct rd_buf *why)
{
	size_t len;
	const char *text;

	memset(conf, 0, sizeof *conf);
	conf->load = load;
	text = read_text(conf, path, &len, why);
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
