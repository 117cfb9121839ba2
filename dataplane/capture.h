// One capture file, read front to back: capture_bytes.c fetches its bytes (file, pipe, gzip, memory),
// capture_pcap.c and capture_pcapng.c read their format, capture.c tells which one it is.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct z_stream_s;

// Bytes in flight. Any window of up to CAPTURE_WINDOW_BYTES can be looked at in one piece.
#define CAPTURE_WINDOW_BYTES ((size_t)512 << 10)

enum bytes_state {
	BYTES_OK,
	BYTES_AGAIN, // a pipe has nothing to say just now
	BYTES_END,
	BYTES_ERROR, // reading or decompressing failed: capture_bytes.error says what
};

struct capture_bytes {
	const uint8_t *pos, *end; // bytes not yet consumed
	uint64_t offset;          // of end in the (decompressed) capture
	uint64_t skip;            // bytes to drop before pos means anything
	enum bytes_state state;   // why the last peek returned NULL
	int fd;                   // -1: memory only
	bool may_wait;            // a pipe: wait for bytes up to 100 ms (set by the caller before reading)
	bool is_pipe;
	bool at_eof;
	uint64_t raw_read;      // bytes taken from fd
	uint8_t *window;        // CAPTURE_WINDOW_BYTES, NULL for memory
	struct z_stream_s *zip; // NULL: not compressed
	uint8_t *zip_in;
	char error[96];
};

// Takes over fd (closes it in capture_bytes_close). Reads the first bytes and finds out whether they are
// gzip. A pipe may not have them yet: that is not an error. Returns 0 or -errno.
int capture_bytes_open(struct capture_bytes *b, int fd, bool is_pipe);
// Reads memory in place; mem must outlive the reader.
void capture_bytes_memory(struct capture_bytes *b, const uint8_t *mem, size_t len);
void capture_bytes_close(struct capture_bytes *b);

const uint8_t *capture_bytes_fill(struct capture_bytes *b, size_t n);

// The next n bytes in one piece, not consumed; n <= CAPTURE_WINDOW_BYTES. NULL when they are not there
// (b->state says why). The pointer is good until the next peek.
static inline const uint8_t *capture_bytes_peek(struct capture_bytes *b, size_t n)
{
	if (__builtin_expect((size_t)(b->end - b->pos) >= n && b->skip == 0, 1))
		return b->pos;
	return capture_bytes_fill(b, n);
}

// Consumes n bytes, which need not have been peeked.
static inline void capture_bytes_skip(struct capture_bytes *b, uint64_t n)
{
	uint64_t here = (uint64_t)(b->end - b->pos);

	if (__builtin_expect(n <= here, 1)) {
		b->pos += n;
		return;
	}
	b->pos = b->end;
	b->skip += n - here;
}

// Offset of the next unconsumed byte in the (decompressed) capture.
static inline uint64_t capture_bytes_tell(const struct capture_bytes *b)
{
	return b->offset - (uint64_t)(b->end - b->pos) + b->skip;
}

struct capture_frame {
	const uint8_t *data; // good until the next call of capture_next
	uint32_t len;        // captured bytes, at most FRAME_MAX_BYTES
	uint32_t wire_len;   // bytes on the wire, never less than len
	uint64_t ts_ns;
	uint16_t link_type; // LINKTYPE_ value
	uint16_t iface;     // pcapng: interface number in its section
};

enum capture_result {
	CAPTURE_FRAME,   // a frame was read
	CAPTURE_AGAIN,   // a pipe has no whole frame just now
	CAPTURE_END,     // the capture ended where it should
	CAPTURE_CUT,     // it ended in the middle of a record
	CAPTURE_CORRUPT, // a record makes no sense; capture.why says which
	CAPTURE_NOT_ONE, // this is no capture file
};

#define CAPTURE_MAX_INTERFACES 1024u

struct capture_interface {
	uint16_t link_type;
	bool binary;      // ts_power counts powers of two, not ten
	uint8_t ts_power; // timestamp units a second: 10^ts_power or 2^ts_power
	uint32_t snaplen; // 0: no limit
	int64_t ts_offset_s;
};

struct capture {
	struct capture_bytes bytes;
	enum capture_result (*next)(struct capture *c, struct capture_frame *out);
	bool swapped;
	uint32_t ns_a_tick;     // pcap: 1 or 1000
	uint32_t record_header; // pcap: bytes before each frame
	uint16_t link_type;     // pcap
	uint32_t snaplen;       // pcap
	uint32_t interface_count;
	uint64_t record_at; // offset of the record being read
	const char *why;    // with CAPTURE_CORRUPT
	struct capture_interface interfaces[CAPTURE_MAX_INTERFACES];
};

// Prepares c for a capture whose bytes are in c->bytes (opened before). Cannot fail: what the capture is
// shows when capture_next has its first bytes.
void capture_begin(struct capture *c);

// The next frame. Anything but CAPTURE_FRAME and CAPTURE_AGAIN ends the capture.
static inline enum capture_result capture_next(struct capture *c, struct capture_frame *out)
{
	return c->next(c, out);
}

// Format readers: read the header (its first four bytes are the format's magic) and set c->next.
enum capture_result capture_pcap_begin(struct capture *c);
enum capture_result capture_pcapng_begin(struct capture *c);
// True where the four bytes are a pcap magic.
bool capture_pcap_magic(const uint8_t *magic);

// Why a peek failed inside a record or (at_boundary) between two.
enum capture_result capture_stopped(const struct capture *c, bool at_boundary);

static inline uint32_t capture_u32(const struct capture *c, const uint8_t *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return c->swapped ? __builtin_bswap32(v) : v;
}

static inline uint16_t capture_u16(const struct capture *c, const uint8_t *p)
{
	uint16_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return c->swapped ? __builtin_bswap16(v) : v;
}
