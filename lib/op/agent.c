#include "op/agent.h"
#include "base/buf.h"

#define VERSION_MAX 8 // digits of a major version

// The first that an agent names. All claim to be others that come later here: Edge says Chrome and
// Safari too.
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

static const char *find(struct rd_span in, const char *token)
{
	return memmem(in.ptr, in.len, token, strlen(token));
}

// Appends the digits at `at`. False when there are none, or too many for a version.
static bool put_version(struct rd_buf *out, struct rd_span in, const char *at)
{
	size_t digits = 0, left = (size_t)(in.ptr + in.len - at);

	while (digits < left && at[digits] >= '0' && at[digits] <= '9')
		digits++;
	if (digits < 1 || digits > VERSION_MAX)
		return false;
	rd_put_lit(out, "/");
	rd_put(out, at, digits);
	return true;
}

static bool put_browser(struct rd_buf *out, struct rd_span agent)
{
	for (size_t i = 0; i < sizeof browsers / sizeof *browsers; i++) {
		const char *at = find(agent, browsers[i].token);

		if (!at)
			continue;
		rd_put_str(out, browsers[i].name);
		return put_version(out, agent, at + strlen(browsers[i].token));
	}
	return false;
}

struct rd_span rd_agent_brief(struct rd_span agent, char out[static RD_AGENT_BRIEF_MAX])
{
	static const struct rd_span mozilla = RD_SPAN("Mozilla/5.0 (");
	struct rd_buf buf = {out, 0, RD_AGENT_BRIEF_MAX, false};

	if (agent.len < mozilla.len || memcmp(agent.ptr, mozilla.ptr, mozilla.len) != 0 ||
	    !put_browser(&buf, agent))
		return agent;
	for (size_t i = 0; i < sizeof systems / sizeof *systems; i++) {
		if (!find(agent, systems[i].token))
			continue;
		rd_put_lit(&buf, " ");
		rd_put_str(&buf, systems[i].name);
		break;
	}
	return rd_buf_ok(&buf) ? rd_buf_span(&buf) : agent;
}
