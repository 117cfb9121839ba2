// See dataset.h. A value is known by a keyed 64-bit hash (SipHash-2-4, a key of this process), so that
// nobody outside can make two values meet; the values themselves are kept only to be written out.
// Next: dataset_file.c.
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "detectors/signature/dataset_internal.h"
#include "detectors/signature/rule_internal.h"

static uint64_t sip_key[2];

void dataset_key_init(void)
{
	if (!sip_key[0] && getrandom(sip_key, sizeof(sip_key), 0) != sizeof(sip_key))
		sip_key[0] = 1;
}

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

// A value lies among the PLACES slots behind its hash, before the first free one. At half load, which a set that was
// loaded never exceeds, one value in 10^10 finds no room there (Knuth, The Art of Computer Programming 6.4).
#define PLACES 128u

static struct slot *slot_find(struct dataset *d, uint64_t h)
{
	for (uint32_t i = 0; i < PLACES; i++) {
		struct slot *s = &d->slots[(h + i) & d->mask];
		uint64_t have = atomic_load_explicit(&s->hash, memory_order_acquire);
		if (have == h)
			return s;
		if (have == SLOT_FREE)
			return NULL;
	}
	return NULL;
}

// Where a new value goes: the first slot that is free or was left; NULL when there is none.
static struct slot *slot_for(struct dataset *d, uint64_t h)
{
	for (uint32_t i = 0; i < PLACES; i++) {
		struct slot *s = &d->slots[(h + i) & d->mask];
		if (atomic_load_explicit(&s->hash, memory_order_acquire) <= SLOT_GONE)
			return s;
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

int dataset_add(struct dataset *d, const uint8_t *value, uint32_t len, uint16_t reputation)
{
	uint64_t h = value_hash(value, len), was;
	struct slot *s;
	do {
		if (slot_find(d, h))
			return 0;
		if (!(s = slot_for(d, h)))
			return -ENOSPC;
		was = atomic_load(&s->hash);
	} while (was > SLOT_GONE || !atomic_compare_exchange_strong(&s->hash, &was, h)); // another worker was first
	s->reputation = reputation;
	keep_value(d, s, value, len);
	return 1;
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
	if (a->command < 2)
		return (slot_find(d, value_hash(value, len)) != NULL) == (a->command == 0);
	bool done = a->command == 2 ? dataset_add(d, value, len, 0) > 0 : dataset_remove(d, value, len);
	if (done)
		atomic_store_explicit(&d->changed, true, memory_order_relaxed);
	return done;
}
