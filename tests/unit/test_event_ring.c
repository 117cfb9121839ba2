// The event ring: what is put in comes out, whole, in order, across every wrap.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>

#include <cmocka.h>

#include "dataplane/api/flow.h"
#include "dataplane/event_ring.h"

#define SLOTS 128u

// Stands in for the flow table: the ring only asks it for ids and protocols.
struct flow_table {
	uint64_t base;
};

uint64_t flow_id(const struct flow_table *t, const struct flow *f)
{
	return t->base + f->port[0];
}

void flow_fill_app(const struct flow_table *t, const struct flow *f, struct event *ev)
{
	ev->app_proto = (uint16_t)t->base;
}

static struct event_sink new_sink(uint32_t slots)
{
	struct event_sink sink = {0};
	sink.ring = event_ring_init(aligned_alloc(64, event_ring_size(slots)), slots);
	return sink;
}

static struct event *put(struct event_sink *sink, enum event_kind kind, uint64_t seq, const char *text)
{
	uint32_t len = text ? (uint32_t)strlen(text) : 0;
	struct event *ev = event_begin(sink, kind, NULL, len);
	if (!ev)
		return NULL;
	ev->seq = seq;
	if (len)
		memcpy(event_aux(ev), text, len);
	ev->aux_len = len;
	event_commit(sink);
	return ev;
}

static void an_empty_ring_gives_nothing(void **state)
{
	struct event_sink sink = new_sink(SLOTS);
	assert_null(event_ring_peek(sink.ring));
	event_ring_pop(sink.ring);
	assert_null(event_ring_peek(sink.ring));
	assert_int_equal(event_ring_free_slots(sink.ring), SLOTS);
	free(sink.ring);
}

static void a_record_comes_out_with_its_text(void **state)
{
	struct event_sink sink = new_sink(SLOTS);
	put(&sink, EVENT_FINDING, 7, "\"ports\":3");
	const struct event *ev = event_ring_peek(sink.ring);
	assert_non_null(ev);
	assert_int_equal(ev->seq, 7);
	assert_int_equal(ev->kind, EVENT_FINDING);
	assert_int_equal(ev->aux_len, 9);
	assert_memory_equal(event_text(ev), "\"ports\":3", 9);
	event_ring_pop(sink.ring);
	assert_null(event_ring_peek(sink.ring));
	free(sink.ring);
}

static void an_open_or_cancelled_event_is_not_seen(void **state)
{
	struct event_sink sink = new_sink(SLOTS);
	assert_non_null(event_begin(&sink, EVENT_ALERT, NULL, 100));
	assert_null(event_ring_peek(sink.ring));
	event_cancel(&sink);
	event_commit(&sink); // nothing is open: nothing happens
	assert_null(event_ring_peek(sink.ring));
	assert_int_equal(sink.made[EVENT_ALERT], 0);
	assert_int_equal(event_ring_free_slots(sink.ring), SLOTS);
	free(sink.ring);
}

static void packets_leave_a_quarter_of_the_ring_to_alerts(void **state)
{
	struct event_sink sink = new_sink(SLOTS);
	while (event_begin(&sink, EVENT_PACKET, NULL, 500))
		event_commit(&sink);
	assert_int_equal(sink.lost[EVENT_PACKET], 1);
	assert_true(event_ring_free_slots(sink.ring) >= event_ring_slots(sink.ring) / 4);
	assert_non_null(event_begin(&sink, EVENT_ALERT, NULL, 0));
	event_commit(&sink);
	assert_null(event_begin(&sink, EVENT_PACKET, NULL, 500));
	free(sink.ring);
}

static void a_full_ring_counts_what_it_loses_by_kind(void **state)
{
	struct event_sink sink = new_sink(SLOTS);
	uint64_t kept = 0;
	while (put(&sink, EVENT_FLOW, kept + 1, NULL))
		kept++;
	assert_true(kept >= SLOTS / 4 && kept <= SLOTS / 2);
	assert_null(put(&sink, EVENT_ALERT, 1, NULL));
	assert_int_equal(sink.lost[EVENT_FLOW], 1);
	assert_int_equal(sink.lost[EVENT_ALERT], 1);
	assert_int_equal(sink.made[EVENT_FLOW], kept + 1);
	for (uint64_t i = 1; i <= kept; i++) {
		assert_int_equal(event_ring_peek(sink.ring)->seq, i);
		event_ring_pop(sink.ring);
	}
	assert_null(event_ring_peek(sink.ring));
	assert_non_null(put(&sink, EVENT_ALERT, 2, NULL)); // and there is room again
	free(sink.ring);
}

static void a_text_longer_than_asked_for_is_cut_at_the_record(void **state)
{
	struct event_sink sink = new_sink(SLOTS);
	struct event *ev = event_begin(&sink, EVENT_ANOMALY, NULL, 10);
	ev->aux_len = 100000;
	event_commit(&sink);
	assert_true(event_ring_peek(sink.ring)->aux_len < 128);
	free(sink.ring);
}

static void records_of_all_sizes_survive_thousands_of_wraps(void **state)
{
	struct event_sink sink = new_sink(SLOTS);
	char text[EVENT_AUX_MAX + 1];
	uint64_t in = 0, out = 0;
	uint32_t x = 12345;

	for (int i = 0; i < 200000; i++) {
		x = x * 1664525u + 1013904223u;
		uint32_t len = x >> 16 & 7 ? x >> 8 & 63 : x >> 8 & 2047;
		memset(text, 'a' + (int)(in % 26), len);
		text[len] = 0;
		if (put(&sink, (enum event_kind)(x >> 28 & 3), in + 1, text))
			in++;
		if (x >> 24 & 1 || in - out > 20) {
			const struct event *ev = event_ring_peek(sink.ring);
			if (!ev)
				continue;
			assert_int_equal(ev->seq, ++out);
			for (uint32_t k = 0; k < ev->aux_len; k++)
				assert_int_equal(event_text(ev)[k], 'a' + (int)((out - 1) % 26));
			event_ring_pop(sink.ring);
		}
	}
	assert_true(out > 50000);
	free(sink.ring);
}

static void a_tunnelled_packet_names_the_outermost_carrier(void **state)
{
	struct event_sink sink = new_sink(SLOTS);
	struct flow_table table = {.base = 1000};
	struct flow f = {.port = {80, 1234}, .bytes = {10, 20}, .pkts = {1, 2}, .start_ns = 99};
	struct packet wire = {
		.flags = PKT_IPV4 | PKT_UDP | PKT_TUNNEL, .ip_proto = 17, .sport = 5, .dport = 4789, .src.b = {1}};
	struct packet middle = {.flags = PKT_IPV6 | PKT_INNER | PKT_TUNNEL, .outer = &wire, .depth = 1};
	struct packet p = {.flags = PKT_IPV6 | PKT_ICMPV6 | PKT_INNER | PKT_FLOW_ESTABLISHED,
		.outer = &middle,
		.depth = 2,
		.seq = 42,
		.ts_ns = 77,
		.iface = 3,
		.dir = DIR_TO_CLIENT,
		.vlan_count = 2,
		.vlan = {7, 8},
		.ip_proto = 58,
		.icmp_type = 128,
		.icmp_code = 1,
		.src.b = {0x20, 1},
		.flow = &f};
	sink.flows = &table;

	struct event *ev = event_begin(&sink, EVENT_ALERT, &p, 0);
	assert_int_equal(ev->seq, 42);
	assert_int_equal(ev->ts_ns, 77);
	assert_int_equal(ev->flow_id, 1080);
	assert_int_equal(ev->app_proto, 1000);
	assert_int_equal(ev->flags, EVENT_HAS_PACKET | EVENT_HAS_FLOW | EVENT_TUNNEL | EVENT_ESTABLISHED);
	assert_int_equal(ev->iface, 3);
	assert_int_equal(ev->dir, DIR_TO_CLIENT);
	assert_int_equal(ev->vlan_count, 2);
	assert_int_equal(ev->vlan[1], 8);
	assert_int_equal(ev->tuple.ip_version, 6);
	assert_int_equal(ev->tuple.proto, 58);
	assert_int_equal(ev->tuple.icmp_type, 128);
	assert_int_equal(ev->tuple.icmp_code, 1);
	assert_int_equal(ev->tuple.src.b[0], 0x20);
	assert_int_equal(ev->tunnel.ip_version, 4);
	assert_int_equal(ev->tunnel.dport, 4789);
	assert_int_equal(ev->tunnel_depth, 2);
	assert_int_equal(ev->alert.counts.bytes[1], 20);
	assert_int_equal(ev->alert.counts.start_ns, 99);
	event_commit(&sink);
	free(sink.ring);
}

// The flow stage counts a burst before anybody looks at its packets.
static void an_alerts_counts_stop_at_its_packet(void **state)
{
	struct event_sink sink = new_sink(SLOTS);
	struct flow f = {.bytes = {600, 70}, .pkts = {6, 1}}, other = {0};
	struct burst *b = calloc(1, sizeof(*b));
	struct flow_table table = {0};

	sink.flows = &table;
	sink.burst = b;
	for (uint32_t i = 0; i < 4; i++) {
		b->frames[i] = (struct packet){
			.seq = 10 + i, .flow = i == 2 ? &other : &f, .wire_len = i == 3 ? 70 : 100 + i, .dir = i == 3};
		burst_push(b, &b->frames[i]);
	}
	struct event *ev = event_begin(&sink, EVENT_ALERT, &b->frames[0], 0); // behind it: one to the server, one back
	assert_int_equal(ev->alert.counts.bytes[0], 600 - 101);
	assert_int_equal(ev->alert.counts.pkts[0], 5);
	assert_int_equal(ev->alert.counts.pkts[1], 0);
	event_commit(&sink);
	ev = event_begin(&sink, EVENT_ALERT, &b->frames[3], 0);
	assert_int_equal(ev->alert.counts.bytes[0], 600);
	assert_int_equal(ev->alert.counts.bytes[1], 70);
	event_commit(&sink);
	free(b);
	free(sink.ring);
}

#define THREAD_EVENTS 300000u

static void *produce(void *arg)
{
	struct event_sink *sink = arg;
	for (uint64_t i = 1; i <= THREAD_EVENTS;) {
		char text[64];
		memset(text, (int)(i & 0x7f), sizeof(text));
		struct event *ev = event_begin(sink, (enum event_kind)(i & 3), NULL, sizeof(text));
		if (!ev)
			continue;
		ev->seq = i;
		ev->aux_len = (uint32_t)(i % sizeof(text));
		memcpy(event_aux(ev), text, ev->aux_len);
		event_commit(sink);
		i++;
	}
	return NULL;
}

static void two_threads_see_every_record_once_and_whole(void **state)
{
	struct event_sink sink = new_sink(256);
	pthread_t t;
	assert_int_equal(pthread_create(&t, NULL, produce, &sink), 0);
	for (uint64_t i = 1; i <= THREAD_EVENTS;) {
		const struct event *ev = event_ring_peek(sink.ring);
		if (!ev)
			continue;
		assert_int_equal(ev->seq, i);
		assert_int_equal(ev->aux_len, i % 64);
		for (uint32_t k = 0; k < ev->aux_len; k++)
			assert_int_equal(event_text(ev)[k], (int)(i & 0x7f));
		event_ring_pop(sink.ring);
		i++;
	}
	pthread_join(t, NULL);
	assert_null(event_ring_peek(sink.ring));
	free(sink.ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_ring_gives_nothing),
		cmocka_unit_test(a_record_comes_out_with_its_text),
		cmocka_unit_test(an_open_or_cancelled_event_is_not_seen),
		cmocka_unit_test(packets_leave_a_quarter_of_the_ring_to_alerts),
		cmocka_unit_test(a_full_ring_counts_what_it_loses_by_kind),
		cmocka_unit_test(a_text_longer_than_asked_for_is_cut_at_the_record),
		cmocka_unit_test(records_of_all_sizes_survive_thousands_of_wraps),
		cmocka_unit_test(a_tunnelled_packet_names_the_outermost_carrier),
		cmocka_unit_test(an_alerts_counts_stop_at_its_packet),
		cmocka_unit_test(two_threads_see_every_record_once_and_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
