#include "base/nearest.h"
#include <ctype.h>

#define NAME_MAX_LEN 64 // of names worth comparing

// Letters that were left out weigh half: "grace" is short for grace_s.
#define LEFT_OUT 1
#define WRONG    2

static char fold(char c)
{
	return c == '-' ? '_' : (char)tolower((unsigned char)c);
}

struct rd_nearest rd_nearest_to(struct rd_span given)
{
	return (struct rd_nearest){given, NULL, WRONG * (1 + (unsigned)given.len / 3) + 1};
}

static unsigned less(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

// The edit distance with swapped neighbours (optimal string alignment), by rows: what it costs to
// make the first j letters of name of the first i of given.
static unsigned cost_of(struct rd_span given, struct rd_span name)
{
	unsigned rows[3][NAME_MAX_LEN + 1], *above = rows[1], *row = rows[0], *twice = rows[2];

	for (size_t j = 0; j <= name.len; j++)
		row[j] = (unsigned)j * LEFT_OUT;
	for (size_t i = 1; i <= given.len; i++) {
		unsigned *const spare = twice;
		const char g = fold(given.ptr[i - 1]);

		twice = above;
		above = row;
		row = spare;
		row[0] = (unsigned)i * WRONG;
		for (size_t j = 1; j <= name.len; j++) {
			const char n = fold(name.ptr[j - 1]);

			row[j] = above[j - 1] + (g == n ? 0 : WRONG);
			row[j] = less(row[j], above[j] + WRONG);
			row[j] = less(row[j], row[j - 1] + LEFT_OUT);
			if (i > 1 && j > 1 && g == fold(name.ptr[j - 2]) &&
			    n == fold(given.ptr[i - 2]))
				row[j] = less(row[j], twice[j - 2] + WRONG);
		}
	}
	return row[name.len];
}

void rd_nearest_try(struct rd_nearest *nearest, const char *name)
{
	const struct rd_span span = rd_span(name);
	unsigned cost;

	if (nearest->given.len > NAME_MAX_LEN || span.len > NAME_MAX_LEN)
		return;
	cost = cost_of(nearest->given, span);
	if (cost < nearest->cost) {
		nearest->cost = cost;
		nearest->name = name;
	}
}

void rd_put_nearest(struct rd_buf *out, const struct rd_nearest *nearest)
{
	if (!nearest->name)
		return;
	rd_put_lit(out, "; did you mean ");
	rd_put_str(out, nearest->name);
	rd_put_lit(out, "?");
}
