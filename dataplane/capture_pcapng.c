// The pcapng format: sections in either byte order, interfaces with their own link type and clock, and
// the three packet blocks. Source: draft-ietf-opsawg-pcapng. Next: source_pcap.c.
#include "dataplane/capture.h"

#include <string.h>

#include "dataplane/setup/memory.h"

#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET 2u // obsolete, still written by old tools
#define BLOCK_SIMPLE_PACKET 3u
#define BLOCK_ENHANCED_PACKET 6u
#define BLOCK_SECTION 0x0a0d0d0au
#define BYTE_ORDER_MAGIC 0x1a2b3c4du

#define BLOCK_HEADER_BYTES 8u
#define BLOCK_MIN_BYTES 12u
#define SECTION_MIN_BYTES 28u
#define INTERFACE_MIN_BYTES 20u
#define PACKET_HEADER_BYTES 28u // of an enhanced or old packet block, up to its data
#define SIMPLE_HEADER_BYTES 12u

#define OPTION_END 0u
#define OPTION_TSRESOL 9u
#define OPTION_TSOFFSET 14u

static enum capture_result corrupt(struct capture *c, const char *why)
{
	c->why = why;
	return CAPTURE_CORRUPT;
}

// Section header: byte order and a fresh list of interfaces.
static enum capture_result read_section(struct capture *c, const uint8_t *h)
{
	uint32_t order;

	memcpy(&order, h + 8, sizeof(order));
	if (order != BYTE_ORDER_MAGIC && order != __builtin_bswap32(BYTE_ORDER_MAGIC))
		return corrupt(c, "a section header has no byte order magic");
	c->swapped = order != BYTE_ORDER_MAGIC;
	uint32_t len = capture_u32(c, h + 4);
	if (len < SECTION_MIN_BYTES || len % 4 != 0)
		return corrupt(c, "a section header has a wrong length");
	if (capture_u16(c, h + 12) != 1)
		return corrupt(c, "a section has a version other than 1.x");
	c->interface_count = 0;
	return CAPTURE_FRAME;
}

static void read_interface_option(
	const struct capture *c, struct capture_interface *i, uint16_t code, const uint8_t *value, uint16_t len)
{
	if (code == OPTION_TSRESOL && len == 1) {
		i->binary = value[0] & 0x80;
		i->ts_power = value[0] & 0x7f;
	} else if (code == OPTION_TSOFFSET && len == 8) {
		uint64_t v;
		memcpy(&v, value, sizeof(v));
		i->ts_offset_s = (int64_t)(c->swapped ? __builtin_bswap64(v) : v);
	}
}

static enum capture_result read_interface(struct capture *c, const uint8_t *h, uint32_t len)
{
	if (len < INTERFACE_MIN_BYTES)
		return corrupt(c, "an interface block is too short");
	if (c->interface_count == CAPTURE_MAX_INTERFACES)
		return corrupt(c, "a section has more than 1024 interfaces");
	struct capture_interface *i = &c->interfaces[c->interface_count];
	*i = (struct capture_interface){
		.link_type = capture_u16(c, h + 8), .snaplen = capture_u32(c, h + 12), .ts_power = 6};
	const uint8_t *p = h + 16, *end = h + len - 4;
	while (end - p >= 4) {
		uint16_t code = capture_u16(c, p), size = capture_u16(c, p + 2);
		if (code == OPTION_END || size > end - p - 4)
			break;
		read_interface_option(c, i, code, p + 4, size);
		size_t step = 4 + ((size + 3u) & ~3u);
		p = step < (size_t)(end - p) ? p + step : end;
	}
	if (i->ts_power > (i->binary ? 63 : 19))
		return corrupt(c, "an interface has a timestamp resolution beyond 64 bits");
	c->interface_count++;
	return CAPTURE_FRAME;
}

static uint64_t power_of_ten(unsigned n)
{
	uint64_t v = 1;

	while (n-- > 0)
		v *= 10;
	return v;
}

// Timestamp units of an interface to nanoseconds since 1970.
static uint64_t to_ns(const struct capture_interface *i, uint64_t ticks)
{
	uint64_t offset_ns = (uint64_t)i->ts_offset_s * UINT64_C(1000000000);

	if (!i->binary && i->ts_power == 6)
		return ticks * 1000 + offset_ns;
	if (!i->binary && i->ts_power <= 9)
		return ticks * power_of_ten(9u - i->ts_power) + offset_ns;
	if (!i->binary)
		return ticks / power_of_ten(i->ts_power - 9u) + offset_ns;
	uint64_t fraction = ticks & ((UINT64_C(1) << i->ts_power) - 1);
	uint64_t ns = (uint64_t)(((unsigned __int128)fraction * 1000000000u) >> i->ts_power);
	return (ticks >> i->ts_power) * UINT64_C(1000000000) + ns + offset_ns;
}

static void fill_frame(const struct capture_interface *i, const uint8_t *data, uint32_t len, uint32_t wire_len,
	struct capture_frame *out)
{
	out->data = data;
	out->len = len;
	out->wire_len = wire_len > len ? wire_len : len;
	out->link_type = i->link_type;
}

// The whole block where it fits the window, so that a block cut short is not taken for a whole one; else
// (options of hundreds of kilobytes) the part with the packet.
static const uint8_t *peek_block(struct capture *c, uint32_t block_len, uint32_t needed)
{
	return capture_bytes_peek(&c->bytes, block_len <= CAPTURE_WINDOW_BYTES ? (block_len + 3) & ~3u : needed);
}

// Its length stands at both ends of a block; h: what peek_block gave.
static bool same_lengths(const struct capture *c, const uint8_t *h, uint32_t block_len)
{
	return block_len > CAPTURE_WINDOW_BYTES || capture_u32(c, h + ((block_len + 3) & ~3u) - 4) == block_len;
}

// Enhanced packet block, and the old one, which has a 16-bit interface number and a drop count.
static enum capture_result read_packet(struct capture *c, uint32_t type, uint32_t block_len, struct capture_frame *out)
{
	const uint8_t *h = capture_bytes_peek(&c->bytes, PACKET_HEADER_BYTES);

	if (!h)
		return capture_stopped(c, false);
	uint32_t id = type == BLOCK_PACKET ? capture_u16(c, h + 8) : capture_u32(c, h + 8);
	uint64_t ticks = (uint64_t)capture_u32(c, h + 12) << 32 | capture_u32(c, h + 16);
	uint32_t len = capture_u32(c, h + 20), wire_len = capture_u32(c, h + 24);
	if (id >= c->interface_count)
		return corrupt(c, "a packet names an interface that was not described");
	if (len > FRAME_MAX_BYTES)
		return corrupt(c, "a packet says it holds more than 262144 bytes");
	if (block_len < PACKET_HEADER_BYTES + 4 || len > block_len - PACKET_HEADER_BYTES - 4)
		return corrupt(c, "a packet is longer than its block");
	h = peek_block(c, block_len, PACKET_HEADER_BYTES + len);
	if (!h)
		return capture_stopped(c, false);
	if (!same_lengths(c, h, block_len))
		return corrupt(c, "a packet block says two lengths");
	fill_frame(&c->interfaces[id], h + PACKET_HEADER_BYTES, len, wire_len, out);
	out->ts_ns = to_ns(&c->interfaces[id], ticks);
	out->iface = (uint16_t)id;
	return CAPTURE_FRAME;
}

// Simple packet block: no time, the first interface's link type, cut at its snap length.
static enum capture_result read_simple_packet(struct capture *c, uint32_t block_len, struct capture_frame *out)
{
	const uint8_t *h = capture_bytes_peek(&c->bytes, SIMPLE_HEADER_BYTES);

	if (!h)
		return capture_stopped(c, false);
	if (c->interface_count == 0)
		return corrupt(c, "a packet names an interface that was not described");
	if (block_len < SIMPLE_HEADER_BYTES + 4)
		return corrupt(c, "a packet is longer than its block");
	uint32_t wire_len = capture_u32(c, h + 8), len = wire_len, snaplen = c->interfaces[0].snaplen;
	if (snaplen && len > snaplen)
		len = snaplen;
	if (len > block_len - SIMPLE_HEADER_BYTES - 4)
		len = block_len - SIMPLE_HEADER_BYTES - 4;
	if (len > FRAME_MAX_BYTES)
		return corrupt(c, "a packet says it holds more than 262144 bytes");
	h = peek_block(c, block_len, SIMPLE_HEADER_BYTES + len);
	if (!h)
		return capture_stopped(c, false);
	if (!same_lengths(c, h, block_len))
		return corrupt(c, "a packet block says two lengths");
	fill_frame(&c->interfaces[0], h + SIMPLE_HEADER_BYTES, len, wire_len, out);
	out->ts_ns = 0;
	out->iface = 0;
	return CAPTURE_FRAME;
}

// Section and interface blocks, which are looked at in one piece.
static enum capture_result read_description(struct capture *c, uint32_t type, uint32_t len)
{
	if (len > CAPTURE_WINDOW_BYTES)
		return corrupt(c, "a section or interface block is longer than 512 KiB");
	const uint8_t *h = capture_bytes_peek(&c->bytes, len);
	if (!h)
		return capture_stopped(c, false);
	return type == BLOCK_SECTION ? read_section(c, h) : read_interface(c, h, len);
}

// True when the block at h begins a section; its own byte order then gives its length.
static bool section_length(const struct capture *c, const uint8_t *h, uint32_t *len)
{
	uint32_t type, order;

	memcpy(&type, h, sizeof(type));
	if (type != BLOCK_SECTION)
		return false;
	memcpy(&order, h + 8, sizeof(order));
	memcpy(len, h + 4, sizeof(*len));
	if (order == __builtin_bswap32(BYTE_ORDER_MAGIC))
		*len = __builtin_bswap32(*len);
	return true;
}

static enum capture_result next_frame(struct capture *c, struct capture_frame *out)
{
	struct capture_bytes *b = &c->bytes;

	for (;;) {
		const uint8_t *h = capture_bytes_peek(b, BLOCK_MIN_BYTES);
		c->record_at = capture_bytes_tell(b);
		if (!h)
			return capture_stopped(c, true);
		uint32_t type = capture_u32(c, h), len = capture_u32(c, h + 4);
		if (section_length(c, h, &len))
			type = BLOCK_SECTION;
		if (len < BLOCK_MIN_BYTES)
			return corrupt(c, "a block has a wrong length");
		enum capture_result result = CAPTURE_AGAIN;
		if (type == BLOCK_ENHANCED_PACKET || type == BLOCK_PACKET)
			result = read_packet(c, type, len, out);
		else if (type == BLOCK_SIMPLE_PACKET)
			result = read_simple_packet(c, len, out);
		else if (type == BLOCK_SECTION || type == BLOCK_INTERFACE)
			result = read_description(c, type, len);
		else
			result = CAPTURE_FRAME; // names, statistics, secrets, custom blocks
		if (result != CAPTURE_FRAME)
			return result;
		capture_bytes_skip(b, ((uint64_t)len + 3) & ~UINT64_C(3));
		if (type == BLOCK_ENHANCED_PACKET || type == BLOCK_PACKET || type == BLOCK_SIMPLE_PACKET)
			return CAPTURE_FRAME;
	}
}

// The capture begins with a section header block; it is read like any other.
enum capture_result capture_pcapng_begin(struct capture *c)
{
	c->next = next_frame;
	return CAPTURE_FRAME;
}
