// Carpet bombing: a flood spread over a prefix so that no single host's share stands out.
//
// Counts what nobody answered toward each prefix the site has named, else each IPv4 /24 and IPv6 /48, with the number
// of hosts hit. One frame in eight is enough for rates like these, and which ones are looked at depends on their
// ordinals alone.
#include <stddef.h>

#include <rte_byteorder.h>

#include "detectors/heuristics/baseline.h"
#include "detectors/heuristics/flood_detector.h"

enum carpet_count {
	CARPET_UNANSWERED,
	CARPET_ANSWERS, // the first answers of flows: what began them was no flood
};

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

static bool is_first_answer(const struct packet *p)
{
	return p->dir == DIR_TO_CLIENT && p->nth[DIR_TO_CLIENT] == 1;
}

// The prefix an address lies in; its bits are returned.
static inline uint8_t prefix_of(const struct baselines *site, const union ip_addr *addr, bool v6, union ip_addr *net)
{
	const struct baseline_prefix *named =
		site && site->prefix_count ? baselines_prefix(site, addr, v6 ? 6 : 4) : NULL;
	*net = named ? named->addr : *addr;
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

// A packet on its way to its cell.
struct found {
	const struct packet *p;
	struct flood_cell *cell;
	uint64_t digest;
	union ip_addr net;
	uint8_t bits;
};

static inline void count(struct flood_delta *d, const struct found *f)
{
	const struct packet *p = f->p;
	struct flood_detail *t = flood_detail(d, f->cell);
	t->prefix = f->bits;
	flood_count(f->cell, CARPET_UNANSWERED, p);
	// counts hosts where others count sources, and sources where others count ports
	if (flood_tells(p))
		flood_describe(t, p, sketch_addr(&p->dst), (uint32_t)(flood_source(p) >> 32));
	if (p->flags & PKT_IPV6) {
		t->net_or |= rte_be_to_cpu_64(p->dst.d[0]);
		t->net_and &= rte_be_to_cpu_64(p->dst.d[0]);
	}
	flood_pick(t->pick_hash, t->pick, flood_pick_hash(p), &p->src);
}

// A first answer makes up for the packet that asked, where that was counted.
static void count_answer(struct flood_delta *d, const struct packet *p)
{
	union ip_addr net;
	uint8_t bits = prefix_of(d->site, &p->src, p->flags & PKT_IPV6, &net);
	struct flood_cell *c = flood_find(d, sketch_pair(sketch_addr(&net), bits));
	if (c)
		c->count[CARPET_ANSWERS]++;
}

// Takes down the prefix of a packet. Most often it is that of the packet before, and need not be digested again.
static inline void look_up(struct flood_delta *d, struct found *f, const struct found *before, const struct packet *p)
{
	f->p = p;
	f->bits = prefix_of(d->site, &p->dst, p->flags & PKT_IPV6, &f->net);
	if (before && before->bits == f->bits && flood_same(&before->net, &f->net)) {
		f->digest = before->digest;
		return;
	}
	f->digest = sketch_pair(sketch_addr(&f->net), f->bits);
	__builtin_prefetch(&d->bucket[flood_bucket_of(f->digest)], 1);
}

// Lines are asked for a burst ahead: where this detector matters packets come to ever other prefixes.
static void count_burst(struct flood_delta *d, struct packet *const *pkts, uint32_t n)
{
	struct found found[PKT_BURST];
	uint32_t m = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (is_unanswered(pkts[i])) {
			look_up(d, &found[m], m ? &found[m - 1] : NULL, pkts[i]);
			m++;
		} else if (is_first_answer(pkts[i])) {
			count_answer(d, pkts[i]);
		}
	}
	for (uint32_t i = 0; i < m; i++) {
		struct found *f = &found[i];
		f->cell = flood_cell(d, f->digest, &f->net, f->p, 1);
		if (!f->cell)
			continue;
		__builtin_prefetch(flood_detail(d, f->cell), 1);
		__builtin_prefetch(flood_detail(d, f->cell)->sources, 1);
	}
	for (uint32_t i = 0; i < m; i++) {
		if (found[i].cell && found[i].cell->digest == found[i].digest)
			count(d, &found[i]);
		else if (found[i].cell) // it had to make room
			d->missed++;
	}
}

static void carpet_bombing_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	for (uint32_t at = 0; at < n; at += PKT_BURST)
		count_burst(state, pkts + at, RTE_MIN(n - at, PKT_BURST));
}

static bool carpet_bombing_judge(const void *config, const struct flood_view *v, struct flood_verdict *out)
{
	const struct carpet_bombing_config *c = config;
	uint64_t part = v->active ? 2 : 1;
	double hosts = v->sources, sources = v->ports;
	uint64_t pps = (v->pkts - RTE_MIN(v->pkts, v->count[CARPET_ANSWERS])) * SAMPLED;
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
	out->bpf = out->nft = out->flow = "";
	return true;
}

static double carpet_bombing_rate(const struct flood_view *v)
{
	return (double)v->pkts * SAMPLED;
}

FLOOD_DETECTOR(carpet_bombing, 9010007, "Tocsin carpet bombing", DET_TCP | DET_UDP | DET_ICMP | DET_FRAGMENT,
	DET_SAMPLE, 0, .scale = SAMPLED, .sources_name = "hosts", .ports_name = "sources", .hides_sources = true);
