// Slow denial of service: one client holds many connections to a server open without ever finishing what
// it began (slowloris, slow body), or without reading what it asked for (slow read: windows of zero).
#include <stddef.h>

#include "detectors/heuristics/obs_detector.h"

struct slow_dos_config {
	uint64_t connections;
	uint64_t hold_ns;
};

static const struct config_row slow_dos_rows[] = {
	{"connections", CONFIG_UINT, offsetof(struct slow_dos_config, connections), "connections", 2, 1e6, "40", NULL,
		"connections of one client to one service that it keeps unfinished at one time"},
	{"hold", CONFIG_DURATION, offsetof(struct slow_dos_config, hold_ns), "ms", 0, 3600000, "5000ms", NULL,
		"how long it must keep so many"},
	CONFIG_END};

#define SLOW_LOG 4096u
#define SLOW_QUEUE 32768u
#define CONNS_LOG 13u  // 65536 connections
#define CLIENTS_LOG 9u // 4096 (client, service) pairs
#define FORGET_NS 300000000000ull
#define LAST_HOLD_NS 1000000000ull

enum slow_kind { SLOW_BEGAN = 1, SLOW_ZERO, SLOW_DONE };

struct held {
	struct keyed head;
	uint32_t kind; // enum slow_kind, 0: finished
	uint32_t spare;
};

struct holder {
	struct keyed head;
	union ip_addr client, server;
	uint64_t over_ns; // since when there are too many, 0: not now
	uint64_t first_seq;
	uint32_t open[3]; // by enum slow_kind
	uint32_t reported;
	uint16_t port;
	uint8_t version;
};

#define WATCHED_MAX 256u

struct slow_dos {
	struct obs_master common;
	struct keytab conns, holders;
	struct holder *watched[WATCHED_MAX]; // those with too many
	uint32_t watched_count;
	uint64_t memory[];
};

extern const struct detector detector_slow_dos;

static bool is_request(const uint8_t *d)
{
	return memcmp(d, "GET ", 4) == 0 || memcmp(d, "POST", 4) == 0 || memcmp(d, "HEAD", 4) == 0 ||
	       memcmp(d, "PUT ", 4) == 0;
}

// Is a request that began here still unfinished? Full segments are just long requests.
static bool is_unfinished(const uint8_t *d, uint32_t n)
{
	if (n < 5 || n > 1200 || !is_request(d))
		return false;
	const uint8_t *end = memmem(d, n, "\r\n\r\n", 4);
	if (!end)
		return true;
	const uint8_t *length = d[0] == 'P' ? memmem(d, n, "Content-Length: ", 16) : NULL;
	uint64_t body = 0;
	for (const uint8_t *c = length ? length + 16 : end; c < end && *c >= '0' && *c <= '9' && body < 1u << 30; c++)
		body = body * 10 + (*c - '0');
	// a body of some size whose first segment holds next to nothing of it
	return body > 4000 && (uint64_t)(d + n - end - 4) < 200;
}

static uint32_t kind_of(const struct packet *p)
{
	const uint8_t *d = packet_payload(p);
	if (p->tcp_flags & 0x05)
		return SLOW_DONE;
	if (p->dir == DIR_TO_CLIENT)
		return p->payload_len >= 8 && memcmp(d, "HTTP/1.", 7) == 0 ? SLOW_DONE : 0;
	if (p->payload_len && p->nth[DIR_TO_SERVER] <= 4 && is_unfinished(d, p->payload_len))
		return SLOW_BEGAN;
	if ((p->tcp_flags & 0x17) == 0x10 && p->len >= p->l4_off + 16u && p->data[p->l4_off + 14] == 0 &&
		p->data[p->l4_off + 15] == 0)
		return SLOW_ZERO;
	return 0;
}

static void slow_dos_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		if (!p->flow || p->flags & PKT_NEW_FLOW)
			continue;
		uint32_t kind = kind_of(p);
		struct obs *o = kind ? obslog_take(state, p, (uint8_t)kind) : NULL;
		if (o && p->dir == DIR_TO_CLIENT) {
			o->src = p->dst;
			o->dst = p->src;
			o->sport = p->dport;
			o->dport = p->sport;
		}
	}
}

static void say(struct slow_dos *s, struct holder *h)
{
	const struct slow_dos_config *c = s->common.config;
	bool read = h->open[SLOW_ZERO] > h->open[SLOW_BEGAN];
	struct finding f = {.detector = &detector_slow_dos,
		.attacker = h->client,
		.attacker_version = h->version,
		.victim = h->server,
		.victim_version = h->version,
		.proto = 6,
		.dport = h->port,
		.observed = RTE_MAX(h->open[SLOW_ZERO], h->open[SLOW_BEGAN]),
		.threshold = (double)c->connections,
		.unit = "connections",
		.what = read ? "slow read: windows kept shut" : "requests kept unfinished (slowloris)",
		.window_ms = (s->common.run->now_ns - h->over_ns) / 1000000,
		.confidence = 85,
		.sample = h->first_seq};
	finding_emit(s->common.run, &f);
	h->reported = 1;
}

static struct holder *holder_of(struct slow_dos *s, const struct obs *o)
{
	bool fresh;
	uint64_t key = sketch_pair(sketch_pair(sketch_addr(&o->src), sketch_addr(&o->dst)), o->dport);
	struct holder *h = keytab_get(&s->holders, key, o->ts_ns, &fresh);
	if (fresh) {
		h->client = o->src;
		h->server = o->dst;
		h->version = o->version;
		h->port = o->dport;
		h->first_seq = o->seq;
	}
	return h;
}

static void watch(struct slow_dos *s, struct holder *h, uint64_t now_ns)
{
	const struct slow_dos_config *c = s->common.config;
	bool over = h->open[SLOW_BEGAN] >= c->connections || h->open[SLOW_ZERO] >= c->connections;
	if (over && h->over_ns == 0 && s->watched_count < WATCHED_MAX) {
		h->over_ns = now_ns;
		h->head.keep = 1;
		s->watched[s->watched_count++] = h;
	}
}

static void slow_dos_see(void *ctx, const struct obs *o)
{
	struct slow_dos *s = ctx;
	uint64_t key = sketch_pair(
		sketch_pair(sketch_addr(&o->src), sketch_addr(&o->dst)), (uint64_t)o->sport << 16 | o->dport);
	bool fresh;
	if (o->kind == SLOW_DONE) {
		struct held *c = keytab_find(&s->conns, key);
		if (!c || c->kind == 0)
			return;
		struct holder *h = holder_of(s, o);
		h->open[c->kind] -= h->open[c->kind] != 0;
		c->kind = 0;
		return;
	}
	struct held *c = keytab_get(&s->conns, key, o->ts_ns, &fresh);
	if (c->kind == o->kind)
		return;
	struct holder *h = holder_of(s, o);
	if (c->kind)
		h->open[c->kind] -= h->open[c->kind] != 0;
	c->kind = o->kind;
	h->open[o->kind]++;
	watch(s, h, o->ts_ns);
}

static void slow_dos_after(void *master)
{
	struct slow_dos *s = master;
	const struct slow_dos_config *c = s->common.config;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < s->watched_count; i++) {
		struct holder *h = s->watched[i];
		uint64_t now = s->common.run->now_ns;
		bool over = h->open[SLOW_BEGAN] >= c->connections || h->open[SLOW_ZERO] >= c->connections;
		bool stale = now > h->head.last_ns + FORGET_NS;
		// a run that ends need not have seen all of it
		uint64_t hold_ns = s->common.run->last ? RTE_MIN(c->hold_ns, LAST_HOLD_NS) : c->hold_ns;
		if (over && !h->reported && now >= h->over_ns + hold_ns)
			say(s, h);
		if (over && !stale) {
			s->watched[kept++] = h;
			continue;
		}
		h->over_ns = 0;
		h->reported = 0;
		h->head.keep = 0;
		if (stale)
			h->open[SLOW_BEGAN] = h->open[SLOW_ZERO] = 0;
	}
	s->watched_count = kept;
}

OBS_DETECTOR_PARTS(slow_dos, SLOW_LOG, SLOW_QUEUE, sizeof(struct obs), slow_dos_after)

static size_t slow_dos_size(const void *config)
{
	return slow_dos_common_size() + keytab_size(CONNS_LOG, sizeof(struct held)) +
	       keytab_size(CLIENTS_LOG, sizeof(struct holder));
}

static int slow_dos_init(void *state, const void *config, const struct detector_env *env)
{
	struct slow_dos *s = state;
	uint8_t *at = slow_dos_init_common(s, config, env);
	keytab_init(&s->conns, at, CONNS_LOG, sizeof(struct held));
	keytab_init(&s->holders, at + keytab_size(CONNS_LOG, sizeof(struct held)), CLIENTS_LOG, sizeof(struct holder));
	return 0;
}

OBS_DETECTOR(slow_dos, 9010008, "Tocsin slow denial of service", "Detection of a Denial of Service Attack", 1, DET_TCP,
	DET_EARLY | DET_CLOSE | DET_BARE);
