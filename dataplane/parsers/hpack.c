// Blocks of fields and the tables they refer to, see hpack.h. Next: hpack_huffman.c.
#include "dataplane/parsers/hpack.h"

#define ENTRY_OVERHEAD 32u // RFC 7541 4.1
#define STATIC_COUNT 61u
#define NUMBER_BITS 56u // of what follows the prefix
#define GONE_BYTES_MAX 16384u
#define GONE_ENTRIES_MAX 512u

struct hpack_entry {
	uint32_t at, name_len, value_len;
};

// RFC 7541 appendix A.
static const struct {
	const char *name, *value;
} fixed[STATIC_COUNT] = {{":authority", ""}, {":method", "GET"}, {":method", "POST"}, {":path", "/"},
	{":path", "/index.html"}, {":scheme", "http"}, {":scheme", "https"}, {":status", "200"}, {":status", "204"},
	{":status", "206"}, {":status", "304"}, {":status", "400"}, {":status", "404"}, {":status", "500"},
	{"accept-charset", ""}, {"accept-encoding", "gzip, deflate"}, {"accept-language", ""}, {"accept-ranges", ""},
	{"accept", ""}, {"access-control-allow-origin", ""}, {"age", ""}, {"allow", ""}, {"authorization", ""},
	{"cache-control", ""}, {"content-disposition", ""}, {"content-encoding", ""}, {"content-language", ""},
	{"content-length", ""}, {"content-location", ""}, {"content-range", ""}, {"content-type", ""}, {"cookie", ""},
	{"date", ""}, {"etag", ""}, {"expect", ""}, {"expires", ""}, {"from", ""}, {"host", ""}, {"if-match", ""},
	{"if-modified-since", ""}, {"if-none-match", ""}, {"if-range", ""}, {"if-unmodified-since", ""},
	{"last-modified", ""}, {"link", ""}, {"location", ""}, {"max-forwards", ""}, {"proxy-authenticate", ""},
	{"proxy-authorization", ""}, {"range", ""}, {"referer", ""}, {"refresh", ""}, {"retry-after", ""},
	{"server", ""}, {"set-cookie", ""}, {"strict-transport-security", ""}, {"transfer-encoding", ""},
	{"user-agent", ""}, {"vary", ""}, {"via", ""}, {"www-authenticate", ""}};

enum hpack_answer hpack_integer(struct cursor *c, uint32_t prefix, uint64_t *v)
{
	uint8_t most = (uint8_t)((1u << prefix) - 1), byte;

	if (!cursor_u8(c, &byte))
		return HPACK_CUT;
	*v = byte & most;
	if (*v < most)
		return HPACK_FIELD;
	for (uint32_t shift = 0; cursor_u8(c, &byte); shift += 7) {
		if (shift < NUMBER_BITS)
			*v += (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return shift < NUMBER_BITS ? HPACK_FIELD : HPACK_OVERFLOW;
	}
	return HPACK_CUT;
}

static struct hpack_entry *entry_at(const struct hpack *h, uint32_t i)
{
	return (struct hpack_entry *)(void *)h->entries.at + i;
}

static uint32_t entry_count(const struct hpack *h)
{
	return h->entries.len / (uint32_t)sizeof(struct hpack_entry) - h->gone;
}

static uint32_t table_max(const struct hpack *h)
{
	return h->sized ? h->max : HPACK_TABLE_DEFAULT;
}

// The oldest entries go until the table has room for `more` (RFC 7541 4.3, 4.4).
static void evict(struct hpack *h, uint64_t more)
{
	while (entry_count(h) && h->size + more > table_max(h)) {
		const struct hpack_entry *e = entry_at(h, h->gone++);
		h->size -= e->name_len + e->value_len + ENTRY_OVERHEAD;
	}
}

static void close_up(struct app_text *t, uint32_t gone)
{
	if (gone)
		memmove(t->at, t->at + gone, t->len - gone);
	t->len -= gone;
}

// What is gone is moved over once there is much of it.
static void tidy(struct hpack *h)
{
	uint32_t gone = entry_count(h) ? entry_at(h, h->gone)->at - h->begin : h->bytes.len;

	if (gone <= GONE_BYTES_MAX && h->gone <= GONE_ENTRIES_MAX)
		return;
	close_up(&h->bytes, gone);
	close_up(&h->entries, h->gone * (uint32_t)sizeof(struct hpack_entry));
	h->begin += gone;
	h->gone = 0;
}

// False: no memory.
static bool insert(struct app_run *run, struct hpack *h, const uint8_t *bytes, struct hpack_entry e)
{
	uint64_t size = (uint64_t)e.name_len + e.value_len + ENTRY_OVERHEAD;

	evict(h, size);
	tidy(h);
	if (size > table_max(h))
		return true; // an entry too large empties the table, and that is all
	h->size += (uint32_t)size;
	e.at = h->begin + h->bytes.len;
	return app_text_add(run, &h->bytes, bytes, e.name_len + e.value_len, APP_ALLOC_MAX) &&
	       app_text_add(run, &h->entries, (const uint8_t *)&e, sizeof(e), APP_ALLOC_MAX);
}

static bool append(struct app_run *run, struct app_text *text, const void *bytes, uint32_t len, uint32_t max)
{
	return !len || app_text_add(run, text, bytes, len, max);
}

// What an index stands for, put behind the text. value: with its value.
static enum hpack_answer refer(struct app_run *run, const struct hpack *h, uint64_t index, bool value,
	struct app_text *text, uint32_t max, uint32_t *name_len)
{
	const char *name, *v;

	if (index == 0)
		return HPACK_INDEX_ZERO;
	if (index > STATIC_COUNT) {
		uint64_t nth = index - STATIC_COUNT; // 1 is the newest
		if (nth > entry_count(h))
			return HPACK_NOT_INDEXED;
		const struct hpack_entry *e = entry_at(h, h->gone + entry_count(h) - (uint32_t)nth);
		*name_len = e->name_len;
		return append(run, text, h->bytes.at + (e->at - h->begin), e->name_len + (value ? e->value_len : 0),
			       max)
			       ? HPACK_FIELD
			       : HPACK_LOST;
	}
	name = fixed[index - 1].name;
	v = value ? fixed[index - 1].value : "";
	*name_len = (uint32_t)strlen(name);
	return append(run, text, name, *name_len, max) && append(run, text, v, (uint32_t)strlen(v), max) ? HPACK_FIELD
													 : HPACK_LOST;
}

// RFC 7541 5.2: a string, put behind the text.
static enum hpack_answer string(struct app_run *run, struct cursor *c, struct app_text *text, uint32_t max)
{
	const uint8_t *at = cursor_peek(c, 1);
	bool coded = at && *at & 0x80;
	uint64_t len;
	enum hpack_answer a = hpack_integer(c, 7, &len);

	if (a != HPACK_FIELD)
		return a;
	if (!(at = cursor_take(c, len)))
		return HPACK_CUT;
	if (coded)
		return hpack_huffman(run, at, (uint32_t)len, text, max);
	return append(run, text, at, (uint32_t)len, max) ? HPACK_FIELD : HPACK_LOST;
}

// RFC 7541 6.2: a value of its own, for a name of its own (index 0) or one that has been seen.
static enum hpack_answer literal(struct app_run *run, struct hpack *h, struct cursor *c, uint32_t prefix, bool keep,
	struct app_text *text, uint32_t max, uint32_t *name_len)
{
	uint32_t from = text->len;
	uint64_t index;
	enum hpack_answer a = hpack_integer(c, prefix, &index);

	if (a == HPACK_FIELD && index)
		a = refer(run, h, index, false, text, max, name_len);
	else if (a == HPACK_FIELD)
		a = string(run, c, text, max);
	*name_len = text->len - from;
	enum hpack_answer named = a;
	if (a == HPACK_FIELD || a == HPACK_NOT_INDEXED)
		a = string(run, c, text, max);
	if (named != HPACK_FIELD || a != HPACK_FIELD)
		return a == HPACK_FIELD ? named : a;
	struct hpack_entry e = {.name_len = *name_len, .value_len = text->len - from - *name_len};
	return !keep || insert(run, h, text->at + from, e) ? HPACK_FIELD : HPACK_LOST;
}

static enum hpack_answer resize(struct hpack *h, struct cursor *c, uint64_t *number)
{
	enum hpack_answer a = hpack_integer(c, 5, number);

	if (a != HPACK_FIELD)
		return a;
	h->max = (uint32_t)(*number < HPACK_TABLE_MAX ? *number : HPACK_TABLE_MAX);
	h->sized = true;
	evict(h, 0);
	return HPACK_SIZE_UPDATE;
}

enum hpack_answer hpack_next(struct app_run *run, struct hpack *h, struct cursor *c, struct app_text *text,
	uint32_t max, uint32_t *name_len, uint64_t *number)
{
	const uint8_t *first = cursor_peek(c, 1);
	enum hpack_answer a;

	if (!first)
		return HPACK_END;
	if (*first & 0x80) {
		a = hpack_integer(c, 7, number);
		return a == HPACK_FIELD ? refer(run, h, *number, true, text, max, name_len) : a;
	}
	if (*first & 0x40)
		return literal(run, h, c, 6, true, text, max, name_len);
	if (*first & 0x20)
		return resize(h, c, number);
	return literal(run, h, c, 4, false, text, max, name_len);
}

void hpack_free(struct app_run *run, struct hpack *h)
{
	app_text_free(run, &h->bytes);
	app_text_free(run, &h->entries);
}
