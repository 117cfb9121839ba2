// UDP floods toward a host: many new flows nobody answers, sheer rate, or QUIC Initials without progress.
#include <stddef.h>

#include "detectors/heuristics/flood_detector.h"

enum udp_flood_count {
	UDP_SEEN,
	UDP_FRESH,    // first packet of its flow
	UDP_ANSWERED, // in a flow the host answers in
	UDP_QUIC_INITIAL,
	UDP_QUIC_PROGRESS, // any other packet of a flow on 443: a handshake goes on
};

struct udp_flood_config {
	struct flood_config common;
	uint64_t fresh_pps;
	uint64_t pps;
	uint64_t bps;
	uint64_t quic_pps;
};

static const struct config_row udp_flood_rows[] = {
	{"flow-threshold", CONFIG_UINT, offsetof(struct udp_flood_config, fresh_pps), "flows/s", 1, 1e9, "2000", NULL,
		"new, unanswered flows a second toward one host"},
	{"threshold", CONFIG_UINT, offsetof(struct udp_flood_config, pps), "packets/s", 1, 1e9, "20000", NULL,
		"unanswered packets a second toward one host"},
	{"bit-threshold", CONFIG_UINT, offsetof(struct udp_flood_config, bps), "bits/s", 1, 1e13, "1000000000", NULL,
		"unanswered bits a second toward one host from at least eight sources"},
	{"quic-threshold", CONFIG_UINT, offsetof(struct udp_flood_config, quic_pps), "packets/s", 1, 1e9, "300", NULL,
		"QUIC Initial packets a second toward one host whose handshakes do not go on"},
	FLOOD_CONFIG_ROWS(struct udp_flood_config), CONFIG_END};

// RFC 9000 section 17.2 and RFC 9369: long header, fixed bit, type Initial of version 1 or 2.
static bool is_quic_initial(const struct packet *p)
{
	const uint8_t *q = packet_payload(p);
	if (p->payload_len < 5 || (q[0] & 0xc0) != 0xc0)
		return false;
	if (q[1] == 0 && q[2] == 0 && q[3] == 0 && q[4] == 1)
		return (q[0] & 0x30) == 0;
	return q[1] == 0x6b && q[2] == 0x33 && q[3] == 0x43 && q[4] == 0xcf && (q[0] & 0x30) == 0x10;
}

// Answers are what the host asked for; amplification looks at those it did not.
static inline bool is_answer(const struct packet *p)
{
	return p->dir == DIR_TO_CLIENT; // to-server without a flow
}

static inline bool begins(const struct packet *p)
{
	return !p->flow || p->flags & PKT_NEW_FLOW;
}

static void count_quic(struct flood_cell *c, struct packet *const *pkts, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!is_answer(pkts[i]) && pkts[i]->dport == 443)
			c->count[begins(pkts[i]) && is_quic_initial(pkts[i]) ? UDP_QUIC_INITIAL : UDP_QUIC_PROGRESS]++;
}

// Packets in a row to one host are added up before its cell is touched.
static void count_row(struct flood_delta *d, uint64_t digest, struct packet *const *pkts, uint32_t n)
{
	struct flood_telling list;
	uint32_t fresh = 0, answered = 0;
	bool quic = false;
	struct flood_cell *c = flood_find(d, digest);
	if (!c && !flood_may_ask(d, digest, pkts[0])) {
		d->missed += n;
		return;
	}
	struct flood_row row = flood_row_begin(d, c, &list);
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		if (is_answer(p))
			continue;
		flood_row_add(&row, p);
		fresh += begins(p);
		answered += p->nth[DIR_TO_CLIENT] != 0;
		quic |= p->dport == 443;
	}
	if (!row.pkts || !(c = flood_cell(d, digest, &pkts[0]->dst, pkts[0], row.pkts)))
		return;
	flood_row_end(&row, d, c, UDP_SEEN);
	c->count[UDP_FRESH] += fresh;
	c->count[UDP_ANSWERED] += answered;
	if (quic)
		count_quic(c, pkts, n);
}

static void udp_flood_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	flood_by_host(state, pkts, n, count_row);
}

static bool looks_like_scan(const struct flood_view *v)
{
	return v->sources < 8 && v->ports > 40 && v->pkts < 20000;
}

static bool few_answered(const struct flood_view *v)
{
	return v->count[UDP_ANSWERED] * 5 < v->pkts;
}

static bool judge_quic(const struct udp_flood_config *c, const struct flood_view *v, struct flood_verdict *out)
{
	uint64_t initials = v->count[UDP_QUIC_INITIAL];
	if (initials * (v->active ? 2 : 1) < c->quic_pps || v->count[UDP_QUIC_PROGRESS] * 2 > initials)
		return false;
	out->what = "QUIC Initial flood";
	out->vector = "quic";
	out->observed = (double)initials;
	out->threshold = (double)c->quic_pps;
	out->dport = 443;
	out->bpf = "udp dst port 443 and udp[8] & 0xf0 == 0xc0";
	out->bpf6 = "udp dst port 443 and ip6[48] & 0xf0 == 0xc0";
	out->nft = "udp dport 443 @th,64,4 0xc";
	out->flow = "dport = 443;";
	return true;
}

// Ordinary one-way bulk (a video feed, iperf3) is one flow of full packets: rate alone does not make it a flood.
static bool judge_rate(const struct udp_flood_config *c, const struct flood_view *v, struct flood_verdict *out)
{
	uint64_t part = v->active ? 2 : 1, mean = v->pkts ? v->bytes / v->pkts : 0;
	bool fresh = v->count[UDP_FRESH] * part >= c->fresh_pps && v->count[UDP_FRESH] * 4 > v->pkts;
	bool rate = v->pkts * part >= c->pps && (v->sources >= 8 || mean <= 256);
	bool volume = v->bytes * 8 * part >= c->bps && v->sources >= 8;
	if ((!fresh && !rate && !volume) || !few_answered(v) || looks_like_scan(v))
		return false;
	// the same service port at very many hosts, large answers: reflection off a service amplification.c does not
	// list
	out->what = v->sport && v->sources >= 50 && mean >= 400 ? "UDP reflection flood" : "UDP flood";
	out->vector = "udp";
	out->observed = fresh ? (double)v->count[UDP_FRESH] : rate ? (double)v->pkts : (double)v->bytes * 8;
	out->threshold = (double)(fresh ? c->fresh_pps : rate ? c->pps : c->bps);
	out->unit = fresh ? "flows/s" : rate ? "packets/s" : "bits/s";
	out->bpf = "udp";
	out->nft = "meta l4proto udp";
	out->flow = "";
	return true;
}

static bool udp_flood_judge(const void *config, const struct flood_view *v, struct flood_verdict *out)
{
	out->unit = "packets/s";
	out->window_ms = 1000;
	out->confidence = 85;
	if (v->sources * 2 > (double)v->slow_pkts)
		out->lonely = "nearly every source sends one packet";
	return judge_quic(config, v, out) || judge_rate(config, v, out);
}

static double udp_flood_rate(const struct flood_view *v)
{
	return (double)v->pkts;
}

FLOOD_DETECTOR(udp_flood, 9010002, "Tocsin UDP flood", DET_UDP, 0, IPPROTO_UDP);
