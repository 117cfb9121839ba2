// Transactions are shown to the rule engine while they grow, logged and given back when they are over. Next: app_log.c.
#include "dataplane/app_internal.h"

#include <string.h>

#include "dataplane/api/app_file.h"
#include "dataplane/api/app_log.h"

// Records name the client first, whichever packet completed them, as Suricata's do; those of files who sent them.
static void turn(struct event *ev, uint8_t dir)
{
	struct event_tuple *t = &ev->tuple;

	if (ev->dir == dir)
		return;
	*t = (struct event_tuple){.src = t->dst,
		.dst = t->src,
		.sport = t->dport,
		.dport = t->sport,
		.ip_version = t->ip_version,
		.proto = t->proto};
	ev->dir = dir;
}

static void at_flow_end(struct event *ev, struct app_layer *a, const struct flow *f, const struct flow_cold *cold,
	const struct detector_run *run)
{
	ev->flags |= EVENT_HAS_FLOW;
	ev->flow_id = flow_id(a->flows, f);
	flow_tuple(a->flows, f, &ev->tuple);
	ev->dir = DIR_TO_SERVER;
	ev->iface = cold->iface;
	ev->vlan_count = cold->vlan_count;
	memcpy(ev->vlan, cold->vlan, sizeof(ev->vlan));
	ev->seq = run->seq;
	ev->ts_ns = f->last_ns;
}

// file: its record; NULL: the transaction's own.
static void write_record(struct app_layer *a, const struct app_session *s, const struct app_tx *tx,
	const struct app_file *file, const struct packet *p, const struct flow *f, const struct flow_cold *cold,
	struct detector_run *run)
{
	struct event *ev = event_begin(run->sink, EVENT_TX, p, EVENT_AUX_MAX);

	if (!ev)
		return;
	ev->aux_len = file ? app_log_file(s->parser, tx, file, (uint8_t *)event_aux(ev), EVENT_AUX_MAX)
			   : app_log_tx(s->parser, tx, (uint8_t *)event_aux(ev), EVENT_AUX_MAX);
	if (!ev->aux_len) {
		event_cancel(run->sink);
		return;
	}
	if (!p)
		at_flow_end(ev, a, f, cold, run);
	if (file)
		turn(ev, file->dir ^ (s->flags & SESSION_REVERSED ? 1 : 0));
	else if (!s->parser->log_as_sent)
		turn(ev, DIR_TO_SERVER);
	ev->app_proto = s->parser->proto;
	ev->tx.id = (uint32_t)tx->id;
	ev->tx.show_id = s->parser->log_tx_id;
	ev->tx.file = file != NULL;
	event_commit(run->sink);
}

// Files of these directions. Suricata writes of one with the sender's next packet, or when its transaction is over:
// of what a client has sent before that is written of, of what a server has behind it.
static void write_files(struct app_layer *a, const struct app_session *s, struct app_tx *tx, uint8_t dirs, bool over,
	const struct packet *p, const struct flow *f, const struct flow_cold *cold, struct detector_run *run)
{
	for (struct app_file *file = a->run.files ? tx->files : NULL; file; file = file->next) {
		if (!(dirs >> file->dir & 1) || file->state == APP_FILE_OPEN || file->logged)
			continue;
		file->logged = over || file->settled;
		file->settled = true;
		if (file->logged)
			write_record(a, s, tx, file, p, f, cold, run);
	}
}

// What has happened to a transaction may matter to its other direction, too: an event, or that it is over.
static bool is_shown(const struct app_session *s, const struct app_tx *tx, uint8_t dir, uint8_t dirs)
{
	bool other = !tx->stopped && tx->dirs >> dir & 1 && (tx->event_count || app_tx_over(s->parser, tx));

	return dirs >> dir & 1 || other;
}

// The direction of the flow in which the server sends, as the parser sees it.
static uint8_t server_side(const struct app_session *s)
{
	return s->flags & SESSION_REVERSED ? DIR_TO_SERVER : DIR_TO_CLIENT;
}

// Suricata asks a direction of a transaction with that side's own packets, and reads bytes once they are acknowledged.
// So what the server's bytes have caused, an event or the parser's end, is put to the client with its packet that
// acknowledges them, and not at all where none comes. (What the client's bytes have caused is put to the server in any
// case, since a flow's end asks the client's side first: it is shown at once.)
static bool is_late(const struct app_session *s, const struct app_tx *tx, uint8_t dirs, const struct packet *p)
{
	bool caused = s->flags & SESSION_STOPPED || (tx->event_count && !tx->stopped);

	return caused && p && p->flags & PKT_TCP && dirs == 1u << DIR_TO_CLIENT && tx->dirs >> DIR_TO_SERVER & 1;
}

static void show_tx(struct app_layer *a, struct app_session *s, struct app_tx *tx, uint8_t dir, struct packet *p,
	struct flow *f, struct flow_cold *cold, struct detector_run *run)
{
	a->consumer.on_tx(a->consumer.arg, s->parser, s, tx, dir, p, f, cold, &a->run, run);
}

static void shown(
	struct app_layer *a, struct packet *p, struct flow *f, struct flow_cold *cold, struct detector_run *run)
{
	if (a->consumer.on_shown)
		a->consumer.on_shown(a->consumer.arg, p, f, cold, run);
}

static void put_off(const struct app_session *s, struct app_tx *tx, struct flow *f, const struct flow_cold *cold)
{
	if (!tx->late_end)
		tx->late_end = tcp_stream_offset(cold, server_side(s));
	f->flags |= FLOW_APP_LATE;
}

static void show_to_rules(struct app_layer *a, struct app_session *s, uint8_t dirs, struct packet *p, struct flow *f,
	struct flow_cold *cold, struct detector_run *run)
{
	a->run.session = s;
	for (struct app_tx *tx = s->first; tx; tx = tx->next) {
		bool late = is_late(s, tx, dirs, p);
		if (late)
			put_off(s, tx, f, cold);
		late |= !p && tx->late_end;
		for (uint8_t dir = late ? DIR_TO_CLIENT : DIR_TO_SERVER; dir < 2; dir++)
			if (is_shown(s, tx, dir, dirs))
				show_tx(a, s, tx, dir, p, f, cold, run);
	}
	shown(a, p, f, cold, run);
}

// The oldest transactions that wait give way: where the client's packets are not seen, no acknowledgement ever comes.
#define LATE_MAX 64u

static void let_go(struct app_layer *a, struct app_session *s)
{
	struct app_tx *tx = s->late;

	s->late = tx->next;
	a->run.session = s;
	if (a->consumer.on_tx)
		a->consumer.on_tx_end(a->consumer.arg, tx, &a->run);
	app_tx_free(&a->run, s, tx);
}

static void keep_late(struct app_layer *a, struct app_session *s, struct app_tx *tx)
{
	struct app_tx **end = &s->late;
	uint32_t n = 0;

	for (; *end; end = &(*end)->next)
		n++;
	*end = tx;
	tx->next = NULL;
	if (n == LATE_MAX)
		let_go(a, s);
}

static void is_over(struct app_layer *a, struct app_session *s, struct app_tx *before, struct app_tx *tx)
{
	app_tx_take_out(s, before, tx);
	if (tx->late_end) {
		keep_late(a, s, tx);
		return;
	}
	if (a->consumer.on_tx)
		a->consumer.on_tx_end(a->consumer.arg, tx, &a->run);
	app_tx_free(&a->run, s, tx);
}

void app_show(struct app_layer *a, struct app_session *s, uint8_t dirs, struct packet *p, struct flow *f,
	struct flow_cold *cold, struct detector_run *run)
{
	struct app_tx *before = NULL, *next;

	a->run.session = s;
	for (struct app_tx *tx = s->first; tx && app_file_wanted(&a->run); tx = tx->next)
		if (tx->files && app_tx_over(s->parser, tx))
			app_files_stop(&a->run, tx);
	if (a->consumer.on_tx && s->first)
		show_to_rules(a, s, dirs, p, f, cold, run);
	for (struct app_tx *tx = s->first; tx; tx = next) {
		next = tx->next;
		a->run.session = s;
		if (!app_tx_over(s->parser, tx)) {
			if (tx->files)
				write_files(a, s, tx, dirs, false, p, f, cold, run);
			before = tx;
			continue;
		}
		if (tx->files)
			write_files(a, s, tx, 1u << DIR_TO_SERVER, true, p, f, cold, run);
		if (a->log >> s->parser->proto & 1 && s->parser->log)
			write_record(a, s, tx, NULL, p, f, cold, run);
		if (tx->files)
			write_files(a, s, tx, 1u << DIR_TO_CLIENT, true, p, f, cold, run);
		is_over(a, s, before, tx);
	}
}

void app_show_later(struct app_layer *a, struct app_session *s, uint8_t dir, struct packet *p, struct flow *f,
	struct flow_cold *cold, struct detector_run *run)
{
	// when the parser stops, this is the last of both directions
	bool both = s->flags & SESSION_STOPPED && dir == DIR_TO_SERVER;
	uint8_t dirs = both ? 3 : (uint8_t)(1u << dir);

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

// Shows what waits for bytes up to `acked`. True when nothing is left waiting.
static bool show_late(struct app_layer *a, struct app_session *s, uint64_t acked, struct packet *p,
	struct flow_cold *cold, struct detector_run *run)
{
	bool waits = false;

	a->run.session = s;
	for (struct app_tx *tx = s->late; tx && tx->late_end <= acked; tx = tx->next)
		show_tx(a, s, tx, DIR_TO_SERVER, p, p->flow, cold, run);
	for (struct app_tx *tx = s->first; tx; tx = tx->next) {
		if (tx->late_end && tx->late_end <= acked) {
			tx->late_end = 0;
			show_tx(a, s, tx, DIR_TO_SERVER, p, p->flow, cold, run);
		}
		waits |= tx->late_end != 0;
	}
	shown(a, p, p->flow, cold, run);
	while (s->late && s->late->late_end <= acked)
		let_go(a, s);
	return !waits && !s->late;
}

void app_show_acked(struct app_layer *a, struct packet *p, struct detector_run *run)
{
	struct flow_cold *cold = flow_cold_get(a->flows, p->flow);
	struct app_session *s = cold->app;
	uint8_t server = s ? server_side(s) : DIR_TO_CLIENT;
	bool reset = p->tcp_flags & 0x04;
	uint64_t acked = p->dir == server && reset ? UINT64_MAX : tcp_stream_acked(cold, server);

	// a reset of the client acknowledges nothing, one of the server ends its bytes
	if (p->flags & PKT_STREAM_REJECTED || (p->dir == server) != reset)
		return;
	if (!s || !s->parser || show_late(a, s, acked, p, cold, run))
		p->flow->flags &= (uint16_t)~FLOW_APP_LATE;
}

void app_show_end(struct app_layer *a, struct app_session *s, struct packet *p, struct flow *f, struct flow_cold *cold,
	struct detector_run *run)
{
	a->later.dirs = 0;
	for (struct app_tx *tx = s->first; tx; tx = tx->next)
		tx->stopped = true;
	if (s->first)
		app_show(a, s, 3, p, f, cold, run);
	while (s->late)
		let_go(a, s);
}
