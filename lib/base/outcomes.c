#include "base/outcomes.h"

const struct rd_result_row rd_result_rows[RD_RESULT_COUNT] = {
#define RD_RESULT_ROW(name, status, error, outcome) {status, error, outcome},
    RD_RESULTS(RD_RESULT_ROW)
#undef RD_RESULT_ROW
};

const struct rd_turn_row rd_turn_rows[RD_TURN_COUNT] = {
#define RD_TURN_ROW(name, letter, result, outcome) \
	[RD_TURN_##name] = {letter, RD_##result, outcome},
    RD_TURNS(RD_TURN_ROW)
#undef RD_TURN_ROW
};

const char *const rd_reason_names[RD_REASON_COUNT] = {
#define RD_REASON_NAME(name, text) text,
    RD_REASONS(RD_REASON_NAME)
#undef RD_REASON_NAME
};
