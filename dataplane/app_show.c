// Transactions are shown to the rule engine while they grow, logged and given back when they are over. Next: app_log.c.
#include "dataplane/app_internal.h"

#include <string.h>

#include "dataplane/api/app_log.h"

// Records name the client first, whichever packet completed them, as Suricata's do.
static void as_flow(struct event *ev)
{
	struct event_tuple *t = &ev->tuple;

	if (ev->dir == DIR_TO_SERVER)
		return;
	*t = (struct event_tuple){.src = t->dst,
		.dst = t->src,
		.sport = t->dport,
		.dport = t->sport,
		.ip_version = t->ip_version,
		.proto = t->proto};
	ev->dir = DIR_TO_SERVER;
}

static void at_flow_end(struct event *ev, struct app_layer *a, const struct flow *f, const struct flow_cold *cold,
	const struct detector_run *run)
{
	ev->flags |= EVENT_HAS_FLOW;
	ev->flow_id = flow_id(a->flows, f);
	flow_tuple(a->flows, f, &ev->tuple);
	ev->iface = cold->iface;
	ev->vlan_count = cold->vlan_count;
	memcpy(ev->vlan, cold->vlan, sizeof(ev->vlan));
	ev->seq = run->seq;
	ev->ts_ns = f->last_ns;
}

static void write_record(struct app_layer *a, const struct app_session *s, const struct app_tx *tx,
	const struct packet *p, const struct flow *f, const struct flow_cold *cold, struct detector_run *run)
{
	struct event *ev = event_begin(run->sink, EVENT_TX, p, EVENT_AUX_MAX);

	if (!ev)
		return;
	ev->aux_len = app_log_tx(s->parser, tx, (uint8_t *)event_aux(ev), EVENT_AUX_MAX);
	if (!ev->aux_len) {
		event_cancel(run->sink);
		return;
	}
	if (p && !s->parser->log_as_sent)
		as_flow(ev);
	else if (!p)
		at_flow_end(ev, a, f, cold, run);
	ev->app_proto = s->parser->proto;
	ev->tx.id = (uint32_t)tx->id;
	ev->tx.show_id = s->parser->log_tx_id;
	event_commit(run->sink);
}

// What has happened to a transaction may matter to its other direction, too: an event, or that it is over.
static bool is_shown(const struct app_session *s, const struct app_tx *tx, uint8_t dir, uint8_t dirs)
{
	bool other = !tx->stopped && tx->dirs >> dir & 1 && (tx->event_count || app_tx_over(s->parser, tx));

	return dirs >> dir & 1 || other;
}

static void show_to_rules(struct app_layer *a, struct app_session *s, uint8_t dirs, struct packet *p, struct flow *f,
	struct flow_cold *cold, struct detector_run *run)
{
	const struct app_consumer *c = &a->consumer;

	a->run.session = s;
	for (struct app_tx *tx = s->first; tx; tx = tx->next)
		for (uint8_t dir = 0; dir < 2; dir++)
			if (is_shown(s, tx, dir, dirs))
				c->on_tx(c->arg, s->parser, s, tx, dir, p, f, cold, &a->run, run);
	if (c->on_shown)
		c->on_shown(c->arg, p, f, cold, run);
}

void app_show(struct app_layer *a, struct app_session *s, uint8_t dirs, struct packet *p, struct flow *f,
	struct flow_cold *cold, struct detector_run *run)
{
	const struct app_consumer *c = &a->consumer;
	struct app_tx *before = NULL, *next;

	if (c->on_tx && s->first)
		show_to_rules(a, s, dirs, p, f, cold, run);
	for (struct app_tx *tx = s->first; tx; tx = next) {
		next = tx->next;
		a->run.session = s;
		if (!app_tx_over(s->parser, tx)) {
			before = tx;
			continue;
		}
		if (a->log >> s->parser->proto & 1 && s->parser->log)
			write_record(a, s, tx, p, f, cold, run);
		if (c->on_tx)
			c->on_tx_end(c->arg, tx, &a->run);
		app_tx_end(&a->run, s, before, tx);
	}
}

void app_show_later(struct app_layer *a, struct app_session *s, uint8_t dir, struct packet *p, struct flow *f,
	struct flow_cold *cold, struct detector_run *run)
{
	// When the parser stops, this is the last of both directions.
	uint8_t dirs = s->flags & SESSION_STOPPED ? 3 : (uint8_t)(1u << dir);

	if (!a->consumer.on_tx || !p || !tcp_stream_wants_packets(a->streams)) {
		app_show(a, s, dirs, p, f, cold, run);
		return;
	}
	a->later.flow = f;
	a->later.cold = cold;
	a->later.dirs |= dirs;
}

void app_show_now(struct app_layer *a, struct packet *p, struct detector_run *run)
{
	struct app_session *s = a->later.cold->app;
	uint8_t dirs = a->later.dirs;

	a->later.dirs = 0;
	if (s && s->parser)
		app_show(a, s, dirs, p, a->later.flow, a->later.cold, run);
}

void app_show_end(struct app_layer *a, struct app_session *s, struct packet *p, struct flow *f, struct flow_cold *cold,
	struct detector_run *run)
{
	a->later.dirs = 0;
	for (struct app_tx *tx = s->first; tx; tx = tx->next)
		tx->stopped = true;
	if (s->first)
		app_show(a, s, 3, p, f, cold, run);
}
