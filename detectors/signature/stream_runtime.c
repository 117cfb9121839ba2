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

static void inspect(struct signature_worker *w, struct packet *p, const struct stream_view *v, enum group_view view)
{
	const struct group *groups[PACKET_GROUPS_MAX];
	uint32_t n = groups_of_packet(w, p, view, v->cold->app_proto, groups);
	for (uint32_t i = 0; i < n; i++)
		group_scan(w, groups[i], v->data, v->len, &w->seat.stream_found);
	if (n)
		verify_found(w, p, v->run, v->data, v->len, v->offset);
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

static uint32_t acked_bytes(const struct stream_view *v)
{
	uint64_t acked = v->acked > v->offset ? v->acked - v->offset : 0;
	return acked < v->len ? (uint32_t)acked : v->len;
}

// Bytes of v from stream offset `from` on, at most up to `to`.
static struct stream_view part_of(const struct stream_view *v, uint64_t from, uint64_t to)
{
	struct stream_view part = *v;
	if (from > v->offset) {
		uint64_t skip = from - v->offset;
		part.data += skip < v->len ? skip : v->len;
		part.offset = from;
	}
	part.len = to > part.offset ? (uint32_t)(to - part.offset) : 0;
	return part;
}

// The packet that speaks for bytes of v: its own, or one that is not on the wire where that goes the other way.
static struct packet *speaker(struct signature_worker *w, const struct stream_view *v)
{
	if (v->packet && v->packet->dir == v->dir)
		return (struct packet *)(uintptr_t)v->packet;
	return stand_in(w, v->flow, v->cold, v->dir, v->packet, v->run);
}

// Rules on transactions are asked about the bytes of v up to stream offset `to` that they have not been asked about.
static void look_tx_raw(struct signature_worker *w, const struct stream_view *v, uint64_t to)
{
	struct app_raw *raw = w->seat.rs->tx && w->seat.rs->tx->raw ? app_raw_of(v->cold, v->dir) : NULL;
	if (!raw)
		return;
	struct stream_view part = part_of(v, raw->looked, to);
	if (!part.len)
		return;
	inspect(w, speaker(w, v), &part, VIEW_TX_RAW);
	raw->looked = to;
}

// Their bytes are due with the transaction, which is shown when its last byte is there; else in chunks.
static void look_tx_raw_early(struct signature_worker *w, const struct stream_view *v)
{
	struct app_raw *raw = app_raw_of(v->cold, v->dir);
	if (!raw)
		return;
	uint64_t end = v->offset + v->len;
	if (raw->now || v->flags & STREAM_LAST)
		look_tx_raw(w, v, end);
	else if (v->acked >= raw->looked + CHUNK_BYTES && v->acked > v->offset)
		look_tx_raw(w, v, v->acked < end ? v->acked : end);
	raw->now = false;
}

// Inspects the first `ready` bytes of v.
static void look(struct signature_worker *w, struct stream_view *v, uint32_t ready)
{
	struct stream_view part = *v;
	part.len = ready;
	struct packet *p = speaker(w, v);
	look_tx_raw(w, v, v->offset + ready);
	inspect(w, p, &part, VIEW_STREAM);
	if (p == v->packet)
		w->with_stream = true;
	else if (w->any_hit)
		signature_on_stand_in(w, p, v->run);
	v->used = ready;
}

// Whether a transaction has ended whose end the receiver has acknowledged, since this was last asked.
static bool ended_acked(const struct stream_view *v)
{
	struct app_raw *raw = app_raw_of(v->cold, v->dir);
	if (!raw || !raw->first || v->acked < raw->first)
		return false;
	raw->first = v->acked < raw->last ? raw->last : 0;
	return true;
}

// Data of a SYN, which nothing but the SYN/ACK has acknowledged: Suricata reads it with the server's next packet.
static bool is_early_data(const struct stream_view *v)
{
	return v->dir == DIR_TO_SERVER && v->packet->nth[DIR_TO_CLIENT] < 2 && !(v->flags & STREAM_MIDSTREAM);
}

// How many bytes are inspected with a packet of their direction. As in Suricata only what the receiver has
// acknowledged: once it is a chunk, once a transaction has ended, when the client closes first or the connection is
// over; a RST acknowledges what its sender has sent. Here also when the sender runs far ahead of the acknowledgements.
static uint32_t ready_bytes(const struct stream_view *v)
{
	if (v->flags & STREAM_FORCED || v->len >= AHEAD_BYTES || v->packet->tcp_flags & 0x04)
		return v->len;
	if (is_early_data(v))
		return 0;
	uint32_t acked = acked_bytes(v);
	bool ended = ended_acked(v), over = v->flow->tcp_state > TCP_TIME_WAIT;
	return ended || over || acked >= CHUNK_BYTES ? acked : 0;
}

// How many bytes of v must be acknowledged before it is worth to be asked again, of which `used` have been inspected.
static uint32_t patience(const struct stream_view *v, uint32_t used)
{
	uint16_t proto = v->cold->app_proto;
	const struct app_raw *raw = app_raw_of(v->cold, v->dir);
	if (proto == APP_UNKNOWN || (proto != APP_FAILED && !v->cold->app_at[v->dir]))
		return 0; // its first message may end at any time
	uint64_t until = v->offset + used + CHUNK_BYTES;
	if (raw && raw->first && raw->first < until)
		until = raw->first;
	return until > v->offset ? (uint32_t)(until - v->offset) : 0;
}

// Suricata looks at raw bytes with the packets of their direction behind the acknowledgement. So they are left until
// then, but where nothing follows.
static enum stream_verdict on_data(void *arg, struct stream_view *v)
{
	struct signature_worker *w = arg;
	if (v->flow->flags & FLOW_RULES_DONE)
		return STREAM_DONE_BOTH;
	look_tx_raw_early(w, v);
	v->used = 0;
	if (v->len >= AHEAD_BYTES || (v->len && v->flags & (STREAM_FLOW_END | STREAM_DEPTH)))
		look(w, v, v->len);
	v->patience = patience(v, v->used);
	return STREAM_MORE;
}

static enum stream_verdict on_unused(void *arg, struct stream_view *v)
{
	struct signature_worker *w = arg;
	if (v->flow->flags & FLOW_RULES_DONE)
		return STREAM_DONE_BOTH;
	uint32_t ready = ready_bytes(v);
	v->used = 0;
	if (ready)
		look(w, v, ready);
	v->patience = patience(v, ready);
	return STREAM_MORE;
}

static void on_packet(void *arg, struct packet *p, struct detector_run *run)
{
	signature_on_packet(arg, p, run);
}

struct stream_consumer signature_stream_consumer(void *state)
{
	return (struct stream_consumer){
		.name = "signature", .arg = state, .on_data = on_data, .on_unused = on_unused, .on_packet = on_packet};
}
