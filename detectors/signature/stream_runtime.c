// Reassembled TCP bytes against the rules. Bytes are gathered until a chunk is there or nothing more
// follows, so that a match across segments is found; the packet that completes a chunk carries the alert.
#include <string.h>

#include "dataplane/api/stream.h"
#include "detectors/signature/tx_runtime.h"

// Verifies one rule against stream bytes and notes that its payload tests hold.
static void verify_rule(struct signature_worker *w, const struct rule *r, struct packet *p, struct detector_run *run,
	const uint8_t *bytes, uint32_t len, uint64_t offset)
{
	const struct buffer_test *b = r->buffers;
	match_begin(w, r, p, run);
	w->ctx.stream = true;
	w->ctx.stream_offset = offset;
	while (b && b->id != BUF_PAYLOAD)
		b = b->next;
	if (!b || !verify_buffer(&w->ctx, b, bytes, len))
		return;
	captures_commit(&w->ctx);
	if (r->flags & RULE_F_TX) {
		tx_raw_note(&w->ctx, p->dir);
		return;
	}
	rule_bits_set(&w->seat.stream_hits, r->index);
	w->any_hit = true;
}

// Verifies what the prefilter found in these bytes.
static void verify_found(struct signature_worker *w, struct packet *p, struct detector_run *run, const uint8_t *bytes,
	uint32_t len, uint64_t offset)
{
	const struct ruleset *rs = w->seat.rs;
	uint64_t src = addr_sets_of(w, p, &p->src), dst = addr_sets_of(w, p, &p->dst), bits;
	for (uint32_t top = 0, first; (bits = rule_bits_take(&w->seat.stream_found, &top, &first)) != 0;) {
		for (; bits; bits &= bits - 1) {
			uint32_t i = first + (uint32_t)__builtin_ctzll(bits);
			if (rule_hot_fits(&rs->hot[i], src, dst) && !rule_bits_has(&w->seat.stream_hits, i) &&
				rule_header_match(rs, rs->rules[i], p))
				verify_rule(w, rs->rules[i], p, run, bytes, len, offset);
		}
	}
}

static void inspect(struct signature_worker *w, struct packet *p, const struct stream_view *v, uint32_t len)
{
	const struct group *groups[PACKET_GROUPS_MAX];
	uint32_t n = groups_of_packet(w, p, VIEW_STREAM, v->cold->app_proto, groups);
	for (uint32_t i = 0; i < n; i++)
		group_scan(w, groups[i], v->data, len, &w->seat.stream_found);
	if (n)
		verify_found(w, p, v->run, v->data, len, v->offset);
}

// What was found in the stream is reported on the packet that completed it, as long as that packet
// goes the same way. Where the other side's packet or the end of the flow releases bytes, a stand-in
// with the stream's addresses is reported instead.
struct packet *stand_in(struct signature_worker *w, struct flow *f, const struct flow_cold *cold, uint8_t dir,
	const struct packet *by, const struct detector_run *run)
{
	struct packet *p = &w->end_packet;
	int from = dir == DIR_TO_SERVER ? 0 : 1, to = !from;
	memset(p, 0, sizeof(*p));
	p->flags =
		(f->proto == 6 ? PKT_TCP | PKT_STREAM_ADDED : PKT_UDP) | (f->flags & FLOW_IPV6 ? PKT_IPV6 : PKT_IPV4);
	if (f->state != FLOW_NEW)
		p->flags |= PKT_FLOW_ESTABLISHED;
	if (f->flags & FLOW_IPV6) {
		p->src = cold->addr[from];
		p->dst = cold->addr[to];
	} else {
		p->src.w[0] = f->addr[from];
		p->dst.w[0] = f->addr[to];
	}
	p->sport = f->port[from];
	p->dport = f->port[to];
	p->ip_proto = f->proto;
	p->iface = cold->iface;
	p->vlan_count = cold->vlan_count;
	memcpy(p->vlan, cold->vlan, sizeof(p->vlan));
	p->flow = f;
	p->dir = dir;
	p->nth[0] = by ? by->nth[0] : flow_pkts(f, 0);
	p->nth[1] = by ? by->nth[1] : flow_pkts(f, 1);
	p->ts_ns = by ? by->ts_ns : run->now_ns;
	p->seq = by ? by->seq : run->seq;
	p->iface = by ? by->iface : cold->iface;
	return p;
}

// How many bytes are to be inspected now: what the receiver has acknowledged, once it is a chunk;
// everything when nothing follows, or when the sender runs far ahead of the acknowledgements.
static uint32_t ready_bytes(const struct stream_view *v)
{
	bool due = app_raw_due(v->cold, v->dir);
	if (due || v->flags & (STREAM_LAST | STREAM_FORCED) || v->len >= AHEAD_BYTES)
		return v->len;
	uint64_t acked = v->acked > v->offset ? v->acked - v->offset : 0;
	uint32_t ready = acked < v->len ? (uint32_t)acked : v->len;
	return ready >= CHUNK_BYTES ? ready : 0;
}

// Bytes of v that are inspected apart, since Suricata does: when the client is the first to close, it looks at what the
// server has acknowledged by then, and later at the rest. 0: all of v together.
static uint32_t closing_bytes(const struct stream_view *v)
{
	uint8_t state = v->flow->tcp_state;
	if (!(v->flags & STREAM_FIN) || v->dir != DIR_TO_SERVER ||
		(state != TCP_ESTABLISHED && state != TCP_CLOSE_WAIT))
		return 0;
	return v->acked > v->offset && v->acked < v->offset + v->len ? (uint32_t)(v->acked - v->offset) : 0;
}

// Inspects bytes [from, to) of v with a packet that is not on the wire.
static void inspect_apart(struct signature_worker *w, const struct stream_view *v, uint32_t from, uint32_t to)
{
	struct stream_view part = *v;
	part.data += from;
	part.offset += from;
	struct packet *p = stand_in(w, v->flow, v->cold, v->dir, v->packet, v->run);
	inspect(w, p, &part, to - from);
	if (w->any_hit)
		signature_on_stand_in(w, p, v->run);
}

static enum stream_verdict on_data(void *arg, struct stream_view *v)
{
	struct signature_worker *w = arg;
	uint32_t ready = ready_bytes(v);
	if (v->flow->flags & FLOW_RULES_DONE)
		return STREAM_DONE_BOTH;
	bool own = v->packet && v->packet->dir == v->dir;
	w->with_stream |= own && ready;
	uint32_t first = own ? closing_bytes(v) : 0;
	if (first)
		inspect_apart(w, v, first, ready);
	if (ready && own)
		inspect(w, (struct packet *)(uintptr_t)v->packet, v, first ? first : ready);
	else if (ready)
		inspect_apart(w, v, 0, ready);
	v->used = ready;
	return v->flags & STREAM_LAST ? STREAM_DONE : STREAM_MORE;
}

static void on_packet(void *arg, struct packet *p, struct detector_run *run)
{
	signature_on_packet(arg, p, run);
}

struct stream_consumer signature_stream_consumer(void *state)
{
	return (struct stream_consumer){.name = "signature", .arg = state, .on_data = on_data, .on_packet = on_packet};
}
