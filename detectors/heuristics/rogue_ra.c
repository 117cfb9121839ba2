// IPv6 neighbour discovery (RFC 4861): router advertisements that should not be there (RFC 6104), floods of
// them, and neighbour advertisements that move an address nobody asked about.
#include <stddef.h>

#include "detectors/heuristics/link_obs.h"
#include "detectors/heuristics/obs_detector.h"

struct rogue_ra_config {
	uint64_t routers;
	uint64_t window_ns;
};

static const struct config_row rogue_ra_rows[] = {
	{"routers", CONFIG_UINT, offsetof(struct rogue_ra_config, routers), "routers", 3, 60, "10", NULL,
		"different routers that announce themselves within the window: a flood"},
	{"window", CONFIG_DURATION, offsetof(struct rogue_ra_config, window_ns), "s", 1, 86400, "60s", NULL,
		"how long announcements are counted"},
	CONFIG_END};

#define ND_LOG 2048u
#define ND_QUEUE 8192u
#define NEIGHBOURS_LOG 10u // 8192 addresses
#define LINKS_LOG 6u       // 512 links

enum nd_kind { ND_ROUTER = 134, ND_NEIGHBOUR = 136 };
#define ND_BAD_HOP 1u
#define ND_BAD_SOURCE 2u
#define ND_SOLICITED 4u

struct neighbour {
	struct keyed head;
	uint32_t mac[2];
	uint32_t reported, moves;
	uint64_t move_ns;
};

// A link and the first router on it that has a lifetime.
struct nd_link {
	struct keyed head;
	union ip_addr router;
	uint32_t lifetime;
	uint8_t killed, second;
};

struct rogue_ra {
	struct obs_master common;
	struct keytab neighbours, links;
	uint64_t start_ns, first_seq;
	uint64_t routers; // bitmap of this window
	uint32_t flood, bad;
	uint64_t memory[];
};

extern const struct detector detector_rogue_ra;

// The link-layer address option (1 source, 2 target) among the options of an ND message.
static bool link_option(const uint8_t *d, uint32_t n, uint8_t type, uint32_t mac[2])
{
	mac[0] = mac[1] = 0;
	for (uint32_t at = 0, i = 0; at + 8 <= n && i < 32; i++) {
		uint32_t len = d[at + 1] * 8u;
		if (len == 0 || len > n - at)
			return false;
		if (d[at] == type) {
			memcpy(mac, d + at + 2, 6);
			return true;
		}
		at += len;
	}
	return false;
}

static void note_router(struct obslog *log, const struct packet *p, const uint8_t *d)
{
	struct obs *o = obslog_take(log, p, ND_ROUTER);
	if (!o)
		return;
	o->a = (uint32_t)d[6] << 8 | d[7]; // router lifetime
	o->b = packet_link(p);
	// section 6.1.2: a host must drop what did not come from this link
	o->flags = (p->ttl != 255 ? ND_BAD_HOP : 0) |
		   (p->src.b[0] != 0xfe || (p->src.b[1] & 0xc0) != 0x80 ? ND_BAD_SOURCE : 0);
}

static void note_neighbour(struct obslog *log, const struct packet *p, const uint8_t *d, uint32_t n)
{
	uint32_t mac[2];
	if (n < 24 || !link_option(d + 24, n - 24, 2, mac))
		return;
	struct obs *o = obslog_take(log, p, ND_NEIGHBOUR);
	if (!o)
		return;
	memcpy(o->src.b, d + 8, 16); // the address that is claimed
	o->a = mac[0];
	o->b = mac[1];
	o->flags = d[4] & 0x40 ? ND_SOLICITED : 0;
}

static void rogue_ra_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		if (!(p->flags & PKT_ICMPV6) || (p->icmp_type != ND_ROUTER && p->icmp_type != ND_NEIGHBOUR))
			continue;
		if (p->len < 16 || p->l4_off > p->len - 16)
			continue;
		const uint8_t *d = p->data + p->l4_off;
		// every PPP session is a link of its own, with a router of its own
		bool ppp = p->link_type == 1 && p->l3_off != 14u + 4u * p->vlan_count;
		if (p->icmp_type == ND_ROUTER && !ppp)
			note_router(state, p, d);
		else if (p->icmp_type == ND_NEIGHBOUR)
			note_neighbour(state, p, d, p->len - p->l4_off);
	}
}

static void say(struct rogue_ra *s, const struct obs *o, const char *what, double observed, double threshold,
	const char *unit, uint8_t confidence)
{
	bool router = o->kind == ND_ROUTER;
	struct finding f = {.detector = &detector_rogue_ra,
		.attacker = o->src,
		.attacker_version = router ? 6 : 0,
		.victim = router ? o->dst : o->src, // the address that is claimed
		.victim_version = 6,
		.proto = o->proto,
		.observed = observed,
		.threshold = threshold,
		.unit = unit,
		.what = what,
		.confidence = confidence,
		.sample = o->seq};
	if (router) {
		text_number(&f.text, "lifetime_s", o->a);
	} else {
		uint8_t mac[8];
		memcpy(mac, &o->a, 4);
		memcpy(mac + 4, &o->b, 4);
		text_mac(&f.text, "attacker_mac", mac);
		text_address(&f.text, "target", &o->dst, 6);
	}
	finding_emit(s->common.run, &f);
}

static void see_link(struct rogue_ra *s, const struct obs *o)
{
	bool fresh;
	struct nd_link *l = keytab_get(&s->links, sketch_mix(o->b) | 1, o->ts_ns, &fresh);
	bool known = l->lifetime != 0, same = memcmp(&l->router, &o->src, sizeof(o->src)) == 0;
	if (o->a != 0 && !known) {
		l->router = o->src;
		l->lifetime = o->a;
	} else if (known && same && o->a == 0 && !l->killed) {
		say(s, o, "the router's advertisement withdraws it", 0, 1, "s", 50);
		l->killed = 1;
	} else if (known && !same && o->a != 0 && !l->second && !s->flood) {
		say(s, o, "a second router announces itself", 2, 2, "routers", 50);
		l->second = 1;
	}
}

static void see_router(struct rogue_ra *s, const struct obs *o)
{
	const struct rogue_ra_config *c = s->common.config;
	if (o->ts_ns > s->start_ns + c->window_ns) {
		s->start_ns = o->ts_ns;
		s->routers = 0;
		s->flood = 0;
	}
	bitmap_add(&s->routers, 1, sketch_addr(&o->src));
	double routers = bitmap_count(&s->routers, 1);
	if (!s->flood && routers + 0.5 >= (double)c->routers) {
		say(s, o, "flood of router advertisements", routers, (double)c->routers, "routers", 90);
		s->flood = 1;
	}
	if (o->flags & (ND_BAD_HOP | ND_BAD_SOURCE) && !s->bad) {
		say(s, o, "router advertisement that hosts must not believe", 1, 1, "packets", 70);
		s->bad = 1;
	}
	see_link(s, o);
}

static void see_neighbour(struct rogue_ra *s, const struct obs *o)
{
	bool fresh;
	struct neighbour *n = keytab_get(&s->neighbours, sketch_addr(&o->src), o->ts_ns, &fresh);
	bool moved = !fresh && (n->mac[0] != o->a || n->mac[1] != o->b);
	n->mac[0] = o->a;
	n->mac[1] = o->b;
	if (!moved)
		return;
	n->moves = o->ts_ns > n->move_ns + 600000000000ull ? 1 : n->moves + 1;
	n->move_ns = o->ts_ns;
	if (n->reported || (n->moves < 3 && o->flags & ND_SOLICITED))
		return;
	say(s, o, "neighbour advertisements move an address between MACs", n->moves, 1, "changes", 70);
	n->reported = 1;
}

static void rogue_ra_see(void *ctx, const struct obs *o)
{
	if (o->kind == ND_ROUTER)
		see_router(ctx, o);
	else
		see_neighbour(ctx, o);
}

OBS_DETECTOR_PARTS(rogue_ra, ND_LOG, ND_QUEUE, sizeof(struct obs), NULL)

static size_t rogue_ra_size(const void *config)
{
	return rogue_ra_common_size() + keytab_size(NEIGHBOURS_LOG, sizeof(struct neighbour)) +
	       keytab_size(LINKS_LOG, sizeof(struct nd_link));
}

static int rogue_ra_init(void *state, const void *config, const struct detector_env *env)
{
	struct rogue_ra *s = state;
	uint8_t *at = rogue_ra_init_common(s, config, env);
	keytab_init(&s->neighbours, at, NEIGHBOURS_LOG, sizeof(struct neighbour));
	keytab_init(&s->links, at + keytab_size(NEIGHBOURS_LOG, sizeof(struct neighbour)), LINKS_LOG,
		sizeof(struct nd_link));
	return 0;
}

OBS_DETECTOR(
	rogue_ra, 9010022, "Tocsin rogue router advertisement or neighbour spoofing", "Misc Attack", 1, DET_ICMP, 0);
