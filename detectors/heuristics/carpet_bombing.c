// Carpet bombing: a flood spread over a prefix so that no single host's share stands out.
//
// Counts what nobody answered toward each prefix the site has named, else each IPv4 /24 and IPv6 /48, with the number
// of hosts hit. One frame in eight is enough for rates like these, and which ones are looked at depends on their
// ordinals alone.
#include <stddef.h>

#include "detectors/heuristics/flood_detector.h"

enum carpet_count { CARPET_UNANSWERED };

#define SAMPLED 8u // DET_SAMPLE

struct carpet_bombing_config {
	struct flood_config common;
	uint64_t pps;
	uint64_t hosts;
	uint64_t host_pps;
};

static const struct config_row carpet_bombing_rows[] = {
	{"threshold", CONFIG_UINT, offsetof(struct carpet_bombing_config, pps), "packets/s", 1, 1e9, "4000", NULL,
		"unanswered packets a second toward one prefix"},
	{"hosts", CONFIG_UINT, offsetof(struct carpet_bombing_config, hosts), "addresses", 2, 1e9, "32", NULL,
		"hosts of the prefix that must be hit"},
	{"host-limit", CONFIG_UINT, offsetof(struct carpet_bombing_config, host_pps), "packets/s", 1, 1e9, "1000", NULL,
		"a mean rate a host above this is a flood of hosts, which other detectors report"},
	FLOOD_CONFIG_ROWS(struct carpet_bombing_config), CONFIG_END};

static bool is_unanswered(const struct packet *p)
{
	return p->flow == NULL || (p->dir == DIR_TO_SERVER && p->nth[DIR_TO_CLIENT] == 0);
}

// The prefix a packet goes to; its bits are returned.
static inline uint8_t prefix_of(const struct baselines *site, const struct packet *p, union ip_addr *net)
{
	bool v6 = p->flags & PKT_IPV6;
	const struct baseline_prefix *named =
		site && site->prefix_count ? baselines_prefix(site, &p->dst, v6 ? 6 : 4) : NULL;
	*net = named ? named->addr : p->dst;
	if (named)
		return named->bits;
	if (v6) {
		net->d[1] = 0;
		net->b[6] = net->b[7] = 0;
		return 48;
	}
	net->b[3] = 0;
	return 24;
}

// The cell of a prefix: most often it is the one used last, and need not be digested again.
static inline struct flood_cell *cell_of(
	struct flood_delta *d, const union ip_addr *net, uint8_t bits, const struct packet *p)
{
	struct flood_cell *c = &d->cell[d->last];
	if (c->digest != 0 && flood_same(&c->addr, net) && d->detail[d->last].prefix == bits)
		return c;
	return flood_cell(d, sketch_pair(sketch_addr(net), bits), net, p);
}

static void carpet_bombing_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	struct flood_delta *d = state;
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		if (!is_unanswered(p))
			continue;
		union ip_addr net;
		uint8_t bits = prefix_of(d->site, p, &net);
		struct flood_cell *c = cell_of(d, &net, bits, p);
		if (!c)
			continue;
		struct flood_detail *t = flood_detail(d, c);
		t->prefix = bits;
		flood_count(c, CARPET_UNANSWERED, p);
		// counts hosts where others count sources, and sources where others count ports
		if (flood_tells(p))
			flood_describe(t, p, sketch_addr(&p->dst), (uint32_t)(flood_source(p) >> 32));
	}
}

static bool carpet_bombing_judge(const void *config, const struct flood_view *v, struct flood_verdict *out)
{
	const struct carpet_bombing_config *c = config;
	uint64_t part = v->active ? 2 : 1;
	double hosts = v->sources, sources = v->ports;
	uint64_t pps = v->pkts * SAMPLED;
	if (pps * part < c->pps || hosts * (double)part < (double)c->hosts)
		return false;
	if ((double)pps > hosts * (double)c->host_pps || sources * (double)part < 16)
		return false; // one flood after another, or one scanner
	out->what = "flood spread over a prefix";
	out->vector = "carpet";
	out->observed = (double)pps;
	out->threshold = (double)c->pps;
	out->unit = "packets/s";
	out->window_ms = 1000;
	out->confidence = 80;
	out->bpf = out->nft = "";
	return true;
}

static double carpet_bombing_rate(const struct flood_view *v)
{
	return (double)v->pkts * SAMPLED;
}

FLOOD_DETECTOR(carpet_bombing, 9010007, "Tocsin carpet bombing", DET_TCP | DET_UDP | DET_ICMP | DET_FRAGMENT,
	DET_SAMPLE, 0, .scale = SAMPLED, .sources_name = "hosts", .ports_name = "sources");
