// Reads a configuration out of a text, the environment and flags, all given by the test.
#pragma once
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "observe/log.h"
#include "config/option.h"
#include "unit.h"

static struct {
	char dir[32], path[64];
	struct rd_config config;
	char why[600], heard[600];
} read_;

// In place of the log of the library, which the linker leaves out then.
void rd_log(enum rd_log_level level, const char *event, const char *format, ...)
{
	va_list args;
	char text[200];

	(void)level;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	snprintf(read_.heard, sizeof read_.heard, "%s: %s", event, text);
}

void rd_log_audit(const struct rd_audit *audit)
{
	(void)audit;
}

void rd_log_worker(unsigned number, struct rd_counts *counts)
{
	(void)number, (void)counts;
}

static inline void no_variables(void)
{
	static char *none[] = {NULL};

	environ = none;
}

static inline int start_config(void **state)
{
	snprintf(read_.dir, sizeof read_.dir, "/tmp/refreshd-XXXXXX");
	if (!mkdtemp(read_.dir))
		return -1;
	snprintf(read_.path, sizeof read_.path, "%s/conf", read_.dir);
	no_variables();
	return start_sodium(state);
}

static inline int stop_config(void **state)
{
	(void)state;
	unlink(read_.path);
	return rmdir(read_.dir);
}

static inline void write_config(const char *text, size_t len)
{
	FILE *file = fopen(read_.path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static inline bool load(const char *path, int *argc, char **argv)
{
	struct rd_buf why = {read_.why, 0, sizeof read_.why - 1, false};
	bool ok;

	memset(&read_.config, 0xaa, sizeof read_.config);
	read_.heard[0] = 0;
	ok = rd_config_load(&read_.config, path, argc, argv, &why);
	read_.why[why.len] = 0;
	assert_true(rd_buf_ok(&why));
	assert_int_equal(ok, why.len == 0);
	return ok;
}

// The file alone.
static inline bool load_text(const char *text)
{
	int argc = 0;

	write_config(text, strlen(text));
	return load(read_.path, &argc, (char *[]){NULL});
}

// One or two flags alone.
static inline bool load_flag(const char *flag, const char *value)
{
	char *argv[] = {(char *)(uintptr_t)flag, (char *)(uintptr_t)value, NULL};
	int argc = value ? 2 : 1;

	return load(NULL, &argc, argv);
}

static inline void assert_line(const char *text, int line, const char *reason)
{
	char wanted[700];

	if (load_text(text))
		fail_msg("taken: %s", text);
	snprintf(wanted, sizeof wanted, "%s:%d: %s", read_.path, line, reason);
	assert_string_equal(read_.why, wanted);
}
