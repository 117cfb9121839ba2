// HPACK, the compression of HTTP/2's fields (RFC 7541): a decoder of one direction, with its dynamic table in memory of
// the flow. hpack.c has blocks and tables, hpack_huffman.c the code of strings.
#pragma once

#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"

#define HPACK_TABLE_DEFAULT 4096u
#define HPACK_TABLE_MAX 65536u // a decoder may allow for more; what does not fit here is forgotten early

// A decoder. Zeroed, it is one that has read nothing.
struct hpack {
	struct app_text bytes;   // names and values of entries, the oldest first; those at the front may be gone
	struct app_text entries; // struct hpack_entry, the same
	uint32_t gone;           // entries at the front that are
	uint32_t begin;          // what bytes.at[0] is called in hpack_entry.at
	uint32_t size, max;      // RFC 7541 4.1; max counts once `sized`
	bool sized;
};

enum hpack_answer {
	HPACK_FIELD,       // name and value lie behind each other, at the end of the text
	HPACK_SIZE_UPDATE, // of the table, to `number` bytes
	HPACK_INDEX_ZERO,
	HPACK_NOT_INDEXED, // an index that nothing has
	HPACK_END,         // of the block
	HPACK_CUT,         // the block ends within a field
	HPACK_OVERFLOW,    // a number of more than 56 bits
	HPACK_LOST,        // no memory, or too long: the table is not the encoder's any more
};

// Reads the next field of a block and puts name and value at the end of `text`, never past `max` bytes of it; name_len:
// of them, the name. What is no field has a number: the size of a size update.
enum hpack_answer hpack_next(struct app_run *run, struct hpack *h, struct cursor *c, struct app_text *text,
	uint32_t max, uint32_t *name_len, uint64_t *number);
void hpack_free(struct app_run *run, struct hpack *h);

// RFC 7541 5.1; prefix: bits of the first byte that belong to the number.
enum hpack_answer hpack_integer(struct cursor *c, uint32_t prefix, uint64_t *v);
// Undoes the Huffman code, behind the text; a wrong one is taken for an empty string.
enum hpack_answer hpack_huffman(
	struct app_run *run, const uint8_t *at, uint32_t len, struct app_text *text, uint32_t max);
