// Floods of IP fragments toward a host: fragments that never make a whole datagram, or sheer rate.
//
// Of ordinary fragmented traffic every datagram has one first and one last fragment. A flood of
// firsts, of middles, or of tiny pieces has not, and that is what ties up reassembly (RFC 1858, 8900).
#include <stddef.h>

#include "detectors/heuristics/flood_detector.h"

enum fragment_count { FRAG_SEEN, FRAG_FIRST, FRAG_LAST, FRAG_TINY };

struct fragment_flood_config {
	struct flood_config common;
	uint64_t broken_pps;
	uint64_t pps;
};

static const struct config_row fragment_flood_rows[] = {
	{"threshold", CONFIG_UINT, offsetof(struct fragment_flood_config, broken_pps), "packets/s", 1, 1e9, "2000",
		NULL, "fragments a second toward one host that do not add up to datagrams"},
	{"rate-threshold", CONFIG_UINT, offsetof(struct fragment_flood_config, pps), "packets/s", 1, 1e9, "50000", NULL,
		"fragments of any kind a second toward one host"},
	FLOOD_CONFIG_ROWS(struct fragment_flood_config), CONFIG_END};

// Of IPv4 the last six bytes before its options begin tell; of IPv6 the header the packet ends with, for all that is
// known of a fragment (RFC 791 section 3.1, RFC 8200 section 4.5).
static void count_kind(struct flood_cell *c, const struct packet *p)
{
	bool v6 = p->flags & PKT_IPV6, more, first;
	uint32_t at = v6 ? p->l4_off - 6 : p->l3_off + 6;
	if (p->l4_off < 8 || at + 2 > p->len)
		return;
	uint32_t word = (uint32_t)p->data[at] << 8 | p->data[at + 1];
	more = v6 ? word & 1 : word & 0x2000;
	first = (v6 ? word >> 3 : word & 0x1fff) == 0;
	c->count[FRAG_FIRST] += more && first;
	c->count[FRAG_LAST] += !more && !first;
	// links carry 1280 bytes of IPv6, so that no honest sender makes such small ones
	c->count[FRAG_TINY] += more && p->wire_len - p->l3_off < (v6 ? 640 : 200);
}

static void fragment_flood_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	struct flood_delta *d = state;
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		struct flood_cell *c = flood_host(d, &p->dst, p);
		if (!c)
			continue;
		flood_take(d, c, FRAG_SEEN, p);
		count_kind(c, p);
	}
}

static bool fragment_flood_judge(const void *config, const struct flood_view *v, struct flood_verdict *out)
{
	const struct fragment_flood_config *c = config;
	uint64_t part = v->active ? 2 : 1;
	uint64_t first = v->count[FRAG_FIRST], last = v->count[FRAG_LAST];
	bool whole = RTE_MIN(first, last) * 2 > RTE_MAX(first, last) && v->count[FRAG_TINY] * 2 < v->pkts;
	uint64_t limit = whole ? c->pps : c->broken_pps;
	if (v->pkts * part < limit)
		return false;
	out->what = whole ? "fragment flood" : "flood of fragments that make no datagram";
	out->vector = "fragment";
	out->observed = (double)v->pkts;
	out->threshold = (double)limit;
	out->unit = "packets/s";
	out->window_ms = 1000;
	out->confidence = whole ? 60 : 85;
	out->flow = "fragment is_fragment || first_fragment;";
	out->bpf = v->version == 6 ? "ip6[6] == 44" : "ip[6:2] & 0x3fff != 0";
	out->nft = v->version == 6 ? "exthdr frag exists" : "ip frag-off & 0x3fff != 0";
	return true;
}

static double fragment_flood_rate(const struct flood_view *v)
{
	return (double)v->pkts;
}

FLOOD_DETECTOR(fragment_flood, 9010004, "Tocsin IP fragment flood", DET_FRAGMENT, 0, 0);
