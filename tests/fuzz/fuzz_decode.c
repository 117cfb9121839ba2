// Decode, with defragmentation, under arbitrary frames. The input is a link type, settings, and frames: two bytes of
// length, then as many bytes as there are. The frames are decoded as one burst, again one by one, a third time layer by
// layer, and what the fast path takes once more by the walk: what comes out has to be the same. Seeds are written by
// make_decode_corpus.c.
#include <stdlib.h>

#include "dataplane/decode_internal.h"
#include "dataplane/defrag.h"

#define MAX_FRAMES 8u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What is said of a packet, as far as it must not depend on the burst it came in.
struct verdict {
	uint64_t seq;
	uint32_t len, flags, l2_len, l3_off, l4_off, payload_off, payload_len, tunnel_id;
	uint16_t sport, dport, drop_reason, events[PKT_MAX_EVENTS];
	uint8_t ip_proto, depth, vlan_count, event_count;
	union ip_addr src, dst;
};

struct run {
	struct decoder decoder;
	struct burst burst;
	void *defrag_memory;
	uint32_t n;
	struct verdict verdicts[MAX_FRAMES * PKT_MAX_DEPTH];
};

static struct run together, one_by_one, by_layer;

static void start(struct run *r, uint8_t settings)
{
	struct defrag_config cfg;
	defrag_config_defaults(&cfg);
	cfg.memcap_bytes = 512 << 10;
	cfg.max_datagrams = 6;
	if (r->defrag_memory == NULL) {
		r->defrag_memory = aligned_alloc(64, (defrag_size(&cfg) + 63) & ~(size_t)63);
		memset(r->defrag_memory, 0, defrag_size(&cfg));
	}
	memset(r->defrag_memory, 0, 64 << 10); // the part that must be zero, as fuzz_defrag.c has it
	decode_init(&r->decoder, NULL);
	r->decoder.config.check_l3_csum = r->decoder.config.check_l4_csum = settings & 1;
	r->decoder.config.teredo_ports.any = settings & 2;
	r->decoder.nested_left = settings & 4 ? 0 : UINT32_MAX;
	if (defrag_init(r->defrag_memory, &cfg, &r->decoder.defrag) != 0)
		abort();
	r->decoder.defrag_packet = defrag_packet;
	r->decoder.defrag_ahead = defrag_ahead;
	memset(&r->burst, 0, sizeof(r->burst));
	r->n = 0;
}

static void check(const struct packet *p)
{
	volatile uint8_t sum = 0;
	if (p->flags & PKT_TCP && !(p->flags & PKT_INVALID) && p->payload_off < p->l4_off + 20)
		abort(); // the stream engine reads a TCP header there
	if (p->payload_off > p->len || p->payload_len > p->len - p->payload_off)
		abort();
	if (p->l2_len > p->len || p->l3_off > p->len || p->l4_off > p->len || p->icmp_inner_off > p->len)
		abort();
	if (p->depth >= PKT_MAX_DEPTH || p->vlan_count > PKT_MAX_VLANS || p->event_count > PKT_MAX_EVENTS)
		abort();
	if (!!(p->flags & PKT_INVALID) != (p->drop_reason != DROP_NONE))
		abort();
	if (!!(p->flags & PKT_INNER) != (p->outer != NULL))
		abort();
	for (uint32_t i = 0; i < p->payload_len; i++) // every byte a detector may read is there
		sum = (uint8_t)(sum + p->data[p->payload_off + i]);
}

static void keep(struct run *r, const struct packet *p)
{
	struct verdict *v = &r->verdicts[r->n++];
	memset(v, 0, sizeof(*v)); // padding too: verdicts are compared as bytes
	v->seq = p->seq;
	v->len = p->len;
	v->flags = p->flags;
	v->l2_len = p->l2_len;
	v->l3_off = p->l3_off;
	v->l4_off = p->l4_off;
	v->payload_off = p->payload_off;
	v->payload_len = p->payload_len;
	v->tunnel_id = p->tunnel_id;
	v->sport = p->sport;
	v->dport = p->dport;
	v->drop_reason = p->drop_reason;
	v->ip_proto = p->ip_proto;
	v->depth = p->depth;
	v->vlan_count = p->vlan_count;
	v->event_count = p->event_count;
	v->src = p->src;
	v->dst = p->dst;
	memcpy(v->events, p->events, sizeof(v->events));
}

static void decode_all(struct run *r)
{
	struct burst *b = &r->burst;
	uint32_t frames = 0;
	b->n = b->n_extra = b->n_extra_mbufs = 0;
	decode_burst(&r->decoder, b);
	for (uint32_t i = 0; i < b->n; i++) {
		check(b->list[i]);
		keep(r, b->list[i]);
		frames += b->list[i] >= b->frames && b->list[i] < b->frames + PKT_BURST;
	}
	if (frames != b->n_frames) // every frame is listed, once
		abort();
	memset(b->frames, 0, sizeof(b->frames));
	b->n_frames = 0;
}

// The fast path either leaves a frame as it is, or says what the walk says.
static void check_both_paths(const struct packet *frame)
{
	static struct decoder d, w;
	static struct burst b;
	struct packet fast = *frame;
	decode_init(&d, NULL);
	d.config = one_by_one.decoder.config;
	w = d;
	uint32_t tally = decode_fast(&d, &fast);
	if (tally == 0) {
		if (memcmp(&fast, frame, sizeof(fast)) != 0)
			abort();
		return;
	}
	decode_tally(&d.counters, tally);
	b.n = b.n_extra = 0;
	b.frames[0] = *frame;
	decode_frame(&w, &b, &b.frames[0]);
	if (b.n != 1 || memcmp(&fast, &b.frames[0], sizeof(fast)) != 0 ||
		memcmp(&d.counters, &w.counters, sizeof(d.counters)) != 0)
		abort();
}

static void check_ledger(const struct decode_counters *n)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < DROP_REASON_COUNT; i++)
		sum += n->ledger[i];
	if (sum != n->invalid || n->invalid > n->pkts)
		abort();
}

static void check_same(const struct run *a, const struct run *b)
{
	if (a->n != b->n || memcmp(a->verdicts, b->verdicts, a->n * sizeof(struct verdict)) != 0 ||
		memcmp(&a->decoder.counters, &b->decoder.counters, sizeof(struct decode_counters)) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t link_types[] = {1, 101, 0, 9, 50, 51, 104, 105, 108, 113, 127, 219, 228, 239, 276, 10};
	if (size < 2)
		return 0;
	uint8_t *copies[MAX_FRAMES];
	uint32_t n = 0;
	start(&together, data[1]);
	start(&one_by_one, data[1]);
	start(&by_layer, data[1]);
	by_layer.decoder.layer_by_layer = true;
	for (size_t at = 2; at + 2 <= size && n < MAX_FRAMES; n++) {
		size_t len = (size_t)data[at] << 8 | data[at + 1];
		at += 2;
		if (len > size - at)
			len = size - at;
		copies[n] =
			malloc(len > 0 ? len : 1); // exactly as long: a read past it is seen by the address sanitizer
		memcpy(copies[n], data + at, len);
		at += len;
		struct packet p = {.data = copies[n],
			.len = (uint32_t)len,
			.wire_len = (uint32_t)len,
			.seq = n + 1,
			.ts_ns = n * 1000000u,
			.link_type = link_types[data[0] % (sizeof(link_types) / sizeof(link_types[0]))]};
		if (p.link_type == DECODE_LINK_EN10MB)
			check_both_paths(&p);
		together.burst.frames[together.burst.n_frames++] = p;
		one_by_one.burst.frames[one_by_one.burst.n_frames++] = p;
		by_layer.burst.frames[by_layer.burst.n_frames++] = p;
		decode_all(&one_by_one);
	}
	decode_all(&together);
	decode_all(&by_layer);
	check_ledger(&together.decoder.counters);
	check_same(&together, &one_by_one);
	check_same(&together, &by_layer);
	for (uint32_t i = 0; i < n; i++)
		free(copies[i]);
	return 0;
}
