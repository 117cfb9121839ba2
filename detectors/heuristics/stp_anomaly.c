// Spanning tree (IEEE 802.1D, 802.1w, Cisco's PVST+): a bridge never seen before that makes itself the root, a root
// that goes back and forth, floods of topology changes and of bridges.
//
// Whoever is root sees the traffic of the whole tree; topology changes make switches forget their MAC tables, so
// that they send everything everywhere. A root that was lost and comes back is known and may.
#include <stddef.h>

#include "detectors/heuristics/link_obs.h"
#include "detectors/heuristics/obs_detector.h"

struct stp_anomaly_config {
	uint64_t flips;
	uint64_t changes;
	uint64_t bridges;
	uint64_t window_ns;
};

static const struct config_row stp_anomaly_rows[] = {
	{"flips", CONFIG_UINT, offsetof(struct stp_anomaly_config, flips), "changes", 2, 1e6, "4", NULL,
		"changes of the root bridge of a tree within six windows"},
	{"changes", CONFIG_UINT, offsetof(struct stp_anomaly_config, changes), "packets", 2, 1e6, "20", NULL,
		"topology change notifications on a link within the window"},
	{"bridges", CONFIG_UINT, offsetof(struct stp_anomaly_config, bridges), "bridges", 2, 60, "12", NULL,
		"different bridges that send BPDUs on a link within the window"},
	{"window", CONFIG_DURATION, offsetof(struct stp_anomaly_config, window_ns), "s", 1, 3600, "10s", NULL,
		"how long BPDUs are counted"},
	CONFIG_END};

#define BPDU_LOG 1024u
#define BPDU_QUEUE 8192u
#define TREES_LOG 7u // 1024 trees: a link, and a VLAN of PVST+
#define ROOTS_LOG 8u // 2048 (tree, root bridge) pairs seen
// BPDUs of a tree before its root counts as settled
#define SETTLED 3u

enum bpdu_kind { BPDU_CONFIG = 1, BPDU_CHANGE };

struct tree {
	struct keyed head;
	uint8_t root[8]; // bridge identifier: priority and MAC
	uint64_t start_ns, flip_ns;
	uint64_t bridges; // bitmap of the window
	uint32_t seen, flips, changes;
	uint8_t told_flips, told_changes, told_bridges, spare;
};

struct stp_anomaly {
	struct obs_master common;
	struct keytab trees, roots;
	uint64_t memory[];
};

extern const struct detector detector_stp_anomaly;

// The BPDU behind LLC 42 42 03, or behind PVST+'s SNAP header; NULL when it is none.
static const uint8_t *find_bpdu(const struct packet *p, uint32_t *len)
{
	const uint8_t *d = packet_payload(p);
	uint32_t n = p->payload_len, skip = 0;
	if (n >= 7 && d[0] == 0x42 && d[1] == 0x42 && d[2] == 0x03)
		skip = 3;
	else if (n >= 12 && memcmp(d, "\xaa\xaa\x03\0\0\x0c\x01\x0b", 8) == 0)
		skip = 8;
	if (skip == 0 || d[skip] != 0 || d[skip + 1] != 0)
		return NULL;
	*len = n - skip;
	return d + skip;
}

// IEEE 802.1D-2004 clause 9.3: protocol, version, type (0 configuration, 2 rapid, 0x80 change), flags, root, cost,
// bridge.
static void note(struct obslog *log, const struct packet *p, const uint8_t *b, uint32_t n)
{
	bool change = b[3] == 0x80;
	if (!change && (n < 25 || (b[3] != 0 && b[3] != 2)))
		return;
	struct link_obs *o = link_take(log, p, change ? BPDU_CHANGE : BPDU_CONFIG);
	if (!o || change)
		return;
	memcpy(o->name, b + 5, 8);      // root
	memcpy(o->name + 8, b + 17, 8); // bridge
	// the low 12 bits of the priority are the VLAN whose tree it is
	o->obs.a = (uint32_t)(b[5] & 15) << 8 | b[6];
}

static void stp_anomaly_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		uint32_t len = 0;
		const uint8_t *b = p->flags & PKT_IP || !has_macs(p) ? NULL : find_bpdu(p, &len);
		if (b)
			note(state, p, b, len);
	}
}

static void say(struct stp_anomaly *s, const struct link_obs *o, const char *what, double observed, double threshold,
	const char *unit, uint8_t confidence)
{
	const struct stp_anomaly_config *c = s->common.config;
	struct finding f = {.detector = &detector_stp_anomaly,
		.observed = observed,
		.threshold = threshold,
		.unit = unit,
		.what = what,
		.window_ms = c->window_ns / 1000000,
		.confidence = confidence,
		.sample = o->obs.seq};
	text_mac(&f.text, "attacker_mac", o->mac);
	if (o->obs.kind == BPDU_CONFIG) {
		text_mac(&f.text, "root_mac", o->name + 2);
		text_number(&f.text, "root_priority", o->name[0] << 8 | o->name[1]);
		text_number(&f.text, "tree_vlan", o->obs.a);
	}
	finding_emit(s->common.run, &f);
}

// Has this tree named the bridge as its root before?
static bool is_new_root(struct stp_anomaly *s, const struct link_obs *o, uint64_t tree)
{
	bool fresh;
	keytab_get(&s->roots, sketch_pair(tree, mac_digest(o->name + 2)), o->obs.ts_ns, &fresh);
	return fresh;
}

// The BPDU names another root than the tree had.
static void see_other_root(struct stp_anomaly *s, struct tree *t, const struct link_obs *o, uint64_t tree)
{
	const struct stp_anomaly_config *c = s->common.config;
	bool superior = memcmp(o->name, t->root, 8) < 0, fresh = is_new_root(s, o, tree);
	t->flips = o->obs.ts_ns > t->flip_ns + 6 * c->window_ns ? 1 : t->flips + 1;
	t->flip_ns = o->obs.ts_ns;
	memcpy(t->root, o->name, 8);
	if (t->seen < SETTLED || t->told_bridges)
		return;
	if (fresh && superior)
		say(s, o, "a new bridge takes over as root of the spanning tree", 1, 1, "bridges", 70);
	if (t->flips < c->flips || t->told_flips)
		return;
	say(s, o, "the root of the spanning tree goes back and forth", t->flips, (double)c->flips, "changes", 80);
	t->told_flips = 1;
}

static void see_config(struct stp_anomaly *s, struct tree *t, const struct link_obs *o, uint64_t tree)
{
	const struct stp_anomaly_config *c = s->common.config;
	bitmap_add(&t->bridges, 1, mac_digest(o->name + 10));
	double bridges = bitmap_count(&t->bridges, 1);
	if (!t->told_bridges && bridges + 0.5 >= (double)c->bridges) {
		say(s, o, "flood of BPDUs from ever other bridges", bridges, (double)c->bridges, "bridges", 85);
		t->told_bridges = 1;
	}
	if (t->seen == 0) {
		memcpy(t->root, o->name, 8);
		is_new_root(s, o, tree);
	} else if (memcmp(t->root, o->name, 8) != 0) {
		see_other_root(s, t, o, tree);
	}
	t->seen++;
}

static void stp_anomaly_see(void *ctx, const struct obs *obs)
{
	struct stp_anomaly *s = ctx;
	const struct stp_anomaly_config *c = s->common.config;
	const struct link_obs *o = (const struct link_obs *)obs;
	bool fresh;
	uint64_t tree = sketch_pair(obs->b, obs->kind == BPDU_CONFIG ? obs->a : UINT32_MAX);
	struct tree *t = keytab_get(&s->trees, tree, obs->ts_ns, &fresh);
	if (fresh || obs->ts_ns > t->start_ns + c->window_ns) {
		// told again once it has been quiet for as long as roots are watched
		if (obs->ts_ns > t->start_ns + 6 * c->window_ns)
			t->told_flips = t->told_changes = t->told_bridges = 0;
		t->start_ns = obs->ts_ns;
		t->bridges = t->changes = 0;
	}
	if (obs->kind == BPDU_CONFIG) {
		see_config(s, t, o, tree);
		return;
	}
	if (++t->changes < c->changes || t->told_changes)
		return;
	say(s, o, "flood of topology changes", t->changes, (double)c->changes, "packets", 85);
	t->told_changes = 1;
}

OBS_DETECTOR_PARTS(stp_anomaly, BPDU_LOG, BPDU_QUEUE, sizeof(struct link_obs), NULL)

static size_t stp_anomaly_size(const void *config)
{
	return stp_anomaly_common_size() + keytab_size(TREES_LOG, sizeof(struct tree)) +
	       keytab_size(ROOTS_LOG, sizeof(struct keyed));
}

static int stp_anomaly_init(void *state, const void *config, const struct detector_env *env)
{
	struct stp_anomaly *s = state;
	uint8_t *at = stp_anomaly_init_common(s, config, env);
	keytab_init(&s->trees, at, TREES_LOG, sizeof(struct tree));
	keytab_init(&s->roots, at + keytab_size(TREES_LOG, sizeof(struct tree)), ROOTS_LOG, sizeof(struct keyed));
	return 0;
}

OBS_DETECTOR(stp_anomaly, 9010029, "Tocsin spanning tree anomaly", "Misc Attack", 1, DET_OTHER, 0);
