// MAC floods: frames from ever other Ethernet sources, which fill a switch's table until it sends everything
// everywhere (dsniff's macof).
//
// What gives a flood away is that its MACs never come back: counted are MACs never seen before that are the source
// of just one flow's first packet within the window. It is told when the window ends, or at once where there are
// group addresses among the sources (macof draws all six bytes) or more MACs than switches hold. MACs of a quiet
// window become known. Workers mark MACs in bitmaps; the sum of their marks is what one worker would have marked.
#include <stddef.h>

#include <math.h>
#include <rte_byteorder.h>
#include <rte_common.h>

#include "detectors/heuristics/conn_obs.h"
#include "detectors/heuristics/link_obs.h"

struct mac_flood_config {
	uint64_t macs;
	uint64_t window_ns;
};

static const struct config_row mac_flood_rows[] = {
	{"macs", CONFIG_UINT, offsetof(struct mac_flood_config, macs), "MACs", 10, 30000, "1000", NULL,
		"unknown Ethernet sources that show once within the window"},
	{"window", CONFIG_DURATION, offsetof(struct mac_flood_config, window_ns), "s", 1, 3600, "10s", NULL,
		"how long sources are counted"},
	CONFIG_END};

#define MAC_BITS 262144u
#define MAC_WORDS (MAC_BITS / 64)
// so many unknown sources at once are a flood whatever else there is: more than switches of an access layer hold
#define MAC_MANY (MAC_BITS / 8)
#define QUIET_NS 60000000000ull

// What a tick saw; the master's is of a window.
struct mac_marks {
	uint64_t once[MAC_WORDS], twice[MAC_WORDS];
	uint64_t group; // frames whose source is a group address, which no station has
	uint64_t last_seq;
	uint64_t last_mac;
	bool last_twice; // last_mac needs no further look
	bool any;
};

struct mac_flood {
	const struct mac_flood_config *config;
	struct mac_marks window;
	uint64_t known[MAC_WORDS];
	uint64_t start_ns, told_ns;
};

extern const struct detector detector_mac_flood;

static void mark(struct mac_marks *m, uint64_t mac)
{
	uint32_t bit = (uint32_t)(sketch_mix(mac + 1) >> 32) & (MAC_BITS - 1);
	uint64_t mask = 1ULL << (bit & 63);
	m->last_twice = m->once[bit >> 6] & mask;
	if (m->last_twice)
		m->twice[bit >> 6] |= mask;
	m->once[bit >> 6] |= mask;
	m->last_mac = mac;
	m->any = true;
}

// The frame's source, first byte lowest. Read in two: six bytes copied and read as eight wait for the copy.
static inline uint64_t source_of(const struct packet *p)
{
	uint32_t low;
	uint16_t high;
	memcpy(&low, p->data + 6, sizeof(low));
	memcpy(&high, p->data + 10, sizeof(high));
	return rte_le_to_cpu_32(low) | (uint64_t)rte_le_to_cpu_16(high) << 32;
}

static void mac_flood_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	struct mac_marks *m = state;
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		if (!has_macs(p))
			continue;
		uint64_t mac = source_of(p);
		m->group += mac & 1;
		m->last_seq = p->seq;
		if (mac != m->last_mac || !m->last_twice)
			mark(m, mac);
	}
}

static size_t mac_flood_size(const void *config)
{
	return sizeof(struct mac_flood);
}

static int mac_flood_init(void *state, const void *config, const struct detector_env *env)
{
	((struct mac_flood *)state)->config = config;
	return 0;
}

static size_t mac_flood_delta_size(const void *config)
{
	return sizeof(struct mac_marks);
}

static int mac_flood_init_delta(void *delta, const void *config, const struct detector_env *env)
{
	return 0;
}

static void mac_flood_merge(void *master, void *delta)
{
	struct mac_marks *to = &((struct mac_flood *)master)->window, *from = delta;
	if (!from->any)
		return;
	for (uint32_t i = 0; i < MAC_WORDS; i++) {
		to->twice[i] |= from->twice[i] | (to->once[i] & from->once[i]);
		to->once[i] |= from->once[i];
	}
	to->group += from->group;
	if (from->last_seq > to->last_seq) {
		to->last_seq = from->last_seq;
		to->last_mac = from->last_mac;
	}
	to->any = true;
	memset(from, 0, sizeof(*from));
}

static void say(struct mac_flood *s, uint32_t unknown, struct detector_run *run)
{
	struct mac_marks *w = &s->window;
	double full = (double)RTE_MIN(unknown, MAC_BITS - 1) / MAC_BITS;
	struct finding f = {.detector = &detector_mac_flood,
		.observed = floor(-log1p(-full) * MAC_BITS), // linear counting, as in sketch/distinct.h
		.threshold = (double)s->config->macs,
		.unit = "MACs",
		.what = "frames from ever other sources fill the switches' tables",
		.window_ms = (run->now_ns - s->start_ns) / 1000000,
		.confidence = w->group ? 95 : 80,
		.sample = w->last_seq};
	text_number(&f.text, "group_sources", (double)w->group);
	text_mac(&f.text, "example_mac", (const uint8_t *)&w->last_mac);
	finding_emit(run, &f);
}

// Ends a window. What was seen in a quiet one is known from now on.
static void end_window(struct mac_flood *s, uint64_t now_ns, bool learn)
{
	uint32_t known = 0;
	for (uint32_t i = 0; learn && i < MAC_WORDS; i++) {
		s->known[i] |= s->window.once[i];
		known += (uint32_t)__builtin_popcountll(s->known[i]);
	}
	if (known > MAC_BITS / 2) // the network has changed or is too large: learn it again
		memset(s->known, 0, sizeof(s->known));
	memset(&s->window, 0, sizeof(s->window));
	s->start_ns = now_ns;
}

static void mac_flood_tick(void *master, struct detector_run *run)
{
	struct mac_flood *s = master;
	const struct mac_marks *w = &s->window;
	uint32_t unknown = 0, single = 0;
	if (s->start_ns == 0)
		s->start_ns = run->now_ns;
	for (uint32_t i = 0; w->any && i < MAC_WORDS; i++) {
		uint64_t fresh = w->once[i] & ~s->known[i];
		unknown += (uint32_t)__builtin_popcountll(fresh);
		single += (uint32_t)__builtin_popcountll(fresh & ~w->twice[i]);
	}
	bool over = run->last || run->now_ns >= s->start_ns + s->config->window_ns;
	bool never_back = single >= s->config->macs && single * 10 >= unknown * 7;
	bool flood = unknown >= MAC_MANY || (never_back && (over || w->group * 10 >= s->config->macs));
	if (flood && (s->told_ns == 0 || run->now_ns > s->told_ns + QUIET_NS))
		say(s, unknown, run);
	if (flood)
		s->told_ns = run->now_ns;
	if (flood || over)
		end_window(s, run->now_ns, !flood);
}

const struct detector detector_mac_flood = {.name = "mac_flood",
	.sid = 9010031,
	.title = "Tocsin MAC flood",
	.category = "Misc Attack",
	.severity = 1,
	.wants = CONN_KINDS | DET_INVALID | DET_TICK, // Debian's macof sends IP without its TCP header
	.only = DET_FIRST,
	.config = mac_flood_rows,
	.config_size = sizeof(struct mac_flood_config),
	.state_size = mac_flood_size,
	.init = mac_flood_init,
	.delta_size = mac_flood_delta_size,
	.init_delta = mac_flood_init_delta,
	.on_packets = mac_flood_on_packets,
	.merge = mac_flood_merge,
	.on_tick = mac_flood_tick};
