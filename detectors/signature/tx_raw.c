// Raw parts of rules on transactions: what held in the bytes of the stream is kept with the flow until the transaction
// that they belong to ends.
#include "detectors/signature/tx_runtime.h"

#include "detectors/signature/state_runtime.h"

static uint64_t key_of(const struct rule *r, uint8_t dir)
{
	return (uint64_t)r->index * 2 + dir;
}

static uint32_t first_cell(const struct flow_cold *cold)
{
	return cold && cold->detect ? (uint32_t)(uintptr_t)cold->detect - 1 : CELL_NONE;
}

bool tx_raw_has(const struct match_ctx *m, uint8_t dir)
{
	const struct cell *cells = m->w->cells;
	for (uint32_t i = first_cell(m->cold); i != CELL_NONE; i = cells[i].next)
		if (cells[i].kind == CELL_RAW && cells[i].value == key_of(m->rule, dir) &&
			cells[i].value2 == m->rs->serial)
			return true;
	return false;
}

void tx_raw_note(struct match_ctx *m, uint8_t dir)
{
	if (tx_raw_has(m, dir))
		return;
	struct cell *c = flow_cell_new(m, CELL_RAW, 0);
	if (!c)
		return;
	c->value = key_of(m->rule, dir);
	c->value2 = m->rs->serial; // indices of another rule set mean other rules
}

void tx_raw_candidates(struct signature_worker *w, const struct flow_cold *cold, uint8_t dir, struct rule_bits *out)
{
	for (uint32_t i = first_cell(cold); i != CELL_NONE; i = w->cells[i].next)
		if (w->cells[i].kind == CELL_RAW && (w->cells[i].value & 1) == dir &&
			w->cells[i].value2 == w->seat.rs->serial)
			rule_bits_set(out, (uint32_t)(w->cells[i].value >> 1));
}

void tx_raw_forget(struct signature_worker *w, struct flow_cold *cold, uint8_t dir)
{
	uint32_t before = CELL_NONE, next;
	for (uint32_t i = first_cell(cold); i != CELL_NONE; i = next) {
		struct cell *c = &w->cells[i];
		next = c->next;
		if (c->kind != CELL_RAW || (c->value & 1) != dir) {
			before = i;
			continue;
		}
		if (before == CELL_NONE)
			cold->detect = next == CELL_NONE ? NULL : (void *)(uintptr_t)(next + 1);
		else
			w->cells[before].next = next;
		c->next = w->free_cell;
		w->free_cell = i;
	}
}
