// See pcre_table.h.
#include "detectors/signature/pcre_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "detectors/signature/crew.h"

static uint32_t hash_of(const char *regex, uint32_t options)
{
	uint32_t h = 2166136261u ^ options;
	for (; *regex; regex++)
		h = (h ^ (uint8_t)*regex) * 16777619u;
	return h ^ h >> 15;
}

// Where an entry is or belongs. Those that collide stand in the order in which they came, so the last to come can
// leave without a mark.
static uint32_t *slot_of(const struct pcre_table *t, const struct pcre_entry *want)
{
	for (uint32_t at = want->hash & (t->n_slots - 1);; at = (at + 1) & (t->n_slots - 1)) {
		const struct pcre_entry *e = t->slots[at] ? &t->at[t->slots[at] - 1] : NULL;
		if (!e || (e->hash == want->hash && e->options == want->options && !strcmp(e->regex, want->regex)))
			return &t->slots[at];
	}
}

static bool grow(struct pcre_table *t)
{
	if (t->n < t->cap)
		return true;
	uint32_t cap = t->cap ? t->cap * 2 : 256;
	struct pcre_entry *at = realloc(t->at, cap * sizeof(*at));
	if (at)
		t->at = at;
	uint32_t *slots = at ? calloc(2 * (size_t)cap, sizeof(*slots)) : NULL;
	if (!slots)
		return false;
	free(t->slots);
	t->slots = slots;
	t->n_slots = 2 * cap;
	t->cap = cap;
	for (uint32_t i = 0; i < t->n; i++)
		*slot_of(t, &t->at[i]) = i + 1;
	return true;
}

struct pcre2_real_code_8 *pcre_get(struct pcre_table *t, const char *regex, uint32_t options, int *err, size_t *where)
{
	struct pcre_entry e = {.regex = regex, .options = options, .hash = hash_of(regex, options)};
	*err = PCRE2_ERROR_NOMEMORY;
	*where = 0;
	if (!grow(t))
		return NULL;
	uint32_t *slot = slot_of(t, &e);
	if (*slot)
		return t->at[*slot - 1].code;
	e.code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED, options, err, where, NULL);
	if (!e.code)
		return NULL;
	t->at[t->n++] = e;
	*slot = t->n;
	return e.code;
}

void pcre_drop_from(struct pcre_table *t, uint32_t n)
{
	while (t->n > n) {
		*slot_of(t, &t->at[t->n - 1]) = 0;
		pcre2_code_free(t->at[--t->n].code);
	}
}

static void jit_one(void *arg, uint32_t i)
{
	const struct pcre_table *t = arg;
	pcre2_jit_compile(t->at[i].code, PCRE2_JIT_COMPLETE);
}

void pcre_jit_start(struct pcre_table *t, struct crew *crew, unsigned helpers)
{
	crew_start(crew, helpers, t->n, jit_one, t);
}

void pcre_table_free(struct pcre_table *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		pcre2_code_free(t->at[i].code);
	free(t->at);
	free(t->slots);
}
