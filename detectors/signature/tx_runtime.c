// Transactions against the rules: once a transaction, rule and direction. The prefilter looks into each buffer when the
// parser has all of it (into a body as it grows); rules whose literal it finds are verified, and wait for what is not
// there yet. Next: tx_verify.c.
#include "detectors/signature/tx_runtime.h"

// Looks for literals in one value of a group's buffer.
static void scan_value(struct tx_run *r, const struct tx_group *g, const struct app_bytes *v)
{
	struct match_ctx *m = &r->w->ctx;
	if (!g->transforms)
		group_scan(r->w, &g->group, v->at, v->len, &r->w->seat.tx_found);
	else if (transform_buffer(m, g->transforms, v->at, v->len))
		group_scan(r->w, &g->group, m->buf, m->len, &r->w->seat.tx_found);
}

static void scan_values(struct tx_run *r, const struct tx_group *g, uint32_t from)
{
	const struct parser_buffer *b = g->source->buffer;
	struct app_bytes v;
	for (uint32_t nth = from; nth < TX_VALUES_MAX && b->get(r->tx, r->dir, nth, &v); nth++)
		scan_value(r, g, &v);
}

static void scan_growing(struct tx_run *r, const struct tx_group *g)
{
	struct app_bytes part;
	uint64_t offset;
	if (tx_window(r, g->source, &part, &offset))
		scan_value(r, g, &part);
	if (r->complete)
		scan_values(r, g, 1);
}

static bool is_scanned(const struct tx_run *r, uint32_t group)
{
	return r->state && r->state->scanned[r->dir][group >> 6] >> (group & 63) & 1;
}

// Whatever a transaction has of this direction now and has not been looked into.
static void scan_groups(struct tx_run *r)
{
	const struct tx_dir *d = &r->proto->dir[r->dir];
	for (uint32_t i = 0; i < d->n_groups; i++) {
		const struct tx_group *g = &d->groups[i];
		if (is_scanned(r, i) || !tx_has(r, g->source))
			continue;
		if (g->source->buffer->grows) {
			scan_growing(r, g);
			continue;
		}
		scan_values(r, g, 0);
		if (!r->complete && (r->state = tx_state_get(r->w, r->tx, r->run)))
			r->state->scanned[r->dir][i >> 6] |= 1ull << (i & 63);
	}
}

// The bytes of growing buffers that rules have been asked about.
static void note_seen(struct tx_run *r)
{
	const struct tx_dir *d = &r->proto->dir[r->dir];
	for (uint32_t i = 0; i < d->n_groups; i++) {
		const struct tx_source *s = d->groups[i].source;
		struct app_bytes part;
		uint64_t offset;
		if (!s->buffer->grows || !tx_window(r, s, &part, &offset))
			continue;
		r->state = tx_state_get(r->w, r->tx, r->run);
		if (r->state)
			r->state->seen[r->dir][s->grow] = offset + part.len;
	}
}

static void add_candidates(struct tx_run *r, const struct flow_cold *cold)
{
	struct rule_bits *found = &r->w->seat.tx_found;
	const struct tx_dir *d = &r->proto->dir[r->dir];
	for (uint32_t i = 0; i < d->n_always; i++)
		rule_bits_set(found, d->always[i]);
	for (uint16_t i = 0; r->state && i < r->state->n; i++)
		if ((r->state->waits[i].rule_dir & 1) == r->dir)
			rule_bits_set(found, r->state->waits[i].rule_dir >> 1);
	if (r->w->seat.rs->tx->raw)
		tx_raw_candidates(r->w, cold, r->dir, found);
}

// Asks one candidate. Packet and flow are tested when the rule is first asked, as in Suricata; what holds of the
// transaction is remembered once something does.
static void check_rule(struct tx_run *r, const struct rule *rule)
{
	struct signature_worker *w = r->w;
	struct tx_wait *wait = tx_wait_find(r->state, rule->index, r->dir);
	uint32_t held = wait ? wait->held : 0;
	if (held == TX_HELD_ALL || !tx_rule_fits(r->proto, rule, r->dir) || !rule_header_match(w->seat.rs, rule, r->p))
		return;
	w->seat.counters[rule->index].checks++;
	w->stats.verified++;
	match_begin(w, rule, r->p, r->drun);
	w->ctx.parser = r->proto->parser;
	w->ctx.tx = r->tx;
	if (!wait && !packet_tests_hold(&w->ctx, rule))
		return;
	enum tx_answer a = tx_verify(r, rule, &held);
	if (a == TX_YES)
		match_found(w, rule);
	if (!r->complete && (a == TX_YES || (a == TX_LATER && held)))
		tx_wait_put(r, rule->index, a == TX_YES ? TX_HELD_ALL : held);
	else if (wait && a == TX_NO)
		wait->held = TX_HELD_ALL;
}

static void check_found(struct tx_run *r)
{
	struct rule_bits *f = &r->w->seat.tx_found;
	uint64_t src = addr_sets_of(r->w, r->p, &r->p->src), dst = addr_sets_of(r->w, r->p, &r->p->dst), bits;
	for (uint32_t top = 0, first; (bits = rule_bits_take(f, &top, &first)) != 0;) {
		for (; bits; bits &= bits - 1) {
			uint32_t i = first + (uint32_t)__builtin_ctzll(bits);
			r->w->stats.candidates++;
			if (rule_hot_fits(&r->w->seat.rs->hot[i], src, dst))
				check_rule(r, r->w->seat.rs->rules[i]);
		}
	}
}

// Where a direction stood when it was over: packets of the flow in that direction, and events.
static uint32_t end_of(const struct tx_run *r)
{
	uint32_t events = r->tx->event_count < sizeof(r->tx->events) ? r->tx->event_count : sizeof(r->tx->events);
	return (r->p->nth[r->dir] << 4 | events) & TX_ENDED_MAX;
}

// Suricata looks at a direction of a TCP transaction with that side's next packet, and at what the other side has
// caused by then. So where the direction is over, but its side has sent nothing since (but the packet that brings them
// to it), events are still asked about.
static bool has_late_events(const struct app_tx *tx, const struct tx_dir *d, uint8_t dir, const struct packet *p)
{
	if (!d->n_events || !p || !(p->flags & PKT_TCP))
		return false;
	uint32_t ended = tx_ended(tx, dir), before = p->nth[dir] - (p->dir == dir);
	return tx->event_count > (ended & 15) && ended >> 4 == (before & TX_ENDED_MAX >> 4);
}

static void inspect_late(struct tx_run *r)
{
	const struct tx_dir *d = &r->proto->dir[r->dir];
	r->state = tx_state_at(r->w, r->tx);
	r->known_events = tx_ended(r->tx, r->dir) & 15;
	for (uint32_t i = 0; i < d->n_events; i++)
		rule_bits_set(&r->w->seat.tx_found, d->events[i]);
	check_found(r);
	tx_set_done(r->tx, r->dir, end_of(r));
}

static void inspect(struct tx_run *r, struct flow_cold *cold)
{
	r->state = tx_state_at(r->w, r->tx);
	r->w->stats.transactions++;
	scan_groups(r);
	add_candidates(r, cold);
	check_found(r);
	if (!r->complete) {
		note_seen(r);
		return;
	}
	tx_set_done(r->tx, r->dir, end_of(r));
	r->w->raw_over |= (uint8_t)(1u << r->dir);
}

static void on_tx(void *arg, const struct parser *parser, struct app_session *s, struct app_tx *tx, uint8_t dir,
	struct packet *p, struct flow *f, struct flow_cold *cold, struct app_run *run, struct detector_run *drun)
{
	struct signature_worker *w = arg;
	const struct tx_table *t = w->seat.rs->tx;
	const struct tx_proto *proto = t ? t->protos[parser->proto] : NULL;
	if (!proto || !proto->dir[dir].n_rules || !(tx->dirs >> dir & 1) || f->flags & FLOW_RULES_DONE)
		return;
	bool over = tx_is_done(tx, dir);
	if (over && !has_late_events(tx, &proto->dir[dir], dir, p))
		return;
	bool own = p && p->dir == dir;
	struct tx_run r = {.w = w,
		.proto = proto,
		.tx = tx,
		.run = run,
		.p = own ? p : stand_in(w, f, cold, dir, p, drun),
		.drun = drun,
		.dir = dir,
		.complete = tx_complete(parser, tx, dir)};
	uint32_t from = w->n_notes;
	w->collecting = true;
	if (own)
		packet_rules(w, p, drun);
	if (over)
		inspect_late(&r);
	else
		inspect(&r, cold);
	if (!own)
		stand_in_speaks(w, from, r.p, drun);
}

// Transactions that end in one packet share its raw bytes, so these are forgotten behind the last of them.
static void on_shown(void *arg, struct packet *p, struct flow *f, struct flow_cold *cold, struct detector_run *drun)
{
	struct signature_worker *w = arg;
	if (w->n_notes && p) // of frames, perhaps: the packet's own rules come before
		packet_rules(w, p, drun);
	w->collecting = false;
	for (uint8_t dir = 0; w->raw_over; dir++, w->raw_over >>= 1)
		if (w->raw_over & 1 && w->seat.rs->tx->raw)
			tx_raw_forget(w, cold, dir);
	if (w->n_notes)
		matches_speak(w, 0, p, drun);
}

static void on_tx_end(void *arg, struct app_tx *tx, struct app_run *run)
{
	tx_state_free(tx, run);
}

struct app_consumer signature_app_consumer(void *state)
{
	struct signature_worker *w = state;
	return (struct app_consumer){state, on_tx, on_shown, on_tx_end, w->frame_types, signature_on_frame, &w->files};
}
