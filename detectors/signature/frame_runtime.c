// Frames against the rules, a piece at a time, while their parser reads. What matches waits for the matches of the
// packet and its transactions, so that all speak in one order. Next: speak_runtime.c.
#include "detectors/signature/frame_internal.h"
#include "detectors/signature/worker_internal.h"

static void check_rule(struct signature_worker *w, const struct rule *r, const struct app_frame *f, struct packet *p)
{
	w->seat.counters[r->index].checks++;
	if (!rule_header_match(w->seat.rs, r, p))
		return;
	w->stats.verified++;
	match_begin(w, r, p, f->drun);
	w->ctx.stream = (p->flags & PKT_TCP) != 0;
	w->ctx.before = f->before;
	const struct buffer_test *b = frame_test_of(r, f->parser->proto, f->type);
	if (packet_tests_hold(&w->ctx, r) && verify_buffer(&w->ctx, b, f->at, f->len))
		match_found(w, r);
}

static void check_found(struct signature_worker *w, const struct app_frame *f, struct packet *p)
{
	struct rule_bits *found = &w->seat.tx_found;
	uint64_t src = addr_sets_of(w, p, &p->src), dst = addr_sets_of(w, p, &p->dst), bits;
	for (uint32_t top = 0, first; (bits = rule_bits_take(found, &top, &first)) != 0;)
		for (; bits; bits &= bits - 1) {
			uint32_t i = first + (uint32_t)__builtin_ctzll(bits);
			w->stats.candidates++;
			if (rule_hot_fits(&w->seat.rs->hot[i], src, dst))
				check_rule(w, w->seat.rs->rules[i], f, p);
		}
}

void signature_on_frame(void *arg, const struct app_frame *f)
{
	struct signature_worker *w = arg;
	const struct frame_table *t = w->seat.rs->frames;
	const struct frame_proto *proto = t ? t->protos[f->parser->proto] : NULL;
	const struct group *g = proto ? proto->of[f->dir][f->type] : NULL;
	if (!g || f->f->flags & FLOW_RULES_DONE)
		return;
	bool own = f->p && f->p->dir == f->dir, was = w->collecting;
	struct packet *p = own ? f->p : stand_in(w, f->f, f->cold, f->dir, f->p, f->drun);
	uint32_t from = w->n_notes;
	group_scan(w, g, f->at, f->len, &w->seat.tx_found);
	w->collecting = true;
	check_found(w, f, p);
	w->collecting = own && w->n_notes ? true : was;
	if (!own)
		stand_in_speaks(w, from, p, f->drun);
}
