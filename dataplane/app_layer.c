// From bytes to transactions: detection, then the parser. Next: app_show.c.
#include "dataplane/app_layer.h"

#include <string.h>

#include <netinet/in.h>

#include "dataplane/app_internal.h"

// Suricata gives up where neither side has been told in so many bytes of one.
#define BAIL_BYTES 100000u
// A parser that leaves much unused is shown it again and again: past this many bytes only when a part more has come.
#define AGAIN_FREE_BYTES (1u << 20)
#define AGAIN_PART 64u

void app_layer_config_default(struct app_layer_config *cfg, const struct parser *const *parsers)
{
	*cfg = (struct app_layer_config){.memory = 64u << 20, .flow_memory = 1u << 20};
	app_detect_config_default(&cfg->detect, parsers);
	app_limits_default(&cfg->limits);
}

static size_t header_bytes(void)
{
	return (sizeof(struct app_layer) + 63) & ~(size_t)63;
}

size_t app_layer_size(const struct app_layer_config *cfg)
{
	return header_bytes() + app_pool_size(cfg->memory);
}

static enum stream_verdict on_data(void *arg, struct stream_view *v);

static void on_packet(void *arg, struct packet *p, struct detector_run *run)
{
	struct app_layer *a = arg;

	if (unlikely(a->later.dirs))
		app_show_now(a, p, run);
	if (unlikely(p->flow && (p->flags & PKT_TCP) && (p->flow->flags & FLOW_APP_LATE)))
		app_show_acked(a, p, run);
	app_layer_packet(arg, p, run);
}

int app_layer_init(void *mem, const struct app_layer_config *cfg, const struct app_detector *detector,
	struct flow_table *flows, struct tcp_streams *streams, struct burst *burst, bool midstream,
	struct app_layer **out)
{
	struct app_layer *a = mem;
	struct stream_consumer c = {
		.name = "app-layer", .arg = a, .on_data = on_data, .on_packet = on_packet, .worker_shows = true};

	memset(a, 0, sizeof(*a));
	app_run_init(&a->run, app_pool_init((uint8_t *)mem + header_bytes(), cfg->memory), (uint32_t)cfg->flow_memory);
	a->run.limits = cfg->limits;
	a->run.files = cfg->files;
	a->detector = detector;
	a->flows = flows;
	a->streams = streams;
	a->burst = burst;
	a->log = cfg->log;
	a->midstream = midstream;
	*out = a;
	return tcp_stream_add_consumer(streams, &c);
}

void app_layer_set_consumer(struct app_layer *a, const struct app_consumer *c)
{
	a->consumer = *c;
	a->run.rules_files = c->files;
}

const struct app_session *app_session_of(const struct flow_cold *cold)
{
	return cold ? cold->app : NULL;
}

enum app_proto app_session_proto(const struct app_session *s, uint8_t dir)
{
	return (enum app_proto)s->proto[dir & 1];
}

static uint8_t parser_dir(const struct app_session *s, uint8_t dir)
{
	return s->flags & SESSION_REVERSED ? !dir : dir;
}

struct app_raw *app_raw_of(const struct flow_cold *cold, uint8_t dir)
{
	struct app_session *s = cold->app;

	return s ? &s->raw[dir] : NULL;
}

static void note(struct app_layer *a, const struct packet *p, uint16_t reason)
{
	if (!p)
		return;
	packet_note((struct packet *)(uintptr_t)p, reason);
	a->burst->flags |= PKT_NOTED;
}

static struct app_session *begin(struct app_layer *a, struct flow *f, struct flow_cold *cold)
{
	struct app_session *s = app_session_new(&a->run);
	struct event_tuple t;

	if (!s) {
		a->stats.refused_session++;
		return NULL;
	}
	flow_tuple(a->flows, f, &t);
	s->addr[0] = t.src;
	s->addr[1] = t.dst;
	cold->app = s;
	return s;
}

static void finish(struct app_layer *a, struct flow_cold *cold)
{
	app_session_free(&a->run, cold->app);
	cold->app = NULL;
}

// A direction's protocol is settled.
static void settle(struct app_session *s, const struct stream_view *v, uint16_t proto)
{
	s->proto[v->dir] = proto;
	v->cold->app_dir[v->dir] = (uint8_t)proto;
	v->cold->app_at[v->dir] = v->offset + v->len;
}

// Neither side speaks anything known.
static enum stream_verdict fail(struct app_layer *a, struct app_session *s, struct stream_view *v)
{
	app_show_end(a, s, (struct packet *)(uintptr_t)v->packet, v->flow, v->cold, v->run);
	v->cold->app_proto = APP_FAILED;
	a->stats.flows[APP_FAILED][APP_TCP]++;
	finish(a, v->cold);
	return STREAM_DONE_BOTH;
}

static bool same_hosts(const struct app_expected *e, const struct app_session *s)
{
	const size_t n = sizeof(e->addr[0]);
	uint32_t swap = memcmp(&e->addr[0], &s->addr[0], n) != 0;

	return memcmp(&e->addr[swap], &s->addr[0], n) == 0 && memcmp(&e->addr[!swap], &s->addr[1], n) == 0;
}

// The protocol another flow of these hosts has announced.
static const struct parser *expected(struct app_layer *a, struct app_session *s, const struct stream_view *v)
{
	uint64_t now = v->run->now_ns;

	for (uint32_t i = 0; a->run.expect_end_ns > now && i < APP_EXPECT_MAX; i++) {
		struct app_expected *e = &a->run.expected[i];
		if (e->until_ns <= now || (e->port != v->flow->port[0] && e->port != v->flow->port[1]) ||
			!same_hosts(e, s))
			continue;
		e->until_ns = 0;
		a->run.session = s;
		app_text_add(&a->run, &s->note, e->note, e->note_len, APP_NOTE_MAX);
		a->stats.expectations++;
		return app_detector_parser(a->detector, e->proto);
	}
	return NULL;
}

static const struct parser *ask(struct app_layer *a, struct app_session *s, const struct stream_view *v, bool *reversed)
{
	struct app_question q = {.data = v->data,
		.len = v->len,
		.sport = v->flow->port[0],
		.dport = s->switch_port ? s->switch_port : v->flow->port[1],
		.dir = v->dir,
		.transport = APP_TCP,
		.midstream = a->midstream && v->flags & STREAM_MIDSTREAM};
	const struct parser *parser = app_detect(a->detector, &s->asked[v->dir], &q);

	if (!parser && v->len)
		parser = expected(a, s, v);
	*reversed = q.reversed && q.midstream;
	return parser;
}

// Frames that the parser is about to tell of are shown with this packet; those that are open go on.
static void frames_to(struct app_layer *a, struct app_session *s, const struct app_input *in, uint32_t had,
	struct packet *p, struct flow *f, struct flow_cold *cold, struct detector_run *run)
{
	const struct app_consumer *c = &a->consumer;
	uint32_t types = c->frame_types ? c->frame_types[s->parser->proto] : 0;

	a->run.frames.types = types;
	if (likely(!types && !s->frames))
		return;
	a->run.frames = (struct app_frames_to){c, types, p, f, cold, run};
	app_frames_before(&a->run, s, in, had);
}

// Hands bytes to the parser and shows what it made of them. v->used is set.
static enum stream_verdict feed(struct app_layer *a, struct app_session *s, struct stream_view *v)
{
	uint8_t dir = parser_dir(s, v->dir);
	uint32_t left = v->gap ? 0 : s->left[v->dir], more = v->len - (left < v->len ? left : v->len);
	struct app_input in = {.data = v->data,
		.len = v->len,
		.gap = v->gap,
		.dir = dir,
		.over = OVER_TCP,
		.start = !(s->fed & 1u << dir),
		.last = v->flags & STREAM_LAST,
		.ts_ns = v->packet ? v->packet->ts_ns : v->run->now_ns,
		.seq = v->packet ? v->packet->seq : v->run->seq};

	v->used = 0;
	if (s->again > AGAIN_FREE_BYTES && more < left / AGAIN_PART && !in.last && !in.gap)
		return STREAM_MORE;
	s->again += left;
	s->fed |= (uint8_t)(1u << dir);
	a->stats.gaps[s->parser->proto] += in.gap != 0;
	s->input_end = v->offset + v->len;
	frames_to(a, s, &in, left, (struct packet *)(uintptr_t)v->packet, v->flow, v->cold, v->run);
	app_session_parse(&a->run, s, &in);
	if (unlikely(s->frames))
		app_frames_after(&a->run, s, &in);
	v->used = in.used;
	s->left[v->dir] = in.len - in.used;
	app_show_later(a, s, dir, (struct packet *)(uintptr_t)v->packet, v->flow, v->cold, v->run);
	return s->done == 3 ? STREAM_DONE_BOTH : s->done & 1u << dir ? STREAM_DONE : STREAM_MORE;
}

static enum stream_verdict look(struct app_layer *a, struct app_session *s, struct stream_view *v);

// From here on both directions speak something else, which is to be found out.
static void turn(struct app_session *s, struct flow_cold *cold)
{
	cold->app_orig = (uint8_t)cold->app_proto;
	cold->app_expected = (uint8_t)s->switch_to;
	memset(s->proto, 0, sizeof(s->proto));
	memset(s->asked, 0, sizeof(s->asked));
	memset(s->left, 0, sizeof(s->left));
	memset(cold->app_dir, 0, sizeof(cold->app_dir));
	s->first_dir = 0;
}

// Bytes of a direction whose protocol is settled.
static enum stream_verdict known(struct app_layer *a, struct app_session *s, struct stream_view *v)
{
	enum stream_verdict verdict;

	if (!s->parser)
		return STREAM_DONE;
	verdict = feed(a, s, v);
	if ((s->flags & (SESSION_SWITCH | SESSION_STOPPED)) != SESSION_SWITCH)
		return verdict;
	turn(s, v->cold);
	if (v->used == v->len)
		return STREAM_MORE;
	struct stream_view rest = *v;
	rest.data += v->used;
	rest.len -= v->used;
	rest.offset += v->used;
	rest.gap = 0;
	verdict = look(a, s, &rest);
	v->used += rest.used;
	return verdict;
}

// A side that closes says nothing again, and the stream engine keeps none of it: its bytes wait here until the other
// side has told the protocol.
static void keep_unread(struct app_layer *a, struct app_session *s, const struct stream_view *v)
{
	if (s->proto[v->dir] != APP_UNKNOWN || s->unread.at)
		return;
	a->run.session = s;
	s->unread_dir = v->dir;
	app_text_add(&a->run, &s->unread, v->data + v->used, v->len - v->used, STREAM_KEEP_MAX);
}

// The same of a side that has closed: there is nothing to wait for.
static void unread_first(struct app_layer *a, struct app_session *s, struct stream_view *o)
{
	struct app_text unread = s->unread;

	if (!unread.len || s->unread_dir != o->dir)
		return;
	s->unread = (struct app_text){0};
	o->data = unread.at;
	o->len = unread.len;
	o->flags |= STREAM_FIN;
	look(a, s, o);
	if (s->proto[o->dir] == APP_UNKNOWN) {
		settle(s, o, APP_FAILED);
		known(a, s, o);
	}
	a->run.session = s;
	app_text_free(&a->run, &unread);
}

// What the other side has sent before anybody knew its protocol goes first.
static void other_side_first(struct app_layer *a, struct app_session *s, const struct stream_view *v)
{
	struct stream_view o = *v;
	enum stream_verdict verdict;

	o.dir = !v->dir;
	o.data = tcp_stream_left(a->streams, v->cold, o.dir, &o.len);
	if (s->proto[o.dir] != APP_UNKNOWN)
		return;
	o.gap = 0;
	o.flags &= STREAM_MIDSTREAM;
	if (!o.data) {
		unread_first(a, s, &o);
		return;
	}
	verdict = look(a, s, &o);
	if (v->cold->app_at[o.dir])
		v->cold->app_at[o.dir] |= APP_AT_OTHER;
	tcp_stream_take_left(v->cold, o.dir, o.used, verdict != STREAM_MORE);
}

static void reverse(struct app_session *s)
{
	union ip_addr first = s->addr[0];

	s->flags |= SESSION_REVERSED;
	s->addr[0] = s->addr[1];
	s->addr[1] = first;
}

// The protocol is known for the first time: its parser starts. One that is told but not read is looked for in both
// directions all the same.
static enum stream_verdict start(
	struct app_layer *a, struct app_session *s, struct stream_view *v, const struct parser *parser, bool reversed)
{
	uint8_t mode = app_detector_mode(a->detector, parser->proto, APP_TCP);

	v->cold->app_proto = parser->proto;
	a->stats.flows[parser->proto][APP_TCP]++;
	if (reversed)
		reverse(s);
	if (mode != APP_MODE_YES || (parser->parse && !app_session_start(&a->run, s, parser))) {
		finish(a, v->cold);
		return STREAM_DONE_BOTH;
	}
	for (uint8_t dir = 0; parser->deep && dir < 2; dir++)
		tcp_stream_set_depth(a->streams, v->cold, dir, 0);
	other_side_first(a, s, v);
	return known(a, s, v);
}

// The conversation has gone on in another protocol.
static void leave(struct app_layer *a, struct app_session *s, const struct stream_view *v, uint16_t proto)
{
	if (s->switch_to != APP_UNKNOWN && s->switch_to != proto)
		note(a, v->packet,
			s->switch_to == APP_TLS ? APPLAYER_NO_TLS_AFTER_STARTTLS : APPLAYER_UNEXPECTED_PROTOCOL);
	app_show_end(a, s, (struct packet *)(uintptr_t)v->packet, v->flow, v->cold, v->run);
	app_session_reset(&a->run, s);
	s->fed = 0;
	s->switch_port = 0;
}

// A change that these bytes ask for in turn is refused, as in Suricata.
static enum stream_verdict start_changed(
	struct app_layer *a, struct app_session *s, struct stream_view *v, const struct parser *parser, bool reversed)
{
	enum stream_verdict verdict;

	s->flags |= SESSION_CHANGING;
	verdict = start(a, s, v, parser, reversed);
	if (v->cold->app == s)
		s->flags &= (uint8_t)~SESSION_CHANGING;
	return verdict;
}

static enum stream_verdict found(
	struct app_layer *a, struct app_session *s, struct stream_view *v, const struct parser *parser, bool reversed)
{
	uint16_t other = s->proto[!v->dir];
	uint8_t first = reversed ? (uint8_t)(s->first_dir ^ 3) : s->first_dir;

	settle(s, v, parser->proto);
	if (s->flags & SESSION_SWITCH) {
		leave(a, s, v, parser->proto);
		return start_changed(a, s, v, parser, reversed);
	}
	if (other != APP_UNKNOWN) {
		if (other != parser->proto)
			note(a, v->packet, APPLAYER_MISMATCH_PROTOCOL_BOTH_DIRECTIONS);
		return known(a, s, v);
	}
	if (parser->first_dirs && !(parser->first_dirs & first)) {
		note(a, v->packet, APPLAYER_WRONG_DIRECTION_FIRST_DATA);
		return fail(a, s, v);
	}
	return start(a, s, v, parser, reversed);
}

static enum stream_verdict not_found(struct app_layer *a, struct app_session *s, struct stream_view *v)
{
	bool told = s->proto[!v->dir] != APP_UNKNOWN, all = app_asked_all(&s->asked[v->dir]);

	v->used = 0;
	if (told && all) {
		note(a, v->packet, APPLAYER_DETECT_PROTOCOL_ONLY_ONE_DIRECTION);
		settle(s, v, APP_FAILED);
		return known(a, s, v);
	}
	if (told)
		return STREAM_MORE;
	// the beginning of a request that was not seen would be taken for one (Suricata's rule)
	if (v->flags & STREAM_MIDSTREAM && app_asked_all(&s->asked[DIR_TO_SERVER]))
		return fail(a, s, v);
	if (all && app_asked_all(&s->asked[!v->dir]))
		return fail(a, s, v);
	if (v->offset + v->len > BAIL_BYTES) {
		note(a, v->packet, APPLAYER_PROTO_DETECTION_SKIPPED);
		return fail(a, s, v);
	}
	return STREAM_MORE;
}

// Bytes of a direction of which it is not settled what it speaks: all since its beginning. v->used is set.
static enum stream_verdict look(struct app_layer *a, struct app_session *s, struct stream_view *v)
{
	const struct parser *parser;
	bool reversed;

	// what a gap or the depth cuts short is not asked which protocol it is, as in Suricata 7.0.10
	if ((v->gap && !(v->flags & STREAM_FORCED)) || v->flags & STREAM_DEPTH) {
		if (s->proto[!v->dir] == APP_UNKNOWN)
			return fail(a, s, v);
		s->proto[v->dir] = s->proto[!v->dir];
		return known(a, s, v);
	}
	v->used = 0;
	if (!v->len)
		return STREAM_MORE;
	if (!s->first_dir)
		s->first_dir = (uint8_t)(1u << v->dir);
	parser = ask(a, s, v, &reversed);
	return parser ? found(a, s, v, parser, reversed) : not_found(a, s, v);
}

static enum stream_verdict on_data(void *arg, struct stream_view *v)
{
	struct app_layer *a = arg;
	struct app_session *s = v->cold->app;
	enum stream_verdict verdict;

	if (unlikely(!s)) {
		if (v->cold->app_proto != APP_UNKNOWN || !(s = begin(a, v->flow, v->cold)))
			return STREAM_DONE_BOTH;
	}
	verdict = s->proto[v->dir] != APP_UNKNOWN ? known(a, s, v) : look(a, s, v);
	if (unlikely(v->flags & STREAM_FIN) && v->cold->app == s)
		keep_unread(a, s, v);
	// told in both directions, and nobody reads it
	if (v->cold->app == s && !s->parser && s->proto[0] != APP_UNKNOWN && s->proto[1] != APP_UNKNOWN) {
		finish(a, v->cold);
		return STREAM_DONE_BOTH;
	}
	return v->cold->app ? verdict : STREAM_DONE_BOTH;
}

static void feed_datagram(
	struct app_layer *a, struct app_session *s, struct packet *p, struct flow_cold *cold, struct detector_run *run)
{
	uint8_t dir = parser_dir(s, p->dir);
	struct app_input in = {.data = packet_payload(p),
		.len = p->payload_len,
		.dir = dir,
		.over = OVER_UDP,
		.start = !(s->fed & 1u << dir),
		.ts_ns = p->ts_ns,
		.seq = p->seq};

	s->fed |= (uint8_t)(1u << dir);
	frames_to(a, s, &in, 0, p, p->flow, cold, run);
	app_session_parse(&a->run, s, &in);
	app_show(a, s, (uint8_t)(1u << dir), p, p->flow, cold, run);
}

// A datagram has told what its flow speaks.
static struct flow_cold *datagram_known(
	struct app_layer *a, struct packet *p, const struct parser *parser, bool reversed)
{
	struct flow *f = p->flow;
	struct flow_cold *cold = flow_cold_get(a->flows, f);
	bool other_asked = f->flags >> !p->dir & FLOW_APP_QUIET;
	struct app_session *s;

	f->flags = (uint16_t)((f->flags & ~(FLOW_APP_QUIET * 3u)) | FLOW_APP_KNOWN);
	cold->app_proto = parser->proto;
	cold->app_dir[!p->dir] = other_asked ? APP_FAILED : APP_UNKNOWN;
	a->stats.flows[parser->proto][APP_UDP]++;
	if (!parser->parse || app_detector_mode(a->detector, parser->proto, APP_UDP) != APP_MODE_YES)
		return cold;
	s = begin(a, f, cold);
	if (!s)
		return cold;
	if (reversed)
		reverse(s);
	if (!app_session_start(&a->run, s, parser))
		finish(a, cold);
	return cold;
}

// The first datagram of a direction decides what that direction speaks.
static struct flow_cold *ask_datagram(struct app_layer *a, struct packet *p, struct flow_cold *cold)
{
	struct flow *f = p->flow;
	struct app_asked asked = {0};
	struct app_question q = {.data = packet_payload(p),
		.len = p->payload_len,
		.sport = f->port[0],
		.dport = f->port[1],
		.dir = p->dir,
		.transport = APP_UDP};
	const struct parser *parser = app_detect(a->detector, &asked, &q);
	uint16_t proto = parser ? parser->proto : APP_FAILED;

	if (parser && !cold)
		cold = datagram_known(a, p, parser, q.reversed);
	else if (!cold && !(f->flags >> !p->dir & FLOW_APP_QUIET))
		a->stats.flows[APP_FAILED][APP_UDP]++;
	else if (parser && parser->proto != cold->app_proto)
		note(a, p, APPLAYER_MISMATCH_PROTOCOL_BOTH_DIRECTIONS);
	if (!cold) {
		f->flags |= (uint16_t)(FLOW_APP_QUIET << p->dir);
		return NULL;
	}
	cold->app_dir[p->dir] = (uint8_t)(parser ? proto : cold->app_proto);
	cold->app_at[p->dir] = 1;
	return cold;
}

void app_layer_datagram(struct app_layer *a, struct packet *p, struct detector_run *run)
{
	struct flow *f = p->flow;
	struct flow_cold *cold = f->flags & FLOW_APP_KNOWN ? flow_cold_get(a->flows, f) : NULL;

	if (p->flags & (PKT_INVALID | PKT_FRAGMENT))
		return;
	if (!cold || !cold->app_dir[p->dir])
		cold = ask_datagram(a, p, cold);
	if (cold && cold->app)
		feed_datagram(a, cold->app, p, cold, run);
	else if (cold)
		f->flags |= (uint16_t)(FLOW_APP_QUIET << p->dir);
}

void app_layer_burst(struct app_layer *a, const struct burst *b, uint16_t from, uint16_t to, struct detector_run *run)
{
	for (uint16_t i = from; i < to; i++)
		app_layer_packet(a, b->list[i], run);
}

void app_layer_flow_end(struct app_layer *a, struct flow *f, struct flow_cold *cold, struct detector_run *run)
{
	struct app_session *s = cold->app;

	if (!s)
		return;
	app_show_end(a, s, NULL, f, cold, run);
	finish(a, cold);
}

void app_layer_stats(const struct app_layer *a, struct app_layer_stats *out)
{
	const struct app_pool_stats *pool = app_pool_stats(a->run.pool);

	*out = a->stats;
	memcpy(out->tx, a->run.tx, sizeof(out->tx));
	memcpy(out->stops, a->run.parser_stops, sizeof(out->stops));
	out->refused_flow_memory = a->run.refused.flow_memory;
	out->refused_memory = pool->refused;
	out->refused_tx = a->run.refused.max_tx;
	out->refused_expectations = a->run.refused.expectations;
	out->memory_in_use = pool->in_use;
	out->memory_peak = pool->peak;
}
