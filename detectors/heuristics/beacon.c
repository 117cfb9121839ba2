// Beacons: a host of ours that calls the same service outside at regular intervals.
//
// Intervals between new connections of one (host, service) pair: enough of them, and their spread
// small against their mean; intervals may vary more where calls are all of one size, both ways. Time and name services
// are left out; a service that several of our hosts call is an update check or telemetry, not a beacon.
#include <stddef.h>

#include <math.h>

#include "detectors/heuristics/conn_obs.h"
#include "detectors/heuristics/obs_detector.h"

struct beacon_config {
	uint64_t calls;
	double spread;
	uint64_t jitter_calls;
	double jitter_spread;
	uint64_t sized_calls;
	double sized_spread;
	uint64_t least_ns;
	uint64_t most_ns;
	uint64_t hosts;
};

static const struct config_row beacon_rows[] = {
	{"calls", CONFIG_UINT, offsetof(struct beacon_config, calls), "connections", 4, 1e6, "12", NULL,
		"connections to one service whose intervals are regular"},
	{"spread", CONFIG_DOUBLE, offsetof(struct beacon_config, spread), "", 0, 1, "0.15", NULL,
		"most that intervals may vary: standard deviation by mean"},
	{"jitter-calls", CONFIG_UINT, offsetof(struct beacon_config, jitter_calls), "connections", 4, 1e6, "24", NULL,
		"connections that make a beacon whose intervals vary more"},
	{"jitter-spread", CONFIG_DOUBLE, offsetof(struct beacon_config, jitter_spread), "", 0, 1, "0.32", NULL,
		"most that its intervals may vary (a jitter of 50 % gives 0.29)"},
	{"sized-calls", CONFIG_UINT, offsetof(struct beacon_config, sized_calls), "connections", 4, 1e6, "36", NULL,
		"TCP connections of one size that make a beacon whose intervals vary still more"},
	{"sized-spread", CONFIG_DOUBLE, offsetof(struct beacon_config, sized_spread), "", 0, 1, "0.6", NULL,
		"most that its intervals may vary (calls at random give 1, a jitter of 100 % 0.58)"},
	{"least-interval", CONFIG_DURATION, offsetof(struct beacon_config, least_ns), "s", 0, 86400, "5s", NULL,
		"faster calls are not beacons"},
	{"most-interval", CONFIG_DURATION, offsetof(struct beacon_config, most_ns), "s", 1, 604800, "86400s", NULL,
		"a longer silence begins anew"},
	{"hosts", CONFIG_UINT, offsetof(struct beacon_config, hosts), "hosts", 2, 60, "5", NULL,
		"a service that so many of our hosts call is not a beacon's"},
	CONFIG_END};

#define CALLS_LOG 4096u
#define CALLS_QUEUE 65536u
#define CALLERS_LOG 12u  // 32768 (host, service) pairs
#define SERVICES_LOG 11u // 16384 services

// Welford's running sums.
struct moments {
	double mean, squares;
	uint32_t n, spare;
};

struct caller {
	struct keyed head;
	uint64_t last_ns, first_seq;
	struct moments interval, bytes[2]; // of a connection's sides
	uint32_t reported, spare;
};

struct called {
	struct keyed head;
	uint64_t hosts; // bitmap
};

struct beacon {
	struct obs_master common;
	struct keytab callers, services;
	uint64_t memory[];
};

extern const struct detector detector_beacon;

#define SAME_SIZE 0.05 // spread of what is of one size: retransmissions and header fields vary

enum call_kind { CALL_BEGAN, CALL_ENDED };

// Services whose whole point is to be asked at intervals.
static bool is_periodic_service(uint16_t port, bool udp)
{
	return port == 53 || port == 853 ||
	       (udp && (port == 123 || port == 67 || port == 547 || port == 137 || port == 1900 || port == 3478 ||
			       port == 5353 || port == 5355 || port == 161 || port == 514));
}

// The end of a call that was answered: obs.a, b: bytes of its client and its server.
static void note_end(struct obslog *log, const struct packet *p)
{
	const struct flow *f = p->flow;
	uint8_t others = f ? f->tcp_flags[!(p->dir & 1)] : 0;
	if (!f || others & 0x05 || !(f->tcp_flags[DIR_TO_SERVER] & 0x02) || flow_bytes(f, DIR_TO_CLIENT) == 0)
		return; // the other side's FIN has told it, or this was none
	struct obs *o = obslog_take(log, p, CALL_ENDED);
	if (!o)
		return;
	o->a = (uint32_t)RTE_MIN(flow_bytes(f, DIR_TO_SERVER), (uint64_t)UINT32_MAX);
	o->b = (uint32_t)RTE_MIN(flow_bytes(f, DIR_TO_CLIENT), (uint64_t)UINT32_MAX);
	if (p->dir == DIR_TO_CLIENT) {
		o->src = p->dst;
		o->dst = p->src;
		o->sport = p->dport;
		o->dport = p->sport;
	}
}

static void beacon_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	struct obslog *log = state;
	if (log->n == log->max) { // a flood of new flows: the tick's sample is complete
		log->lost += n;
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		bool udp = p->flags & PKT_UDP;
		if (p->flags & PKT_TCP && p->tcp_flags & 0x05)
			note_end(log, p);
		if (!(p->flags & (PKT_TCP | PKT_UDP)) || !(p->flags & PKT_NEW_FLOW) ||
			(!udp && (p->tcp_flags & 0x17) != 0x02))
			continue;
		// datagrams to an ephemeral port are calls, games and peers, whose keep-alives are regular
		if (!is_periodic_service(p->dport, udp) && !(udp && (p->sport < p->dport || p->dport >= 32768)))
			obslog_take(state, p, CALL_BEGAN);
	}
}

static void add(struct moments *m, double value)
{
	double d = value - m->mean;
	m->n++;
	m->mean += d / m->n;
	m->squares += d * (value - m->mean);
}

// Standard deviation by mean; 0 of nothing.
static double spread_of(const struct moments *m)
{
	return m->n && m->mean > 0 ? sqrt(m->squares / m->n) / m->mean : 0;
}

static void say(struct beacon *s, const struct caller *k, const struct obs *o, double spread, uint64_t threshold)
{
	struct finding f = {.detector = &detector_beacon,
		.attacker = o->dst, // the one who is called
		.attacker_version = o->version,
		.victim = o->src, // the host that calls
		.victim_version = o->version,
		.proto = o->proto,
		.sport = o->dport,
		.observed = k->interval.n + 1,
		.threshold = (double)threshold,
		.unit = "connections",
		.what = "regular connections to one service",
		.window_ms = (uint64_t)(k->interval.mean * (k->interval.n + 1) / 1e6),
		.confidence = spread < 0.1 ? 80 : 65,
		.sample = k->first_seq};
	text_number(&f.text, "interval_ms", (double)(uint64_t)(k->interval.mean / 1e6));
	text_number(&f.text, "spread", spread);
	if (k->bytes[0].n) {
		text_number(&f.text, "bytes_out", (double)(uint64_t)k->bytes[0].mean);
		text_number(&f.text, "bytes_in", (double)(uint64_t)k->bytes[1].mean);
		text_number(&f.text, "size_spread", RTE_MAX(spread_of(&k->bytes[0]), spread_of(&k->bytes[1])));
	}
	finding_emit(s->common.run, &f);
}

static bool is_shared(struct beacon *s, const struct obs *o)
{
	const struct beacon_config *c = s->common.config;
	bool fresh;
	struct called *v = keytab_get(&s->services, sketch_pair(sketch_addr(&o->dst), o->dport), o->ts_ns, &fresh);
	bitmap_add(&v->hosts, 1, sketch_addr(&o->src));
	return bitmap_count(&v->hosts, 1) + 0.5 >= (double)c->hosts;
}

// Are (nearly) all calls of one size, both ways?
static bool is_of_one_size(const struct caller *k)
{
	return k->bytes[0].n * 5 >= k->interval.n * 4 && spread_of(&k->bytes[0]) <= SAME_SIZE &&
	       spread_of(&k->bytes[1]) <= SAME_SIZE;
}

static void judge(struct beacon *s, struct caller *k, const struct obs *o)
{
	const struct beacon_config *c = s->common.config;
	uint64_t calls = k->interval.n + 1;
	double spread = spread_of(&k->interval);
	if (k->reported || k->interval.mean < (double)c->least_ns)
		return;
	uint64_t threshold = spread <= c->spread                              ? c->calls
			     : spread <= c->jitter_spread                     ? c->jitter_calls
			     : spread <= c->sized_spread && is_of_one_size(k) ? c->sized_calls
									      : UINT64_MAX;
	if (calls < threshold)
		return;
	say(s, k, o, spread, threshold);
	k->reported = 1;
}

static void see_call(struct beacon *s, struct caller *k, const struct obs *o, bool fresh)
{
	const struct beacon_config *c = s->common.config;
	uint64_t gap = o->ts_ns > k->last_ns ? o->ts_ns - k->last_ns : 0;
	if (fresh || gap > c->most_ns) {
		k->first_seq = o->seq;
		memset(&k->interval, 0, sizeof(k->interval));
		memset(k->bytes, 0, sizeof(k->bytes));
		k->reported = 0;
	} else if (gap < 1000000000ull) {
		return; // several connections of one call
	} else {
		add(&k->interval, (double)gap);
	}
	k->last_ns = o->ts_ns;
	judge(s, k, o);
}

static void beacon_see(void *ctx, const struct obs *o)
{
	struct beacon *s = ctx;
	if (s->common.home &&
		(!is_home(s->common.home, &o->src, o->version) || is_home(s->common.home, &o->dst, o->version)))
		return;
	if (address_is_group(&o->dst, o->version) || is_shared(s, o))
		return;
	bool fresh;
	uint64_t key = sketch_pair(
		sketch_pair(sketch_addr(&o->src), sketch_addr(&o->dst)), (uint64_t)o->proto << 16 | o->dport);
	if (o->kind == CALL_BEGAN) {
		struct caller *k = keytab_get(&s->callers, key, o->ts_ns, &fresh);
		see_call(s, k, o, fresh);
		return;
	}
	struct caller *k = keytab_find(&s->callers, key);
	if (!k)
		return;
	add(&k->bytes[0], o->a);
	add(&k->bytes[1], o->b);
}

OBS_DETECTOR_PARTS(beacon, CALLS_LOG, CALLS_QUEUE, sizeof(struct obs), NULL)

static size_t beacon_size(const void *config)
{
	return beacon_common_size() + keytab_size(CALLERS_LOG, sizeof(struct caller)) +
	       keytab_size(SERVICES_LOG, sizeof(struct called));
}

static int beacon_init(void *state, const void *config, const struct detector_env *env)
{
	struct beacon *s = state;
	uint8_t *at = beacon_init_common(s, config, env);
	keytab_init(&s->callers, at, CALLERS_LOG, sizeof(struct caller));
	keytab_init(&s->services, at + keytab_size(CALLERS_LOG, sizeof(struct caller)), SERVICES_LOG,
		sizeof(struct called));
	return 0;
}

OBS_DETECTOR(beacon, 9010013, "Tocsin beacon", "A Network Trojan was detected", 2, CONN_KINDS, DET_FIRST | DET_CLOSE);
