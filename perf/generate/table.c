// What there is: one row a kind of traffic (the lists are in generate.h).
#include "perf/generate/generate.h"

const struct ordinary ordinary_table[] = {
#define X(row, share_of_flows, text) {.name = #row, .help = text, .share = share_of_flows, .run = ordinary_##row},
	ORDINARY_KINDS(X)
#undef X
		{.name = NULL},
};

const struct attack attack_table[] = {
#define KIND(row, near, unit, events, seconds, from, to, to_port, text) \
	{.name = #row,                                                  \
		.has_near = near,                                       \
		.help = text,                                           \
		.rate_unit = unit,                                      \
		.rate = events,                                         \
		.duration_s = seconds,                                  \
		.sources = from,                                        \
		.victim = to,                                           \
		.port = to_port,                                        \
		.run = attack_##row},
#define X(row, ...) KIND(row, false, __VA_ARGS__)
#define N(row, ...) KIND(row, true, __VA_ARGS__)
	ATTACKS(X, N)
#undef X
#undef N
#undef KIND
		{.name = NULL},
};
