// A worker's memory: one block of the caller's for what it keeps, and a seat sized by the rule set.
// Next: worker_swap.c.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "detectors/signature/alert_gate.h"
#include "detectors/signature/frame_internal.h"
#include "dataplane/api/app_file.h"
#include "detectors/signature/worker_internal.h"

#define JIT_STACK_START 32768
#define JIT_STACK_MAX (512 * 1024)
#define MATCH_PAIRS 64

static size_t words_of(const struct ruleset *rs)
{
	return (rs->n_rules + 63) / 64 + 1;
}

static size_t tops_of(const struct ruleset *rs)
{
	return (words_of(rs) + 63) / 64;
}

size_t signature_worker_size(const struct ruleset *rs)
{
	size_t n = (sizeof(struct signature_worker) + 63) & ~(size_t)63;
	return n + state_size(rs) + 2 * SCRATCH_BYTES + BASE64_MAX + 64;
}

static void bits_init(struct rule_bits *b, const struct ruleset *rs, uint8_t **mem)
{
	b->words = (uint64_t *)*mem;
	*mem += words_of(rs) * sizeof(uint64_t);
	b->top = (uint64_t *)*mem;
	*mem += tops_of(rs) * sizeof(uint64_t);
	b->n_top = (uint32_t)tops_of(rs);
}

static size_t seat_bytes(const struct ruleset *rs)
{
	return 4 * (words_of(rs) + tops_of(rs)) * sizeof(uint64_t) + (rs->n_rules + 1) * sizeof(struct rule_counters) +
	       (rs->groups->n_groups + 1) * sizeof(struct group_counters) + ADDR_CACHE * sizeof(struct addr_answer);
}

struct rule_seat *seat_new(const struct ruleset *rs)
{
	struct rule_seat *s = calloc(1, sizeof(*s));
	uint8_t *at = s ? calloc(1, seat_bytes(rs)) : NULL;
	if (!at) {
		free(s);
		return NULL;
	}
	s->rs = rs;
	s->mem = at;
	bits_init(&s->candidates, rs, &at);
	bits_init(&s->stream_hits, rs, &at);
	bits_init(&s->stream_found, rs, &at);
	bits_init(&s->tx_found, rs, &at);
	s->counters = (struct rule_counters *)at;
	at += (rs->n_rules + 1) * sizeof(struct rule_counters);
	s->groups = (struct group_counters *)at;
	at += (rs->groups->n_groups + 1) * sizeof(struct group_counters);
	s->addr_cache = (struct addr_answer *)at;
	if (!mpm_scratch(rs->groups->mpm, &s->scratch))
		return s;
	seat_free(s);
	return NULL;
}

void seat_free(struct rule_seat *s)
{
	if (!s)
		return;
	if (s->scratch)
		hs_free_scratch(s->scratch);
	free(s->mem);
	free(s);
}

static int pcre_init(struct signature_worker *w)
{
	w->md = pcre2_match_data_create(MATCH_PAIRS, NULL);
	w->mctx = pcre2_match_context_create(NULL);
	w->jit = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, NULL);
	if (!w->md || !w->mctx || !w->jit)
		return -ENOMEM;
	pcre2_jit_stack_assign(w->mctx, NULL, w->jit);
	return 0;
}

void worker_take_seat(struct signature_worker *w, const struct rule_seat *seat)
{
	w->seat = *seat;
	w->timed = seat->rs->count_cycles;
	w->files = seat->rs->files;
	frame_types_take(w->frame_types, seat->rs->frames);
	pcre2_set_match_limit(w->mctx, seat->rs->match_limit);
	pcre2_set_depth_limit(w->mctx, seat->rs->depth_limit);
}

int signature_worker_init(void *mem, const struct ruleset *rs, struct flow_table *flows, uint16_t worker)
{
	struct signature_worker *w = mem;
	uint8_t *at = (uint8_t *)mem + ((sizeof(*w) + 63) & ~(size_t)63);
	memset(mem, 0, signature_worker_size(rs));
	w->flows = flows;
	w->worker = worker;
	w->dice = 1;
	w->ctx.w = w;
	state_init(w, rs, &at);
	w->scratch_bytes[0] = at;
	w->scratch_bytes[1] = at + SCRATCH_BYTES;
	w->base64_bytes = at + 2 * SCRATCH_BYTES;
	struct rule_seat *seat = seat_new(rs);
	int rc = seat ? pcre_init(w) : -ENOMEM;
	if (!rc && rs->files & APP_FILE_HEAD && !(w->magic = file_magic_open()))
		rc = -ENOENT;
	if (!rc) {
		worker_take_seat(w, seat);
		free(seat); // only the struct: what it points to is the worker's now
	} else {
		seat_free(seat);
	}
	if (rc)
		signature_worker_fini(w);
	return rc;
}

void signature_worker_set_gate(struct signature_worker *w, struct alert_gate *gate, bool replay)
{
	w->every_packet = replay;
	w->bulletin = alert_gate_bulletin(gate);
}

void signature_worker_fini(struct signature_worker *w)
{
	if (!w)
		return;
	if (w->seat.scratch)
		hs_free_scratch(w->seat.scratch);
	free(w->seat.mem);
	seat_free(w->offered);
	file_magic_close(w->magic);
	pcre2_jit_stack_free(w->jit);
	pcre2_match_context_free(w->mctx);
	pcre2_match_data_free(w->md);
	memset(&w->seat, 0, sizeof(w->seat));
	w->offered = NULL;
	w->magic = NULL;
	w->jit = NULL;
	w->mctx = NULL;
	w->md = NULL;
}

// What n would have taken, from the ones that were timed.
static uint64_t scaled(uint64_t cycles, uint64_t sampled, uint64_t n)
{
	return sampled ? (uint64_t)((double)cycles / (double)sampled * (double)n) : 0;
}

bool signature_rule_stats(const struct signature_worker *w, uint32_t i, struct signature_rule_stats *out)
{
	if (i >= w->seat.rs->n_rules)
		return false;
	const struct rule_counters *c = &w->seat.counters[i];
	*out = (struct signature_rule_stats){&w->seat.rs->rules[i]->info, c->checks, c->matches,
		scaled(c->cycles, c->sampled, c->checks), c->gave_up};
	return true;
}

void signature_stats(const struct signature_worker *w, struct signature_stats *out)
{
	*out = w->stats;
}
