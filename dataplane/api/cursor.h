// The one bounds-checked reader of bytes that came from the wire. A cursor never passes its end: a read that does not
// fit fails, changes nothing, and the caller says what is malformed.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *at;  // next byte to read
	const uint8_t *end; // one past the last
};

static inline struct cursor cursor_of(const uint8_t *bytes, size_t len)
{
	static const uint8_t nothing;

	if (bytes == NULL) // nowhere, and none: nothing is added to NULL
		bytes = &nothing;
	return (struct cursor){bytes, bytes + len};
}

// Bytes left.
static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

// Takes the next n bytes. Returns where they are, or NULL when fewer are left.
static inline const uint8_t *cursor_take(struct cursor *c, size_t n)
{
	if (cursor_left(c) < n)
		return NULL;
	const uint8_t *at = c->at;
	c->at += n;
	return at;
}

// Looks at the next n bytes without taking them. Returns NULL when fewer are left.
static inline const uint8_t *cursor_peek(const struct cursor *c, size_t n)
{
	return cursor_left(c) < n ? NULL : c->at;
}

static inline bool cursor_skip(struct cursor *c, size_t n)
{
	return cursor_take(c, n) != NULL;
}

// Forgets all but the next n bytes; does nothing when fewer are left.
static inline void cursor_limit(struct cursor *c, size_t n)
{
	if (cursor_left(c) > n)
		c->end = c->at + n;
}

// Cuts the next n bytes off into a cursor of their own. Returns false when fewer are left.
static inline bool cursor_sub(struct cursor *c, size_t n, struct cursor *sub)
{
	const uint8_t *at = cursor_take(c, n);
	if (at == NULL)
		return false;
	*sub = cursor_of(at, n);
	return true;
}

// Integers at an address that has been checked already; any alignment. be: network byte order.
static inline uint16_t load_be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t load_be24(const uint8_t *at)
{
	return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

static inline uint32_t load_be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline uint64_t load_be64(const uint8_t *at)
{
	return (uint64_t)load_be32(at) << 32 | load_be32(at + 4);
}

static inline uint16_t load_le16(const uint8_t *at)
{
	return (uint16_t)(at[1] << 8 | at[0]);
}

static inline uint32_t load_le32(const uint8_t *at)
{
	return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static inline uint64_t load_le64(const uint8_t *at)
{
	return (uint64_t)load_le32(at + 4) << 32 | load_le32(at);
}

// Reads one integer. Return false, with *v untouched, when it does not fit.
static inline bool cursor_u8(struct cursor *c, uint8_t *v)
{
	const uint8_t *at = cursor_take(c, 1);
	if (at == NULL)
		return false;
	*v = *at;
	return true;
}

static inline bool cursor_be16(struct cursor *c, uint16_t *v)
{
	const uint8_t *at = cursor_take(c, 2);
	if (at == NULL)
		return false;
	*v = load_be16(at);
	return true;
}

static inline bool cursor_be24(struct cursor *c, uint32_t *v)
{
	const uint8_t *at = cursor_take(c, 3);
	if (at == NULL)
		return false;
	*v = load_be24(at);
	return true;
}

static inline bool cursor_be32(struct cursor *c, uint32_t *v)
{
	const uint8_t *at = cursor_take(c, 4);
	if (at == NULL)
		return false;
	*v = load_be32(at);
	return true;
}

static inline bool cursor_be64(struct cursor *c, uint64_t *v)
{
	const uint8_t *at = cursor_take(c, 8);
	if (at == NULL)
		return false;
	*v = load_be64(at);
	return true;
}

static inline bool cursor_le16(struct cursor *c, uint16_t *v)
{
	const uint8_t *at = cursor_take(c, 2);
	if (at == NULL)
		return false;
	*v = load_le16(at);
	return true;
}

static inline bool cursor_le32(struct cursor *c, uint32_t *v)
{
	const uint8_t *at = cursor_take(c, 4);
	if (at == NULL)
		return false;
	*v = load_le32(at);
	return true;
}

static inline bool cursor_le64(struct cursor *c, uint64_t *v)
{
	const uint8_t *at = cursor_take(c, 8);
	if (at == NULL)
		return false;
	*v = load_le64(at);
	return true;
}
