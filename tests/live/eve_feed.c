// Feeds made-up alerts through the sensor's own spool to a daemon: load and torture for the delivery tests.
//
//	eve_feed SOCKET SPOOL-DIR COUNT [RATE [RUN-KEY [LINGER-MS [MAX-BYTES]]]]
//
// RATE: events a second, 0: as fast as it goes. With a RUN-KEY (not "-") the numbers are those of a
// deterministic reading. Prints what was made and what the daemon has acknowledged; exit 0 when none was lost.
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/eve/output.h"
#include "ctl/sensor/spool.h"

static const char *const metadata[] = {"created_at", "2010_07_30", "updated_at", "2019_07_26", NULL};
static const struct alert_info rule = {.gid = 1,
	.sid = 2001219,
	.rev = 20,
	.severity = 2,
	.signature = "TEST ssh scan",
	.category = "Attempted Information Leak",
	.metadata = metadata};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;
	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void make(struct eve_output *out, uint64_t i)
{
	struct event ev = {.seq = i,
		.ts_ns = UINT64_C(1258147925) * 1000000000u + i * 1000,
		.flow_id = i + 1,
		.kind = EVENT_ALERT,
		.flags = EVENT_HAS_FLOW | EVENT_HAS_PACKET,
		.tuple = {.sport = 34567, .dport = 22, .ip_version = 4, .proto = 6}};
	ev.tuple.src.w[0] = (uint32_t)(i * 2654435761u);
	ev.tuple.dst.w[0] = 0x0200000a;
	ev.alert.info = &rule;
	ev.alert.counts.start_ns = ev.ts_ns;
	eve_write_event(out, &ev);
}

static void feed(struct eve_output *out, uint64_t count, double rate)
{
	uint64_t start = now_ns(CLOCK_MONOTONIC), tick = start;

	for (uint64_t i = 0; i < count;) {
		uint64_t now = now_ns(CLOCK_MONOTONIC);
		uint64_t due = rate > 0 ? (uint64_t)((double)(now - start) * 1e-9 * rate) + 1 : i + 256;
		for (due = due < count ? due : count; i < due; i++)
			make(out, i);
		if (now - tick > 20000000) {
			tick = now;
			eve_tick(out, now_ns(CLOCK_REALTIME));
		}
		if (rate > 0)
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	eve_tick(out, now_ns(CLOCK_REALTIME));
	printf("made %" PRIu64 " in %.2f s\n", count, (double)(now_ns(CLOCK_MONOTONIC) - start) * 1e-9);
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fputs("usage: eve_feed SOCKET SPOOL-DIR COUNT [RATE [RUN-KEY [LINGER-MS [MAX-BYTES]]]]\n", stderr);
		return 1;
	}
	struct eve_output_options o = {.terminal_fd = -1, .eve = {.community_id = true}};
	struct spool_options so = {.socket = argv[1],
		.dir = argv[2],
		.name = "feed",
		.run_key = argc > 5 && strcmp(argv[5], "-") ? argv[5] : NULL,
		.linger_ms = argc > 6 ? (uint32_t)atoi(argv[6]) : 0,
		.max_bytes = argc > 7 ? strtoull(argv[7], NULL, 10) : 0};
	struct eve_output *out = eve_output_open(&o);
	struct eve_sink *spool = out ? spool_open(&so) : NULL;

	if (!spool)
		return 1;
	eve_output_add(out, spool);
	feed(out, strtoull(argv[3], NULL, 10), argc > 4 ? atof(argv[4]) : 0);
	return eve_close(out) ? 2 : 0;
}
