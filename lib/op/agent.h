// User agents in short, for the list of sessions.
#pragma once
#include "base/span.h"

#define RD_AGENT_BRIEF_MAX 40

// That of a browser becomes "Chrome/126 Windows": enough to tell one's devices apart, in a tenth of
// the bytes. Anything else stays as it is. The result borrows from agent or from out. Pure.
struct rd_span rd_agent_brief(struct rd_span agent, char out[static RD_AGENT_BRIEF_MAX]);
