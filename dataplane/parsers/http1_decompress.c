// Content codings undone (RFC 9110 8.4): gzip (RFC 1952) and deflate (RFC 1951, with or without the frame of RFC 1950),
// one within the other. What turns out not to be compressed is shown as it came, because browsers do so. zlib works in
// memory of the flow. Next: http1_lzma.c.
#include <string.h>
#include <zlib.h>

#include "dataplane/parsers/http1.h"
#include "dataplane/parsers/http1_lzma.h"

#define OUT_BYTES 4096u
#define HEAD_MAX 1024u // bytes kept while it is not sure yet that they are compressed

enum coding { CODING_GZIP, CODING_DEFLATE, CODING_LZMA };

// Where a layer stands in what comes before the deflate data.
enum frame {
	FRAME_BEGIN,
	FRAME_FIXED, // the ten bytes of gzip
	FRAME_EXTRA_LEN,
	FRAME_EXTRA,
	FRAME_NAME,
	FRAME_COMMENT,
	FRAME_CRC,
	FRAME_DATA,
	FRAME_TRAILER, // eight bytes behind gzip data
	FRAME_ASIS,    // not compressed: let through
	FRAME_END,     // nothing more is wanted
};

enum gzip_flag {
	GZIP_CRC = 1u << 1,
	GZIP_EXTRA = 1u << 2,
	GZIP_NAME = 1u << 3,
	GZIP_COMMENT = 1u << 4,
	GZIP_RESERVED = 7u << 5
};

struct layer {
	z_stream z;
	struct http1_lzma *lzma; // decodes instead of z, which then only holds what is in and out
	struct app_text head;
	uint8_t coding; // enum coding
	uint8_t frame;  // enum frame
	uint8_t flags;  // enum gzip_flag, of what is still to come
	uint16_t skip;  // bytes left in this part of the frame
	bool gzip;      // begins like it
	uint32_t crc;
	uint64_t trailer; // low byte first
	uint8_t out[OUT_BYTES];
};

struct http1_layers {
	uint64_t in, out;
	uint32_t count;
	struct layer *layer[HTTP1_LAYERS_MAX]; // the one applied last first
};

static void *take(void *opaque, unsigned items, unsigned size)
{
	return app_alloc(opaque, items * size);
}

static void give(void *opaque, void *mem)
{
	app_free(opaque, mem);
}

static bool add_layer(struct http1_run *r, struct http1_layers *l, enum coding coding)
{
	struct layer *y = app_alloc(r->run, sizeof(*y));

	if (!y)
		return false;
	y->coding = (uint8_t)coding;
	y->z.zalloc = take;
	y->z.zfree = give;
	y->z.opaque = r->run;
	if (coding == CODING_LZMA)
		y->lzma = http1_lzma_new(r->run);
	if (coding == CODING_LZMA ? !y->lzma : inflateInit2(&y->z, -MAX_WBITS) != Z_OK) {
		app_free(r->run, y);
		return false;
	}
	memmove(l->layer + 1, l->layer, l->count * sizeof(*l->layer));
	l->layer[0] = y;
	l->count++;
	return true;
}

// In any case, anywhere in the word.
static bool word_holds(struct app_bytes word, const char *lower)
{
	for (uint32_t i = 0; i < word.len; i++)
		if (http1_begins((struct app_bytes){word.at + i, word.len - i}, lower))
			return true;
	return false;
}

static bool is_one_of(struct app_bytes word, const char *const *known, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (http1_equals(word, known[i]))
			return true;
	return false;
}

static const char *const known[] = {"gzip", "x-gzip", "deflate", "x-deflate", "inflate", "none", "lzma"};

// Returns false when no further word is to be looked at.
static bool take_word(struct http1_run *r, struct http1_layers *l, struct app_bytes word)
{
	enum coding coding = CODING_GZIP;

	if (!is_one_of(word, known, sizeof(known) / sizeof(*known)))
		http1_note(r, HTTP1_E_ABNORMAL_CE);
	if (word_holds(word, "deflate"))
		coding = CODING_DEFLATE;
	else if (word_holds(word, "lzma") && r->limits->http_lzma)
		coding = CODING_LZMA;
	else if (!word_holds(word, "gzip"))
		return true;
	if (l->count >= r->limits->http_decompress_layers || l->count == HTTP1_LAYERS_MAX) {
		http1_note(r, HTTP1_E_TOO_MANY_LAYERS);
		return false;
	}
	return add_layer(r, l, coding);
}

static void take_words(struct http1_run *r, struct http1_layers *l, struct app_bytes coding)
{
	uint8_t bare[32];
	struct app_bytes word = {bare, 0};

	for (uint32_t at = 0; at <= coding.len; at++) {
		uint8_t c = at < coding.len ? coding.at[at] : ',';
		if (c == ',' || c == ' ') {
			if (word.len && !take_word(r, l, word))
				break;
			word.len = 0;
		} else if (c && word.len < sizeof(bare)) { // NULs do not count
			bare[word.len++] = c;
		}
	}
}

struct http1_layers *http1_layers_new(struct http1_run *r, struct app_bytes coding)
{
	// Of a request one coding is undone, and none that is spelled oddly.
	if (r->dir == DIR_TO_SERVER && !is_one_of(coding, known, 4))
		return NULL;
	struct http1_layers *l = app_alloc(r->run, sizeof(*l));
	if (l)
		take_words(r, l, coding);
	if (l && !l->count) {
		app_free(r->run, l);
		l = NULL;
	}
	return l;
}

void http1_layers_free(struct app_run *run, struct http1_layers *l)
{
	for (uint32_t i = 0; l && i < l->count; i++) {
		l->layer[i]->z.opaque = run;
		if (l->layer[i]->lzma)
			http1_lzma_free(run, l->layer[i]->lzma);
		else
			inflateEnd(&l->layer[i]->z);
		app_text_free(run, &l->layer[i]->head);
		app_free(run, l->layer[i]);
	}
	app_free(run, l);
}

// The part of a gzip header that comes next.
static void next_part(struct layer *y)
{
	static const struct {
		uint8_t flag, frame, skip;
	} parts[] = {{GZIP_EXTRA, FRAME_EXTRA_LEN, 2}, {GZIP_NAME, FRAME_NAME, 0}, {GZIP_COMMENT, FRAME_COMMENT, 0},
		{GZIP_CRC, FRAME_CRC, 2}};

	y->frame = FRAME_DATA;
	for (uint32_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (y->flags & parts[i].flag) {
			y->flags &= (uint8_t)~parts[i].flag;
			y->frame = parts[i].frame;
			y->skip = parts[i].skip;
			return;
		}
}

static void gzip_byte(struct http1_run *r, struct layer *y, uint8_t c)
{
	switch (y->frame) {
	case FRAME_FIXED:
		if (y->skip == 8 && c != Z_DEFLATED) {
			y->frame = FRAME_ASIS;
			return;
		}
		if (y->skip == 7) {
			y->flags = c;
			if (c & GZIP_RESERVED)
				http1_note(r, HTTP1_E_GZIP_FAILED); // and ignored
		}
		if (--y->skip == 0)
			next_part(y);
		return;
	case FRAME_EXTRA_LEN:
		// Length, low byte first: kept in two halves of `skip` by way of the head.
		if (--y->skip)
			return;
		y->skip = (uint16_t)(y->head.at[y->head.len - 2] | c << 8);
		y->frame = FRAME_EXTRA;
		if (!y->skip)
			next_part(y);
		return;
	case FRAME_NAME:
	case FRAME_COMMENT:
		if (!c)
			next_part(y);
		return;
	default: // FRAME_EXTRA, FRAME_CRC
		if (--y->skip == 0)
			next_part(y);
	}
}

// What the first two bytes begin.
static void begin_frame(struct http1_run *r, struct layer *y)
{
	uint32_t begin = (uint32_t)y->head.at[0] << 8 | y->head.at[1];
	bool zlib = (begin & 0x0f20) == 0x0800 && begin % 31 == 0;

	if (y->coding == CODING_GZIP ? begin != 0x1f8b && !zlib : zlib || begin == 0x1f8b)
		http1_note(r, HTTP1_E_GZIP_FAILED); // not what was said, but read all the same
	y->frame = FRAME_DATA;
	if (begin == 0x1f8b) {
		y->frame = FRAME_FIXED;
		y->gzip = true;
		y->skip = 8;
	} else if (!zlib) {
		// No frame: the data itself, both bytes of it.
		y->z.next_in = y->head.at;
		y->z.avail_in = 2;
	}
}

// Takes bytes of the frame one by one, until the data begins. Returns how many.
static uint32_t read_frame(struct http1_run *r, struct layer *y, const uint8_t *bytes, uint32_t len)
{
	uint32_t i = 0;

	while (i < len && y->frame < FRAME_DATA) {
		if (y->head.len >= HEAD_MAX && y->frame == FRAME_BEGIN)
			break;
		uint8_t c = bytes[i++];
		if (y->head.len < HEAD_MAX)
			http1_add(r, &y->head, &c, 1);
		if (r->no_memory) {
			y->frame = FRAME_END;
		} else if (y->frame != FRAME_BEGIN) {
			gzip_byte(r, y, c);
		} else if (y->coding == CODING_LZMA) {
			if (y->head.len < HTTP1_LZMA_HEADER)
				continue;
			y->frame = FRAME_DATA;
			y->z.next_in = (Bytef *)(uintptr_t)http1_lzma_begin(y->lzma, y->head.at);
			y->z.avail_in = HTTP1_LZMA_HEADER;
		} else if (y->head.len == 2) {
			begin_frame(r, y);
		}
	}
	return i;
}

static void feed(struct http1_run *r, struct http1_layers *l, uint32_t i, const uint8_t *bytes, uint32_t len);

// What a layer's bytes are when they turn out not to be compressed.
static void let_through(struct http1_run *r, struct http1_layers *l, uint32_t i, const uint8_t *bytes, uint32_t len)
{
	struct layer *y = l->layer[i];

	y->frame = FRAME_ASIS;
	feed(r, l, i + 1, y->head.at, y->head.len);
	y->head.len = 0;
	feed(r, l, i + 1, bytes, len);
}

// All of z.next_in. Returns Z_OK, or why no more is to come.
static int inflate_all(struct http1_run *r, struct http1_layers *l, uint32_t i)
{
	struct layer *y = l->layer[i];
	int rc;

	do {
		y->z.next_out = y->out;
		y->z.avail_out = OUT_BYTES;
		rc = y->lzma ? http1_lzma_decode(r->run, y->lzma, &y->z) : inflate(&y->z, Z_NO_FLUSH);
		uint32_t made = OUT_BYTES - y->z.avail_out;
		l->out += made;
		if (l->out > r->limits->http_bomb && l->out / 2048 > l->in) {
			http1_note(r, HTTP1_E_BOMB);
			return Z_MEM_ERROR;
		}
		if (y->gzip)
			y->crc = (uint32_t)crc32(y->crc, y->out, made);
		if (made)
			feed(r, l, i + 1, y->out, made);
	} while (rc == Z_OK && !y->z.avail_out && !http1_message(r)->body_full);
	return rc == Z_BUF_ERROR ? Z_OK : rc;
}

// CRC and length of what came out (RFC 1952 2.3.1).
static void read_trailer(struct http1_run *r, struct layer *y, const uint8_t *bytes, uint32_t len)
{
	for (uint32_t i = 0; i < len && y->frame == FRAME_TRAILER; i++) {
		y->trailer = y->trailer >> 8 | (uint64_t)bytes[i] << 56;
		if (--y->skip)
			continue;
		y->frame = FRAME_END;
		if (y->trailer != ((uint64_t)(uint32_t)y->z.total_out << 32 | y->crc))
			http1_note(r, HTTP1_E_GZIP_FAILED);
	}
}

static void feed_layer(
	struct http1_run *r, struct http1_layers *l, struct layer *y, uint32_t i, const uint8_t *bytes, uint32_t len)
{
	uint32_t used = 0;
	int rc = Z_OK;

	y->z.opaque = r->run;
	y->z.avail_in = 0;
	if (y->frame < FRAME_DATA)
		used = read_frame(r, y, bytes, len);
	if (y->frame < FRAME_DATA)
		return;
	if (y->frame == FRAME_ASIS) {
		http1_note(r, HTTP1_E_GZIP_FAILED);
		let_through(r, l, i, bytes + used, len - used);
		return;
	}
	if (y->z.avail_in)
		rc = inflate_all(r, l, i);
	bytes += used;
	len -= used;
	if (rc == Z_OK && len) {
		y->z.next_in = (Bytef *)(uintptr_t)bytes;
		y->z.avail_in = len;
		rc = inflate_all(r, l, i);
	}
	if (rc == Z_STREAM_END) {
		y->frame = y->gzip ? FRAME_TRAILER : FRAME_END;
		y->skip = 8;
		read_trailer(r, y, y->z.next_in, y->z.avail_in);
	} else if (rc != Z_OK) {
		http1_note(r, HTTP1_E_GZIP_FAILED);
		if (rc == Z_DATA_ERROR && !y->z.total_out)
			let_through(r, l, i, bytes, len);
		else
			y->frame = FRAME_END;
	} else if (!y->z.total_out && y->head.len < HEAD_MAX) {
		http1_add(r, &y->head, bytes, len < HEAD_MAX - y->head.len ? len : HEAD_MAX - y->head.len);
	}
}

static void feed(struct http1_run *r, struct http1_layers *l, uint32_t i, const uint8_t *bytes, uint32_t len)
{
	if (!len)
		return;
	if (i == l->count)
		http1_body_store(r, bytes, len);
	else if (l->layer[i]->frame == FRAME_ASIS)
		feed(r, l, i + 1, bytes, len);
	else if (l->layer[i]->frame == FRAME_TRAILER)
		read_trailer(r, l->layer[i], bytes, len);
	else if (l->layer[i]->frame != FRAME_END)
		feed_layer(r, l, l->layer[i], i, bytes, len);
}

void http1_layers_feed(struct http1_run *r, struct http1_layers *l, const uint8_t *bytes, uint32_t len)
{
	l->in += len;
	feed(r, l, 0, bytes, len);
}
