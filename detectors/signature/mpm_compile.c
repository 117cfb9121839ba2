// Literal databases: each distinct set of literals is compiled once, in parallel, or read from the
// cache (mpm_cache.c). Next: mpm_cache.c.
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "detectors/signature/crew.h"
#include "detectors/signature/mpm_internal.h"

struct mpm *mpm_new(void)
{
	return calloc(1, sizeof(struct mpm));
}

static int copy_literals(struct mpm_set *set, const struct literal *lits, uint32_t n)
{
	size_t bytes = 0;
	for (uint32_t i = 0; i < n; i++)
		bytes += lits[i].len;
	set->exprs = calloc(n, sizeof(*set->exprs));
	set->lens = calloc(n, sizeof(*set->lens));
	set->flags = calloc(n, sizeof(*set->flags));
	set->ids = calloc(n, sizeof(*set->ids));
	set->text = malloc(bytes + 1);
	if (!set->exprs || !set->lens || !set->flags || !set->ids || !set->text)
		return -ENOMEM;
	char *at = set->text;
	for (uint32_t i = 0; i < n; i++) {
		memcpy(at, lits[i].bytes, lits[i].len);
		set->exprs[i] = at;
		set->lens[i] = lits[i].len;
		set->flags[i] = HS_FLAG_SINGLEMATCH | (lits[i].nocase ? HS_FLAG_CASELESS : 0);
		set->ids[i] = i;
		at += lits[i].len;
	}
	set->n = n;
	return 0;
}

// SHA-256 over lengths, flags and bytes: what makes two sets the same.
static int set_hash(const struct literal *lits, uint32_t n, uint8_t out[MPM_HASH])
{
	size_t bytes = 0;
	for (uint32_t i = 0; i < n; i++)
		bytes += 3 + lits[i].len;
	uint8_t *all = malloc(bytes), *at = all;
	for (uint32_t i = 0; all && i < n; i++) {
		*at++ = (uint8_t)(lits[i].len >> 8);
		*at++ = (uint8_t)lits[i].len;
		*at++ = lits[i].nocase;
		memcpy(at, lits[i].bytes, lits[i].len);
		at += lits[i].len;
	}
	bool ok = all && EVP_Digest(all, bytes, out, NULL, EVP_sha256(), NULL);
	free(all);
	return ok ? 0 : -ENOMEM;
}

static struct mpm_set *set_find(struct mpm *m, const uint8_t hash[MPM_HASH])
{
	for (struct mpm_set *s = m->buckets[hash[0]]; s; s = s->next)
		if (!memcmp(s->hash, hash, MPM_HASH))
			return s;
	return NULL;
}

int mpm_want(struct mpm *m, const struct literal *lits, uint32_t n, const hs_database_t **slot)
{
	uint8_t hash[MPM_HASH];
	*slot = NULL;
	if (!n)
		return 0;
	int rc = set_hash(lits, n, hash);
	struct mpm_set *set = rc ? NULL : set_find(m, hash);
	struct mpm_slot *want = rc ? NULL : calloc(1, sizeof(*want));
	if (!want)
		return -ENOMEM;
	if (!set) {
		set = calloc(1, sizeof(*set));
		if (!set || copy_literals(set, lits, n)) {
			free(want);
			mpm_set_free(set);
			return -ENOMEM;
		}
		memcpy(set->hash, hash, MPM_HASH);
		set->next = m->buckets[hash[0]];
		m->buckets[hash[0]] = set;
		set->all = m->sets;
		m->sets = set;
		m->n_sets++;
	}
	want->out = slot;
	want->next = set->slots;
	set->slots = want;
	return 0;
}

static int compile_set(struct mpm_set *s)
{
	hs_compile_error_t *err = NULL;
	hs_error_t rc =
		hs_compile_lit_multi(s->exprs, s->flags, s->ids, s->lens, s->n, HS_MODE_BLOCK, NULL, &s->db, &err);
	if (err)
		hs_free_compile_error(err);
	return rc == HS_SUCCESS ? 0 : rc == HS_NOMEM ? -ENOMEM : -EINVAL;
}

struct compiling {
	struct mpm_set **sets;
	atomic_int rc; // of the last that failed; those behind it are left out
};

static void compile_one(void *arg, uint32_t i)
{
	struct compiling *c = arg;
	int rc = atomic_load(&c->rc) ? 0 : compile_set(c->sets[i]);
	if (rc)
		atomic_store(&c->rc, rc);
}

static int larger_first(const void *a, const void *b)
{
	uint32_t x = (*(struct mpm_set *const *)a)->n, y = (*(struct mpm_set *const *)b)->n;
	return x > y ? -1 : x < y;
}

static int compile_all(struct mpm *m, unsigned threads)
{
	struct compiling c = {.sets = calloc(m->n_sets + 1, sizeof(*c.sets))};
	struct crew crew;
	uint32_t n = 0;
	if (!c.sets)
		return -ENOMEM;
	for (struct mpm_set *s = m->sets; s; s = s->all)
		c.sets[n++] = s;
	qsort(c.sets, n, sizeof(*c.sets), larger_first);
	crew_start(&crew, threads - 1, n, compile_one, &c);
	crew_finish(&crew);
	free(c.sets);
	return atomic_load(&c.rc);
}

int mpm_build(struct mpm *m, unsigned threads, const char *cache_dir, struct mpm_report *out)
{
	if (!m->n_sets || (cache_dir && (!*cache_dir || !mpm_cache_usable(cache_dir, &out->problem))))
		cache_dir = NULL;
	bool cached = cache_dir && mpm_cache_read(m, cache_dir, &out->problem) == 0;
	int rc = cached ? 0 : compile_all(m, threads);
	if (rc)
		return rc;
	if (cache_dir && !cached)
		mpm_cache_write(m, cache_dir, &out->problem);
	for (struct mpm_set *s = m->sets; s; s = s->all) {
		size_t bytes = 0;
		hs_database_size(s->db, &bytes);
		out->bytes += bytes;
		for (struct mpm_slot *w = s->slots; w; w = w->next)
			*w->out = s->db;
		mpm_set_drop_text(s);
	}
	out->databases = m->n_sets;
	out->from_cache = cached;
	return 0;
}

int mpm_scratch(const struct mpm *m, hs_scratch_t **scratch)
{
	for (const struct mpm_set *s = m->sets; s; s = s->all)
		if (hs_alloc_scratch(s->db, scratch) != HS_SUCCESS)
			return -ENOMEM;
	return 0;
}

void mpm_set_drop_text(struct mpm_set *s)
{
	free(s->exprs);
	free(s->lens);
	free(s->flags);
	free(s->ids);
	free(s->text);
	s->exprs = NULL;
	s->lens = NULL;
	s->flags = s->ids = NULL;
	s->text = NULL;
}

void mpm_set_free(struct mpm_set *s)
{
	if (!s)
		return;
	mpm_set_drop_text(s);
	while (s->slots) {
		struct mpm_slot *next = s->slots->next;
		free(s->slots);
		s->slots = next;
	}
	free(s);
}

void mpm_free(struct mpm *m)
{
	if (!m)
		return;
	while (m->sets) {
		struct mpm_set *next = m->sets->all;
		if (!m->held)
			hs_free_database(m->sets->db);
		mpm_set_free(m->sets);
		m->sets = next;
	}
	huge_free(m->held, m->held_bytes);
	free(m);
}
