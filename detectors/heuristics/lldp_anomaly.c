// Neighbour announcements (LLDP, IEEE 802.1AB; Cisco's CDP): floods of neighbours that fill a switch's memory, a
// sender that changes who it says it is, and LLDP that no conforming station sends.
#include <stddef.h>

#include "detectors/heuristics/link_obs.h"
#include "detectors/heuristics/obs_detector.h"

struct lldp_anomaly_config {
	uint64_t neighbours;
	uint64_t identities;
	uint64_t window_ns;
};

static const struct config_row lldp_anomaly_rows[] = {
	{"neighbours", CONFIG_UINT, offsetof(struct lldp_anomaly_config, neighbours), "neighbours", 4, 1000, "100",
		NULL, "different neighbours that announce themselves on a link within the window"},
	{"identities", CONFIG_UINT, offsetof(struct lldp_anomaly_config, identities), "names", 2, 60, "4", NULL,
		"different identities that one MAC announces within six windows"},
	{"window", CONFIG_DURATION, offsetof(struct lldp_anomaly_config, window_ns), "s", 1, 3600, "10s", NULL,
		"how long announcements are counted (stations send one in 30 s)"},
	CONFIG_END};

#define NEIGHBOUR_LOG 1024u
#define NEIGHBOUR_QUEUE 8192u
#define NEIGHBOUR_WORDS 8u
#define LINKS_LOG 6u   // 512 links
#define SENDERS_LOG 9u // 4096 MACs
#define ETHER_LLDP 0x88cc

enum announcement { LLDP_GOOD = 1, LLDP_BROKEN, CDP_GOOD };

struct lldp_link {
	struct keyed head;
	uint64_t start_ns;
	uint64_t neighbours[NEIGHBOUR_WORDS];
	uint32_t flood, broken;
};

struct announcer {
	struct keyed head;
	uint64_t start_ns;
	uint64_t identities; // bitmap
	uint64_t reported;
};

struct lldp_anomaly {
	struct obs_master common;
	struct keytab links, senders;
	uint64_t memory[];
};

extern const struct detector detector_lldp_anomaly;

static uint64_t digest_of(const uint8_t *d, uint32_t n)
{
	uint64_t h = n;
	for (uint32_t i = 0; i < n; i++)
		h = sketch_mix(h ^ d[i]);
	return h | 1;
}

// IEEE 802.1AB clause 8.2: chassis ID, port ID, TTL, in this order, none longer than the frame. *identity: of the
// chassis.
static enum announcement read_lldp(const uint8_t *d, uint32_t n, uint64_t *identity)
{
	uint32_t at = 0;
	for (uint32_t type = 1; type <= 3; type++) {
		if (at + 2 > n)
			return LLDP_BROKEN;
		uint32_t len = (d[at] & 1u) << 8 | d[at + 1];
		if (d[at] >> 1 != type || len < 2 || len > n - at - 2 || (type < 3 && len > 256))
			return LLDP_BROKEN;
		if (type == 1)
			*identity = digest_of(d + at + 2, len);
		at += 2 + len;
	}
	return LLDP_GOOD;
}

// CDP behind its SNAP header: version, TTL, checksum, then TLVs of type, length with header. The device ID is type 1.
static enum announcement read_cdp(const uint8_t *d, uint32_t n, uint64_t *identity)
{
	for (uint32_t at = 4, i = 0; i < 32 && at + 4 <= n; i++) {
		uint32_t type = (uint32_t)d[at] << 8 | d[at + 1], len = (uint32_t)d[at + 2] << 8 | d[at + 3];
		if (len < 4 || len > n - at)
			return 0;
		if (type == 1) {
			*identity = digest_of(d + at + 4, len - 4);
			return CDP_GOOD;
		}
		at += len;
	}
	return 0;
}

static void lldp_anomaly_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		const uint8_t *d = packet_payload(p);
		uint64_t identity = 0;
		uint32_t kind = 0;
		if (p->flags & PKT_IP || !has_macs(p))
			continue;
		if (p->ether_type == ETHER_LLDP)
			kind = read_lldp(d, p->payload_len, &identity);
		else if (p->payload_len > 12 && memcmp(d, "\xaa\xaa\x03\0\0\x0c\x20\0", 8) == 0)
			kind = read_cdp(d + 8, p->payload_len - 8, &identity);
		struct link_obs *o = kind ? link_take(state, p, (uint8_t)kind) : NULL;
		if (o)
			memcpy(o->name, &identity, sizeof(identity));
	}
}

static void say(struct lldp_anomaly *s, const struct link_obs *o, const char *what, double observed, double threshold,
	const char *unit, uint8_t severity)
{
	const struct lldp_anomaly_config *c = s->common.config;
	struct finding f = {.detector = &detector_lldp_anomaly,
		.observed = observed,
		.threshold = threshold,
		.unit = unit,
		.what = what,
		.severity = severity,
		.window_ms = c->window_ns / 1000000,
		.confidence = 75,
		.sample = o->obs.seq};
	text_string(&f.text, "protocol", o->obs.kind == CDP_GOOD ? "cdp" : "lldp");
	text_mac(&f.text, "attacker_mac", o->mac);
	finding_emit(s->common.run, &f);
}

static struct lldp_link *link_of(struct lldp_anomaly *s, const struct obs *o)
{
	const struct lldp_anomaly_config *c = s->common.config;
	bool fresh;
	struct lldp_link *l = keytab_get(&s->links, sketch_mix(o->b) | 1, o->ts_ns, &fresh);
	if (fresh || o->ts_ns > l->start_ns + c->window_ns) {
		if (o->ts_ns > l->start_ns + 6 * c->window_ns)
			l->flood = l->broken = 0;
		l->start_ns = o->ts_ns;
		memset(l->neighbours, 0, sizeof(l->neighbours));
	}
	return l;
}

static void see_sender(struct lldp_anomaly *s, const struct link_obs *o, uint64_t identity)
{
	const struct lldp_anomaly_config *c = s->common.config;
	bool fresh;
	uint64_t key = sketch_pair(mac_digest(o->mac), o->obs.kind);
	struct announcer *a = keytab_get(&s->senders, key, o->obs.ts_ns, &fresh);
	if (fresh || o->obs.ts_ns > a->start_ns + 6 * c->window_ns) {
		a->start_ns = o->obs.ts_ns;
		a->identities = a->reported = 0;
	}
	bitmap_add(&a->identities, 1, identity);
	double identities = bitmap_count(&a->identities, 1);
	if (a->reported || identities + 0.5 < (double)c->identities)
		return;
	say(s, o, "one MAC announces ever other neighbours", identities, (double)c->identities, "names", 0);
	a->reported = 1;
}

static void lldp_anomaly_see(void *ctx, const struct obs *obs)
{
	struct lldp_anomaly *s = ctx;
	const struct lldp_anomaly_config *c = s->common.config;
	const struct link_obs *o = (const struct link_obs *)obs;
	struct lldp_link *l = link_of(s, obs);
	uint64_t identity;
	memcpy(&identity, o->name, sizeof(identity));
	if (obs->kind == LLDP_BROKEN) {
		if (!l->broken)
			say(s, o, "LLDP without chassis, port and lifetime in their places", 1, 1, "packets", 3);
		l->broken = 1;
		return;
	}
	bitmap_add(l->neighbours, NEIGHBOUR_WORDS, identity);
	double neighbours = bitmap_count(l->neighbours, NEIGHBOUR_WORDS);
	if (!l->flood && neighbours >= (double)c->neighbours) {
		say(s, o, "flood of neighbour announcements", neighbours, (double)c->neighbours, "neighbours", 0);
		l->flood = 1;
	}
	if (!l->flood)
		see_sender(s, o, identity);
}

OBS_DETECTOR_PARTS(lldp_anomaly, NEIGHBOUR_LOG, NEIGHBOUR_QUEUE, sizeof(struct link_obs), NULL)

static size_t lldp_anomaly_size(const void *config)
{
	return lldp_anomaly_common_size() + keytab_size(LINKS_LOG, sizeof(struct lldp_link)) +
	       keytab_size(SENDERS_LOG, sizeof(struct announcer));
}

static int lldp_anomaly_init(void *state, const void *config, const struct detector_env *env)
{
	struct lldp_anomaly *s = state;
	uint8_t *at = lldp_anomaly_init_common(s, config, env);
	keytab_init(&s->links, at, LINKS_LOG, sizeof(struct lldp_link));
	keytab_init(&s->senders, at + keytab_size(LINKS_LOG, sizeof(struct lldp_link)), SENDERS_LOG,
		sizeof(struct announcer));
	return 0;
}

OBS_DETECTOR(lldp_anomaly, 9010030, "Tocsin neighbour announcement anomaly", "Misc Attack", 2, DET_OTHER, 0);
