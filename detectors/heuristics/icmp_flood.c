// ICMP and ICMPv6 floods toward a host: echo requests, unasked echo replies (smurf), errors, and
// neighbour discovery and multicast listener messages, which make every host of a link work (RFC 6583).
#include <stddef.h>

#include "detectors/heuristics/flood_detector.h"

enum icmp_flood_count { ICMP_ECHO, ICMP_UNASKED_REPLY, ICMP_ERROR, ICMP_OTHER, ICMP_FROM_GROUP, ICMP_DISCOVERY };

struct icmp_flood_config {
	struct flood_config common;
	uint64_t pps;
	uint64_t error_pps;
};

static const struct config_row icmp_flood_rows[] = {
	{"threshold", CONFIG_UINT, offsetof(struct icmp_flood_config, pps), "packets/s", 1, 1e9, "500", NULL,
		"echo requests, replies nobody asked for, or neighbour discovery, a second toward one host or group"},
	{"error-threshold", CONFIG_UINT, offsetof(struct icmp_flood_config, error_pps), "packets/s", 1, 1e9, "5000",
		NULL, "ICMP errors a second toward one host (it may be a scanner that gets what it deserves)"},
	FLOOD_CONFIG_ROWS(struct icmp_flood_config), CONFIG_END};

static uint32_t kind_of(const struct packet *p)
{
	bool v6 = p->flags & PKT_ICMPV6;
	if (p->icmp_type == (v6 ? 128 : 8))
		return ICMP_ECHO;
	if (p->icmp_type == (v6 ? 129 : 0))
		return p->dir == DIR_TO_SERVER ? ICMP_UNASKED_REPLY : FLOOD_COUNTS;
	if (v6 && ((p->icmp_type >= 130 && p->icmp_type <= 137) || p->icmp_type == 143))
		return ICMP_DISCOVERY;
	if (p->icmp_has_inner)
		return ICMP_ERROR;
	return ICMP_OTHER;
}

static void icmp_flood_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	struct flood_delta *d = state;
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		uint32_t kind = kind_of(p);
		if (kind == FLOOD_COUNTS)
			continue; // an answer to what the host asked
		struct flood_cell *c = flood_host(d, &p->dst, p);
		if (!c)
			continue;
		flood_take(d, c, kind, p);
		// no host has a multicast address: somebody wants the answers to go to everyone
		c->count[ICMP_FROM_GROUP] += p->flags & PKT_IPV6 ? p->src.b[0] == 0xff : p->src.b[0] >= 224;
	}
}

static bool icmp_flood_judge(const void *config, const struct flood_view *v, struct flood_verdict *out)
{
	const struct icmp_flood_config *c = config;
	uint64_t part = v->active ? 2 : 1;
	uint64_t asked = v->count[ICMP_ECHO], smurf = v->count[ICMP_UNASKED_REPLY];
	uint64_t other = v->count[ICMP_ERROR] + v->count[ICMP_OTHER];
	uint64_t discovery = v->count[ICMP_DISCOVERY], most = RTE_MAX(RTE_MAX(asked, smurf), discovery);
	// sources drawn at random are group addresses one time in eight
	bool group = v->count[ICMP_FROM_GROUP] * 2 > most;
	if (most * part < c->pps && other * part < c->error_pps)
		return false;
	out->what = group                  ? "ICMP echo flood from a group address (reverse smurf)"
		    : most * part < c->pps ? "ICMP error flood"
		    : discovery == most    ? "neighbour discovery flood"
		    : smurf > asked        ? "ICMP echo reply flood (smurf)"
					   : "ICMP echo flood";
	out->vector = most * part < c->pps ? "icmp-error"
		      : discovery == most  ? "icmp-discovery"
		      : smurf > asked      ? "icmp-echo-reply"
					   : "icmp-echo";
	out->observed = (double)(most * part < c->pps ? other : most);
	out->threshold = (double)(most * part < c->pps ? c->error_pps : c->pps);
	out->unit = "packets/s";
	out->window_ms = 1000;
	out->confidence = 85;
	out->severity = group ? 1 : 2;
	out->proto = v->version == 6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	out->bpf = v->version == 6 ? "icmp6" : "icmp";
	out->nft = v->version == 6 ? "meta l4proto ipv6-icmp" : "meta l4proto icmp";
	out->flow = "";
	if (group) {
		out->spoofed = "yes";
		out->spoofed_why = "a group address is nobody's source";
	}
	return true;
}

static double icmp_flood_rate(const struct flood_view *v)
{
	return (double)v->pkts;
}

FLOOD_DETECTOR(icmp_flood, 9010003, "Tocsin ICMP flood", DET_ICMP, 0, IPPROTO_ICMP);
