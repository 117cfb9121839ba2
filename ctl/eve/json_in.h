// Reading one JSON object without a tree: checks the whole text (RFC 8259, UTF-8, depth) and hands out
// the members of the object and of its direct sub-objects, which is all that events are filed by.
// Allocates nothing.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_IN_DEPTH 32

enum json_in_type { JIN_STRING, JIN_NUMBER, JIN_TRUE, JIN_FALSE, JIN_NULL };

struct json_in_value {
	enum json_in_type type;
	const char *text; // of a string: between the quotes, still escaped
	size_t len;
};

// outer: name of the object the member is in (length 0: the top one). Names are as in the text, escaped.
typedef void (*json_in_fn)(
	void *ctx, const char *outer, size_t outer_len, const char *key, size_t key_len, const struct json_in_value *v);

// Returns NULL when text is one sound object, else what is wrong with it (static text).
const char *json_in_object(const char *text, size_t len, json_in_fn fn, void *ctx);

// Unescapes a string value into out (terminated, cut at size; \u0000 is left out). Returns its length.
size_t json_in_string(const struct json_in_value *v, char *out, size_t size);
// The value as a whole number. False: it is none that fits.
bool json_in_int(const struct json_in_value *v, int64_t *out);

// True when the bytes are UTF-8 (RFC 3629).
bool json_in_utf8(const char *s, size_t n);
