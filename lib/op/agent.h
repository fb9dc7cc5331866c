// User agents in brief, for the list of sessions.
#pragma once
#include "base/span.h"

#define RD_AGENT_BRIEF_MAX 40

// A browser's as "Chrome/126 Windows": what a user needs to tell devices apart, in a tenth of the
// bytes (RFC 9110 section 10.1.5 asks not to keep more than needed). Anything else stays as it is.
// The result borrows from agent or from out. Pure.
struct rd_span rd_agent_brief(struct rd_span agent, char out[static RD_AGENT_BRIEF_MAX]);
