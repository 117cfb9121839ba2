// The event ring: how a worker's events reach the main lcore. See event_ring.h.
//
// `head` and `tail` count slots since the start and never wrap in practice (2^64); the slot index is
// their low bits. Each side keeps its own line and a remembered copy of the other's counter, so that
// the lines bounce only when a side believes it is out of room or out of records.
#include "dataplane/event_ring.h"

#include <stdatomic.h>
#include <stdalign.h>
#include <string.h>

#include "dataplane/api/flow.h"

// What stands before each record.
struct record_head {
	uint32_t slots;  // the record with this word
	uint32_t filler; // 1: nothing in it, go on at the start of the ring
};

struct event_ring {
	// read by both, never changed
	uint32_t mask;
	uint32_t slots;
	// the producer's line
	alignas(EVENT_SLOT_BYTES) _Atomic uint64_t head; // published
	uint64_t tail_seen;
	uint64_t open_at;    // slot of the open record
	uint32_t open_slots; // reserved for it; 0: none is open
	uint32_t open_kind;
	// the consumer's line
	alignas(EVENT_SLOT_BYTES) _Atomic uint64_t tail; // given back
	uint64_t head_seen;
	alignas(EVENT_SLOT_BYTES) uint8_t mem[];
};
_Static_assert(sizeof(struct event) <= 4 * EVENT_SLOT_BYTES - sizeof(struct record_head), "a record is four slots");
_Static_assert(sizeof(struct record_head) == 8, "events stay aligned to eight bytes");

static uint32_t round_slots(uint32_t slots)
{
	uint32_t n = EVENT_RING_MIN_SLOTS;
	while (n < slots && n < 1u << 30)
		n *= 2;
	return n;
}

// The records of small kinds are shorter than struct event; one record of slack behind the last slot
// keeps even a careless whole-struct read inside the memory.
size_t event_ring_size(uint32_t slots)
{
	return sizeof(struct event_ring) + (size_t)round_slots(slots) * EVENT_SLOT_BYTES + 4 * EVENT_SLOT_BYTES;
}

struct event_ring *event_ring_init(void *mem, uint32_t slots)
{
	struct event_ring *r = mem;
	memset(r, 0, sizeof(*r));
	r->slots = round_slots(slots);
	r->mask = r->slots - 1;
	return r;
}

uint32_t event_ring_slots(const struct event_ring *r)
{
	return r->slots;
}

uint32_t event_ring_free_slots(const struct event_ring *r)
{
	uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	return r->slots - (uint32_t)(head - tail);
}

static inline struct record_head *slot_at(struct event_ring *r, uint64_t n)
{
	return (struct record_head *)(r->mem + (n & r->mask) * (size_t)EVENT_SLOT_BYTES);
}

static inline uint32_t slots_for(size_t bytes)
{
	return (uint32_t)((sizeof(struct record_head) + bytes + EVENT_SLOT_BYTES - 1) / EVENT_SLOT_BYTES);
}

// Packets behind an alert are large and many: they leave a quarter of the ring to everything else.
static uint32_t kept_from(const struct event_ring *r, enum event_kind kind)
{
	return kind == EVENT_PACKET ? r->slots / 4 : 0;
}

// Finds room for `need` slots side by side that leaves `keep` free. Writes a filler where the lap ends too soon; the
// filler is published together with the record behind it. Returns the first slot, or UINT64_MAX when full.
static uint64_t reserve(struct event_ring *r, uint32_t need, uint32_t keep)
{
	uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	uint32_t to_end = r->slots - (uint32_t)(head & r->mask);
	uint32_t total = need <= to_end ? need : to_end + need;

	if (head - r->tail_seen + total + keep > r->slots) {
		r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
		if (head - r->tail_seen + total + keep > r->slots)
			return UINT64_MAX;
	}
	if (need <= to_end)
		return head;
	*slot_at(r, head) = (struct record_head){.slots = to_end, .filler = 1};
	return head + to_end;
}

// A tunnelled packet's event names the packet that was on the wire, not the layers between.
static void fill_tuple(struct event_tuple *t, const struct packet *p)
{
	t->src = p->src;
	t->dst = p->dst;
	t->sport = p->sport;
	t->dport = p->dport;
	t->ip_version = p->flags & PKT_IPV4 ? 4 : p->flags & PKT_IPV6 ? 6 : 0;
	t->proto = p->ip_proto;
	t->icmp_type = p->icmp_type;
	t->icmp_code = p->icmp_code;
}

static void fill_from_packet(struct event *ev, const struct packet *p, const struct flow_table *flows)
{
	ev->seq = p->seq;
	ev->ts_ns = p->ts_ns;
	ev->iface = p->iface;
	ev->dir = p->dir;
	ev->vlan_count = p->vlan_count <= PKT_MAX_VLANS ? p->vlan_count : PKT_MAX_VLANS;
	memcpy(ev->vlan, p->vlan, sizeof(ev->vlan));
	ev->flags = EVENT_HAS_PACKET;
	fill_tuple(&ev->tuple, p);
	if (p->flags & PKT_FLOW_ESTABLISHED)
		ev->flags |= EVENT_ESTABLISHED;
	if (p->flags & PKT_REBUILT)
		ev->flags |= EVENT_REBUILT;
	if (p->flags & PKT_FRAGMENT)
		ev->flags |= EVENT_FRAGMENT;

	const struct packet *outer = p->outer;
	for (uint32_t i = 0; outer && outer->outer && i < PKT_MAX_DEPTH; i++)
		outer = outer->outer;
	if (outer && p->flags & PKT_INNER) {
		ev->flags |= EVENT_TUNNEL;
		ev->tunnel_depth = p->depth;
		fill_tuple(&ev->tunnel, outer);
	}
	if (p->flow && flows) {
		ev->flags |= EVENT_HAS_FLOW;
		ev->flow_id = flow_id(flows, p->flow);
	}
}

// The flow's counters as they stood at this packet. The flow stage has counted the whole burst already;
// what came behind this packet is taken off again, so that the numbers do not depend on how packets
// fell into bursts.
static void fill_counts(struct event_counts *c, const struct packet *p, const struct burst *b)
{
	const struct flow *f = p->flow;

	for (uint32_t dir = 0; dir < 2; dir++) {
		c->bytes[dir] = flow_bytes(f, dir);
		c->pkts[dir] = flow_pkts(f, dir);
	}
	c->start_ns = f->start_ns;
	for (uint32_t i = b ? b->n : 0; i-- > 0 && b->list[i]->seq > p->seq;) {
		const struct packet *q = b->list[i];
		if (q->flow != f)
			continue;
		c->bytes[q->dir & 1] -= q->wire_len;
		c->pkts[q->dir & 1]--;
	}
}

struct event *event_begin(struct event_sink *sink, enum event_kind kind, const struct packet *p, uint32_t aux_max)
{
	struct event_ring *r = sink->ring;
	size_t base = event_base_size(kind);
	uint32_t need = slots_for(base + (aux_max <= EVENT_AUX_MAX ? aux_max : EVENT_AUX_MAX));

	sink->made[kind]++;
	uint64_t at = reserve(r, need, kept_from(r, kind));
	if (at == UINT64_MAX) {
		sink->lost[kind]++;
		return NULL;
	}
	struct record_head *h = slot_at(r, at);
	h->slots = need;
	h->filler = 0;
	r->open_at = at;
	r->open_slots = need;
	r->open_kind = kind;

	struct event *ev = (struct event *)(h + 1);
	memset(ev, 0, base);
	ev->kind = (uint16_t)kind;
	if (p) {
		fill_from_packet(ev, p, sink->flows);
		if (kind == EVENT_ALERT && p->flow) {
			fill_counts(&ev->alert.counts, p, sink->burst);
			if (sink->flows)
				flow_fill_app(sink->flows, p->flow, ev);
		}
	}
	return ev;
}

char *event_aux(struct event *ev)
{
	return (char *)ev + event_base_size((enum event_kind)ev->kind);
}

void event_commit(struct event_sink *sink)
{
	struct event_ring *r = sink->ring;
	if (!r->open_slots)
		return;
	struct record_head *h = slot_at(r, r->open_at);
	struct event *ev = (struct event *)(h + 1);
	size_t room = (size_t)r->open_slots * EVENT_SLOT_BYTES - sizeof(*h) - event_base_size(r->open_kind);
	if (ev->aux_len > room) // a bug of the maker must not become a read past the record
		ev->aux_len = (uint32_t)room;
	h->slots = slots_for(event_base_size(r->open_kind) + ev->aux_len);
	r->open_slots = 0;
	atomic_store_explicit(&r->head, r->open_at + h->slots, memory_order_release);
}

// Takes back what event_begin counted: an event nobody wanted in the end was not made.
void event_cancel(struct event_sink *sink)
{
	struct event_ring *r = sink->ring;
	if (!r->open_slots)
		return;
	r->open_slots = 0;
	sink->made[r->open_kind]--;
}

const struct event *event_ring_peek(struct event_ring *r)
{
	for (;;) {
		uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
		if (tail == r->head_seen) {
			r->head_seen = atomic_load_explicit(&r->head, memory_order_acquire);
			if (tail == r->head_seen)
				return NULL;
		}
		struct record_head *h = slot_at(r, tail);
		if (!h->filler)
			return (const struct event *)(h + 1);
		atomic_store_explicit(&r->tail, tail + h->slots, memory_order_release);
	}
}

void event_ring_pop(struct event_ring *r)
{
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	if (tail == r->head_seen)
		return;
	atomic_store_explicit(&r->tail, tail + slot_at(r, tail)->slots, memory_order_release);
}
