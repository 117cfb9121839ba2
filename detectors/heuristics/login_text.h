// Text in a packet's payload, for the readers of logins. Next: login_answer.h.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline bool begins(const uint8_t *d, uint32_t n, const char *text)
{
	size_t len = strlen(text);
	return n >= len && memcmp(d, text, len) == 0;
}

// Is the text somewhere in the first `within` bytes?
static inline bool contains(const uint8_t *d, uint32_t n, uint32_t within, const void *text, size_t len)
{
	if (n > within)
		n = within;
	return d && memmem(d, n, text, len) != NULL;
}

// Do the bytes before and at `at` end in this text?
static inline bool ends_at(const uint8_t *d, uint32_t at, const char *text, uint32_t len)
{
	return at + 1 >= len && memcmp(d + at + 1 - len, text, len) == 0;
}
