// Nothing clears a packet before it is filled. So whatever lay there before must not matter: neither to what decode
// says of it nor to what any stage or detector makes of it.
#include "tests/unit/decode_run.h"
#include "tests/unit/decode_rows.h"

#include "ctl/config/config.h"
#include "dataplane/event_ring.h"
#include "dataplane/pipeline.h"
#include "dataplane/source.h"
#include "tests/unit/random_below.h"

#define FRAMES 4096u
#define BEGIN_NS 1700000000000000000ull
#define GAP_NS 1000000ull // between frames: 4 s of traffic, 40 ticks

static struct build frame[FRAMES];
static uint16_t link_types[FRAMES];
// Hosts that talk, scan and flood: TCP and UDP, both versions, tagged or not.
static void build_conversation(struct build *b)
{
	char here[40], there[40];
	bool v4 = random_below(3), tcp = random_below(2);
	uint16_t type = v4 ? 0x0800 : 0x86dd;
	build_start(b);
	snprintf(here, sizeof(here), v4 ? "10.0.0.%u" : "2001:db8::%x", 1 + random_below(6));
	snprintf(there, sizeof(there), v4 ? "10.0.1.%u" : "2001:db8:1::%x", 1 + random_below(40));
	build_ethernet(b, random_below(4) ? type : 0x8100);
	if (b->data[12] == 0x81)
		build_vlan(b, (uint16_t)(1 + random_below(2)), type);
	if (v4)
		build_ipv4(b, random_below(2) ? here : there, random_below(2) ? there : here, tcp ? 6 : 17);
	else
		build_ipv6(b, random_below(2) ? here : there, random_below(2) ? there : here, tcp ? 6 : 17);
	uint16_t sport = (uint16_t)(1024 + random_below(40)), dport = (uint16_t)random_below(400);
	static const uint8_t flags[] = {0x02, 0x12, 0x10, 0x18, 0x11, 0x04};
	if (tcp)
		build_tcp(b, sport, dport, flags[random_below(6)], random_below(1000), random_below(1000));
	else
		build_udp(b, sport, dport);
	build_fill(b, (uint8_t)random_below(256), random_below(60));
	build_finish(b);
}

static void build_frames(void)
{
	for (uint32_t i = 0; i < FRAMES; i++) {
		bool odd = random_below(4) == 0;
		const struct decode_row *row = &decode_rows[random_below(DECODE_ROWS)];
		link_types[i] = odd ? row->link_type : SOURCE_LINK_ETHERNET;
		if (odd)
			decode_row_build(row, &frame[i]);
		else
			build_conversation(&frame[i]);
	}
}

// What a source does, in a burst full of `before`.
static void fill_burst(struct burst *b, uint32_t at, uint8_t before)
{
	memset(b->frames, before, sizeof(b->frames));
	memset(b->extra, before, sizeof(b->extra));
	b->n = b->n_extra = b->n_extra_mbufs = 0;
	for (b->n_frames = 0; b->n_frames < PKT_BURST; b->n_frames++, at++) {
		struct packet *p = &b->frames[b->n_frames];
		p->data = frame[at].data;
		p->mbuf = NULL;
		p->ts_ns = BEGIN_NS + at * GAP_NS;
		p->seq = at + 1;
		p->len = p->wire_len = frame[at].len;
		p->link_type = link_types[at];
		p->iface = 0;
		p->flags = 0;
	}
}

// As far as every packet has it, but for what the flow stage sets, and with `outer` as a number.
static void compare_packets(const struct burst *a, const struct burst *b, uint32_t i)
{
	struct packet p = *a->list[i], q = *b->list[i];
	assert_int_equal(
		p.outer ? (uintptr_t)p.outer - (uintptr_t)a : 0, q.outer ? (uintptr_t)q.outer - (uintptr_t)b : 0);
	assert_memory_equal(&p, &q, offsetof(struct packet, outer));
	assert_int_equal(p.tunnel_id, q.tunnel_id);
	assert_memory_equal(p.events, q.events, p.event_count * sizeof(p.events[0]));
	if (p.flags & PKT_INVALID)
		assert_int_equal(p.drop_reason, q.drop_reason);
	if (!(p.flags & PKT_ICMP))
		return;
	assert_int_equal(p.icmp_has_inner, q.icmp_has_inner);
	assert_int_equal(p.icmp_inner_off, q.icmp_inner_off);
}

static void decode_sets_every_field_that_a_packet_has(void **state)
{
	static struct burst dirty;
	struct decoder other;
	run_start();
	decode_init(&other, NULL);
	for (uint32_t at = 0; at < FRAMES; at += PKT_BURST) {
		fill_burst(&run_burst, at, 0);
		fill_burst(&dirty, at, PKT_POISON);
		decode_burst(&run_decoder, &run_burst);
		decode_burst(&other, &dirty);
		assert_int_equal(run_burst.n, dirty.n);
		for (uint32_t i = 0; i < dirty.n; i++)
			compare_packets(&run_burst, &dirty, i);
	}
}

// Everything that comes out of a run, in order.
struct outcome {
	uint8_t *bytes;
	size_t size, room;
	uint64_t by_kind[EVENT_KIND_COUNT];
	uint32_t anomalies_a_tick; // what it is run with
	uint32_t ticks;
	uint64_t refused;
};

static void keep_event(void *arg, const struct event *ev)
{
	struct outcome *o = arg;
	size_t size = event_base_size((enum event_kind)ev->kind) + ev->aux_len;
	if (o->size + size > o->room) {
		o->room = o->room * 2 + size;
		o->bytes = realloc(o->bytes, o->room);
		assert_non_null(o->bytes);
	}
	memcpy(o->bytes + o->size, ev, size);
	o->size += size;
	o->by_kind[ev->kind]++;
}

static struct pipeline *open_pipeline(struct config *config, struct outcome *o)
{
	static struct config_detectors found;
	static struct pipeline_detector used[WORKER_MAX_DETECTORS];
	struct pipeline_config c = {
		.workers = 1, .event_slots = 65536, .anomalies_a_tick = o->anomalies_a_tick, .detectors = used};
	struct pipeline *p = NULL;
	assert_int_equal(config_add_detectors(config, detector_table, &found), 0);
	for (; c.detector_count < found.count; c.detector_count++)
		used[c.detector_count] = (struct pipeline_detector){
			found.items[c.detector_count].detector, found.items[c.detector_count].config};
	c.on_event = keep_event;
	c.on_event_arg = o;
	decode_config_defaults(&c.decode);
	defrag_config_defaults(&c.defrag);
	tcp_stream_config_default(&c.stream);
	flow_table_config_default(&c.flow);
	c.flow.memory_bytes = 8 << 20;
	assert_int_equal(pipeline_create(&p, &c), 0);
	return p;
}

static void run_all(struct outcome *o, uint8_t before)
{
	struct config *config = config_new(NULL, NULL);
	struct pipeline *p = open_pipeline(config, o);
	struct worker *w = pipeline_worker(p, 0);
	struct tick_clock clock = {0};
	uint64_t tick_ns;
	for (uint32_t at = 0; at < FRAMES; at += PKT_BURST) {
		fill_burst(&w->burst, at, before);
		if (tick_due(&clock, w->burst.frames[0].ts_ns, &tick_ns)) {
			assert_true(worker_tick(w, tick_ns, at));
			o->ticks++;
			pipeline_decide(p, tick_ns, at, false);
		}
		worker_process(w);
		uint64_t done = at;
		pipeline_collect(p, &done, at);
	}
	while (!worker_flush(w, clock.last_ns, FRAMES))
		;
	assert_true(worker_tick(w, clock.next_ns, FRAMES));
	pipeline_decide(p, clock.next_ns, FRAMES, true);
	pipeline_collect_all(p);
	o->refused = w->counters.anomalies_refused;
	pipeline_free(p);
	config_free(config);
}

static void no_stage_reads_what_nobody_has_set(void **state)
{
	struct outcome clean = {.anomalies_a_tick = UINT32_MAX}, dirty = {.anomalies_a_tick = UINT32_MAX};
	run_all(&clean, 0);
	run_all(&dirty, PKT_POISON);
	assert_true(clean.by_kind[EVENT_ANOMALY] > 500);
	assert_true(clean.by_kind[EVENT_FLOW] > 500);
	assert_true(clean.by_kind[EVENT_FINDING] > 0);
	assert_int_equal(clean.size, dirty.size);
	assert_memory_equal(clean.bytes, dirty.bytes, clean.size);
	free(clean.bytes);
	free(dirty.bytes);
}

static void anomalies_beyond_what_a_tick_may_have_are_counted(void **state)
{
	struct outcome all = {.anomalies_a_tick = UINT32_MAX}, few = {.anomalies_a_tick = 8};
	run_all(&all, 0);
	run_all(&few, 0);
	assert_int_equal(all.refused, 0);
	assert_true(few.by_kind[EVENT_ANOMALY] > 0);
	assert_true(few.by_kind[EVENT_ANOMALY] <= 8 * (few.ticks + 1));
	assert_int_equal(few.by_kind[EVENT_ANOMALY] + few.refused, all.by_kind[EVENT_ANOMALY]);
	assert_int_equal(few.by_kind[EVENT_FLOW], all.by_kind[EVENT_FLOW]);
	assert_int_equal(few.by_kind[EVENT_FINDING], all.by_kind[EVENT_FINDING]);
	free(all.bytes);
	free(few.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decode_sets_every_field_that_a_packet_has),
		cmocka_unit_test(no_stage_reads_what_nobody_has_set),
		cmocka_unit_test(anomalies_beyond_what_a_tick_may_have_are_counted),
	};
	build_frames();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
