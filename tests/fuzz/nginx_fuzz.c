// Any text is either refused with a reason, or read into a consistent tree on which every check
// ends.
#include <stdio.h>
#include "fcgi/doctor/nginx_checks.h"
#include "tests/fuzz/fuzz.h"

static void assert_consistent(const struct rd_nginx *conf, struct rd_span text)
{
	for (uint32_t n = 1; n < conf->nodes; n++) {
		const struct rd_nginx_node *node = &conf->node[n];

		MUST(node->parent < n && (!node->child || node->child == n + 1));
		MUST(!node->next ||
		     (node->next > n && conf->node[node->next].parent == node->parent));
		MUST(node->words > 0 && node->word + node->words <= conf->words && node->line > 0);
	}
	for (uint32_t w = 0; w < conf->words; w++)
		MUST(conf->word[w].ptr >= text.ptr &&
		     conf->word[w].ptr + conf->word[w].len <= text.ptr + text.len);
}

static void count_mistake(const struct rd_mistake *mistake, void *user)
{
	MUST(mistake->check->name && mistake->check->advice);
	*(size_t *)user += !mistake->note;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rd_config config;
	struct rd_nginx *conf = calloc(1, sizeof *conf);
	char reason[300];
	struct rd_buf why = RD_BUF(reason);
	size_t told = 0;

	MUST(conf);
	config.grace_s = 10;
	config.body_max = 16384;
	if (rd_nginx_parse(conf, RD_SPAN("/n/nginx.conf"), input(data, size), &why)) {
		MUST(why.len == 0);
		assert_consistent(conf, input(data, size));
		MUST(rd_checks_run(conf, &config, count_mistake, &told) == told);
	} else {
		MUST(why.len > 0);
	}
	rd_nginx_free(conf);
	free(conf);
	return 0;
}
