// Draws the bar; knows nothing of what is being read but its size.
#include "ctl/sensor/progress.h"
#include "dataplane/api/clock.h"

#include <stdio.h>
#include <string.h>

#define REDRAW_NS 100000000ull
#define BAR_CELLS 24

void progress_start(struct progress *p)
{
	*p = (struct progress){.started_ns = clock_now_ns(CLOCK_MONOTONIC)};
}

double progress_seconds(const struct progress *p)
{
	return (double)(clock_now_ns(CLOCK_MONOTONIC) - p->started_ns) / 1e9;
}

// "[=====>    ]  42 %  eta 0:07", or nothing where the total is not known.
static void format_bar(char *out, size_t size, const struct source_progress *at, double seconds)
{
	char bar[BAR_CELLS + 1];
	double part = (double)at->bytes_read / (double)at->bytes_total;

	if (part > 1)
		part = 1;
	for (int i = 0; i < BAR_CELLS; i++)
		bar[i] = i < (int)(part * BAR_CELLS) ? '=' : ' ';
	bar[BAR_CELLS] = 0;
	unsigned int left = part > 0.01 ? (unsigned int)(seconds / part - seconds) : 0;
	snprintf(out, size, "[%s] %3d %%  %u:%02u left", bar, (int)(part * 100), left / 60, left % 60);
}

void progress_draw(struct progress *p, const struct source_progress *at, uint64_t alerts)
{
	uint64_t now = clock_now_ns(CLOCK_MONOTONIC);
	double seconds = (double)(now - p->started_ns) / 1e9;
	char bar[96] = "";

	if (now - p->last_ns < REDRAW_NS)
		return;
	p->last_ns = now;
	p->shown = true;
	if (at->bytes_total)
		format_bar(bar, sizeof(bar), at, seconds);
	fprintf(stderr, "\r\033[K%s  %llu packets  %.2f Mpps  %llu alerts", bar, (unsigned long long)at->frames,
		seconds > 0 ? (double)at->frames / seconds / 1e6 : 0.0, (unsigned long long)alerts);
	fflush(stderr);
}

void progress_clear(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
