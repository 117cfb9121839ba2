// A field line (RFC 9112 5) once it is whole: its name and value. Most names are letters and hyphens, have at most 32
// bytes and come once; these are looked at sixteen bytes at a time. Next: http1_headers.c.
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "dataplane/parsers/http1.h"

// A name as it is looked at once: what it hashes to, and whether it is one that is asked for.
struct name {
	uint16_t hash;
	uint8_t known; // enum http1_known
	bool odd;      // some of it is not a token (RFC 9110 5.1)
};

#define KNOWN_LEN_MAX 19u
#define SHORT_NAME 32u  // bytes: most names are shorter
#define LOWER_BYTES 24u // a name in lower case, NULs behind it

// The known fields by the length of their names.
static enum http1_known known_name(const uint8_t *lower, uint32_t len)
{
	static const char names[HTTP1_KNOWN_COUNT][LOWER_BYTES] = {
#define NAME(id, text) [HTTP1_F_##id] = text,
		HTTP1_KNOWN_LIST(NAME)
#undef NAME
	};
	static const uint8_t by_len[KNOWN_LEN_MAX + 1][4] = {
		[4] = {HTTP1_F_HOST},
		[6] = {HTTP1_F_ACCEPT, HTTP1_F_COOKIE, HTTP1_F_SERVER},
		[7] = {HTTP1_F_REFERER, HTTP1_F_UPGRADE},
		[8] = {HTTP1_F_LOCATION},
		[10] = {HTTP1_F_CONNECTION, HTTP1_F_USER_AGENT, HTTP1_F_SET_COOKIE},
		[12] = {HTTP1_F_CONTENT_TYPE},
		[13] = {HTTP1_F_CONTENT_RANGE, HTTP1_F_AUTHORIZATION},
		[14] = {HTTP1_F_CONTENT_LENGTH},
		[15] = {HTTP1_F_ACCEPT_ENCODING, HTTP1_F_ACCEPT_LANGUAGE},
		[16] = {HTTP1_F_CONTENT_ENCODING},
		[17] = {HTTP1_F_TRANSFER_ENCODING},
		[19] = {HTTP1_F_CONTENT_DISPOSITION},
	};

	for (const uint8_t *k = by_len[len <= KNOWN_LEN_MAX ? len : 0]; *k; k++)
		if (!memcmp(lower, names[*k], LOWER_BYTES))
			return (enum http1_known) * k;
	return HTTP1_UNKNOWN_FIELD;
}

// Names are known by what is left without NULs, which some servers skip.
static enum http1_known known_bare(struct app_bytes name)
{
	uint8_t lower[LOWER_BYTES] = {0};
	uint32_t n = 0;

	for (uint32_t i = 0; i < name.len && n <= KNOWN_LEN_MAX; i++) {
		if (name.at[i] && n < KNOWN_LEN_MAX)
			lower[n] = http1_token_lower(name.at[i]);
		n += name.at[i] != 0;
	}
	return known_name(lower, n);
}

static uint16_t hash_of(uint64_t len, uint64_t a, uint64_t b)
{
	return (uint16_t)(((len ^ a) * 0x9e3779b97f4a7c15u ^ b) * 0x9e3779b97f4a7c15u >> 48);
}

#ifdef __SSE2__
static __m128i within(__m128i v, char first, char last)
{
	return _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8((char)(first - 1))),
		_mm_cmplt_epi8(v, _mm_set1_epi8((char)(last + 1))));
}

// Of at most SHORT_NAME bytes which are letters, digits, hyphens and underscores. False: they are others.
static bool look_at_short(struct app_bytes name, struct name *look)
{
	uint8_t bytes[SHORT_NAME] = {0};
	uint64_t lower[4], plain = 0;

	memcpy(bytes, name.at, name.len);
	for (uint32_t i = 0; i < name.len; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(bytes + i));
		__m128i upper = within(v, 'A', 'Z'), low = _mm_or_si128(v, _mm_and_si128(upper, _mm_set1_epi8(0x20)));
		__m128i dash =
			_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('-')), _mm_cmpeq_epi8(v, _mm_set1_epi8('_')));
		__m128i good = _mm_or_si128(_mm_or_si128(within(low, 'a', 'z'), within(v, '0', '9')), dash);
		_mm_storeu_si128((__m128i *)(void *)((uint8_t *)lower + i), low);
		plain |= (uint64_t)(uint32_t)_mm_movemask_epi8(good) << i;
	}
	if (plain != (1ull << name.len) - 1)
		return false;
	if (name.len <= 16)
		lower[2] = 0;
	look->odd = false;
	look->hash = hash_of(name.len, lower[0], lower[1]);
	look->known = (uint8_t)known_name((const uint8_t *)lower, name.len);
	return true;
}

#else
static bool look_at_short(struct app_bytes name, struct name *look)
{
	(void)name, (void)look;
	return false;
}
#endif

// The hash is of the length and the first bytes in lower case.
static struct name look_at_name(struct app_bytes name)
{
	union {
		uint8_t byte[LOWER_BYTES];
		uint64_t word[LOWER_BYTES / 8];
	} lower = {.word = {0}};
	uint32_t n = name.len < KNOWN_LEN_MAX ? name.len : KNOWN_LEN_MAX;
	struct name look = {.odd = false};

	if (name.len && name.len <= SHORT_NAME && look_at_short(name, &look))
		return look;
	for (uint32_t i = 0; i < n; i++) {
		lower.byte[i] = http1_token_lower(name.at[i]);
		look.odd |= !lower.byte[i];
	}
	for (uint32_t i = n; i < name.len; i++)
		look.odd |= !http1_token_lower(name.at[i]);
	look.hash = hash_of(name.len, lower.word[0], lower.word[1]);
	look.known = (uint8_t)(look.odd ? known_bare(name) : known_name(lower.byte, name.len));
	return look;
}

static uint64_t seen_bit(uint16_t hash)
{
	return 1ull << (hash & 63);
}

// The first field with the name of `f`; index + 1, 0: none.
static uint32_t first_of_name(const struct http1_message *m, const struct http1_field *f, struct app_bytes name)
{
	if (!(m->seen & seen_bit(f->hash)))
		return 0;
	for (uint32_t i = 0; i < m->field_count; i++) {
		const struct http1_field *other = http1_field(m, i);
		if (other->hash == f->hash && !other->repeated && text_same(http1_bytes(&m->start, other->name), name))
			return i + 1;
	}
	return 0;
}

// A second value for a name. False: it does not count.
static bool repeat(struct http1_run *r, struct http1_message *m, struct http1_field *first, struct http1_field *f,
	struct app_bytes value)
{
	if (first->known == HTTP1_F_CONTENT_LENGTH) {
		if (http1_number(value) != http1_number(http1_bytes(&m->start, first->value)))
			http1_note_dir(r, HTTP1_E_REQUEST_CL_TWICE);
		return false;
	}
	if (first->repeats == HTTP1_REPEATS_MAX) {
		http1_note_dir(r, HTTP1_E_REQUEST_REPETITION);
		return false;
	}
	first->repeats++;
	f->repeated = true;
	m->repeats = true;
	return true;
}

// Writes "Name: value" CRLF behind what there is. False: no memory.
static bool write_field(struct http1_run *r, struct http1_message *m, const struct http1_field *f,
	struct app_bytes name, struct app_bytes value)
{
	uint32_t at = m->start.len;
	uint8_t *to = http1_grow(r, &m->start, name.len + value.len + 4);
	struct http1_field *slot = (struct http1_field *)(void *)http1_grow(r, &m->fields, sizeof(*f));

	if (!to || !slot)
		return false;
	*slot = *f;
	slot->name = (struct http1_span){at, name.len};
	slot->value = (struct http1_span){at + name.len + 2, value.len};
	to = http1_put(to, name);
	*to++ = ':';
	*to++ = ' ';
	http1_put_end(http1_put(to, value));
	return true;
}

static int add_field(struct http1_run *r, struct app_bytes name, struct name look, struct app_bytes value)
{
	struct http1_message *m = http1_message(r);
	struct http1_field f = {.hash = look.hash, .known = look.known};
	uint32_t first = first_of_name(m, &f, name);

	if (m->field_count == HTTP1_HEADERS_MAX) {
		http1_note_dir(r, HTTP1_E_REQUEST_HEADERS_MANY);
		return -1;
	}
	if (first && !repeat(r, m, http1_field(m, first - 1), &f, value))
		return 0;
	if (!write_field(r, m, &f, name, value))
		return -1;
	m->seen |= seen_bit(f.hash);
	m->field_count++;
	if (first) {
		struct http1_field *head = http1_field(m, first - 1);
		http1_field(m, head->last ? head->last - 1u : first - 1)->next = m->field_count;
		head->last = m->field_count;
	} else if (f.known && !m->known[f.known]) {
		m->known[f.known] = m->field_count;
	}
	return 0;
}

int http1_parse_field(struct http1_run *r, struct app_bytes text)
{
	const uint8_t *colon = text.len ? memchr(text.at, ':', text.len) : NULL;
	struct app_bytes name = {text.at, colon ? (uint32_t)(colon - text.at) : 0}, value = text;
	uint32_t whole = name.len;

	while (name.len && http1_is_space(name.at[name.len - 1]))
		name.len--;
	struct name look = look_at_name(name);
	// A NUL ends a request's line for whoever looks for its colon.
	if (!colon || (look.odd && r->dir == DIR_TO_SERVER && memchr(name.at, 0, name.len))) {
		http1_note_dir(r, HTTP1_E_REQUEST_NO_COLON);
		name.len = 0;
		return add_field(r, name, look_at_name(name), value);
	}
	if (look.odd || !name.len || name.len < whole)
		http1_note_dir(r, HTTP1_E_REQUEST_HEADER);
	value = (struct app_bytes){colon + 1, text.len - whole - 1};
	return add_field(r, name, look, http1_trim_blanks(value));
}

bool http1_note_field(struct http1_run *r, struct app_bytes text, uint32_t at)
{
	struct http1_message *m = http1_message(r);
	const uint8_t *colon = memchr(text.at, ':', text.len);
	uint32_t len = colon ? (uint32_t)(colon - text.at) : 0, value = len + 2;
	struct name look;

	if (!len || len > SHORT_NAME || value >= text.len || colon[1] != ' ' || http1_is_blank(colon[2]) ||
		http1_is_blank(text.at[text.len - 1]) || m->field_count == HTTP1_HEADERS_MAX ||
		!look_at_short((struct app_bytes){text.at, len}, &look) || m->seen & seen_bit(look.hash))
		return false;
	struct http1_field *f = (struct http1_field *)(void *)http1_grow(r, &m->fields, sizeof(*f));
	if (!f)
		return false;
	*f = (struct http1_field){
		.name = {at, len}, .value = {at + value, text.len - value}, .hash = look.hash, .known = look.known};
	m->seen |= seen_bit(look.hash);
	m->known[look.known] = ++m->field_count;
	m->known[HTTP1_UNKNOWN_FIELD] = 0;
	return true;
}
