// The matches a flood's event carries, for people: what a filter would select. Next: flood_report.c.
//
// For libpcap, for nftables and as a flow specification (RFC 8955, of IPv6 RFC 8956) in the words of BIRD's
// configuration. Flow specifications see no payload: where all packets have one length, they say that instead.
#include <netinet/in.h>
#include <stdio.h>

#include "detectors/heuristics/flood_internal.h"

static void say_bpf(struct text *t, const struct flood_victim *v, const char *victim)
{
	const struct flood_verdict *what = &v->verdict;
	const char *bpf = v->version == 6 && what->bpf6 ? what->bpf6 : what->bpf;
	if (!bpf)
		return;
	text_member(t, "match_bpf");
	text_add(t, "\"%s dst %s %s%s%s", v->version == 6 ? "ip6" : "ip", flood_is_prefix(v) ? "net" : "host", victim,
		bpf[0] ? " and " : "", bpf);
	if (what->tcp_port)
		text_add(t, " and tcp dst port %u", what->tcp_port);
	text_add(t, "\"");
}

static void say_nft(struct text *t, const struct flood_victim *v, const char *victim)
{
	const struct flood_verdict *what = &v->verdict;
	if (!what->nft)
		return;
	text_member(t, "match_nft");
	text_add(t, "\"%s daddr %s%s%s", v->version == 6 ? "ip6" : "ip", victim, what->nft[0] ? " " : "", what->nft);
	if (what->tcp_port)
		text_add(t, " tcp dport %u", what->tcp_port);
	text_add(t, "\"");
}

static void say_flowspec(struct text *t, const struct flood_ops *ops, const struct flood_victim *v, const char *victim)
{
	const struct flood_verdict *what = &v->verdict;
	uint8_t proto = what->proto ? what->proto : ops->key_proto;
	bool v6 = v->version == 6;
	uint16_t length;
	if (!what->flow)
		return;
	text_member(t, "match_flowspec");
	text_add(t, "\"flow%c { dst %s", v6 ? '6' : '4', victim);
	if (!flood_is_prefix(v))
		text_add(t, "/%u", v->told_prefix);
	text_add(t, ";");
	if (proto)
		text_add(t, " %s = %u;", v6 ? "next header" : "proto", proto);
	if (what->tcp_port)
		text_add(t, " dport = %u;", what->tcp_port);
	text_add(t, "%s%s", what->flow[0] ? " " : "", what->flow);
	if (flood_lane(v, LANE_LENGTH, &length) && length)
		text_add(t, " length = %u;", length);
	text_add(t, " }\"");
}

void flood_filters(struct text *t, const struct flood_ops *ops, const struct flood_victim *v, const char *victim)
{
	say_bpf(t, v, victim);
	say_nft(t, v, victim);
	say_flowspec(t, ops, v, victim);
}
