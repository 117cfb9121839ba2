// From a match to an alert on its way to the gate. What matches on a packet and on the transactions it has brought
// along speaks in one order: matches are collected until all of them are known. Next: alert_gate.c.
#include <rte_common.h>

#include "dataplane/api/app_log.h"
#include "detectors/signature/alert_gate.h"
#include "detectors/signature/state_runtime.h"
#include "detectors/signature/tags.h"
#include "detectors/signature/worker_internal.h"

// Sends a match to the gate, which decides whether it is an alert (alert_gate.c).
static void emit(struct signature_worker *w, const struct rule *r)
{
	struct match_ctx *m = &w->ctx;
	struct event *ev = event_begin(m->run->sink, EVENT_ALERT, m->p, m->tx ? EVENT_AUX_MAX : 0);
	if (m->flow && !rule_is_conditional(r))
		m->flow->flags |= FLOW_ALERTED;
	w->stats.alerts++;
	if (!ev)
		return;
	ev->alert.info = &r->info;
	ev->alert.payload_len = m->p->payload_len;
	ev->alert.stream = m->stream;
	ev->alert.first = !w->spoken;
	if (m->tx) {
		ev->alert.has_tx = true;
		ev->alert.tx_id = m->tx->id;
		ev->aux_len = app_log_tx(m->parser, m->tx, (uint8_t *)event_aux(ev), EVENT_AUX_MAX);
	}
	w->spoken = true;
	if (w->standing_in)
		ev->flags &= (uint16_t)~EVENT_HAS_PACKET;
	event_commit(m->run->sink);
}

// The gate has said that this threshold is silent for the time being: that saves the way there.
static bool hushed(const struct match_ctx *m, const struct rule *r)
{
	const struct packet *p = m->p;
	if (!m->w->bulletin || !rule_may_hush(r))
		return false;
	struct host_ends ends = {&p->src, &p->dst, 0};
	if (r->threshold->track == TRACK_FLOW && m->flow)
		ends.flow_id = flow_id(m->w->flows, m->flow);
	struct host_key key = threshold_key(r, HOST_THRESHOLD, r->threshold, &ends);
	return bulletin_holds(m->w->bulletin, &key, p->ts_ns);
}

static void speak(struct signature_worker *w, const struct rule *r)
{
	bool silent = r->flags & RULE_F_NOALERT;
	if (silent && !r->host_posts && !r->tag)
		return;
	if (hushed(&w->ctx, r)) {
		w->stats.suppressed++;
	} else if (!rule_is_conditional(r) && w->alerts++ >= w->seat.rs->alert_max) {
		w->stats.over_alert_max++;
	} else {
		emit(w, r);
	}
}

// Whether a rule that passes, drops or rejects does so to the rest of the flow: when it is about addresses alone or its
// bytes are the stream's or a transaction's, as in Suricata, which looks at none of a dropped flow's packets. For a
// rule that counts matches before it acts the gate does that.
static bool ends_flow(const struct match_ctx *m, const struct rule *r)
{
	bool counts = r->detection_filter || (r->threshold && r->threshold->type != THRESHOLD_LIMIT);
	return m->flow && r->action != RULE_ALERT && !counts &&
	       (r->flags & (RULE_F_IP_ONLY | RULE_F_IPONLY_LIKE) || m->stream || m->tx);
}

// Returns false when nothing more is to be heard of this packet.
static bool say(struct signature_worker *w, const struct rule *r)
{
	if (r->action == RULE_PASS)
		return false;
	speak(w, r);
	if (r->tag)
		tag_on_match(&w->ctx);
	return true;
}

static void note_match(struct signature_worker *w, const struct rule *r)
{
	const struct match_ctx *m = &w->ctx;
	if (w->n_notes == MATCH_NOTES) {
		w->stats.over_alert_max++;
		return;
	}
	w->notes[w->n_notes++] = (struct match_note){r->index, m->stream, m->parser, m->tx};
}

bool match_found(struct signature_worker *w, const struct rule *r)
{
	struct match_ctx *m = &w->ctx;
	w->stats.matches++;
	w->seat.counters[r->index].matches++;
	captures_commit(m);
	for (const struct post_action *a = r->posts; a; a = a->next)
		a->run(m, a->args);
	if (ends_flow(m, r))
		m->flow->flags |= FLOW_RULES_DONE;
	if (!w->collecting)
		return say(w, r);
	note_match(w, r);
	return r->action != RULE_PASS;
}

static bool speaks_before(const struct match_note *a, const struct match_note *b)
{
	if (a->rule != b->rule)
		return a->rule < b->rule;
	return (a->tx ? a->tx->id + 1 : 0) < (b->tx ? b->tx->id + 1 : 0);
}

// They come as few short ordered runs: insertion is all it takes.
static void sort_notes(struct match_note *n, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		struct match_note x = n[i];
		uint32_t at = i;
		for (; at && speaks_before(&x, &n[at - 1]); at--)
			n[at] = n[at - 1];
		n[at] = x;
	}
}

void matches_speak(struct signature_worker *w, uint32_t from, struct packet *p, struct detector_run *run)
{
	bool more = true;
	sort_notes(w->notes + from, w->n_notes - from);
	for (uint32_t i = from; i < w->n_notes && more; i++) {
		const struct match_note *n = &w->notes[i];
		const struct rule *r = w->seat.rs->rules[n->rule];
		match_begin(w, r, p, run);
		w->ctx.stream = n->stream;
		w->ctx.parser = n->parser;
		w->ctx.tx = n->tx;
		more = say(w, r);
	}
	w->n_notes = from;
}

void stand_in_speaks(struct signature_worker *w, uint32_t from, struct packet *p, struct detector_run *run)
{
	uint32_t alerts = w->alerts;
	bool spoken = w->spoken;
	w->standing_in = true;
	packet_begins(w);
	matches_speak(w, from, p, run);
	w->standing_in = false;
	w->alerts = alerts;
	w->spoken = spoken;
}
