// SYN floods and floods of stray TCP segments (ACK, RST, FIN, SYN-ACK) toward a host. RFC 4987.
//
// A flood is a second with more half-open handshakes than the threshold: SYNs that no client went
// on from. "Went on" is the client's second packet, so it holds on a tap that sees one direction
// only. At a lower rate ten seconds of SYNs from very many sources that never go on are enough.
#include <stddef.h>

#include "detectors/heuristics/flood_detector.h"

enum syn_flood_count {
	SYN_IN,
	SYN_WENT_ON,   // the client's second packet of a handshake
	SYN_ANSWERED,  // SYN-ACKs the host sent
	SYN_STRAY_ACK, // no flow, or their own first packet: ACK without SYN
	SYN_STRAY_RST,
	SYN_STRAY_FIN,
	SYN_STRAY_ANSWER, // SYN-ACKs nobody asked for: reflection, or backscatter of a flood elsewhere
	SYN_MALFORMED,    // no flags at all, SYN with FIN, FIN without ACK, Christmas trees
};

struct syn_flood_config {
	struct flood_config common;
	uint64_t half_open_pps;
	uint64_t slow_pps;
	uint64_t slow_sources;
	uint64_t stray_pps;
};

static const struct config_row syn_flood_rows[] = {
	{"threshold", CONFIG_UINT, offsetof(struct syn_flood_config, half_open_pps), "packets/s", 1, 1e9, "150", NULL,
		"half-open handshakes a second toward one host"},
	{"slow-threshold", CONFIG_UINT, offsetof(struct syn_flood_config, slow_pps), "packets/s", 1, 1e9, "40", NULL,
		"the same over ten seconds, when slow-sources take part"},
	{"slow-sources", CONFIG_UINT, offsetof(struct syn_flood_config, slow_sources), "addresses", 2, 1e9, "100", NULL,
		"sources a slow flood must come from"},
	{"stray-threshold", CONFIG_UINT, offsetof(struct syn_flood_config, stray_pps), "packets/s", 1, 1e9, "2000",
		NULL, "segments a second that belong to no connection, toward one host"},
	FLOOD_CONFIG_ROWS(struct syn_flood_config), CONFIG_END};

static uint32_t stray_kind(uint8_t flags)
{
	if ((flags & 0x3f) == 0 || (flags & 0x03) == 0x03 || (flags & 0x15) == 0x01)
		return SYN_MALFORMED;
	if (flags & 0x04)
		return SYN_STRAY_RST;
	return flags & 0x01 ? SYN_STRAY_FIN : SYN_STRAY_ACK;
}

// What a segment that is not part of a connection counts as; FLOOD_COUNTS for the others.
static uint32_t kind_of(const struct packet *p)
{
	uint8_t flags = p->tcp_flags & 0x17;
	if (p->flow && !(p->flags & PKT_NEW_FLOW))
		return FLOOD_COUNTS;
	return flags == 0x12 ? SYN_STRAY_ANSWER : stray_kind(p->tcp_flags);
}

// Is it the client's next packet after its SYN?
static bool goes_on(const struct packet *p)
{
	return p->flow && p->nth[DIR_TO_SERVER] == 2 && p->dir == DIR_TO_SERVER &&
	       p->flow->tcp_flags[DIR_TO_SERVER] & 0x02 && !(p->tcp_flags & 0x04);
}

static void count_answer(struct flood_delta *d, const struct packet *p)
{
	struct flood_cell *c = flood_host(d, &p->src, p);
	if (c)
		c->count[SYN_ANSWERED]++;
}

// Segments other than SYNs.
static void count_other(struct flood_delta *d, uint64_t digest, const struct packet *p)
{
	uint32_t kind = kind_of(p);
	struct flood_cell *c;
	if ((p->tcp_flags & 0x17) == 0x12)
		count_answer(d, p);
	if ((kind == FLOOD_COUNTS && !goes_on(p)) || !(c = flood_cell(d, digest, &p->dst, p, 1)))
		return;
	if (kind == FLOOD_COUNTS)
		c->count[SYN_WENT_ON]++;
	else
		flood_take(d, c, kind, p);
}

static inline bool is_syn(const struct packet *p)
{
	return (p->tcp_flags & 0x17) == 0x02;
}

// Adds the SYNs that pkts begin with. Returns how many.
static uint32_t add_syns(struct flood_row *row, struct packet *const *pkts, uint32_t n)
{
	struct flood_row r = *row;
	uint32_t i = 0;
	for (; i < n && is_syn(pkts[i]); i++)
		flood_row_add(&r, pkts[i]);
	*row = r;
	return i;
}

// SYNs in a row to one host are added up before its cell is touched.
static void count_row(struct flood_delta *d, uint64_t digest, struct packet *const *pkts, uint32_t n)
{
	struct flood_telling list;
	struct flood_cell *c = flood_find(d, digest);
	bool room = c || flood_may_ask(d, digest, pkts[0]);
	struct flood_row row = flood_row_begin(d, c, &list);
	for (uint32_t i = 0; i < n; i++) {
		i += room ? add_syns(&row, pkts + i, n - i) : 0;
		if (i == n)
			break;
		if (is_syn(pkts[i]))
			d->missed++;
		else
			count_other(d, digest, pkts[i]);
	}
	if (row.pkts && (c = flood_cell(d, digest, &pkts[0]->dst, pkts[0], row.pkts)))
		flood_row_end(&row, d, c, SYN_IN);
}

static void syn_flood_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	flood_by_host(state, pkts, n, count_row);
}

// A scan of one host sends SYNs as well, to ever other ports from one source: port_scan says that.
static bool looks_like_scan(const struct flood_view *v, uint64_t half_open)
{
	return v->sources < 8 && v->ports > 40 && half_open < 20000;
}

static bool judge_syn(const struct syn_flood_config *c, const struct flood_view *v, struct flood_verdict *out)
{
	uint64_t part = v->active ? 2 : 1;
	uint64_t fast = v->count[SYN_IN] - RTE_MIN(v->count[SYN_WENT_ON], v->count[SYN_IN]);
	uint64_t slow = v->slow[SYN_IN] - RTE_MIN(v->slow[SYN_WENT_ON], v->slow[SYN_IN]);
	bool is_fast = fast * part >= c->half_open_pps && v->count[SYN_WENT_ON] * 3 < v->count[SYN_IN];
	bool is_slow = slow * part >= c->slow_pps * 10 && v->slow[SYN_WENT_ON] * 10 < v->slow[SYN_IN] &&
		       v->sources * (double)part >= (double)c->slow_sources;
	if ((!is_fast && !is_slow) || looks_like_scan(v, fast))
		return false;
	out->what = "SYN flood";
	out->vector = "syn";
	out->observed = is_fast ? (double)fast : (double)slow / 10;
	out->threshold = (double)(is_fast ? c->half_open_pps : c->slow_pps);
	out->window_ms = is_fast ? 1000 : 10000;
	out->confidence = is_fast && fast < 2 * c->half_open_pps ? 70 : 90;
	out->answer_ratio = (double)v->slow[SYN_IN] / (double)RTE_MAX(v->slow[SYN_ANSWERED], 1u);
	out->bpf = "tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn";
	out->bpf6 = "ip6[6] == 6 and ip6[53] & 0x12 == 0x02";
	out->nft = "tcp flags & (syn|ack) == syn";
	out->flow = "tcp flags 0x02/0x12;";
	if (v->slow[SYN_WENT_ON] * 20 < v->slow[SYN_IN] && v->sources * 3 > (double)v->slow[SYN_IN])
		out->lonely = "nearly every source sends one SYN and never goes on";
	return true;
}

struct stray_name {
	const char *what, *vector, *bpf, *bpf6, *nft, *flow;
	uint8_t severity;
};

static const struct stray_name stray_names[FLOOD_COUNTS] = {
	[SYN_STRAY_ACK] = {"TCP ACK flood", "ack", "tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-ack",
		"ip6[6] == 6 and ip6[53] & 0x12 == 0x10", "tcp flags & (syn|ack) == ack", "tcp flags 0x10/0x12;", 1},
	[SYN_STRAY_RST] = {"TCP RST flood", "rst", "tcp[tcpflags] & tcp-rst != 0",
		"ip6[6] == 6 and ip6[53] & 0x04 != 0", "tcp flags & rst == rst", "tcp flags 0x04/0x04;", 1},
	[SYN_STRAY_FIN] = {"TCP FIN flood", "fin", "tcp[tcpflags] & tcp-fin != 0",
		"ip6[6] == 6 and ip6[53] & 0x01 != 0", "tcp flags & fin == fin", "tcp flags 0x01/0x01;", 1},
	[SYN_STRAY_ANSWER] = {"SYN-ACK reflection or backscatter", "synack",
		"tcp[tcpflags] & (tcp-syn|tcp-ack) == (tcp-syn|tcp-ack)", "ip6[6] == 6 and ip6[53] & 0x12 == 0x12",
		"tcp flags & (syn|ack) == (syn|ack)", "tcp flags 0x12/0x12;", 2},
	[SYN_MALFORMED] = {"malformed TCP flood", "malformed",
		"(tcp[13] & 0x3f == 0 or tcp[13] & 0x03 == 0x03 or tcp[13] & 0x15 == 0x01)",
		"ip6[6] == 6 and (ip6[53] & 0x3f == 0 or ip6[53] & 0x03 == 0x03 or ip6[53] & 0x15 == 0x01)",
		"tcp flags & (fin|syn|rst|ack) == { 0x0, fin, fin|syn, fin|syn|ack, fin|syn|rst }",
		"tcp flags 0x00/0x3f || 0x03/0x03 || 0x01/0x15;", 1},
};

static bool judge_stray(const struct syn_flood_config *c, const struct flood_view *v, struct flood_verdict *out)
{
	uint64_t most = 0;
	uint32_t kind = 0;
	for (uint32_t i = SYN_STRAY_ACK; i < FLOOD_COUNTS; i++) {
		if (v->count[i] > most) {
			most = v->count[i];
			kind = i;
		}
	}
	if (most * (v->active ? 2 : 1) < c->stray_pps || looks_like_scan(v, most))
		return false;
	out->what = stray_names[kind].what;
	out->vector = stray_names[kind].vector;
	out->bpf = stray_names[kind].bpf;
	out->bpf6 = stray_names[kind].bpf6;
	out->nft = stray_names[kind].nft;
	out->flow = stray_names[kind].flow;
	out->severity = stray_names[kind].severity;
	out->observed = (double)most;
	out->threshold = (double)c->stray_pps;
	out->window_ms = 1000;
	out->confidence = 75;
	return true;
}

static bool syn_flood_judge(const void *config, const struct flood_view *v, struct flood_verdict *out)
{
	out->unit = "packets/s";
	return judge_syn(config, v, out) || judge_stray(config, v, out);
}

static double syn_flood_rate(const struct flood_view *v)
{
	return (double)v->pkts;
}

FLOOD_DETECTOR(syn_flood, 9010001, "Tocsin TCP SYN flood", DET_TCP, DET_START | DET_SYN | DET_CLOSE, IPPROTO_TCP);
