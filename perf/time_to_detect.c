// How long floods take to be told: packet time from the first packet of a flood at twice its threshold to the
// event, over 100 random starts within a tick, with the detector's default configuration.
//
// usage: time_to_detect [starts, default 100]; prints a table for docs/detections.md
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/config/config.h"
#include "dataplane/api/packet_traits.h"
#include "dataplane/event_ring.h"
#include "detectors/sketch/hash.h"

#define TICK_NS (DETECTOR_TICK_MS * 1000000ull)
#define START_NS 1700000000000000000ull
#define FLOWS 65536u

// A flood at twice the threshold its name says.
static const struct flood_shape {
	const char *detector, *what;
	uint32_t pps, kind; // PKT_TCP and so on
	uint32_t bytes;
	uint16_t sport, dport; // 0: any
	uint32_t sources, hosts;
} floods[] = {
	{"syn_flood", "150 half-open/s", 300, PKT_TCP, 60, 0, 80, 1000, 1},
	{"udp_flood", "2000 new flows/s", 4000, PKT_UDP, 80, 0, 9000, 5000, 1},
	{"udp_flood", "20000 packets/s", 40000, PKT_UDP, 80, 7000, 9000, 1, 1},
	{"icmp_flood", "500 echo/s", 1000, PKT_ICMPV4, 98, 0, 0, 1, 1},
	{"fragment_flood", "2000 fragments/s", 4000, PKT_FRAGMENT, 1500, 0, 0, 1, 1},
	{"amplification", "100 answers/s", 200, PKT_UDP, 500, 123, 0, 60, 1},
	{"carpet_bombing", "4000 packets/s", 8000, PKT_UDP, 80, 0, 9000, 3000, 250},
	{"http_flood", "400 requests/s", 800, PKT_TCP, 200, 0, 80, 400, 1},
};

static struct flow flows[FLOWS];
static uint8_t frame[1600];
static struct event_sink sink;

static const struct detector *find(const char *name)
{
	for (uint32_t i = 0; detector_table[i]; i++)
		if (strcmp(detector_table[i]->name, name) == 0)
			return detector_table[i];
	return NULL;
}

static void make(struct packet *p, const struct flood_shape *s, uint64_t n, uint64_t ts_ns)
{
	uint64_t h = sketch_mix(n);
	bool http = strcmp(s->detector, "http_flood") == 0, single = s->sport != 0 && s->sources == 1;
	struct flow *f = &flows[single ? 0 : n % FLOWS];
	memset(p, 0, sizeof(*p));
	p->data = frame;
	p->len = p->wire_len = s->bytes;
	p->ts_ns = ts_ns;
	p->seq = n + 1;
	p->flags = PKT_IPV4 | s->kind | (single && n ? 0 : PKT_NEW_FLOW);
	p->l3_off = 14;
	p->l4_off = 34;
	p->payload_off = 54;
	p->payload_len = s->kind == PKT_TCP && !http ? 0 : s->bytes - 54;
	p->tcp_flags = s->kind == PKT_TCP ? http ? 0x18 : 0x02 : 0;
	p->icmp_type = 8;
	p->ttl = 64;
	p->src.w[0] = 0x000012c6 | (uint32_t)(h % s->sources) << 16;
	p->dst.w[0] = 0x0001010a | (uint32_t)(h >> 20) % s->hosts << 24;
	p->sport = s->sport ? s->sport : (uint16_t)(1024 + n % 60000);
	p->dport = s->dport ? s->dport : (uint16_t)(1024 + h % 60000);
	p->nth[0] = single ? (uint32_t)n + 1 : http ? 3 : 1;
	f->tcp_flags[0] = p->tcp_flags;
	p->flow = f;
}

// Runs one flood from offset_ns into a tick. Returns the delay in ms, or -1 after five seconds.
static double once(const struct detector *d, const void *config, const struct flood_shape *s, uint64_t offset_ns)
{
	struct detector_env env = {.workers = 1};
	struct detector_run run = {.sink = &sink};
	void *master = calloc(1, d->state_size(config)), *delta = calloc(1, d->delta_size(config));
	uint64_t begin = START_NS + offset_ns, next = START_NS + TICK_NS;
	double delay = -1;
	memset(flows, 0, sizeof(flows));
	d->init(master, config, &env);
	d->init_delta(delta, config, &env);
	for (uint64_t n = 0; delay < 0 && n < 5ull * s->pps; n++) {
		struct packet p, *list = &p;
		uint64_t ts = begin + n * 1000000000ull / s->pps;
		for (; ts >= next && delay < 0; next += TICK_NS) {
			run.now_ns = next;
			run.seq = n;
			d->merge(master, delta);
			d->on_tick(master, &run);
			if (event_ring_peek(sink.ring))
				delay = (double)(next - begin) / 1e6;
			while (event_ring_peek(sink.ring))
				event_ring_pop(sink.ring);
		}
		make(&p, s, n, ts);
		if (packet_look_wanted(d, packet_look(&p)))
			d->on_packets(delta, &list, 1, &run);
	}
	free(master);
	free(delta);
	return delay;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static bool measure(const struct flood_shape *s, uint32_t starts)
{
	const struct detector *d = find(s->detector);
	struct config *c = config_new(NULL, NULL);
	void *settings = calloc(1, d->config_size + 8);
	double *delay = calloc(starts, sizeof(*delay));
	config_add_part(c, "detector", d->config, settings);
	for (uint32_t i = 0; i < starts; i++)
		delay[i] = once(d, settings, s, sketch_mix(i) % TICK_NS);
	qsort(delay, starts, sizeof(*delay), by_value);
	printf("| `%s` | %s | %.0f | %.0f | %.0f |\n", s->detector, s->what, delay[0], delay[starts / 2],
		delay[starts - 1]);
	bool good = delay[0] >= 0 && delay[starts - 1] <= 1000;
	free(delay);
	config_free(c);
	free(settings);
	return good;
}

int main(int argc, char **argv)
{
	uint32_t starts = argc > 1 ? (uint32_t)atoi(argv[1]) : 100;
	bool good = true;
	memset(frame, 0, sizeof(frame));
	memcpy(frame + 54, "GET /page HTTP/1.1\r\n", 20);
	frame[20] = 0x20; // more fragments follow
	sink.ring = event_ring_init(aligned_alloc(64, event_ring_size(8192)), 8192);
	printf("| detector | threshold | least ms | median ms | most ms |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < sizeof(floods) / sizeof(floods[0]); i++)
		good &= measure(&floods[i], starts ? starts : 1);
	if (!good)
		printf("a flood took longer than a second\n");
	return good ? 0 : 1;
}
