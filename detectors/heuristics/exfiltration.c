// Exfiltration: a host of ours sends far more to one host outside than it gets back, and than it usually sends.
//
// Counts per (host, outside host) and hour, in steps of 256 packets of a flow, so small transfers never
// show. The floor is in bytes; above it, what the host usually sends must be exceeded: in a window of late
// (exponentially weighted), and in a window of this hour of the week.
#include <stddef.h>

#include "detectors/heuristics/obs_detector.h"

struct exfiltration_config {
	uint64_t bytes;
	double ratio;
	double times;
	uint64_t window_ns;
};

static const struct config_row exfiltration_rows[] = {
	{"bytes", CONFIG_SIZE, offsetof(struct exfiltration_config, bytes), "bytes", 1048576, 1e15, "500mb", NULL,
		"sent to one outside host within the window"},
	{"ratio", CONFIG_DOUBLE, offsetof(struct exfiltration_config, ratio), "", 1, 1e6, "5", NULL,
		"sent by received"},
	{"times", CONFIG_DOUBLE, offsetof(struct exfiltration_config, times), "", 1, 1e6, "4", NULL,
		"above this many times what the host usually sends to outside in a window"},
	{"window", CONFIG_DURATION, offsetof(struct exfiltration_config, window_ns), "s", 60, 86400, "3600s", NULL,
		"how long bytes are added up"},
	CONFIG_END};

#define STEP 256u // packets of one direction of a flow
#define STEPS_LOG 4096u
#define STEPS_QUEUE 32768u
#define PAIRS_LOG 11u // 16384 pairs
#define SENDERS_LOG 10u

struct transfer {
	struct keyed head;
	uint64_t start_ns, first_seq;
	uint64_t bytes[2]; // out, in
	uint32_t reported, spare;
};

struct sender {
	struct keyed head;
	uint64_t start_ns;
	double usual; // bytes a window
	double now;
	uint32_t windows, spare;
};

struct exfiltration {
	struct obs_master common;
	struct keytab pairs, senders;
	uint64_t memory[];
};

extern const struct detector detector_exfiltration;

// obs.a: bytes of a step, as if all its packets had been as long as this one.
static void exfiltration_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		if (p->nth[p->dir & 1] % STEP != 0 || !p->flow || p->payload_len == 0)
			continue;
		struct obs *o = obslog_take(state, p, 0);
		if (o)
			o->a = p->payload_len * STEP;
	}
}

static double usually_sends(struct exfiltration *s, const struct obs *o, uint64_t host)
{
	const struct exfiltration_config *c = s->common.config;
	bool fresh;
	struct sender *h = keytab_get(&s->senders, host, o->ts_ns, &fresh);
	if (fresh)
		h->start_ns = o->ts_ns;
	while (o->ts_ns > h->start_ns + c->window_ns && h->windows < UINT32_MAX) {
		if (s->common.site && h->now > 0)
			baselines_learn(
				s->common.site, sketch_pair(host, detector_exfiltration.sid), h->start_ns, h->now);
		h->usual += (h->now - h->usual) / (h->windows < 20 ? h->windows + 1 : 20);
		h->windows++;
		h->now = 0;
		// after a long silence the window begins with this packet
		h->start_ns = o->ts_ns - h->start_ns > 24 * c->window_ns ? o->ts_ns : h->start_ns + c->window_ns;
	}
	h->now += o->a;
	struct baseline_usual week = {0};
	if (s->common.site)
		baselines_usual(s->common.site, sketch_pair(host, detector_exfiltration.sid), o->ts_ns, &week);
	return RTE_MAX(h->usual, week.mean);
}

static void say(struct exfiltration *s, const struct transfer *t, const struct obs *o, double usual)
{
	const struct exfiltration_config *c = s->common.config;
	struct finding f = {.detector = &detector_exfiltration,
		.attacker = o->dst, // who gets the data
		.attacker_version = o->version,
		.victim = o->src, // who loses it
		.victim_version = o->version,
		.proto = o->proto,
		.sport = o->dport,
		.observed = (double)t->bytes[0],
		.threshold = RTE_MAX((double)c->bytes, usual * c->times),
		.unit = "bytes",
		.what = "a host sends out far more than usual",
		.window_ms = c->window_ns / 1000000,
		.confidence = 60,
		.sample = t->first_seq};
	text_number(&f.text, "received", (double)t->bytes[1]);
	text_number(&f.text, "usual", usual);
	finding_emit(s->common.run, &f);
}

static void exfiltration_see(void *ctx, const struct obs *o)
{
	struct exfiltration *s = ctx;
	const struct exfiltration_config *c = s->common.config;
	const struct addr_set *home = s->common.home;
	bool out = home && is_home(home, &o->src, o->version) && !is_home(home, &o->dst, o->version);
	bool in = home && is_home(home, &o->dst, o->version) && !is_home(home, &o->src, o->version);
	if (!out && !in)
		return; // without HOME_NET nothing is outside
	uint64_t ours = sketch_addr(out ? &o->src : &o->dst), theirs = sketch_addr(out ? &o->dst : &o->src);
	bool fresh;
	struct transfer *t = keytab_get(&s->pairs, sketch_pair(ours, theirs), o->ts_ns, &fresh);
	if (fresh || o->ts_ns > t->start_ns + c->window_ns) {
		t->start_ns = o->ts_ns;
		t->first_seq = o->seq;
		t->bytes[0] = t->bytes[1] = t->reported = 0;
	}
	t->bytes[in] += o->a;
	if (in)
		return;
	double usual = usually_sends(s, o, ours);
	if (t->reported || t->bytes[0] < c->bytes || (double)t->bytes[0] < c->ratio * (double)t->bytes[1] ||
		(double)t->bytes[0] < c->times * usual)
		return;
	say(s, t, o, usual);
	t->reported = 1;
}

OBS_DETECTOR_PARTS(exfiltration, STEPS_LOG, STEPS_QUEUE, sizeof(struct obs), NULL)

static size_t exfiltration_size(const void *config)
{
	return exfiltration_common_size() + keytab_size(PAIRS_LOG, sizeof(struct transfer)) +
	       keytab_size(SENDERS_LOG, sizeof(struct sender));
}

static int exfiltration_init(void *state, const void *config, const struct detector_env *env)
{
	struct exfiltration *s = state;
	uint8_t *at = exfiltration_init_common(s, config, env);
	keytab_init(&s->pairs, at, PAIRS_LOG, sizeof(struct transfer));
	keytab_init(
		&s->senders, at + keytab_size(PAIRS_LOG, sizeof(struct transfer)), SENDERS_LOG, sizeof(struct sender));
	return 0;
}

OBS_DETECTOR(exfiltration, 9010018, "Tocsin exfiltration", "Potentially Bad Traffic", 2, DET_TCP | DET_UDP,
	DET_EARLY | DET_STEP);
