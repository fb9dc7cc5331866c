#include "observe/metrics.h"
#include <assert.h>
#include <sys/mman.h>

struct rd_metrics *rd_metrics_new(unsigned places, unsigned workers)
{
	const size_t size = sizeof(struct rd_metrics) + (places + 1) * sizeof(struct rd_counts);
	struct rd_metrics *m =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (m == MAP_FAILED)
		return NULL;
	m->places = places + 1;
	m->workers = workers;
	return m;
}

struct rd_counts *rd_metrics_counts(struct rd_metrics *metrics, unsigned place)
{
	assert(place < metrics->places);
	return &metrics->place[place];
}

static unsigned code_of(int status)
{
#define CODE(code) code,
	static const int codes[RD_CODE_COUNT] = {RD_CODES(CODE)};
#undef CODE
	unsigned i = 0;

	while (i + 1 < RD_CODE_COUNT && codes[i] != status)
		i++;
	return i;
}

static unsigned bucket_of(int64_t us)
{
#define LIMIT(limit_us, text) limit_us,
	static const int64_t limits_us[] = {RD_BUCKETS(LIMIT)};
#undef LIMIT
	unsigned i = 0;

	while (i + 1 < RD_BUCKET_COUNT && us > limits_us[i])
		i++;
	return i;
}

void rd_count_request(struct rd_counts *counts, enum rd_route route, int status, int64_t took_us)
{
	if (!counts)
		return;
	rd_counter_add(&counts->requests[route][code_of(status)], 1);
	if (took_us < 0)
		return;
	rd_counter_add(&counts->bucket[route][bucket_of(took_us)], 1);
	rd_counter_add(&counts->duration_us[route], (uint64_t)took_us);
}

void rd_count_refresh(struct rd_counts *counts, enum rd_result result, enum rd_turn_kind kind)
{
	if (counts)
		rd_counter_add(kind ? &counts->refreshed[kind] : &counts->refused[result], 1);
}

void rd_count_revoked(struct rd_counts *counts, enum rd_reason reason, uint32_t sessions)
{
	if (counts)
		rd_counter_add(&counts->revoked[reason], sessions);
}

void rd_count_login_refused(struct rd_counts *counts, enum rd_result result)
{
	if (counts)
		rd_counter_add(&counts->login_refused[result], 1);
}

void rd_count_line_lost(struct rd_counts *counts, enum rd_line_lost why, uint64_t lines)
{
	if (counts)
		rd_counter_add(&counts->lines_lost[why], lines);
}
