#include "op/agent.h"
#include "base/buf.h"

#define VERSION_MAX 99999999 // of a major version

// The first that an agent names counts: each also claims to be one that comes later here, as Edge
// does by naming Chrome and Safari.
static const struct {
	const char *token, *name;
} browsers[] = {
    {"Edg/", "Edge"},
    {"EdgA/", "Edge"},
    {"EdgiOS/", "Edge"},
    {"OPR/", "Opera"},
    {"SamsungBrowser/", "Samsung"},
    {"Vivaldi/", "Vivaldi"},
    {"FxiOS/", "Firefox"},
    {"Firefox/", "Firefox"},
    {"CriOS/", "Chrome"},
    {"HeadlessChrome/", "Chrome"},
    {"Chrome/", "Chrome"},
    {"Version/", "Safari"},
};
static const struct {
	const char *token, *name;
} systems[] = {
    {"iPhone", "iPhone"},   {"iPad", "iPad"},       {"Android", "Android"}, {"CrOS", "ChromeOS"},
    {"Windows", "Windows"}, {"Macintosh", "macOS"}, {"Linux", "Linux"},
};

// Whether agent has the token; then *rest is what follows it.
static bool find_token(struct rd_span agent, const char *token, struct rd_span *rest)
{
	const char *at = memmem(agent.ptr, agent.len, token, strlen(token));

	if (!at)
		return false;
	*rest = agent;
	(void)rd_span_take(rest, (size_t)(at - agent.ptr) + strlen(token));
	return true;
}

// False when no known browser is named, or none with a version.
static bool put_browser(struct rd_buf *out, struct rd_span agent)
{
	for (size_t i = 0; i < sizeof browsers / sizeof *browsers; i++) {
		struct rd_span rest;
		uint64_t version;

		if (!find_token(agent, browsers[i].token, &rest))
			continue;
		rd_put_str(out, browsers[i].name);
		rd_put_lit(out, "/");
		if (!rd_span_take_number(&rest, VERSION_MAX, &version))
			return false;
		rd_put_u64(out, version);
		return true;
	}
	return false;
}

struct rd_span rd_agent_brief(struct rd_span agent, char out[static RD_AGENT_BRIEF_MAX])
{
	static const struct rd_span mozilla = RD_SPAN("Mozilla/5.0 (");
	struct rd_buf buf = {.ptr = out, .max = RD_AGENT_BRIEF_MAX};
	struct rd_span rest;

	if (!rd_span_begins(agent, mozilla) || !put_browser(&buf, agent))
		return agent;
	for (size_t i = 0; i < sizeof systems / sizeof *systems; i++) {
		if (!find_token(agent, systems[i].token, &rest))
			continue;
		rd_put_lit(&buf, " ");
		rd_put_str(&buf, systems[i].name);
		break;
	}
	return rd_buf_ok(&buf) ? rd_buf_span(&buf) : agent;
}
