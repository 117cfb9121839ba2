// Connections as observations, see conn_obs.h.
#include "detectors/heuristics/conn_obs.h"

#include <netinet/in.h>

#include "dataplane/api/flow.h"
#include "detectors/heuristics/udp_services.h"

static uint32_t tcp_probe(uint8_t flags, uint32_t payload_len)
{
	switch (flags & 0x3f) {
	case 0x02:
		return PROBE_SYN;
	case 0x00:
		return PROBE_NULL;
	case 0x01:
		return PROBE_FIN;
	case 0x29:
		return PROBE_XMAS;
	case 0x10:
		return payload_len == 0 ? PROBE_ACK : 0;
	case 0x11:
		return payload_len == 0 ? PROBE_MAIMON : 0;
	default:
		return 0;
	}
}

static bool seq_is_dst(const struct packet *p)
{
	return p->flags & PKT_IPV4 && p->len >= p->l4_off + 8u && memcmp(p->data + p->l4_off + 4, p->dst.b, 4) == 0;
}

static void turn_round(struct obs *o, const struct packet *p)
{
	o->src = p->dst;
	o->dst = p->src;
	o->sport = p->dport;
	o->dport = p->sport;
}

static void note_tcp(struct obslog *log, const struct packet *p)
{
	if (p->flags & PKT_NEW_FLOW) {
		uint32_t probe = tcp_probe(p->tcp_flags, p->payload_len);
		// an ACK or FIN-ACK without a past is mostly a connection older than our view: only its reset will tell
		if (probe == 0 || probe & (PROBE_ACK | PROBE_MAIMON))
			return;
		struct obs *o = obslog_take(log, p, CONN_TRY);
		if (o) {
			o->a = probe;
			o->flags = probe == PROBE_SYN && seq_is_dst(p) ? CONN_SEQ_IS_DST : 0;
		}
		return;
	}
	bool reset = p->tcp_flags & 0x04, open = (p->tcp_flags & 0x12) == 0x12;
	if (!(reset && p->nth[DIR_TO_SERVER] != 0) && !open)
		return;
	uint8_t asked = p->flow->tcp_flags[DIR_TO_SERVER];
	uint32_t probe = open || asked & 0x02 ? PROBE_SYN : tcp_probe(asked, 0);
	if (probe == 0)
		return;
	struct obs *o = obslog_take(log, p, reset ? CONN_CLOSED : CONN_OPEN);
	if (o) {
		o->a = probe;
		turn_round(o, p);
	}
}

static bool is_service(uint16_t port)
{
#define SERVICE_CASE(w, port, bytes, name) case port:
	switch (port) {
		UDP_SERVICES(SERVICE_CASE, 0)
		return true;
	default:
		return port < 1024;
	}
}

// A datagram from a service's port to a client's is an answer whose question we did not see, or that was asked in
// somebody else's name.
static bool is_late_answer(uint16_t sport, uint16_t dport)
{
	return (is_service(sport) && dport >= 1024) || (sport < dport && sport < 32768 && dport >= 32768);
}

// An SCTP packet whose first chunk is ABORT (RFC 9260 section 3.3.7): nobody listens there.
static bool is_sctp_abort(const struct packet *p)
{
	return p->flags & PKT_SCTP && p->len >= p->l4_off + 13u && p->data[p->l4_off + 12] == 6;
}

static void note_datagram(struct obslog *log, const struct packet *p, uint32_t probe)
{
	if (p->flags & PKT_NEW_FLOW) {
		if (probe == PROBE_UDP && is_late_answer(p->sport, p->dport))
			return;
		// traceroute's ports
		if (probe == PROBE_UDP && p->dport >= 33434 && p->dport < 33534 && p->ttl < 32)
			return;
		struct obs *o = obslog_take(log, p, CONN_TRY);
		if (o)
			o->a = probe;
	} else if (p->dir == DIR_TO_CLIENT && p->nth[DIR_TO_CLIENT] == 1) {
		struct obs *o = obslog_take(log, p, is_sctp_abort(p) ? CONN_CLOSED : CONN_OPEN);
		if (o) {
			o->a = probe;
			turn_round(o, p);
		}
	}
}

// Destination unreachable (RFC 792, RFC 4443): the packet it quotes was the try.
static void note_unreachable(struct obslog *log, const struct packet *p)
{
	bool v6 = p->flags & PKT_IPV6;
	uint32_t at = p->icmp_inner_off, need = v6 ? 40 : 20;
	if (p->len < need || at > p->len - need)
		return;
	if (p->icmp_inner_proto != IPPROTO_UDP && p->icmp_inner_proto != IPPROTO_TCP)
		return;
	if (p->icmp_inner_proto == IPPROTO_UDP && is_late_answer(p->icmp_inner_sport, p->icmp_inner_dport))
		return;
	struct obs *o = obslog_take(log, p, CONN_CLOSED);
	if (!o)
		return;
	const uint8_t *ip = p->data + at;
	memset(&o->src, 0, sizeof(o->src));
	memset(&o->dst, 0, sizeof(o->dst));
	memcpy(o->src.b, ip + (v6 ? 8 : 12), v6 ? 16 : 4);
	memcpy(o->dst.b, ip + (v6 ? 24 : 16), v6 ? 16 : 4);
	o->sport = p->icmp_inner_sport;
	o->dport = p->icmp_inner_dport;
	o->proto = p->icmp_inner_proto;
	o->a = p->icmp_inner_proto == IPPROTO_UDP ? PROBE_UDP : PROBE_SYN;
}

static void note_icmp(struct obslog *log, const struct packet *p)
{
	bool v6 = p->flags & PKT_ICMPV6;
	if (p->icmp_type == (v6 ? 1 : 3) && p->icmp_has_inner)
		note_unreachable(log, p);
	else if (p->flow && (p->icmp_type == (v6 ? 128 : 8) || p->icmp_type == (v6 ? 129 : 0)))
		note_datagram(log, p, PROBE_ICMP);
}

void conn_note(struct obslog *log, struct packet *const *pkts, uint32_t n)
{
	if (log->n == log->max) { // a flood of new flows: the tick's sample is complete
		log->lost += n;
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		if (p->flags & PKT_ICMP) {
			note_icmp(log, p);
			continue;
		}
		// all that matters is a flow's first packet and the first answer
		if (!p->flow || (!(p->flags & PKT_NEW_FLOW) && (p->dir == DIR_TO_SERVER || p->nth[DIR_TO_CLIENT] != 1)))
			continue;
		if (p->flags & PKT_TCP)
			note_tcp(log, p);
		else if (p->flags & PKT_UDP)
			note_datagram(log, p, PROBE_UDP);
		else if (p->flags & PKT_SCTP)
			note_datagram(log, p, PROBE_SCTP);
	}
}

const char *conn_probe_name(uint32_t probes)
{
	static const struct {
		uint32_t probe;
		const char *name;
	} names[] = {{PROBE_XMAS, "XMAS scan"}, {PROBE_NULL, "NULL scan"}, {PROBE_FIN, "FIN scan"},
		{PROBE_MAIMON, "Maimon scan"}, {PROBE_ACK, "ACK scan"}, {PROBE_SCTP, "SCTP scan"},
		{PROBE_UDP, "UDP scan"}, {PROBE_SYN, "SYN scan"}, {PROBE_ICMP, "ping sweep"}};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (probes & names[i].probe)
			return names[i].name;
	return "scan";
}
