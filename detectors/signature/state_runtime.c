// Flow state: a list of cells for each flow that has any, from one pool a worker. Next: alert_gate.c.
#include "detectors/signature/state_runtime.h"

#include <string.h>

#include "detectors/signature/worker_internal.h"

// flow_cold.detect holds the index of the first cell plus one.
static uint32_t first_cell(const struct match_ctx *m)
{
	return m->cold && m->cold->detect ? (uint32_t)(uintptr_t)m->cold->detect - 1 : CELL_NONE;
}

static struct cell *find_from(struct signature_worker *w, uint32_t i, enum cell_kind kind, uint32_t id)
{
	for (; i != CELL_NONE; i = w->cells[i].next)
		if (w->cells[i].id == id && w->cells[i].kind == kind)
			return &w->cells[i];
	return NULL;
}

static struct cell *find_cell(const struct match_ctx *m, enum cell_kind kind, uint32_t id)
{
	return find_from(m->w, first_cell(m), kind, id);
}

struct cell *flow_tag_cell(struct signature_worker *w, struct flow *f)
{
	void *first = f->flags & FLOW_COLD_SET ? flow_cold_get(w->flows, f)->detect : NULL;
	return first ? find_from(w, (uint32_t)(uintptr_t)first - 1, CELL_TAG, 0) : NULL;
}

struct cell *flow_cell_get(struct match_ctx *m, enum cell_kind kind, uint32_t id)
{
	struct cell *c = find_cell(m, kind, id);
	return c ? c : flow_cell_new(m, kind, id);
}

struct cell *flow_cell_new(struct match_ctx *m, enum cell_kind kind, uint32_t id)
{
	struct signature_worker *w = m->w;
	struct cell *c;
	if (!m->flow)
		return NULL;
	if (w->free_cell == CELL_NONE) {
		w->stats.flow_state_full++;
		return NULL;
	}
	if (!m->cold)
		m->cold = flow_cold_get(w->flows, m->flow);
	uint32_t at = w->free_cell;
	c = &w->cells[at];
	w->free_cell = c->next;
	*c = (struct cell){.next = first_cell(m),
		.id = (uint16_t)id,
		.kind = (uint8_t)kind,
		.value = kind == CELL_TEXT ? CELL_NONE : 0};
	m->cold->detect = (void *)(uintptr_t)(at + 1);
	return c;
}

static void drop_text(struct signature_worker *w, struct cell *c)
{
	if (c->kind != CELL_TEXT || c->value == CELL_NONE)
		return;
	w->texts[c->value].next_free = w->free_text;
	w->free_text = (uint32_t)c->value;
	c->value = CELL_NONE;
}

static void drop_cell(struct match_ctx *m, enum cell_kind kind, uint32_t id)
{
	struct signature_worker *w = m->w;
	uint32_t before = CELL_NONE;
	for (uint32_t i = first_cell(m); i != CELL_NONE; before = i, i = w->cells[i].next) {
		struct cell *c = &w->cells[i];
		if (c->id != id || c->kind != kind)
			continue;
		if (before == CELL_NONE)
			m->cold->detect = c->next == CELL_NONE ? NULL : (void *)(uintptr_t)(c->next + 1);
		else
			w->cells[before].next = c->next;
		drop_text(w, c);
		c->next = w->free_cell;
		w->free_cell = i;
		return;
	}
}

bool flowbit_isset(const struct match_ctx *m, uint32_t id)
{
	return find_cell(m, CELL_BIT, id) != NULL;
}

void flowbit_set(struct match_ctx *m, uint32_t id)
{
	flow_cell_get(m, CELL_BIT, id);
}

void flowbit_unset(struct match_ctx *m, uint32_t id)
{
	drop_cell(m, CELL_BIT, id);
}

bool flowint_get(const struct match_ctx *m, uint32_t id, uint64_t *value)
{
	const struct cell *c = find_cell(m, CELL_INT, id);
	if (c)
		*value = c->value;
	return c != NULL;
}

void flowint_set(struct match_ctx *m, uint32_t id, uint64_t value)
{
	struct cell *c = flow_cell_get(m, CELL_INT, id);
	if (c)
		c->value = value;
}

bool flowtext_get(const struct match_ctx *m, uint32_t id, const uint8_t **text, uint32_t *len)
{
	const struct cell *c = find_cell(m, CELL_TEXT, id);
	if (!c || c->value == CELL_NONE)
		return false;
	*text = m->w->texts[c->value].bytes;
	*len = m->w->texts[c->value].len;
	return true;
}

void flowtext_set(struct match_ctx *m, uint32_t id, const uint8_t *text, uint32_t len)
{
	struct signature_worker *w = m->w;
	struct cell *c = flow_cell_get(m, CELL_TEXT, id);
	if (!c)
		return;
	if (c->value == CELL_NONE) {
		if (w->free_text == CELL_NONE) {
			w->stats.flow_state_full++;
			return;
		}
		c->value = w->free_text;
		w->free_text = w->texts[c->value].next_free;
	}
	struct text_slot *t = &w->texts[c->value];
	t->len = (uint8_t)(len < sizeof(t->bytes) ? len : sizeof(t->bytes));
	memcpy(t->bytes, text, t->len);
}

bool pkttext_get(const struct match_ctx *m, uint32_t id, uint32_t i, const uint8_t **text, uint32_t *len)
{
	for (uint8_t k = 0; k < m->w->n_pkt_texts; k++) {
		const struct capture_text *t = &m->w->pkt_texts[k];
		if (t->var != id || i--)
			continue;
		*text = t->text;
		*len = t->len;
		return true;
	}
	return false;
}

void captures_commit(struct match_ctx *m)
{
	struct signature_worker *w = m->w;
	for (uint8_t i = 0; i < m->n_captures; i++) {
		const struct capture_text *t = &m->captures[i];
		if (t->scope == 1)
			flowtext_set(m, t->var, t->text, t->len);
		else if (t->scope == 0 && w->n_pkt_texts < PKT_TEXTS)
			w->pkt_texts[w->n_pkt_texts++] = *t;
	}
}

void signature_on_flow_end(void *state, struct flow *f, struct flow_cold *cold, struct detector_run *run)
{
	struct signature_worker *w = state;
	if (!cold || !cold->detect)
		return;
	uint32_t i = (uint32_t)(uintptr_t)cold->detect - 1;
	cold->detect = NULL;
	while (i != CELL_NONE) {
		struct cell *c = &w->cells[i];
		uint32_t next = c->next;
		drop_text(w, c);
		c->next = w->free_cell;
		w->free_cell = i;
		i = next;
	}
}

bool first_after_detection(const struct match_ctx *m)
{
	if (!(m->p->flags & PKT_TCP))
		return true;
	struct match_ctx on = *m; // the cell is the flow's; nothing of the match changes
	struct cell *c = flow_cell_get(&on, CELL_DETECTED, m->p->dir);
	if (c && !c->value)
		c->value = m->p->seq;
	return c && c->value == m->p->seq;
}

bool hostbit_isset(const struct match_ctx *m, const struct host_bit *bit)
{
	struct host_ends ends = {&m->p->src, &m->p->dst, 0};
	struct host_key key = host_key_bit(bit->id, bit->track, &ends);
	return m->w->bulletin && bulletin_holds(m->w->bulletin, &key, m->p->ts_ns);
}

size_t state_size(const struct ruleset *rs)
{
	return (size_t)rs->flow_state_max * sizeof(struct cell) + (size_t)rs->flow_var_max * sizeof(struct text_slot);
}

void state_init(struct signature_worker *w, const struct ruleset *rs, uint8_t **mem)
{
	w->cells = (struct cell *)*mem;
	w->n_cells = rs->flow_state_max;
	*mem += (size_t)w->n_cells * sizeof(struct cell);
	w->texts = (struct text_slot *)*mem;
	w->n_texts = rs->flow_var_max;
	*mem += (size_t)w->n_texts * sizeof(struct text_slot);
	for (uint32_t i = 0; i < w->n_cells; i++)
		w->cells[i].next = i + 1 < w->n_cells ? i + 1 : CELL_NONE;
	for (uint32_t i = 0; i < w->n_texts; i++)
		w->texts[i].next_free = i + 1 < w->n_texts ? i + 1 : CELL_NONE;
	w->free_cell = w->n_cells ? 0 : CELL_NONE;
	w->free_text = w->n_texts ? 0 : CELL_NONE;
}
