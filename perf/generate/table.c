// What there is: one row a kind of traffic (the lists are in generate.h).
#include "perf/generate/generate.h"

const struct ordinary ordinary_table[] = {
#define X(row, share_of_flows, text) {.name = #row, .help = text, .share = share_of_flows, .run = ordinary_##row},
	ORDINARY_KINDS(X)
#undef X
		{.name = NULL},
};

const struct attack attack_table[] = {
#define X(row, unit, events, seconds, from, to, to_port, text) \
	{.name = #row,                                         \
		.help = text,                                  \
		.rate_unit = unit,                             \
		.rate = events,                                \
		.duration_s = seconds,                         \
		.sources = from,                               \
		.victim = to,                                  \
		.port = to_port,                               \
		.run = attack_##row},
	ATTACKS(X)
#undef X
		{.name = NULL},
};
