// What is remembered of rules and a transaction between two looks at it. Most transactions are complete when they are
// first seen: of those only that is remembered, in the pointer itself.
#include <string.h>

#include "detectors/signature/tx_runtime.h"

#define FLAG_ONLY 1u // detect is no pointer: bits 1 and 2 are the directions that are done, then 28 bits each, tx_ended
#define ENDED_BIT(dir) (3 + 28 * (dir))
_Static_assert(sizeof(void *) == 8, "a pointer holds all of that");

static bool flags_only(const struct app_tx *tx)
{
	return (uintptr_t)tx->detect & FLAG_ONLY;
}

static struct tx_state *state_of(const struct app_tx *tx)
{
	return flags_only(tx) ? NULL : tx->detect;
}

bool tx_is_done(const struct app_tx *tx, uint8_t dir)
{
	const struct tx_state *s = state_of(tx);
	return s ? s->done >> dir & 1 : (uintptr_t)tx->detect >> (1 + dir) & 1;
}

uint32_t tx_ended(const struct app_tx *tx, uint8_t dir)
{
	const struct tx_state *s = state_of(tx);
	return s ? s->ended[dir] : (uint32_t)((uintptr_t)tx->detect >> ENDED_BIT(dir)) & TX_ENDED_MAX;
}

void tx_set_done(struct app_tx *tx, uint8_t dir, uint32_t ended)
{
	struct tx_state *s = state_of(tx);
	uintptr_t others = (uintptr_t)tx->detect & ~((uintptr_t)TX_ENDED_MAX << ENDED_BIT(dir));
	if (s) {
		s->done |= (uint8_t)(1u << dir);
		s->ended[dir] = ended;
		return;
	}
	tx->detect = (void *)(others | FLAG_ONLY | (uintptr_t)2 << dir | (uintptr_t)ended << ENDED_BIT(dir));
}

struct tx_state *tx_state_at(const struct signature_worker *w, struct app_tx *tx)
{
	struct tx_state *s = state_of(tx);
	if (s && s->rules != w->seat.rs->serial) {
		memset(s->scanned, 0, sizeof(s->scanned));
		s->n = 0;
		s->rules = w->seat.rs->serial;
	}
	return s;
}

struct tx_state *tx_state_get(struct signature_worker *w, struct app_tx *tx, struct app_run *run)
{
	struct tx_state *s = state_of(tx);
	if (s)
		return s;
	s = app_alloc(run, sizeof(*s));
	if (!s) {
		w->stats.tx_state_full++;
		return NULL;
	}
	s->rules = w->seat.rs->serial;
	s->done = (uint8_t)((uintptr_t)tx->detect >> 1 & 3);
	s->ended[0] = tx_ended(tx, 0);
	s->ended[1] = tx_ended(tx, 1);
	tx->detect = s;
	return s;
}

void tx_state_free(struct app_tx *tx, struct app_run *run)
{
	struct tx_state *s = state_of(tx);
	if (s) {
		app_free(run, s->waits);
		app_free(run, s);
	}
	tx->detect = NULL;
}

struct tx_wait *tx_wait_find(const struct tx_state *s, uint32_t rule, uint8_t dir)
{
	for (uint16_t i = 0; s && i < s->n; i++)
		if (s->waits[i].rule_dir == rule * 2 + dir)
			return &s->waits[i];
	return NULL;
}

static bool grow(struct tx_state *s, struct app_run *run)
{
	uint16_t cap = s->cap ? (uint16_t)(s->cap * 2) : 8;
	struct tx_wait *more = cap > TX_WAITS_MAX ? NULL : app_alloc(run, cap * (uint32_t)sizeof(*more));
	if (!more)
		return false;
	if (s->n)
		memcpy(more, s->waits, s->n * sizeof(*more));
	app_free(run, s->waits);
	s->waits = more;
	s->cap = cap;
	return true;
}

void tx_wait_put(struct tx_run *r, uint32_t rule, uint32_t held)
{
	struct tx_wait *at = tx_wait_find(r->state, rule, r->dir);
	if (at) {
		at->held = held;
		return;
	}
	r->state = tx_state_get(r->w, r->tx, r->run);
	if (!r->state)
		return;
	if (r->state->n == r->state->cap && !grow(r->state, r->run)) {
		r->w->stats.tx_state_full++;
		return;
	}
	r->state->waits[r->state->n++] = (struct tx_wait){rule * 2 + r->dir, held};
}
