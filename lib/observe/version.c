#include "observe/version.h"

#ifndef RD_VERSION
#define RD_VERSION "0.1.0"
#endif

const char rd_version[] = RD_VERSION;
