// Reflection and amplification toward a host: answers of UDP services that it never asked.
//
// A packet counts when it comes from a service's port and began its flow (an answer to a request we
// saw is the flow's other direction). Which services: US-CERT TA14-017A and later advisories.
#include <stddef.h>

#include "detectors/heuristics/finding.h"
#include "detectors/heuristics/flood_detector.h"
#include "detectors/heuristics/udp_services.h"

enum amplification_count { AMP_UNASKED, AMP_CERTAIN };

struct amplification_config {
	struct flood_config common;
	uint64_t pps;
	uint64_t dns_pps;
	uint64_t reflectors;
};

static const struct config_row amplification_rows[] = {
	{"threshold", CONFIG_UINT, offsetof(struct amplification_config, pps), "packets/s", 1, 1e9, "100", NULL,
		"unasked answers of one service a second toward one host"},
	{"dns-threshold", CONFIG_UINT, offsetof(struct amplification_config, dns_pps), "packets/s", 1, 1e9, "500", NULL,
		"the same for DNS, where a resolver seen from one side gets many"},
	{"reflectors", CONFIG_UINT, offsetof(struct amplification_config, reflectors), "addresses", 1, 1e9, "10", NULL,
		"sources it must come from, unless it is ten times the threshold"},
	FLOOD_CONFIG_ROWS(struct amplification_config), CONFIG_END};

struct service {
	uint16_t port;
	uint16_t mean_bytes; // answers are larger than this on average when they serve amplification
	const char *name, *what, *bpf, *nft, *flow;
};

#define SERVICE_ROW(w, port, bytes, name) \
	{port, bytes, name, name " reflection", "udp src port " #port, "udp sport " #port, "sport = " #port ";"},
static const struct service services[] = {UDP_SERVICES(SERVICE_ROW, 0)};

// A filter of 1024 bits over hashed ports rules most packets out without a search.
#define PORT_HASH(port) (((port)*40503u >> 6) & 1023)
#define PORT_BIT(w, port, bytes, name) | (PORT_HASH(port##u) >> 6 == w ? 1ULL << (PORT_HASH(port##u) & 63) : 0)
#define FILTER_WORD(w) (0 UDP_SERVICES(PORT_BIT, w))
static const uint64_t service_filter[16] = {FILTER_WORD(0), FILTER_WORD(1), FILTER_WORD(2), FILTER_WORD(3),
	FILTER_WORD(4), FILTER_WORD(5), FILTER_WORD(6), FILTER_WORD(7), FILTER_WORD(8), FILTER_WORD(9), FILTER_WORD(10),
	FILTER_WORD(11), FILTER_WORD(12), FILTER_WORD(13), FILTER_WORD(14), FILTER_WORD(15)};

static inline bool may_be_service(uint16_t port)
{
	uint32_t h = PORT_HASH((uint32_t)port);
	return service_filter[h >> 6] >> (h & 63) & 1;
}

static const struct service *service_of(uint16_t port)
{
	uint32_t lo = 0, hi = RTE_DIM(services);
	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;
		if (services[mid].port == port)
			return &services[mid];
		if (services[mid].port < port)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

// An NTP private-mode answer that lists clients: nothing else looks like it, and nobody uses it any more
// (CVE-2013-5211).
static bool is_monlist(const struct packet *p)
{
	const uint8_t *n = packet_payload(p);
	return p->sport == 123 && p->payload_len >= 80 && (n[0] & 0x87) == 0x87 && n[2] == 3 &&
	       (n[3] == 42 || n[3] == 20);
}

static void amplification_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	struct flood_delta *d = state;
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		// most packets come from an ephemeral port or answer a request
		if (!may_be_service(p->sport) || (p->flow && p->dir == DIR_TO_CLIENT) || p->sport == p->dport ||
			service_of(p->sport) == NULL)
			continue;
		if (address_is_group(&p->dst, p->flags & PKT_IPV6 ? 6 : 4))
			continue; // discovery protocols announce themselves
		struct flood_cell *c = flood_cell(d, sketch_pair(sketch_addr(&p->dst), p->sport), &p->dst, p, 1);
		if (!c)
			continue;
		flood_detail(d, c)->port = p->sport;
		flood_take(d, c, AMP_UNASKED, p);
		c->count[AMP_CERTAIN] += is_monlist(p);
	}
}

static bool judge_rate(const struct amplification_config *c, const struct flood_view *v, const struct service *s,
	struct flood_verdict *out)
{
	uint64_t part = v->active ? 2 : 1, seen = v->count[AMP_UNASKED];
	uint64_t limit = v->port == 53 ? c->dns_pps : c->pps;
	bool many = v->sources * (double)part >= (double)c->reflectors;
	if (seen * part < limit || v->bytes < seen * s->mean_bytes || (!many && seen < limit * 10))
		return false;
	out->what = s->what;
	out->observed = (double)seen;
	out->threshold = (double)limit;
	out->confidence = many ? 95 : 70;
	return true;
}

static bool judge_certain(const struct flood_view *v, struct flood_verdict *out)
{
	if (v->count[AMP_CERTAIN] == 0)
		return false;
	out->what = "NTP monlist answer nobody asked for";
	out->observed = (double)v->count[AMP_CERTAIN];
	out->threshold = 1;
	out->confidence = 60;
	out->severity = 3;
	return true;
}

static bool amplification_judge(const void *config, const struct flood_view *v, struct flood_verdict *out)
{
	const struct service *s = service_of(v->port);
	if (!s)
		return false;
	out->vector = s->name;
	out->bpf = s->bpf;
	out->nft = s->nft;
	out->flow = s->flow;
	out->unit = "packets/s";
	out->window_ms = 1000;
	// the reflectors are real hosts; it is their request that was forged in the victim's name
	out->spoofed = "no";
	out->spoofed_why = "sources are reflectors, the requests they answer were spoofed";
	return judge_rate(config, v, s, out) || judge_certain(v, out);
}

static double amplification_rate(const struct flood_view *v)
{
	return (double)v->count[AMP_UNASKED];
}

FLOOD_DETECTOR(amplification, 9010006, "Tocsin reflection and amplification flood", DET_UDP, DET_REFLECTED, IPPROTO_UDP,
	.least_pkts = 1);
