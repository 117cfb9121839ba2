// ARP spoofing: somebody claims an address that is another's (RFC 826 has no proof of ownership).
//
// Three things give it away: an answer nobody asked for that moves an address to another MAC; an
// address that goes back and forth between MACs; a MAC that sends unasked answers for one address
// while it holds others. Virtual router MACs (RFC 5798, HSRP) move on purpose and are left out.
#include <stddef.h>

#include "detectors/heuristics/link_obs.h"
#include "detectors/heuristics/obs_detector.h"

struct arp_spoof_config {
	uint64_t flips;
	uint64_t window_ns;
};

static const struct config_row arp_spoof_rows[] = {
	{"flips", CONFIG_UINT, offsetof(struct arp_spoof_config, flips), "changes", 2, 1e6, "3", NULL,
		"changes of an address between MACs within the window"},
	{"window", CONFIG_DURATION, offsetof(struct arp_spoof_config, window_ns), "s", 1, 86400, "600s", NULL,
		"how long claims are remembered"},
	CONFIG_END};

#define ARP_LOG 2048u
#define ARP_QUEUE 8192u
#define BINDINGS_LOG 11u // 16384 addresses
#define MACS_LOG 11u     // 16384 MACs

enum arp_kind { ARP_REQUEST = 1, ARP_REPLY = 2 };
#define ARP_TO_ALL 1u // obs.flags: sent to the broadcast address

// An IPv4 address and who claims it.
struct binding {
	struct keyed head;
	uint8_t mac[8]; // the last one; two bytes unused
	uint64_t since_ns, flip_ns;
	uint64_t asked_ns; // when somebody asked for it last
	uint32_t flips, reported;
};

struct claimer {
	struct keyed head;
	uint64_t start_ns;
	uint64_t addresses; // bitmap of those it claimed
	uint32_t unasked;
	uint32_t reported;
	union ip_addr unasked_for; // the address it answered for unasked
};

struct arp_spoof {
	struct obs_master common;
	struct keytab bindings, macs;
	uint64_t memory[];
};

extern const struct detector detector_arp_spoof;

// RFC 826's fields for Ethernet and IPv4. obs.src, obs.dst: sender's and target's protocol address; the sender's MAC
// lies in a and b.
static void arp_spoof_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		if (p->len < 28 || p->l3_off > p->len - 28)
			continue;
		const uint8_t *a = p->data + p->l3_off;
		if (memcmp(a, "\0\1\x08\0\6\4\0", 7) != 0 || a[7] < ARP_REQUEST || a[7] > ARP_REPLY)
			continue;
		struct obs *o = obslog_take(state, p, a[7]);
		if (!o)
			continue;
		memset(&o->src, 0, sizeof(o->src));
		memset(&o->dst, 0, sizeof(o->dst));
		memcpy(&o->a, a + 8, 4);
		memcpy(&o->b, a + 12, 2);
		memcpy(o->src.b, a + 14, 4);
		memcpy(o->dst.b, a + 24, 4);
		uint32_t link = packet_link(p);
		o->sport = (uint16_t)link; // ARP has no ports
		o->dport = (uint16_t)(link >> 16);
		o->version = 4;
		o->proto = 0;
		o->flags = p->link_type == 1 && p->l3_off >= 14 && p->data[0] & 1 ? ARP_TO_ALL : 0;
	}
}

static void mac_of(const struct obs *o, uint8_t mac[8])
{
	memcpy(mac, &o->a, 4);
	memcpy(mac + 4, &o->b, 2);
	mac[6] = mac[7] = 0;
}

// 00:00:5e:00:01 and :02 (VRRP), 00:00:0c:07:ac and 00:00:0c:9f:f (HSRP), 00:07:b4 (GLBP).
static bool is_virtual_mac(const uint8_t *m)
{
	return memcmp(m, "\0\0\x5e\0", 4) == 0 || memcmp(m, "\0\0\x0c\x07\xac", 5) == 0 ||
	       memcmp(m, "\0\0\x0c\x9f", 4) == 0 || memcmp(m, "\0\7\xb4", 3) == 0;
}

static void say(struct arp_spoof *s, const struct obs *o, const union ip_addr *address, const uint8_t *old,
	const char *what, double observed, uint64_t threshold, const char *unit)
{
	uint8_t mac[8];
	const struct arp_spoof_config *c = s->common.config;
	struct finding f = {.detector = &detector_arp_spoof,
		.victim = *address,
		.victim_version = 4,
		.observed = observed,
		.threshold = (double)threshold,
		.unit = unit,
		.what = what,
		.window_ms = c->window_ns / 1000000,
		.confidence = 75,
		.sample = o->seq};
	mac_of(o, mac);
	text_mac(&f.text, "attacker_mac", mac);
	if (old)
		text_mac(&f.text, "former_mac", old);
	text_address(&f.text, "target", &o->dst, 4);
	finding_emit(s->common.run, &f);
}

// The address's record, moved to the MAC that claims it now.
static void see_claim(struct arp_spoof *s, const struct obs *o, const uint8_t *mac, struct binding *b, bool unasked)
{
	const struct arp_spoof_config *c = s->common.config;
	if (b->since_ns == 0 || memcmp(b->mac, mac, 6) == 0) {
		memcpy(b->mac, mac, 6);
		b->since_ns = b->since_ns ? b->since_ns : o->ts_ns;
		return;
	}
	uint8_t old[8];
	memcpy(old, b->mac, 8);
	b->flips = o->ts_ns > b->flip_ns + c->window_ns ? 1 : b->flips + 1;
	b->flip_ns = o->ts_ns;
	memcpy(b->mac, mac, 6);
	if (b->reported || is_virtual_mac(mac) || is_virtual_mac(old))
		return;
	if (b->flips >= c->flips)
		say(s, o, &o->src, old, "an address goes back and forth between MACs", b->flips, c->flips, "changes");
	else if (unasked)
		say(s, o, &o->src, old, "an answer nobody asked for moves an address", 1, 1, "answers");
	else
		return;
	b->reported = 1;
}

static void see_claimer(struct arp_spoof *s, const struct obs *o, const uint8_t *mac, bool unasked)
{
	const struct arp_spoof_config *c = s->common.config;
	uint64_t digest = 0;
	bool fresh;
	memcpy(&digest, mac, 6);
	struct claimer *m = keytab_get(&s->macs, sketch_mix(digest) | 1, o->ts_ns, &fresh);
	if (fresh || o->ts_ns > m->start_ns + c->window_ns) {
		m->start_ns = o->ts_ns;
		m->addresses = m->unasked = 0;
	}
	bitmap_add(&m->addresses, 1, sketch_addr(&o->src));
	if (unasked) {
		m->unasked++;
		m->unasked_for = o->src;
	}
	if (m->reported || m->unasked == 0 || bitmap_count(&m->addresses, 1) < 1.5 || is_virtual_mac(mac))
		return;
	say(s, o, &m->unasked_for, NULL, "a MAC answers unasked for one address and holds others",
		bitmap_count(&m->addresses, 1), 2, "addresses");
	m->reported = 1;
}

static uint64_t binding_key(const struct obs *o, const union ip_addr *address)
{
	return sketch_pair(sketch_addr(address), (uint64_t)o->dport << 16 | o->sport);
}

static void arp_spoof_see(void *ctx, const struct obs *o)
{
	struct arp_spoof *s = ctx;
	uint8_t mac[8];
	bool fresh;
	mac_of(o, mac);
	if (o->kind == ARP_REQUEST) {
		struct binding *asked = keytab_get(&s->bindings, binding_key(o, &o->dst), o->ts_ns, &fresh);
		asked->asked_ns = o->ts_ns;
	}
	if (o->src.w[0] == 0 || mac[0] & 1)
		return; // a probe (RFC 5227) claims nothing
	struct binding *b = keytab_get(&s->bindings, binding_key(o, &o->src), o->ts_ns, &fresh);
	// announcements to all (RFC 5227) are how an address is meant to move
	bool announced = o->src.w[0] == o->dst.w[0] || o->flags & ARP_TO_ALL;
	bool unasked =
		o->kind == ARP_REPLY && !announced && (b->asked_ns == 0 || o->ts_ns > b->asked_ns + 5000000000ull);
	see_claim(s, o, mac, b, unasked);
	see_claimer(s, o, mac, unasked);
}

OBS_DETECTOR_PARTS(arp_spoof, ARP_LOG, ARP_QUEUE, sizeof(struct obs), NULL)

static size_t arp_spoof_size(const void *config)
{
	return arp_spoof_common_size() + keytab_size(BINDINGS_LOG, sizeof(struct binding)) +
	       keytab_size(MACS_LOG, sizeof(struct claimer));
}

static int arp_spoof_init(void *state, const void *config, const struct detector_env *env)
{
	struct arp_spoof *s = state;
	uint8_t *at = arp_spoof_init_common(s, config, env);
	keytab_init(&s->bindings, at, BINDINGS_LOG, sizeof(struct binding));
	keytab_init(&s->macs, at + keytab_size(BINDINGS_LOG, sizeof(struct binding)), MACS_LOG, sizeof(struct claimer));
	return 0;
}

OBS_DETECTOR(arp_spoof, 9010020, "Tocsin ARP spoofing", "Misc Attack", 1, DET_ARP, 0);
