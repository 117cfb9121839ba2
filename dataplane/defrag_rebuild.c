// From the fragments of a datagram to the datagram: who wins where they overlap, and the header in front.
// Next: decode.c, which decodes the result.
#include "dataplane/defrag_internal.h"

#include <string.h>

#include <rte_byteorder.h>

// Where reading stands in a datagram's log.
struct cursor {
	struct defrag *df;
	uint32_t chunk;
	uint32_t at;
};

// Copies n bytes from the log and moves on; to NULL only moves on.
static void read_log(struct cursor *c, uint8_t *to, uint32_t n)
{
	while (n > 0) {
		if (c->at == DEFRAG_CHUNK) {
			c->chunk = c->df->chunk_next[c->chunk];
			c->at = 0;
		}
		uint32_t here = DEFRAG_CHUNK - c->at;
		if (here > n)
			here = n;
		if (to) {
			memcpy(to, defrag_chunk(c->df, c->chunk) + c->at, here);
			to += here;
		}
		c->at += here;
		n -= here;
	}
}

// Lists the fragments in order of arrival. Returns how many.
static uint32_t list_pieces(struct defrag *df, const struct defrag_datagram *d)
{
	struct cursor c = {.df = df, .chunk = d->log_head};
	struct defrag_entry entry;

	for (uint32_t i = 0; i < d->fragments; i++) {
		read_log(&c, (uint8_t *)&entry, sizeof(entry));
		df->pieces[i] = (struct defrag_piece){.chunk = c.chunk,
			.at = (uint16_t)c.at,
			.offset = entry.offset,
			.len = entry.len,
			.arrival = (uint16_t)i};
		read_log(&c, NULL, entry.len);
	}
	return d->fragments;
}

static void paint_piece(
	struct defrag *df, const struct defrag_datagram *d, const struct defrag_piece *piece, uint8_t *to)
{
	struct cursor c = {.df = df, .chunk = piece->chunk, .at = piece->at};
	uint32_t len = piece->len;

	if (piece->offset >= d->end)
		return; // behind the end that the last fragment gave
	if (piece->offset + len > d->end)
		len = d->end - piece->offset;
	read_log(&c, to + piece->offset, len);
}

// Comparisons put first what is painted first, so that what comes after covers it.
static int further_right_first(const struct defrag_piece *a, const struct defrag_piece *b)
{
	return (a->offset < b->offset) - (a->offset > b->offset);
}

static int earlier_first(const struct defrag_piece *a, const struct defrag_piece *b)
{
	return (a->arrival > b->arrival) - (a->arrival < b->arrival);
}

static int order_bsd(const struct defrag_piece *a, const struct defrag_piece *b)
{
	int by_offset = further_right_first(a, b);
	return by_offset ? by_offset : -earlier_first(a, b);
}

static int order_bsd_right(const struct defrag_piece *a, const struct defrag_piece *b)
{
	int by_offset = -further_right_first(a, b);
	return by_offset ? by_offset : earlier_first(a, b);
}

static int order_linux(const struct defrag_piece *a, const struct defrag_piece *b)
{
	int by_offset = further_right_first(a, b);
	return by_offset ? by_offset : earlier_first(a, b);
}

static int order_first(const struct defrag_piece *a, const struct defrag_piece *b)
{
	return -earlier_first(a, b);
}

static int order_last(const struct defrag_piece *a, const struct defrag_piece *b)
{
	return earlier_first(a, b);
}

static int (*const paint_order[])(const struct defrag_piece *, const struct defrag_piece *) = {
	[DEFRAG_BSD] = order_bsd,
	[DEFRAG_BSD_RIGHT] = order_bsd_right,
	[DEFRAG_LINUX] = order_linux,
	[DEFRAG_FIRST] = order_first,
	[DEFRAG_LAST] = order_last,
	[DEFRAG_SOLARIS] = order_first,
	[DEFRAG_WINDOWS] = order_first,
};

// Heap sort: in place, and n log n whatever the sender does.
static void sift_down(struct defrag_piece *p, uint32_t at, uint32_t n,
	int (*order)(const struct defrag_piece *, const struct defrag_piece *))
{
	for (;;) {
		uint32_t child = 2 * at + 1;
		if (child >= n)
			return;
		if (child + 1 < n && order(&p[child], &p[child + 1]) < 0)
			child++;
		if (order(&p[at], &p[child]) >= 0)
			return;
		struct defrag_piece swap = p[at];
		p[at] = p[child];
		p[child] = swap;
		at = child;
	}
}

static void sort_pieces(
	struct defrag_piece *p, uint32_t n, int (*order)(const struct defrag_piece *, const struct defrag_piece *))
{
	for (uint32_t i = n / 2; i > 0; i--)
		sift_down(p, i - 1, n, order);
	for (uint32_t last = n; last > 1; last--) {
		struct defrag_piece swap = p[0];
		p[0] = p[last - 1];
		p[last - 1] = swap;
		sift_down(p, 0, last - 1, order);
	}
}

// The furthest end among the offsets below `units`, from a Fenwick tree over offsets.
static uint32_t furthest_end(const uint32_t *tree, uint32_t units)
{
	uint32_t end = 0;

	for (; units > 0; units &= units - 1)
		end = tree[units] > end ? tree[units] : end;
	return end;
}

static void add_end(uint32_t *tree, uint32_t unit, uint32_t end)
{
	for (uint32_t i = unit + 1; i <= DEFRAG_MAX_UNITS; i += i & -i)
		tree[i] = tree[i] > end ? tree[i] : end;
}

// Solaris and Windows throw an earlier fragment away when a later one begins before it and ends past it
// (Solaris: or with it). Pieces are in order of arrival; those thrown away get length 0. Walks back from the
// last to come, n log n.
static void drop_covered(struct defrag *df, uint32_t n, bool same_end_covers)
{
	memset(df->ends, 0, sizeof(df->ends));
	for (uint32_t i = n; i > 0; i--) {
		struct defrag_piece *piece = &df->pieces[i - 1];
		uint32_t unit = piece->offset / DEFRAG_UNIT, end = (uint32_t)piece->offset + piece->len;
		if (furthest_end(df->ends, unit) + same_end_covers > end)
			piece->len = 0;
		add_end(df->ends, unit, end);
	}
}

static void paint(struct defrag *df, const struct defrag_datagram *d, uint8_t *to)
{
	uint32_t n = list_pieces(df, d);

	if (d->overlap) {
		if (d->policy == DEFRAG_SOLARIS || d->policy == DEFRAG_WINDOWS)
			drop_covered(df, n, d->policy == DEFRAG_SOLARIS);
		sort_pieces(df->pieces, n, paint_order[d->policy]);
	}
	for (uint32_t i = 0; i < n; i++)
		paint_piece(df, d, &df->pieces[i], to);
}

static uint16_t header_checksum(const uint8_t *h, uint32_t len)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)h[i] << 8 | h[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put_be16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

// The first fragment's header for the whole: total length, no fragment fields (RFC 791).
static void finish_ipv4(uint8_t *h, uint32_t header_len, uint32_t total)
{
	put_be16(h + 2, total);
	put_be16(h + 6, 0);
	put_be16(h + 10, 0);
	put_be16(h + 10, header_checksum(h, header_len));
}

// The fragment header is gone already: whoever pointed at it points at what it carried (RFC 8200 section 4.5).
static void finish_ipv6(uint8_t *h, uint32_t header_len, uint32_t total, uint8_t next_header)
{
	uint32_t at = 40, pointer = 6;

	put_be16(h + 4, total - 40);
	while (at + 2 <= header_len) {
		pointer = at;
		at += 8u + 8u * h[at + 1];
	}
	h[pointer] = next_header;
}

static uint8_t *take_slot(struct defrag *df, const struct burst *b)
{
	if (df->burst_seq != b->frames[0].seq) {
		df->burst_seq = b->frames[0].seq;
		df->rebuilt_used = 0;
	}
	if (df->rebuilt_used + DEFRAG_REBUILT_SLOT > DEFRAG_REBUILT_BYTES)
		return NULL;
	return df->rebuilt + df->rebuilt_used;
}

static void fill_packet(struct packet *p, const struct packet *frag, const uint8_t *data, uint32_t len)
{
	p->data = data;
	p->len = p->wire_len = len;
	p->ts_ns = frag->ts_ns;
	p->seq = frag->seq;
	p->iface = frag->iface;
	p->link_type = frag->flags & PKT_IPV4 ? 228 : 229; // LINKTYPE_IPV4, LINKTYPE_IPV6
	p->ether_type = frag->flags & PKT_IPV4 ? 0x0800 : 0x86dd;
	p->flags = PKT_REBUILT | (frag->flags & (PKT_IP | PKT_INNER));
	p->vlan_count = frag->vlan_count;
	memcpy(p->vlan, frag->vlan, sizeof(p->vlan));
	p->tunnel_id = frag->tunnel_id;
	p->depth = frag->depth;
	p->outer = frag->outer;
}

// Begins a rebuilt packet: its header is there, its bytes are to come at data + header_len.
static uint8_t *begin_packet(
	struct defrag *df, const struct defrag_whole *w, struct burst *b, struct packet *frag, struct packet **out)
{
	uint32_t total = w->header_len + w->len;

	if (total - (w->ipv4 ? 0 : 40) > DEFRAG_MAX_BYTES) {
		packet_note(frag, w->ipv4 ? DECODE_IPV4_FRAG_PKT_TOO_LARGE : DECODE_IPV6_FRAG_PKT_TOO_LARGE);
		return NULL;
	}
	uint8_t *data = take_slot(df, b);
	*out = data ? burst_take_extra(b) : NULL;
	if (!*out)
		return NULL;
	memcpy(data, w->header, w->header_len);
	if (w->ipv4)
		finish_ipv4(data, w->header_len, total);
	else
		finish_ipv6(data, w->header_len, total, w->next_header);
	df->rebuilt_used += RTE_ALIGN_CEIL(total, 64u);
	fill_packet(*out, frag, data, total);
	return data;
}

struct packet *defrag_rebuild(struct defrag *df, const struct defrag_datagram *d, struct burst *b, struct packet *frag)
{
	struct defrag_whole w = {.header = d->header,
		.header_len = d->header_len,
		.len = d->end,
		.next_header = d->next_header,
		.ipv4 = (d->key.version_proto & 0xff) == 4};
	struct packet *p = NULL;
	uint8_t *data = begin_packet(df, &w, b, frag, &p);

	if (data)
		paint(df, d, data + w.header_len);
	return p;
}

struct packet *defrag_unwrap(
	struct defrag *df, const struct defrag_whole *w, const uint8_t *from, struct burst *b, struct packet *frag)
{
	struct packet *p = NULL;
	uint8_t *data = begin_packet(df, w, b, frag, &p);

	if (data)
		memcpy(data + w->header_len, from, w->len);
	return p;
}
