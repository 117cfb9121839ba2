// DHCP (RFC 2131) and DHCPv6 (RFC 8415): a second server that answers the same client's question, and starvation:
// clients without number that ask for leases.
#include <stddef.h>

#include "dataplane/api/cursor.h"
#include "detectors/heuristics/obs_detector.h"

struct rogue_dhcp_config {
	uint64_t clients;
	uint64_t window_ns;
};

static const struct config_row rogue_dhcp_rows[] = {
	{"clients", CONFIG_UINT, offsetof(struct rogue_dhcp_config, clients), "clients", 4, 1000, "100", NULL,
		"different clients or transactions that ask for leases within the window"},
	{"window", CONFIG_DURATION, offsetof(struct rogue_dhcp_config, window_ns), "s", 1, 3600, "10s", NULL,
		"how long questions are counted"},
	CONFIG_END};

#define DHCP_LOG 2048u
#define DHCP_QUEUE 8192u
#define CLIENT_WORDS 8u
#define XIDS_LOG 8u    // 2048 transactions with an offer
#define SERVERS_LOG 5u // 256 servers

enum dhcp_kind { DHCP_ASKS, DHCP_OFFERS };

// A transaction that has an offer.
struct lease {
	struct keyed head;
	union ip_addr server;
	uint64_t seq;
};

struct dhcp_server {
	struct keyed head;
	uint64_t first_seq;
};

struct rogue_dhcp {
	struct obs_master common;
	struct keytab leases, servers;
	uint64_t servers_told; // bitmap of pairs reported
	uint64_t start_ns, first_seq;
	uint64_t clients[CLIENT_WORDS];
	uint32_t asked, starving;
	uint64_t memory[];
};

extern const struct detector detector_rogue_dhcp;

// The value of an option of one byte (or the first of more), or -1.
static int option(const uint8_t *d, uint32_t n, uint8_t code, const uint8_t **value)
{
	uint32_t at = 240;
	for (uint32_t i = 0; i < 64 && at + 2 <= n && d[at] != 255; i++) {
		if (d[at] == 0) {
			at++;
			continue;
		}
		uint32_t len = d[at + 1];
		if (len == 0 || at + 2 + len > n)
			return -1;
		if (d[at] == code) {
			*value = d + at + 2;
			return (int)len;
		}
		at += 2 + len;
	}
	return -1;
}

// obs.a: the transaction; obs.b: digest of the client.
static void note_dhcp(struct obslog *log, const struct packet *p)
{
	const uint8_t *d = packet_payload(p), *v;
	if (p->payload_len < 241 || memcmp(d + 236, "\x63\x82\x53\x63", 4) != 0 ||
		option(d, p->payload_len, 53, &v) != 1)
		return;
	bool offers = d[0] == 2 && *v == 2;
	if (!offers && !(d[0] == 1 && (*v == 1 || *v == 3)))
		return;
	struct obs *o = obslog_take(log, p, offers ? DHCP_OFFERS : DHCP_ASKS);
	if (!o)
		return;
	memcpy(&o->a, d + 4, 4);
	o->b = (uint32_t)(sketch_bytes(d + 28, 6) >> 32);
	// the server names itself; relays and spoofers change the packet's source
	if (offers && option(d, p->payload_len, 54, &v) == 4) {
		memset(&o->src, 0, sizeof(o->src));
		memcpy(o->src.b, v, 4);
	}
}

// Solicit, Advertise, Request, and who the client is (RFC 8415 sections 7.3, 8 and 21.2).
static void note_dhcp6(struct obslog *log, const struct packet *p)
{
	const uint8_t *d = packet_payload(p);
	uint32_t n = p->payload_len, at = 4;
	if (n < 8 || d[0] < 1 || d[0] > 3)
		return;
	for (uint32_t i = 0; i < 16 && at + 4 <= n && load_be16(d + at) != 1; i++)
		at += 4 + load_be16(d + at + 2);
	if (at + 4 > n || load_be16(d + at) != 1 || load_be16(d + at + 2) > n - at - 4)
		return;
	struct obs *o = obslog_take(log, p, d[0] == 2 ? DHCP_OFFERS : DHCP_ASKS);
	if (!o)
		return;
	o->a = (uint32_t)d[1] << 16 | (uint32_t)d[2] << 8 | d[3];
	o->b = (uint32_t)(sketch_bytes(d + at + 4, load_be16(d + at + 2)) >> 32);
}

static void rogue_dhcp_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		if (p->dport == 67 || p->dport == 68)
			note_dhcp(state, p);
		else if (p->dport == 546 || p->dport == 547)
			note_dhcp6(state, p);
	}
}

// The ordinal of the server's first offer.
static uint64_t first_offer(struct rogue_dhcp *s, const union ip_addr *server, const struct obs *o)
{
	bool fresh;
	struct dhcp_server *d = keytab_get(&s->servers, sketch_addr(server), o->ts_ns, &fresh);
	if (fresh)
		d->first_seq = o->seq;
	return d->first_seq;
}

static void see_offer(struct rogue_dhcp *s, const struct obs *o)
{
	bool fresh;
	struct lease *l = keytab_get(&s->leases, sketch_pair(o->a, o->b), o->ts_ns, &fresh);
	uint64_t first = first_offer(s, &o->src, o);
	if (fresh) {
		l->server = o->src;
		l->seq = o->seq;
		return;
	}
	uint64_t pair = sketch_addr(&l->server) ^ sketch_addr(&o->src);
	if (memcmp(&l->server, &o->src, sizeof(o->src)) == 0 || !bitmap_add(&s->servers_told, 1, sketch_mix(pair)))
		return;
	// who was there first is more likely to belong there
	bool later = first > first_offer(s, &l->server, o);
	struct finding f = {.detector = &detector_rogue_dhcp,
		.attacker = later ? o->src : l->server,
		.attacker_version = o->version,
		.victim = later ? l->server : o->src,
		.victim_version = o->version,
		.proto = o->proto,
		.sport = o->sport,
		.dport = o->sport,
		.observed = 2,
		.threshold = 2,
		.unit = "servers",
		.what = "two DHCP servers offer to the same client",
		.confidence = 70,
		.sample = o->seq};
	text_number(&f.text, "first_offer", (double)l->seq);
	finding_emit(s->common.run, &f);
}

static void see_question(struct rogue_dhcp *s, const struct obs *o)
{
	const struct rogue_dhcp_config *c = s->common.config;
	if (o->ts_ns > s->start_ns + c->window_ns || s->asked == 0) {
		if (o->ts_ns > s->start_ns + 6 * c->window_ns)
			s->starving = 0;
		s->start_ns = o->ts_ns;
		s->first_seq = o->seq;
		s->asked = 0;
		memset(s->clients, 0, sizeof(s->clients));
	}
	s->asked++;
	// a starver changes its hardware address, or at least the transaction
	bitmap_add(s->clients, CLIENT_WORDS, sketch_pair(o->a, o->b));
	double clients = bitmap_count(s->clients, CLIENT_WORDS);
	if (s->starving || s->asked < c->clients || clients < (double)c->clients)
		return;
	struct finding f = {.detector = &detector_rogue_dhcp,
		.attacker = o->src,
		.attacker_version = o->version,
		.victim = o->dst,
		.victim_version = o->version,
		.proto = o->proto,
		.sport = o->sport,
		.dport = o->dport,
		.observed = (double)(uint64_t)(clients + 0.5),
		.threshold = (double)c->clients,
		.unit = "clients",
		.what = "DHCP starvation",
		.window_ms = c->window_ns / 1000000,
		.confidence = 85,
		.sample = s->first_seq};
	text_number(&f.text, "questions", s->asked);
	finding_emit(s->common.run, &f);
	s->starving = 1;
}

static void rogue_dhcp_see(void *ctx, const struct obs *o)
{
	if (o->kind == DHCP_OFFERS)
		see_offer(ctx, o);
	else
		see_question(ctx, o);
}

OBS_DETECTOR_PARTS(rogue_dhcp, DHCP_LOG, DHCP_QUEUE, sizeof(struct obs), NULL)

static size_t rogue_dhcp_size(const void *config)
{
	return rogue_dhcp_common_size() + keytab_size(XIDS_LOG, sizeof(struct lease)) +
	       keytab_size(SERVERS_LOG, sizeof(struct dhcp_server));
}

static int rogue_dhcp_init(void *state, const void *config, const struct detector_env *env)
{
	struct rogue_dhcp *s = state;
	uint8_t *at = rogue_dhcp_init_common(s, config, env);
	keytab_init(&s->leases, at, XIDS_LOG, sizeof(struct lease));
	keytab_init(
		&s->servers, at + keytab_size(XIDS_LOG, sizeof(struct lease)), SERVERS_LOG, sizeof(struct dhcp_server));
	return 0;
}

OBS_DETECTOR(rogue_dhcp, 9010021, "Tocsin rogue DHCP server or starvation", "Misc Attack", 1, DET_UDP, DET_NAMED);
