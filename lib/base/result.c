#include "base/result.h"

const struct rd_result_row rd_result_rows[RD_RESULT_COUNT] = {
#define RD_RESULT_ROW(name, status, error, outcome) {status, error, outcome},
    RD_RESULTS(RD_RESULT_ROW)
#undef RD_RESULT_ROW
};
