// Worms: a host that was reached on a service and then tries the same service on many others.
#include <stddef.h>

#include "detectors/heuristics/conn_detector.h"
#include "detectors/heuristics/fan.h"
#include "detectors/heuristics/obs_detector.h"

struct worm_spread_config {
	uint64_t hosts;
	uint64_t window_ns;
};

static const struct config_row worm_spread_rows[] = {
	{"hosts", CONFIG_UINT, offsetof(struct worm_spread_config, hosts), "hosts", 2, 5000, "10", NULL,
		"hosts that a host tries on the service it was reached on itself, most of them without an answer"},
	{"window", CONFIG_DURATION, offsetof(struct worm_spread_config, window_ns), "s", 1, 86400, "1800s", NULL,
		"how long ago it may have been reached"},
	CONFIG_END};

#define REACHED_LOG 12u // 32768 (host, service) pairs that were reached
#define SPREADERS_LOG 10u

struct reached {
	struct keyed head;
	union ip_addr by;
	uint64_t at_ns, seq;
	uint32_t reported, spare;
};

struct worm_spread {
	struct obs_master common;
	struct keytab reached;
	struct fan_table spreaders;
	uint64_t memory[];
};

extern const struct detector detector_worm_spread;

static void say(struct worm_spread *s, const struct fan *f, const struct reached *r)
{
	const struct worm_spread_config *c = s->common.config;
	struct finding find = {.detector = &detector_worm_spread,
		.attacker = r->by,
		.attacker_version = f->version,
		.victim = f->who,
		.victim_version = f->version,
		.proto = f->proto,
		.dport = f->port,
		.observed = (double)(uint64_t)(fan_tried(f) + 0.5),
		.threshold = (double)c->hosts,
		.unit = "hosts",
		.what = "a host reached on a service now tries it on others",
		.window_ms = f->seen_ns > r->at_ns ? (f->seen_ns - r->at_ns) / 1000000 : 0,
		.confidence = 80,
		.sample = f->first_seq};
	text_number(&find.text, "reached_in_packet", (double)r->seq);
	text_number(&find.text, "hosts_answering", f->opened);
	finding_emit(s->common.run, &find);
}

static void see_reached(struct worm_spread *s, const struct obs *o, uint64_t service)
{
	bool fresh;
	struct reached *r = keytab_get(&s->reached, sketch_pair(sketch_addr(&o->dst), service), o->ts_ns, &fresh);
	r->by = o->src;
	r->at_ns = o->ts_ns;
	r->seq = o->seq;
}

static void worm_spread_see(void *ctx, const struct obs *o)
{
	struct worm_spread *s = ctx;
	const struct worm_spread_config *c = s->common.config;
	uint64_t service = (uint64_t)o->proto << 16 | o->dport;
	if (!(o->a & PROBE_SYN))
		return;
	if (o->kind == CONN_OPEN)
		see_reached(s, o, service);
	struct reached *r = keytab_find(&s->reached, sketch_pair(sketch_addr(&o->src), service));
	if (!r || r->reported || o->ts_ns > r->at_ns + c->window_ns)
		return;
	struct fan *f = fan_touch(&s->spreaders, sketch_pair(sketch_addr(&o->src), service), o, sketch_addr(&o->dst));
	if (fan_tried(f) + 0.5 < (double)c->hosts || fan_failed(f) * 2 < fan_tried(f))
		return;
	say(s, f, r);
	r->reported = 1;
}

OBS_DETECTOR_PARTS(worm_spread, CONN_LOG, CONN_QUEUE, sizeof(struct obs), NULL)

static size_t worm_spread_size(const void *config)
{
	return worm_spread_common_size() + keytab_size(REACHED_LOG, sizeof(struct reached)) +
	       keytab_size(SPREADERS_LOG, sizeof(struct fan));
}

static int worm_spread_init(void *state, const void *config, const struct detector_env *env)
{
	struct worm_spread *s = state;
	const struct worm_spread_config *c = config;
	uint8_t *at = worm_spread_init_common(s, config, env);
	keytab_init(&s->reached, at, REACHED_LOG, sizeof(struct reached));
	fan_init(&s->spreaders, at + keytab_size(REACHED_LOG, sizeof(struct reached)), SPREADERS_LOG, c->window_ns, 0);
	return 0;
}

static void worm_spread_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	conn_note(state, pkts, n);
}

OBS_DETECTOR(worm_spread, 9010012, "Tocsin worm", "A Network Trojan was detected", 1, CONN_KINDS, DET_FIRST);
