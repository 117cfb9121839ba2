// Captures held in memory and replayed in a loop, at the pace of a 10 Gbit/s wire: at their own, ticks would cost more
// than packets. At each turn every address moves on by one in its second 16 bits, checksums with it (RFC 1624), so that
// flows and streams are new. Next: lane.c.
#include "perf/perf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "dataplane/setup/memory.h"
#include "dataplane/source_pcap.h"

#define ETHERNET_LINK 1u
#define BEGIN_NS UINT64_C(1600000000000000000)
#define BITS_A_NS 10u      // 10 Gbit/s
#define FRAME_OVERHEAD 24u // FCS, preamble and gap

struct stored {
	uint8_t *data;
	uint32_t len, wire_len;
	uint16_t link_type;
	uint16_t l3; // offset of the IP header, 0: leave it as it is
};

struct replay {
	struct stored *frames;
	uint64_t count, room, at;
	uint64_t turn; // from 0
	uint64_t now_ns;
};

static void complain(void *arg, enum source_severity severity, const char *message)
{
	fprintf(stderr, "tocsin-perf: %s\n", message);
}

// Where the IP header is, or 0: only plain and once-tagged Ethernet is rewritten.
static uint16_t find_l3(const uint8_t *p, uint32_t len, uint16_t link_type)
{
	uint32_t at = 12;

	if (link_type != ETHERNET_LINK || len < 34)
		return 0;
	if (p[at] == 0x81 && p[at + 1] == 0)
		at += 4;
	if (p[at] == 0x08 && p[at + 1] == 0 && len >= at + 22)
		return (uint16_t)(at + 2);
	if (p[at] == 0x86 && p[at + 1] == 0xdd && len >= at + 42)
		return (uint16_t)(at + 2);
	return 0;
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

// RFC 1624 equation 3: the checksum after one 16-bit word has gone from old to new.
static void fix_checksum(uint8_t *sum, uint16_t old, uint16_t new)
{
	uint32_t s = (uint32_t)(uint16_t)~get16(sum) + (uint16_t)~old + new;

	s = (s & 0xffff) + (s >> 16);
	s = (s & 0xffff) + (s >> 16);
	put16(sum, (uint16_t)~s);
}

// The transport checksum that covers the addresses, NULL where there is none to keep right.
static uint8_t *l4_checksum(const struct stored *s)
{
	uint8_t *ip = s->data + s->l3, *end = s->data + s->len, *l4;
	uint8_t proto;

	if (ip[0] >> 4 == 4) {
		if ((get16(ip + 6) & 0x1fff) != 0)
			return NULL;
		l4 = ip + (ip[0] & 15) * 4;
		proto = ip[9];
	} else {
		l4 = ip + 40;
		proto = ip[6];
	}
	if (proto == 6 && l4 + 18 <= end)
		return l4 + 16;
	if (proto == 17 && l4 + 8 <= end && get16(l4 + 6) != 0)
		return l4 + 6;
	return proto == 58 && l4 + 4 <= end ? l4 + 2 : NULL;
}

static void move_address(const struct stored *s, uint8_t *addr, uint8_t *l4)
{
	uint8_t *word = addr + 1; // not the first byte: multicast and loopback stay what they are
	uint16_t old = get16(word), new = (uint16_t)(old + 1);
	uint8_t *even = addr; // checksums see aligned words: both that changed
	uint16_t before[2] = {get16(even), get16(even + 2)};

	put16(word, new);
	for (int i = 0; i < 2; i++) {
		if (s->data[s->l3] >> 4 == 4)
			fix_checksum(s->data + s->l3 + 10, before[i], get16(even + 2 * i));
		if (l4)
			fix_checksum(l4, before[i], get16(even + 2 * i));
	}
}

static void move_on(const struct stored *s)
{
	uint8_t *ip = s->data + s->l3;
	uint8_t *l4;

	if (!s->l3 || (ip[0] >> 4 != 4 && ip[0] >> 4 != 6))
		return;
	l4 = l4_checksum(s);
	move_address(s, ip + (ip[0] >> 4 == 4 ? 12 : 8), l4);
	move_address(s, ip + (ip[0] >> 4 == 4 ? 16 : 24), l4);
}

static bool store(struct replay *r, const struct packet *p)
{
	if (r->count == r->room) {
		uint64_t room = r->room ? r->room * 2 : 4096;
		struct stored *frames = realloc(r->frames, room * sizeof(*frames));
		if (!frames)
			return false;
		r->frames = frames;
		r->room = room;
	}
	struct stored *s = &r->frames[r->count];
	*s = (struct stored){.len = p->len, .wire_len = p->wire_len, .link_type = p->link_type};
	s->data = malloc(p->len ? p->len : 1);
	if (!s->data)
		return false;
	memcpy(s->data, p->data, p->len);
	s->l3 = find_l3(s->data, s->len, s->link_type);
	r->count++;
	return true;
}

static bool load(struct replay *r, struct source *s)
{
	struct packet frames[PKT_BURST];
	bool ok = true;

	while (ok && !s->ops->ended(s)) {
		uint16_t n = s->ops->rx(s, frames, PKT_BURST);
		for (uint16_t i = 0; i < n; i++) {
			ok = ok && store(r, &frames[i]);
			rte_pktmbuf_free(frames[i].mbuf);
		}
	}
	return ok && r->count;
}

struct replay *replay_open(const struct perf_options *o)
{
	struct mbuf_pools_config cfg = {
		.name = "replay", .small_count = 1023, .jumbo_count = 64, .socket = SOCKET_ID_ANY};
	struct mbuf_pools pools = {0};
	struct source *s = NULL;
	struct replay *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	bool ok = mbuf_pools_create(&pools, &cfg) == 0 &&
		  source_pcap_open(&s, o->captures, o->capture_count, &pools, complain, NULL) == 0 && load(r, s);
	if (s)
		s->ops->close(s);
	mbuf_pools_free(&pools);
	if (!ok) {
		fprintf(stderr, "tocsin-perf: nothing to replay\n");
		replay_close(r);
		return NULL;
	}
	r->now_ns = BEGIN_NS;
	fprintf(stderr, "tocsin-perf: %lu frames in memory\n", r->count);
	return r;
}

void replay_close(struct replay *r)
{
	if (!r)
		return;
	for (uint64_t i = 0; i < r->count; i++)
		free(r->frames[i].data);
	free(r->frames);
	free(r);
}

void replay_next(struct replay *r, struct replay_frame *out)
{
	const struct stored *s = &r->frames[r->at];

	if (r->turn)
		move_on(s);
	*out = (struct replay_frame){
		.data = s->data, .ts_ns = r->now_ns, .len = s->len, .wire_len = s->wire_len, .link_type = s->link_type};
	r->now_ns += (s->wire_len + FRAME_OVERHEAD) * 8u / BITS_A_NS;
	if (++r->at == r->count) {
		r->at = 0;
		r->turn++;
	}
}

uint64_t replay_left(const struct replay *r)
{
	return r->count - r->at;
}

uint64_t replay_frames(const struct replay *r)
{
	return r->count;
}
