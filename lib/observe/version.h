// Which build this is.
#pragma once

extern const char rd_version[];
