// Tunnels in ICMP echo: replies that do not repeat what was asked, requests of ever other sizes that nobody
// answers in kind (RFC 792: "the data received in the echo message must be returned"), or messages of ever other
// content, whether the far side returns them or not.
//
// Whatever pings fills its packets alike: behind a time stamp and counters at the front stand the same bytes every
// time (a count, letters, zeros, a pattern). A tunnel's packets differ there.
#include <stddef.h>

#include "detectors/heuristics/obs_detector.h"

struct icmp_tunnel_config {
	uint64_t foreign;
	uint64_t sizes;
	uint64_t contents;
	uint64_t window_ns;
};

static const struct config_row icmp_tunnel_rows[] = {
	{"foreign-replies", CONFIG_UINT, offsetof(struct icmp_tunnel_config, foreign), "packets", 2, 1e6, "10", NULL,
		"echo replies between two hosts whose data is no request's"},
	{"sizes", CONFIG_UINT, offsetof(struct icmp_tunnel_config, sizes), "sizes", 2, 60, "8", NULL,
		"different sizes of requests between two hosts, when no reply returns its request's data"},
	{"contents", CONFIG_UINT, offsetof(struct icmp_tunnel_config, contents), "contents", 2, 100, "20", NULL,
		"different contents of requests, or of replies nobody asked for, between two hosts"},
	{"window", CONFIG_DURATION, offsetof(struct icmp_tunnel_config, window_ns), "s", 1, 86400, "600s", NULL,
		"how long packets are counted"},
	CONFIG_END};

#define ECHO_LOG 1024u
#define ECHO_QUEUE 8192u
#define PAIRS_LOG 9u // 4096 pairs of hosts
#define REQUEST_WORDS 32u
#define FRONT_BYTES 24u  // of a message: time stamps and counters of those who ping
#define CONTENT_WORDS 8u // of 8 bytes behind them, looked at

enum echo_kind { ECHO_REQUEST, ECHO_REPLY };

struct echo_pair {
	struct keyed head;
	uint64_t start_ns, first_seq;
	uint64_t asked[REQUEST_WORDS]; // digests of requests' data: a filter of 2048 bits
	uint64_t sizes;                // bitmap of requests' sizes
	uint64_t contents[4];          // bitmap of digests of what stands behind the front
	uint64_t bytes;
	uint32_t requests, replies, returned, foreign;
	uint32_t filled, spare; // messages with contents
	uint32_t reported;
};

struct icmp_tunnel {
	struct obs_master common;
	struct keytab pairs;
	uint64_t memory[];
};

extern const struct detector detector_icmp_tunnel;

// A digest of what stands behind the front, 0 without. Whole words of 8 bytes: pings of ever other sizes give 8
// different ones at most.
static uint8_t content_of(const uint8_t *d, uint32_t n)
{
	if (n < FRONT_BYTES + 8)
		return 0;
	uint32_t words = RTE_MIN((n - FRONT_BYTES) / 8, CONTENT_WORDS);
	return (uint8_t)((sketch_bytes(d + FRONT_BYTES, words * 8) >> 32) % 255 + 1);
}

static void icmp_tunnel_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		bool v6 = p->flags & PKT_ICMPV6;
		bool reply = p->icmp_type == (v6 ? 129 : 0);
		if ((!reply && p->icmp_type != (v6 ? 128 : 8)) || p->payload_len < 16 || p->flags & PKT_TRUNCATED)
			continue;
		struct obs *o = obslog_take(state, p, reply ? ECHO_REPLY : ECHO_REQUEST);
		if (!o)
			continue;
		o->a = p->payload_len;
		o->b = (uint32_t)(sketch_bytes(packet_payload(p), RTE_MIN(p->payload_len, 1024u)) >> 32);
		o->flags = content_of(packet_payload(p), p->payload_len);
	}
}

static void say(struct icmp_tunnel *s, const struct echo_pair *e, const struct obs *o, const char *what,
	double observed, uint64_t threshold, const char *unit)
{
	const struct icmp_tunnel_config *c = s->common.config;
	bool reply = o->kind == ECHO_REPLY;
	struct finding f = {.detector = &detector_icmp_tunnel,
		.attacker = reply ? o->dst : o->src,
		.attacker_version = o->version,
		.victim = reply ? o->src : o->dst,
		.victim_version = o->version,
		.proto = o->proto,
		.observed = observed,
		.threshold = (double)threshold,
		.unit = unit,
		.what = what,
		.window_ms = c->window_ns / 1000000,
		.confidence = 85,
		.sample = e->first_seq};
	text_number(&f.text, "requests", e->requests);
	text_number(&f.text, "replies", e->replies);
	text_number(&f.text, "foreign_replies", e->foreign);
	text_number(&f.text, "contents", bitmap_count(e->contents, 4));
	text_number(&f.text, "bytes", (double)e->bytes);
	finding_emit(s->common.run, &f);
}

// Both packets of an exchange meet in the record of their pair, whichever way they go.
static struct echo_pair *pair_of(struct icmp_tunnel *s, const struct obs *o)
{
	const struct icmp_tunnel_config *c = s->common.config;
	uint64_t a = sketch_addr(&o->src), b = sketch_addr(&o->dst);
	bool fresh;
	struct echo_pair *e = keytab_get(&s->pairs, sketch_pair(RTE_MIN(a, b), RTE_MAX(a, b)), o->ts_ns, &fresh);
	if (fresh || (!e->reported && o->ts_ns > e->start_ns + c->window_ns)) {
		struct keyed head = e->head;
		memset(e, 0, sizeof(*e));
		e->head = head;
		e->start_ns = o->ts_ns;
		e->first_seq = o->seq;
	}
	return e;
}

// A request, or a reply that is no request's copy.
static void add_content(struct echo_pair *e, const struct obs *o)
{
	if (o->flags == 0)
		return;
	e->filled++;
	e->contents[o->flags >> 6] |= 1ULL << (o->flags & 63);
}

// Is it a tunnel by now? Then it is told.
static bool judge(struct icmp_tunnel *s, const struct echo_pair *e, const struct obs *o)
{
	const struct icmp_tunnel_config *c = s->common.config;
	double contents = bitmap_count(e->contents, 4);
	if (e->foreign >= c->foreign && e->foreign > e->returned)
		say(s, e, o, "ICMP replies carry data nobody sent", e->foreign, c->foreign, "packets");
	else if (e->requests >= 20 && e->returned == 0 && bitmap_count(&e->sizes, 1) + 0.5 >= (double)c->sizes)
		say(s, e, o, "ICMP requests of ever other sizes", bitmap_count(&e->sizes, 1), c->sizes, "sizes");
	else if (contents + 0.5 >= (double)c->contents && contents * 4 >= e->filled)
		say(s, e, o, "ICMP messages of ever other content", contents, c->contents, "contents");
	else
		return false;
	return true;
}

static void icmp_tunnel_see(void *ctx, const struct obs *o)
{
	struct icmp_tunnel *s = ctx;
	struct echo_pair *e = pair_of(s, o);
	uint32_t bit = o->b & (REQUEST_WORDS * 64 - 1);
	e->bytes += o->a;
	if (o->kind == ECHO_REQUEST) {
		e->requests++;
		e->asked[bit >> 6] |= 1ULL << (bit & 63);
		bitmap_add(&e->sizes, 1, sketch_mix(o->a));
		add_content(e, o);
	} else {
		bool known = e->asked[bit >> 6] >> (bit & 63) & 1;
		e->replies++;
		e->returned += known;
		// a reply to a request from before our time says nothing: requests must have been seen
		e->foreign += !known && e->requests >= 2;
		if (!known)
			add_content(e, o);
	}
	if (e->reported || !judge(s, e, o))
		return;
	e->reported = 1;
	e->head.keep = 1;
}

OBS_DETECTOR_PARTS(icmp_tunnel, ECHO_LOG, ECHO_QUEUE, sizeof(struct obs), NULL)

static size_t icmp_tunnel_size(const void *config)
{
	return icmp_tunnel_common_size() + keytab_size(PAIRS_LOG, sizeof(struct echo_pair));
}

static int icmp_tunnel_init(void *state, const void *config, const struct detector_env *env)
{
	struct icmp_tunnel *s = state;
	keytab_init(&s->pairs, icmp_tunnel_init_common(s, config, env), PAIRS_LOG, sizeof(struct echo_pair));
	return 0;
}

OBS_DETECTOR(icmp_tunnel, 9010015, "Tocsin ICMP tunnel", "A Network Trojan was detected", 1, DET_ICMP, 0);
