// One packet against the rules: candidates from its groups, then each verified in order.
// Next: verify_runtime.c for content chains, stream_runtime.c for reassembled bytes.
#include "detectors/signature/match_runtime.h"

#include <arpa/inet.h>

#include <rte_cycles.h>

#include "detectors/signature/alert_gate.h"
#include "detectors/signature/ip_index.h"
#include "detectors/signature/packet_fields.h"
#include "detectors/signature/state_runtime.h"
#include "detectors/signature/tags.h"
#include "detectors/signature/worker_internal.h"

// A literal was found: every rule that waits for it becomes a candidate.
static int on_literal(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	struct signature_worker *w = arg;
	const struct group *g = w->scanning;
	for (uint32_t i = g->first[id]; i < g->first[id + 1]; i++)
		rule_bits_set(w->found, g->rules[i]);
	return 0;
}

// True about once in SAMPLE_EVERY times while costs are looked at, at uneven distances: packets repeat their
// checks, and an even one would always meet the same rule (xorshift, Marsaglia 2003).
static bool sample(struct signature_worker *w)
{
	if (!w->timed || w->until_sample--)
		return false;
	w->dice ^= w->dice << 13;
	w->dice ^= w->dice >> 17;
	w->dice ^= w->dice << 5;
	w->until_sample = w->dice % (2 * SAMPLE_EVERY - 1);
	return true;
}

void group_scan(
	struct signature_worker *w, const struct group *g, const uint8_t *bytes, uint32_t len, struct rule_bits *out)
{
	for (uint32_t i = 0; i < g->n_always; i++)
		rule_bits_set(out, g->always[i]);
	if (!g->db || !len)
		return;
	struct group_counters *c = &w->seat.groups[g->id];
	uint64_t start = sample(w) ? rte_rdtsc() : 0;
	w->scanning = g;
	w->found = out;
	w->stats.scans++;
	w->stats.scanned_bytes += len;
	c->scans++;
	c->bytes += len;
	hs_scan(g->db, (const char *)bytes, len, 0, w->seat.scratch, on_literal, w);
	if (start) {
		c->sampled++;
		c->cycles += rte_rdtsc() - start;
	}
}

// By the protocol the IP header names: a fragment or a packet with a broken transport header is still one of these.
static enum group_proto packet_group(const struct packet *p)
{
	switch (p->ip_proto) {
	case 6:
		return GROUP_TCP;
	case 17:
		return GROUP_UDP;
	case 1:
	case 58:
		return GROUP_ICMP;
	default:
		return GROUP_OTHER;
	}
}

static uint32_t add_group(const struct group *g, uint32_t n, const struct group **out)
{
	if (g->db || g->n_always)
		out[n++] = g;
	return n;
}

// The groups of pg that have rules for a packet, at most three. Returns how many.
static uint32_t groups_by_port(
	const struct port_groups *pg, const struct packet *p, enum group_view view, const struct group **out)
{
	uint32_t n = 0;
	if (!pg->has_view[view])
		return 0;
	n = add_group(&pg->any[view], n, out);
	if (pg->dst_class)
		n = add_group(&pg->dst[pg->dst_class[p->dport]][view], n, out);
	if (pg->src_class)
		n = add_group(&pg->src[pg->src_class[p->sport]][view], n, out);
	return n;
}

uint32_t groups_of_packet(const struct signature_worker *w, const struct packet *p, enum group_view view,
	uint16_t app_proto, const struct group *out[PACKET_GROUPS_MAX])
{
	const struct group_table *t = w->seat.rs->groups;
	int dir = p->flow ? p->dir : DIR_TO_SERVER;
	enum group_proto proto = packet_group(p);
	uint32_t n = groups_by_port(&t->groups[proto][dir], p, view, out);
	if (proto > GROUP_UDP)
		return n;
	for (uint32_t i = 0; i < APP_GROUPS_MAX && t->of_app[app_proto][i]; i++)
		n += groups_by_port(&t->of_app[app_proto][i]->groups[proto][dir], p, view, out + n);
	return n;
}

// The flow's protocol as rules for packets know it.
static uint16_t packet_app_proto(const struct signature_worker *w, const struct packet *p)
{
	if (!w->seat.rs->groups->n_app || !p->flow || !(p->flow->flags & FLOW_COLD_SET))
		return APP_UNKNOWN;
	const struct flow_cold *cold = flow_cold_get(w->flows, p->flow);
	return app_is_told(cold, 0, p) || app_is_told(cold, 1, p) ? cold->app_proto : APP_UNKNOWN;
}

static void scan_view(
	struct signature_worker *w, const struct packet *p, enum group_view view, uint16_t app_proto, bool whole)
{
	const struct group *groups[PACKET_GROUPS_MAX];
	uint32_t n = groups_of_packet(w, p, view, app_proto, groups);
	const uint8_t *bytes = packet_payload(p);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t len = packet_rule_payload_len(p);
		if (!whole && len > groups[i]->scan_bytes)
			len = groups[i]->scan_bytes;
		group_scan(w, groups[i], bytes, view == VIEW_FIELDS ? 0 : len, &w->seat.candidates);
	}
}

static void ip_only_candidates(struct signature_worker *w, const struct packet *p)
{
	const struct group_table *t = w->seat.rs->groups;
	for (uint32_t i = 0; i < t->n_ip_always; i++)
		rule_bits_set(&w->seat.candidates, t->ip_always[i]);
	if (!(p->flags & PKT_IPV4)) {
		for (uint32_t i = 0; i < t->n_ip_v6; i++)
			rule_bits_set(&w->seat.candidates, t->ip_v6[i]);
		return;
	}
	const uint32_t *src = ip_index_find(&t->by_src, ntohl(p->src.w[0]));
	const uint32_t *dst = ip_index_find(&t->by_dst, ntohl(p->dst.w[0]));
	for (uint32_t i = 1; i <= src[0]; i++)
		rule_bits_set(&w->seat.candidates, src[i]);
	for (uint32_t i = 1; i <= dst[0]; i++)
		rule_bits_set(&w->seat.candidates, dst[i]);
}

static void event_candidates(struct signature_worker *w, const struct packet *p)
{
	const struct group_table *t = w->seat.rs->groups;
	for (uint8_t e = 0; e < p->event_count; e++)
		for (uint32_t i = t->event_first[p->events[e]]; i < t->event_first[p->events[e] + 1]; i++)
			rule_bits_set(&w->seat.candidates, t->event_rules[i]);
}

static void gather(struct signature_worker *w, const struct packet *p)
{
	event_candidates(w, p);
	// A broken IP header says nothing; behind a good one, a broken transport still has addresses and fields.
	if (!(p->flags & PKT_IP) || !p->l4_off)
		return;
	if (!p->flow || p->nth[p->dir] <= 1)
		ip_only_candidates(w, p);
	uint16_t app_proto = packet_app_proto(w, p);
	scan_view(w, p, VIEW_FIELDS, app_proto, true);
	if (!packet_rule_payload_len(p) &&
		!w->with_stream) // beside stream bytes no payload is one of no bytes, as in Suricata
		return;
	scan_view(w, p, VIEW_PACKET, app_proto, false);
	// Bytes that did not go into the stream are looked at where they are.
	if (p->flags & PKT_TCP && !(p->flags & PKT_STREAM_ADDED))
		scan_view(w, p, VIEW_STREAM, app_proto, true);
}

static bool proto_match(const struct rule *r, const struct packet *p)
{
	if (!(p->flags & PKT_IP))
		return r->proto == PROTO_PKTHDR && r->flags & RULE_F_EVENT;
	switch (r->proto) {
	case PROTO_TCP:
		return p->ip_proto == 6;
	case PROTO_UDP:
		return p->ip_proto == 17;
	case PROTO_ICMP:
		return p->ip_proto == 1 || p->ip_proto == 58;
	case PROTO_ICMPV4:
		return p->ip_proto == 1;
	case PROTO_ICMPV6:
		return p->ip_proto == 58;
	case PROTO_SCTP:
		return p->ip_proto == 132;
	default:
		return true;
	}
}

static int ip_version(const struct packet *p)
{
	return p->flags & PKT_IPV4 ? 4 : p->flags & PKT_IPV6 ? 6 : 0;
}

uint64_t addr_sets_of(struct signature_worker *w, const struct packet *p, const union ip_addr *addr)
{
	const struct ruleset *rs = w->seat.rs;
	uint32_t version = (uint32_t)ip_version(p);
	uint64_t h = (addr->d[0] ^ addr->d[1] * 3) * 0x9e3779b97f4a7c15ull;
	struct addr_answer *e = &w->seat.addr_cache[h >> 32 & (ADDR_CACHE - 1)];
	if (e->sets && e->version == version && e->addr.d[0] == addr->d[0] && e->addr.d[1] == addr->d[1])
		return e->sets;
	uint64_t sets = 1ull << ADDR_ANY | 1ull << ADDR_OTHER;
	for (uint32_t i = 1; i <= rs->n_addr_ids; i++)
		if (addr_set_has(rs->addr_ids[i], addr, (int)version))
			sets |= 1ull << i;
	*e = (struct addr_answer){*addr, sets, version, 0};
	return sets;
}

// Numbered address sets have been asked before (rule_hot_fits).
bool rule_header_match(const struct ruleset *rs, const struct rule *r, const struct packet *p)
{
	const struct rule_hot *h = &rs->hot[r->index];
	int version = ip_version(p);
	if (!proto_match(r, p))
		return false;
	if ((r->flags & RULE_F_IPV4 && version != 4) || (r->flags & RULE_F_IPV6 && version != 6))
		return false;
	if (p->flags & (PKT_TCP | PKT_UDP | PKT_SCTP)) {
		if (r->dport && !port_set_has(r->dport, p->dport))
			return false;
		if (r->sport && !port_set_has(r->sport, p->sport))
			return false;
	} else if (r->dport || r->sport) {
		return false;
	}
	if (h->src == ADDR_OTHER && !addr_set_has(r->src, &p->src, version))
		return false;
	return h->dst != ADDR_OTHER || addr_set_has(r->dst, &p->dst, version);
}

void match_begin(struct signature_worker *w, const struct rule *r, struct packet *p, struct detector_run *run)
{
	struct match_ctx *m = &w->ctx;
	m->w = w;
	m->rs = w->seat.rs;
	m->rule = r;
	m->p = p;
	m->flow = p->flow;
	m->cold = p->flow && p->flow->flags & FLOW_COLD_SET ? flow_cold_get(w->flows, p->flow) : NULL;
	m->run = run;
	m->steps = 0;
	m->stream = false;
	m->before = 0;
	m->tx = NULL;
	m->parser = NULL;
	m->n_captures = 0;
}

// The bytes of a header buffer; false when the packet has no such header.
bool header_buffer(const struct packet *p, uint16_t id, const uint8_t **buf, uint32_t *len)
{
	uint32_t off = p->l4_off, n = 0, flag = 0;
	switch (id) {
	case BUF_IPV4_HDR:
		flag = PKT_IPV4;
		off = p->l3_off;
		n = ipv4_header(p) ? (uint32_t)(ipv4_header(p)[0] & 15) * 4 : 0;
		break;
	case BUF_IPV6_HDR:
		flag = PKT_IPV6;
		off = p->l3_off;
		n = p->l4_off > p->l3_off ? p->l4_off - p->l3_off : 40;
		break;
	case BUF_TCP_HDR:
		flag = PKT_TCP;
		n = packet_at(p, off, 20) ? (uint32_t)(p->data[off + 12] >> 4) * 4 : 0;
		break;
	case BUF_UDP_HDR:
		flag = PKT_UDP;
		n = 8;
		break;
	case BUF_ICMPV4_HDR:
		flag = PKT_ICMPV4;
		n = p->payload_off > off ? p->payload_off - off : 8;
		break;
	case BUF_ICMPV6_HDR:
		flag = PKT_ICMPV6;
		n = p->payload_off > off ? p->payload_off - off : 8;
		break;
	case BUF_IP_SRC:
	case BUF_IP_DST:
		*buf = id == BUF_IP_SRC ? p->src.b : p->dst.b;
		*len = p->flags & PKT_IPV4 ? 4 : 16;
		return (p->flags & PKT_IP) != 0;
	default:
		return false;
	}
	*len = n;
	*buf = packet_at(p, off, n);
	return (p->flags & flag) && n && *buf;
}

bool in_stream(const struct match_ctx *m)
{
	return m->w->any_hit && rule_bits_has(&m->w->seat.stream_hits, m->rule->index);
}

static bool has_content(const struct buffer_test *b)
{
	for (const struct step *s = b->steps; s; s = s->next)
		if (s->kind == STEP_CONTENT)
			return true;
	return false;
}

// The payload tests: the stream's answer comes first, then the packet's.
static bool payload_match(struct signature_worker *w, const struct rule *r, const struct buffer_test *b)
{
	struct match_ctx *m = &w->ctx;
	const struct packet *p = m->p;
	if (r->flags & RULE_F_NEED_STREAM && in_stream(m)) {
		m->stream = true;
		return true;
	}
	uint32_t len = packet_rule_payload_len(p);
	if (!len && !(w->with_stream && (r->flags & RULE_F_NEED_PACKET || !has_content(b))))
		return false;
	if (!(r->flags & RULE_F_NEED_PACKET) && p->flags & PKT_TCP && p->flags & PKT_STREAM_ADDED)
		return false;
	if (r->flags & RULE_F_ONLY_STREAM)
		return false;
	m->stream = false;
	return verify_buffer(m, b, packet_payload(p), len);
}

static bool buffers_match(struct signature_worker *w, const struct rule *r)
{
	for (const struct buffer_test *b = r->buffers; b; b = b->next) {
		const uint8_t *buf;
		uint32_t len;
		if (b->id == BUF_PAYLOAD) {
			if (!payload_match(w, r, b))
				return false;
		} else if (!header_buffer(w->ctx.p, b->id, &buf, &len) || !verify_buffer(&w->ctx, b, buf, len)) {
			return false;
		}
	}
	return true;
}

static bool tests_hold(const struct match_ctx *m, const struct rule *r)
{
	for (const struct packet_test *t = r->tests; t; t = t->next)
		if (!t->match(m, t->args))
			return false;
	return true;
}

bool host_bits_hold(const struct match_ctx *m, const struct rule *r)
{
	for (const struct host_bit *b = r->host_tests; b; b = b->next)
		if (hostbit_isset(m, b) != (b->op == HOST_BIT_ISSET))
			return false;
	return true;
}

bool packet_tests_hold(const struct match_ctx *m, const struct rule *r)
{
	return tests_hold(m, r) && (!(r->flags & RULE_F_HOST_NOW) || host_bits_hold(m, r));
}

static bool rule_match(struct signature_worker *w, const struct rule *r)
{
	return tests_hold(&w->ctx, r) && (!r->buffers || buffers_match(w, r)) &&
	       (!(r->flags & RULE_F_HOST_NOW) || host_bits_hold(&w->ctx, r));
}

// Verifies one candidate. Returns false to stop with this packet.
static bool check_rule(struct signature_worker *w, const struct rule *r, struct packet *p, struct detector_run *run)
{
	struct rule_counters *c = &w->seat.counters[r->index];
	uint64_t start = sample(w) ? rte_rdtsc() : 0;
	bool more = true;
	c->checks++;
	if (rule_header_match(w->seat.rs, r, p)) {
		match_begin(w, r, p, run);
		w->stats.verified++;
		if (rule_match(w, r))
			more = match_found(w, r);
	}
	if (start) {
		c->sampled++;
		c->cycles += rte_rdtsc() - start;
	}
	return more;
}

// Walks the candidates in order of evaluation and leaves the set empty.
static void verify_candidates(struct signature_worker *w, struct packet *p, struct detector_run *run)
{
	struct rule_bits *c = &w->seat.candidates;
	uint64_t src = 0, dst = 0, bits;
	bool more = true;
	for (uint32_t top = 0, first; (bits = rule_bits_take(c, &top, &first)) != 0;) {
		if (!src) {
			src = addr_sets_of(w, p, &p->src);
			dst = addr_sets_of(w, p, &p->dst);
		}
		for (; bits && more; bits &= bits - 1) {
			uint32_t i = first + (uint32_t)__builtin_ctzll(bits);
			w->stats.candidates++;
			if (rule_hot_fits(&w->seat.rs->hot[i], src, dst))
				more = check_rule(w, w->seat.rs->rules[i], p, run);
		}
	}
}

static void take_stream_hits(struct signature_worker *w)
{
	struct rule_bits *h = &w->seat.stream_hits;
	for (uint32_t t = 0; t < h->n_top; t++)
		for (uint64_t top = h->top[t]; top; top &= top - 1) {
			uint32_t word = t << 6 | (uint32_t)__builtin_ctzll(top);
			w->seat.candidates.words[word] |= h->words[word];
			w->seat.candidates.top[t] |= 1ull << (word & 63);
		}
}

static void clear_stream_hits(struct signature_worker *w)
{
	struct rule_bits *h = &w->seat.stream_hits;
	for (uint32_t t = 0; t < h->n_top; t++)
		for (; h->top[t]; h->top[t] &= h->top[t] - 1)
			h->words[t << 6 | (uint32_t)__builtin_ctzll(h->top[t])] = 0;
	w->any_hit = false;
}

static bool is_done(const struct packet *p)
{
	return p->flow && p->flow->flags & FLOW_RULES_DONE;
}

void packet_begins(struct signature_worker *w)
{
	w->alerts = 0;
	w->spoken = false;
}

void packet_rules(struct signature_worker *w, struct packet *p, struct detector_run *run)
{
	if (w->looked == p)
		return;
	w->looked = p;
	packet_begins(w);
	if (is_done(p))
		return;
	gather(w, p);
	if (w->any_hit)
		take_stream_hits(w);
	verify_candidates(w, p, run);
}

void signature_on_packet(struct signature_worker *w, struct packet *p, struct detector_run *run)
{
	w->stats.packets++;
	packet_rules(w, p, run);
	if (unlikely(w->n_notes)) { // of frames, without a transaction
		w->collecting = false;
		matches_speak(w, 0, p, run);
	}
	w->looked = NULL;
	if ((w->seat.rs->tags_sessions || w->seat.rs->tags_hosts) && !is_done(p))
		tag_offer(w, p, run);
	if (w->any_hit)
		clear_stream_hits(w);
	w->with_stream = false;
	w->n_pkt_texts = 0;
}

void signature_on_stand_in(struct signature_worker *w, struct packet *p, struct detector_run *run)
{
	w->standing_in = true;
	packet_begins(w);
	take_stream_hits(w);
	verify_candidates(w, p, run);
	clear_stream_hits(w);
	w->standing_in = false;
}

void signature_on_burst(void *state, struct burst *b, struct detector_run *run)
{
	for (uint16_t i = 0; i < b->n; i++)
		signature_on_packet(state, b->list[i], run);
}
