// See dataset.h. A value is known by a keyed 64-bit hash (SipHash-2-4, a key of this process), so that
// nobody outside can make two values meet; the values themselves are kept only to be written out.
#include "detectors/signature/dataset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "detectors/signature/match_runtime.h"
#include "detectors/signature/rule_parse.h"

#define SLOT_FREE 0u
#define SLOT_GONE 1u
#define VALUES_BYTES_MIN (1u << 20)

struct slot {
	_Atomic uint64_t hash; // SLOT_FREE, SLOT_GONE or a value's
	_Atomic uint32_t at;   // of the value in `values`, UINT32_MAX: not kept
	uint16_t len;
	uint16_t reputation;
};

struct dataset {
	char *name;
	uint32_t users; // rule sets that hold it
	enum dataset_type type;
	struct slot *slots;
	uint32_t mask;
	_Atomic uint32_t n;
	uint8_t *values;
	uint32_t values_size;
	_Atomic uint32_t values_used;
	char save[1024];
};

static uint64_t sip_key[2];

static uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

// SipHash-2-4 (Aumasson, Bernstein 2012), never one of the two reserved numbers.
static uint64_t value_hash(const uint8_t *b, uint32_t n)
{
	uint64_t v[4] = {sip_key[0] ^ 0x736f6d6570736575ull, sip_key[1] ^ 0x646f72616e646f6dull,
		sip_key[0] ^ 0x6c7967656e657261ull, sip_key[1] ^ 0x7465646279746573ull};
	uint64_t word = 0;
	for (uint32_t i = 0; i <= n; i++) {
		if (i % 8 == 0 && i) {
			v[3] ^= word;
			sip_round(v);
			sip_round(v);
			v[0] ^= word;
			word = 0;
		}
		if (i < n)
			word |= (uint64_t)b[i] << 8 * (i % 8);
	}
	word |= (uint64_t)(n & 255) << 56;
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
	v[2] ^= 255;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	uint64_t h = v[0] ^ v[1] ^ v[2] ^ v[3];
	return h <= SLOT_GONE ? h + 2 : h;
}

static struct slot *slot_find(struct dataset *d, uint64_t h)
{
	for (uint32_t i = 0, at = (uint32_t)h & d->mask; i <= d->mask; i++, at = (at + 1) & d->mask) {
		uint64_t have = atomic_load_explicit(&d->slots[at].hash, memory_order_acquire);
		if (have == h)
			return &d->slots[at];
		if (have == SLOT_FREE)
			return NULL;
	}
	return NULL;
}

static void keep_value(struct dataset *d, struct slot *s, const uint8_t *value, uint32_t len)
{
	uint32_t at = UINT32_MAX;
	if (d->save[0] && len <= UINT16_MAX) {
		at = atomic_fetch_add(&d->values_used, len);
		if (at > d->values_size || d->values_size - at < len) {
			atomic_fetch_sub(&d->values_used, len);
			at = UINT32_MAX;
		} else {
			memcpy(d->values + at, value, len);
			s->len = (uint16_t)len;
		}
	}
	atomic_store_explicit(&s->at, at, memory_order_release);
}

// True when the value was not there before. Three quarters full is full.
static bool dataset_add(struct dataset *d, const uint8_t *value, uint32_t len, uint16_t reputation)
{
	uint64_t h = value_hash(value, len);
	if (slot_find(d, h) || atomic_load(&d->n) > d->mask / 4 * 3)
		return false;
	for (uint32_t i = 0, at = (uint32_t)h & d->mask; i <= d->mask; i++, at = (at + 1) & d->mask) {
		uint64_t free = SLOT_FREE;
		if (atomic_compare_exchange_strong(&d->slots[at].hash, &free, h)) {
			atomic_fetch_add(&d->n, 1);
			d->slots[at].reputation = reputation;
			keep_value(d, &d->slots[at], value, len);
			return true;
		}
		if (free == h)
			return false;
	}
	return false;
}

static bool dataset_remove(struct dataset *d, const uint8_t *value, uint32_t len)
{
	struct slot *s = slot_find(d, value_hash(value, len));
	if (!s)
		return false;
	atomic_store(&s->at, UINT32_MAX);
	atomic_store_explicit(&s->hash, SLOT_GONE, memory_order_release);
	return true;
}

static bool length_fits(const struct dataset *d, uint32_t len)
{
	static const uint32_t want[DATASET_TYPES] = {[DATASET_MD5] = 16, [DATASET_SHA256] = 32, [DATASET_IPV4] = 4};
	return d->type == DATASET_IP ? len == 4 || len == 16 : !want[d->type] || len == want[d->type];
}

bool dataset_match(const struct dataset_args *a, bool reputation, const uint8_t *value, uint32_t len)
{
	struct dataset *d = a->set;
	if (d->type == DATASET_IPV4 && len > 4) // an IPv6 address is asked by its first four bytes, as in Suricata
		len = 4;
	if (!length_fits(d, len)) // no value of the set's type: it is not in the set
		return !reputation && a->command == 1;
	if (reputation) {
		const struct slot *s = slot_find(d, value_hash(value, len));
		struct range r = {.op = a->command, .lo = a->value};
		return s && range_has(&r, s->reputation);
	}
	switch (a->command) {
	case 0:
		return slot_find(d, value_hash(value, len)) != NULL;
	case 1:
		return slot_find(d, value_hash(value, len)) == NULL;
	case 2:
		return dataset_add(d, value, len, 0);
	default:
		return dataset_remove(d, value, len);
	}
}

static int hex_bytes(const char *s, uint8_t *out, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		unsigned v;
		if (sscanf(s + 2 * i, "%2x", &v) != 1)
			return -1;
		out[i] = (uint8_t)v;
	}
	return s[2 * n] ? -1 : (int)n;
}

// A line's value as the bytes a rule would look up; -1 when it is not of the type.
static int value_bytes(enum dataset_type type, const char *s, uint8_t *out, uint32_t cap)
{
	switch (type) {
	case DATASET_MD5:
		return strlen(s) == 32 ? hex_bytes(s, out, 16) : -1;
	case DATASET_SHA256:
		return strlen(s) == 64 ? hex_bytes(s, out, 32) : -1;
	case DATASET_IPV4:
		return inet_pton(AF_INET, s, out) == 1 ? 4 : -1;
	case DATASET_IP:
		return inet_pton(AF_INET, s, out) == 1 ? 4 : inet_pton(AF_INET6, s, out) == 1 ? 16 : -1;
	default:
		return (int)base64_decode((const uint8_t *)s, (uint32_t)strlen(s), out, cap);
	}
}

static size_t count_lines(const struct rule_source *src)
{
	size_t n = 1;
	for (const char *c = src->text; c && (c = memchr(c, '\n', (size_t)(src->end - c))); c++)
		n++;
	return n;
}

static int load_lines(
	struct dataset *d, struct rule_source *src, const struct dataset_spec *spec, char *err, size_t cap)
{
	uint8_t value[8192];
	bool too_long, binary;
	char *line;
	while ((line = rule_source_next(src, &too_long, &binary))) {
		char *comma = spec->reputation ? strrchr(line, ',') : NULL;
		uint32_t reputation = 0;
		bool ok = !too_long && !binary && (!spec->reputation || comma);
		if (ok && comma) {
			*comma = 0;
			ok = lex_u32(lex_trim(comma + 1), 0, 65535, &reputation);
		}
		int n = ok ? value_bytes(spec->type, lex_trim(line), value, sizeof(value)) : -1;
		if (n < 0) {
			snprintf(err, cap, "expected a value of the set's type in %s line %u, found \"%.40s\"",
				spec->load, src->line, line);
			return -EINVAL;
		}
		dataset_add(d, value, (uint32_t)n, (uint16_t)reputation);
	}
	return 0;
}

static int dataset_init(struct dataset *d, const struct dataset_spec *spec, size_t lines)
{
	uint64_t want = (spec->grows ? 65536 : 64) + 2 * (uint64_t)lines + 2 * (uint64_t)spec->hashsize, size = 64;
	while (size < want && size < (1u << 26))
		size *= 2;
	d->slots = calloc(size, sizeof(*d->slots));
	d->mask = (uint32_t)size - 1;
	d->type = spec->type;
	snprintf(d->save, sizeof(d->save), "%s", spec->save);
	if (d->save[0]) {
		uint64_t bytes = spec->memcap ? spec->memcap : VALUES_BYTES_MIN + lines * 64;
		d->values_size = bytes > (1u << 30) ? 1u << 30 : (uint32_t)bytes;
		d->values = malloc(d->values_size);
	}
	return d->slots && (!d->save[0] || d->values) ? 0 : -ENOMEM;
}

static void dataset_free(struct dataset *d)
{
	free(d->slots);
	free(d->values);
	free(d->name);
	free(d);
}

static struct dataset *find(const struct ruleset *rs, const char *name)
{
	const struct dataset_user *u = rs->datasets;
	while (u && strcmp(u->set->name, name))
		u = u->next;
	return u ? u->set : NULL;
}

static int hold(struct ruleset *rs, struct dataset *d)
{
	struct dataset_user *u = arena_alloc(&rs->arena, sizeof(*u));
	if (!u)
		return -ENOMEM;
	*u = (struct dataset_user){rs->datasets, d};
	rs->datasets = u;
	d->users++;
	return 0;
}

// A set that traffic has added to is taken over from the rule set before; one that is only a file is read anew.
static struct dataset *take_over(struct ruleset *rs, const struct dataset_spec *spec)
{
	struct dataset *d = rs->cfg->previous ? find(rs->cfg->previous, spec->name) : NULL;
	if (!d || d->type != spec->type || (spec->load[0] && !spec->save[0]))
		return NULL;
	return hold(rs, d) ? NULL : d;
}

struct dataset *dataset_open(struct ruleset *rs, const struct dataset_spec *spec, char *err, size_t cap)
{
	struct rule_source src = {0};
	struct dataset *d = find(rs, spec->name);
	if (d) {
		if (d->type == spec->type || !spec->typed)
			return d;
		snprintf(err, cap, "expected the type that dataset %s was given before", spec->name);
		return NULL;
	}
	if (!spec->typed) {
		snprintf(err, cap, "expected a type, %s has none so far", spec->name);
		return NULL;
	}
	if ((d = take_over(rs, spec)))
		return d;
	if (!sip_key[0] && getrandom(sip_key, sizeof(sip_key), 0) != sizeof(sip_key))
		sip_key[0] = 1;
	// A state file that is not there yet is an empty set.
	int rc = spec->load[0] ? rule_source_open(&src, spec->load) : 0;
	if (rc && !(rc == -ENOENT && !strcmp(spec->load, spec->save))) {
		snprintf(err, cap, "expected a readable dataset file, found %s: %s", spec->load, strerror(-rc));
		return NULL;
	}
	d = calloc(1, sizeof(*d));
	if (!d || !(d->name = strdup(spec->name)) || dataset_init(d, spec, src.text ? count_lines(&src) : 0) ||
		hold(rs, d)) {
		snprintf(err, cap, "out of memory for dataset %s", spec->name);
		rc = -ENOMEM;
	} else {
		rc = src.text ? load_lines(d, &src, spec, err, cap) : 0;
	}
	rule_source_close(&src);
	if (d && !d->users)
		dataset_free(d);
	return rc ? NULL : d;
}

static void put_base64(FILE *f, const uint8_t *b, uint32_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (uint32_t i = 0; i < n; i += 3) {
		uint32_t left = n - i,
			 v = (uint32_t)b[i] << 16 | (left > 1 ? b[i + 1] << 8 : 0) | (left > 2 ? b[i + 2] : 0);
		fputc(digits[v >> 18], f);
		fputc(digits[v >> 12 & 63], f);
		fputc(left > 1 ? digits[v >> 6 & 63] : '=', f);
		fputc(left > 2 ? digits[v & 63] : '=', f);
	}
	fputc('\n', f);
}

static void put_value(FILE *f, enum dataset_type type, const uint8_t *b, uint32_t n)
{
	char text[64];
	if (type == DATASET_STRING) {
		put_base64(f, b, n);
	} else if (type == DATASET_IP || type == DATASET_IPV4) {
		inet_ntop(n == 4 ? AF_INET : AF_INET6, b, text, sizeof(text));
		fprintf(f, "%s\n", text);
	} else {
		for (uint32_t i = 0; i < n; i++)
			fprintf(f, "%02x", b[i]);
		fputc('\n', f);
	}
}

static void save(const struct dataset *d)
{
	FILE *f = d->save[0] && d->slots ? fopen(d->save, "we") : NULL;
	for (uint32_t i = 0; f && i <= d->mask; i++) {
		uint32_t at = atomic_load(&d->slots[i].at);
		if (atomic_load(&d->slots[i].hash) > SLOT_GONE && at != UINT32_MAX)
			put_value(f, d->type, d->values + at, d->slots[i].len);
	}
	if (f)
		fclose(f);
}

void datasets_close(struct ruleset *rs)
{
	for (struct dataset_user *u = rs->datasets; u; u = u->next) {
		if (--u->set->users)
			continue;
		save(u->set);
		dataset_free(u->set);
	}
	rs->datasets = NULL;
}
