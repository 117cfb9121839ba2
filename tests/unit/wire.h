// Messages of binary protocols for tests, put together piece by piece.
//
//	struct wire w = {0};
//	wire_le16(&w, 5);
//	uint32_t len = wire_hole(&w, 2);
//	...
//	wire_set_le16(&w, len, w.len);
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct wire {
	uint8_t at[80000];
	uint32_t len;
};

static inline void wire_bytes(struct wire *w, const void *bytes, uint32_t len)
{
	if (len > sizeof(w->at) - w->len)
		abort();
	memcpy(w->at + w->len, bytes, len);
	w->len += len;
}

static inline void wire_fill(struct wire *w, uint8_t byte, uint32_t len)
{
	while (len--)
		wire_bytes(w, &byte, 1);
}

static inline void wire_text(struct wire *w, const char *text)
{
	wire_bytes(w, text, (uint32_t)strlen(text));
}

// UTF-16, little-endian.
static inline void wire_wide(struct wire *w, const char *text)
{
	for (; *text; text++)
		wire_bytes(w, (uint8_t[]){(uint8_t)*text, 0}, 2);
}

static inline void wire_number(struct wire *w, uint64_t v, uint32_t size, bool little)
{
	for (uint32_t i = 0; i < size; i++)
		wire_bytes(w, &(uint8_t){(uint8_t)(v >> 8 * (little ? i : size - 1 - i))}, 1);
}

static inline void wire_u8(struct wire *w, uint8_t v)
{
	wire_bytes(w, &v, 1);
}

static inline void wire_le16(struct wire *w, uint16_t v)
{
	wire_number(w, v, 2, true);
}

static inline void wire_le32(struct wire *w, uint32_t v)
{
	wire_number(w, v, 4, true);
}

static inline void wire_le64(struct wire *w, uint64_t v)
{
	wire_number(w, v, 8, true);
}

static inline void wire_be16(struct wire *w, uint16_t v)
{
	wire_number(w, v, 2, false);
}

static inline void wire_be32(struct wire *w, uint32_t v)
{
	wire_number(w, v, 4, false);
}

// Zeroed bytes to be filled in later. Returns where they are.
static inline uint32_t wire_hole(struct wire *w, uint32_t len)
{
	uint32_t at = w->len;

	wire_fill(w, 0, len);
	return at;
}

static inline void wire_set(struct wire *w, uint32_t at, uint64_t v, uint32_t size, bool little)
{
	for (uint32_t i = 0; i < size; i++)
		w->at[at + i] = (uint8_t)(v >> 8 * (little ? i : size - 1 - i));
}
