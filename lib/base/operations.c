#include "base/operations.h"

const char *const rd_route_names[RD_ROUTE_COUNT] = {
#define RD_ROUTE_NAME(name, methods, ask, answer, flags) #name,
    RD_OPERATIONS(RD_ROUTE_NAME)
#undef RD_ROUTE_NAME
	"none",
};
