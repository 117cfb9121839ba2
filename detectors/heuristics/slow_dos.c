// Slow denial of service: one client, or many with a few each, hold connections to a server open without ever
// finishing what they began (slowloris, slow body), or without reading what they asked for (slow read: windows of
// zero).
//
// A client is judged by how many it keeps at one time; a server by how many have made no progress for `hold`,
// whoever's they are. Progress is an answer, the end of the request, or a segment of some size of its body. Of
// windows of zero a server's sum counts those among a connection's first 32 KB: who stops a film has read more.
#include <stddef.h>

#include "detectors/heuristics/aged.h"
#include "detectors/heuristics/obs_detector.h"

struct slow_dos_config {
	uint64_t connections;
	uint64_t server_connections;
	uint64_t clients;
	uint64_t hold_ns;
};

static const struct config_row slow_dos_rows[] = {
	{"connections", CONFIG_UINT, offsetof(struct slow_dos_config, connections), "connections", 2, 1e6, "40", NULL,
		"connections of one client to one service that it keeps unfinished at one time"},
	{"server-connections", CONFIG_UINT, offsetof(struct slow_dos_config, server_connections), "connections", 2, 1e6,
		"100", NULL, "connections to one service without progress, of clients that have fewer than that"},
	{"clients", CONFIG_UINT, offsetof(struct slow_dos_config, clients), "addresses", 2, 100, "10", NULL,
		"clients they must come from"},
	{"hold", CONFIG_DURATION, offsetof(struct slow_dos_config, hold_ns), "ms", 0, 3600000, "5000ms", NULL,
		"how long a client must keep so many, or one of a server's connections make no progress"},
	CONFIG_END};

#define SLOW_LOG 4096u
#define SLOW_QUEUE 32768u
#define CONNS_LOG 13u  // 65536 connections
#define CLIENTS_LOG 9u // 4096 (client, service) pairs
#define SERVERS_LOG 7u // 1024 services
#define FORGET_NS 300000000000ull
#define LAST_HOLD_NS 1000000000ull

enum slow_kind { SLOW_BEGAN = 1, SLOW_ZERO, SLOW_DONE };

#define SLOW_EARLY 1u // obs.flags: a connection whose server has said little so far
#define EARLY_BYTES 32768u
#define PROGRESS_BYTES 536u // a segment's size that every host can take (RFC 9293 section 3.7.1)
#define PARTS 8u            // of `hold`, in which connections are counted by their age
#define MINUTE_NS 60000000000ull

struct held {
	struct keyed head;
	uint64_t part;   // of time, when its server counted it
	uint8_t kind;    // enum slow_kind, 0: finished
	uint8_t counted; // its server counts it
	uint8_t spare[6];
};

// The connections to one service that make no progress, whoever's they are.
struct crowd {
	struct keyed head;
	struct aged open;
	uint64_t clients[2]; // bitmaps: of this minute and the last
	uint64_t minute, first_seq;
	union ip_addr server;
	uint16_t port;
	uint8_t version, proto;
	uint8_t watched, reported;
	uint8_t spare[2];
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
	struct keytab conns, holders, crowds;
	struct holder *watched[WATCHED_MAX]; // those with too many
	struct crowd *crowded[WATCHED_MAX];  // likewise
	uint32_t watched_count, crowded_count;
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

// What goes on with a request: its end, or a segment of some size of its body.
static bool is_progress(const uint8_t *d, uint32_t n)
{
	return !is_request(d) && (n >= PROGRESS_BYTES || memcmp(d + n - 4, "\r\n\r\n", 4) == 0);
}

static uint32_t kind_of(const struct packet *p)
{
	const uint8_t *d = packet_payload(p);
	uint32_t n = p->payload_len;
	if (p->tcp_flags & 0x05)
		return SLOW_DONE;
	if (p->dir == DIR_TO_CLIENT)
		return n >= 8 && memcmp(d, "HTTP/1.", 7) == 0 ? SLOW_DONE : 0;
	if (n && p->nth[DIR_TO_SERVER] <= 4 && is_unfinished(d, n))
		return SLOW_BEGAN;
	if (n >= 4 && p->nth[DIR_TO_SERVER] <= 8 && is_progress(d, n))
		return SLOW_DONE;
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
		if (o && flow_bytes(p->flow, DIR_TO_CLIENT) < EARLY_BYTES)
			o->flags = SLOW_EARLY;
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

static uint64_t part_of(const struct slow_dos *s, uint64_t ts_ns)
{
	const struct slow_dos_config *c = s->common.config;
	return ts_ns / RTE_MAX(c->hold_ns / PARTS, 1000000ull);
}

static struct crowd *crowd_of(struct slow_dos *s, const struct obs *o)
{
	bool fresh;
	struct crowd *w = keytab_get(
		&s->crowds, sketch_pair(sketch_addr(&o->dst), (uint64_t)o->proto << 16 | o->dport), o->ts_ns, &fresh);
	if (fresh) {
		w->server = o->dst;
		w->version = o->version;
		w->proto = o->proto;
		w->port = o->dport;
		w->first_seq = o->seq;
	}
	aged_advance(&w->open, part_of(s, o->ts_ns));
	return w;
}

static void join(struct slow_dos *s, const struct obs *o, struct held *conn)
{
	const struct slow_dos_config *c = s->common.config;
	struct crowd *w = crowd_of(s, o);
	uint64_t minute = o->ts_ns / MINUTE_NS;
	if (minute != w->minute) {
		w->clients[1] = minute == w->minute + 1 ? w->clients[0] : 0;
		w->clients[0] = 0;
		w->minute = minute;
		w->open.old -= w->open.old / 4; // some of them ended unseen
	}
	conn->part = w->open.part;
	conn->counted = 1;
	aged_begin(&w->open, conn->part);
	bitmap_add(w->clients, 1, sketch_addr(&o->src));
	if (!w->watched && aged_open(&w->open, 0) >= c->server_connections && s->crowded_count < WATCHED_MAX) {
		w->watched = w->head.keep = 1;
		s->crowded[s->crowded_count++] = w;
	}
}

static void leave(struct slow_dos *s, const struct obs *o, struct held *conn)
{
	if (!conn->counted)
		return;
	aged_end(&crowd_of(s, o)->open, conn->part);
	conn->counted = 0;
}

static void slow_dos_see(void *ctx, const struct obs *o)
{
	struct slow_dos *s = ctx;
	uint64_t key = sketch_pair(
		sketch_pair(sketch_addr(&o->src), sketch_addr(&o->dst)), (uint64_t)o->sport << 16 | o->dport);
	bool fresh;
	struct held *c = keytab_find(&s->conns, key);
	if (o->kind == SLOW_DONE ? !c || c->kind == 0 : c && c->kind == o->kind)
		return; // nothing new
	struct holder *h = holder_of(s, o);
	if (!c)
		c = keytab_get(&s->conns, key, o->ts_ns, &fresh);
	if (c->kind)
		h->open[c->kind] -= h->open[c->kind] != 0;
	leave(s, o, c);
	c->kind = o->kind == SLOW_DONE ? 0 : o->kind;
	if (o->kind == SLOW_DONE)
		return;
	h->open[o->kind]++;
	watch(s, h, o->ts_ns);
	// who has too many is told as one client
	if (h->over_ns == 0 && (o->kind == SLOW_BEGAN || o->flags & SLOW_EARLY))
		join(s, o, c);
}

static void say_crowd(struct slow_dos *s, struct crowd *w, uint32_t stuck, double clients)
{
	const struct slow_dos_config *c = s->common.config;
	struct finding f = {.detector = &detector_slow_dos,
		.victim = w->server,
		.victim_version = w->version,
		.proto = w->proto,
		.dport = w->port,
		.observed = stuck,
		.threshold = (double)c->server_connections,
		.unit = "connections",
		.what = "connections of many clients kept unfinished",
		.window_ms = c->hold_ns / 1000000,
		.confidence = 75,
		.sample = w->first_seq};
	text_number(&f.text, "clients", (double)(uint64_t)(clients + 0.5));
	finding_emit(s->common.run, &f);
	w->reported = 1;
}

static void judge_crowds(struct slow_dos *s, uint64_t now_ns, uint64_t hold_ns)
{
	const struct slow_dos_config *c = s->common.config;
	uint32_t kept = 0, parts = (uint32_t)RTE_MIN(part_of(s, hold_ns) + 1, PARTS + 1ull);
	for (uint32_t i = 0; i < s->crowded_count; i++) {
		struct crowd *w = s->crowded[i];
		uint64_t both = w->clients[0] | w->clients[1];
		double clients = bitmap_count(&both, 1);
		aged_advance(&w->open, part_of(s, now_ns));
		uint32_t stuck = aged_open(&w->open, parts);
		if (!w->reported && stuck >= c->server_connections && clients + 0.5 >= (double)c->clients)
			say_crowd(s, w, stuck, clients);
		bool stale = now_ns > w->head.last_ns + FORGET_NS;
		if (!stale && aged_open(&w->open, 0) * 2 >= c->server_connections) {
			s->crowded[kept++] = w;
			continue;
		}
		w->watched = w->reported = 0;
		w->head.keep = 0;
		if (stale)
			memset(&w->open, 0, sizeof(w->open));
	}
	s->crowded_count = kept;
}

static void slow_dos_after(void *master)
{
	struct slow_dos *s = master;
	const struct slow_dos_config *c = s->common.config;
	uint32_t kept = 0;
	uint64_t now = s->common.run->now_ns;
	// a run that ends need not have seen all of it
	uint64_t hold_ns = s->common.run->last ? RTE_MIN(c->hold_ns, LAST_HOLD_NS) : c->hold_ns;
	for (uint32_t i = 0; i < s->watched_count; i++) {
		struct holder *h = s->watched[i];
		bool over = h->open[SLOW_BEGAN] >= c->connections || h->open[SLOW_ZERO] >= c->connections;
		bool stale = now > h->head.last_ns + FORGET_NS;
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
	judge_crowds(s, now, hold_ns);
}

OBS_DETECTOR_PARTS(slow_dos, SLOW_LOG, SLOW_QUEUE, sizeof(struct obs), slow_dos_after)

static size_t slow_dos_size(const void *config)
{
	return slow_dos_common_size() + keytab_size(CONNS_LOG, sizeof(struct held)) +
	       keytab_size(CLIENTS_LOG, sizeof(struct holder)) + keytab_size(SERVERS_LOG, sizeof(struct crowd));
}

static int slow_dos_init(void *state, const void *config, const struct detector_env *env)
{
	struct slow_dos *s = state;
	uint8_t *at = slow_dos_init_common(s, config, env);
	keytab_init(&s->conns, at, CONNS_LOG, sizeof(struct held));
	at += keytab_size(CONNS_LOG, sizeof(struct held));
	keytab_init(&s->holders, at, CLIENTS_LOG, sizeof(struct holder));
	at += keytab_size(CLIENTS_LOG, sizeof(struct holder));
	keytab_init(&s->crowds, at, SERVERS_LOG, sizeof(struct crowd));
	return 0;
}

OBS_DETECTOR(slow_dos, 9010008, "Tocsin slow denial of service", "Detection of a Denial of Service Attack", 1, DET_TCP,
	DET_EARLY | DET_CLOSE | DET_BARE);
