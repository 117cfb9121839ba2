// The pcap file format: both byte orders, microseconds and nanoseconds, and the "modified" format of
// Kuznetzov's patches. Source: draft-ietf-opsawg-pcap; libpcap savefile(5). Next: source_pcap.c.
#include "dataplane/capture.h"

#include "dataplane/setup/memory.h"

#define FILE_HEADER_BYTES 24u
#define RECORD_HEADER_BYTES 16u
// Kuznetzov's records carry an interface index, a protocol and a packet type behind the lengths.
#define MODIFIED_RECORD_HEADER_BYTES 24u
#define LINKTYPE_MASK 0x03ffffffu // the upper bits tell of frame check sequences

static const struct pcap_kind {
	uint32_t magic; // as read in the writer's byte order
	uint32_t ns_a_tick;
	uint32_t record_header;
} kinds[] = {
	{0xa1b2c3d4, 1000, RECORD_HEADER_BYTES},
	{0xa1b23c4d, 1, RECORD_HEADER_BYTES},
	{0xa1b2cd34, 1000, MODIFIED_RECORD_HEADER_BYTES},
};

static const struct pcap_kind *find_kind(const uint8_t *magic, bool *swapped)
{
	uint32_t v;

	__builtin_memcpy(&v, magic, sizeof(v));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		*swapped = v != kinds[i].magic;
		if (v == kinds[i].magic || __builtin_bswap32(v) == kinds[i].magic)
			return &kinds[i];
	}
	return NULL;
}

bool capture_pcap_magic(const uint8_t *magic)
{
	bool swapped;

	return find_kind(magic, &swapped) != NULL;
}

static enum capture_result corrupt(struct capture *c, const char *why)
{
	c->why = why;
	return CAPTURE_CORRUPT;
}

static enum capture_result next_frame(struct capture *c, struct capture_frame *out)
{
	struct capture_bytes *b = &c->bytes;
	const uint8_t *h = capture_bytes_peek(b, c->record_header);

	c->record_at = capture_bytes_tell(b);
	if (!h)
		return capture_stopped(c, true);
	uint32_t len = capture_u32(c, h + 8), wire_len = capture_u32(c, h + 12);
	if (len > FRAME_MAX_BYTES)
		return corrupt(c, "a record says it holds more than 262144 bytes");
	uint64_t ts_ns = capture_u32(c, h) * UINT64_C(1000000000) + (uint64_t)capture_u32(c, h + 4) * c->ns_a_tick;
	h = capture_bytes_peek(b, c->record_header + len);
	if (!h)
		return capture_stopped(c, false);
	out->data = h + c->record_header;
	out->len = len;
	out->wire_len = wire_len > len ? wire_len : len;
	out->ts_ns = ts_ns;
	out->link_type = c->link_type;
	out->iface = 0;
	capture_bytes_skip(b, c->record_header + len);
	return CAPTURE_FRAME;
}

// Reads the file header. Returns CAPTURE_FRAME when frames may follow.
enum capture_result capture_pcap_begin(struct capture *c)
{
	const uint8_t *h = capture_bytes_peek(&c->bytes, FILE_HEADER_BYTES);

	if (!h)
		return capture_stopped(c, false);
	const struct pcap_kind *kind = find_kind(h, &c->swapped);
	uint32_t link_type = capture_u32(c, h + 20) & LINKTYPE_MASK;
	if (capture_u16(c, h + 4) != 2)
		return corrupt(c, "its header has a version other than 2.x");
	c->ns_a_tick = kind->ns_a_tick;
	c->record_header = kind->record_header;
	c->snaplen = capture_u32(c, h + 16);
	c->link_type = link_type > UINT16_MAX ? UINT16_MAX : (uint16_t)link_type;
	capture_bytes_skip(&c->bytes, FILE_HEADER_BYTES);
	c->next = next_frame;
	return CAPTURE_FRAME;
}
