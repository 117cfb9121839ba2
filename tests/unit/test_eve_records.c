// EVE records, compared member by member with what Suricata 7 writes for the same thing.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include <cmocka.h>
#include <jansson.h>

#include "ctl/eve/eve.h"
#include "dataplane/api/app_log.h"
#include "ctl/eve/stats.h"
#include "ctl/eve/text.h"
#include "dataplane/api/detector.h"
#include "dataplane/api/flow.h"

#define BASE_NS (UINT64_C(1258147925) * 1000000000u + 123456000u) // 2009-11-13T21:32:05.123456

static const char *const metadata[] = {"foo", "bar", "created_at", "2010_07_30", "foo", "baz", NULL};
static const struct alert_info rule = {.gid = 1,
	.sid = 2001219,
	.rev = 20,
	.severity = 2,
	.signature = "say \"hi\" \\ \x01 caf\xc3\xa9",
	.category = "Attempted Information Leak",
	.metadata = metadata};
static const struct detector syn_flood = {
	.name = "syn_flood", .sid = 9010001, .title = "SYN flood", .category = "Denial of Service", .severity = 1};

// An event with room for text behind it, as it lies in a ring.
struct record {
	struct event ev;
	char text[256];
};

static void put_text(struct event *ev, const char *text)
{
	ev->aux_len = (uint32_t)strlen(text);
	memcpy((char *)ev + event_base_size((enum event_kind)ev->kind), text, ev->aux_len);
}

static void v4(union ip_addr *a, const char *s)
{
	assert_int_equal(inet_pton(AF_INET, s, a->b), 1);
}

static struct record tcp_event(enum event_kind kind)
{
	struct record r = {.ev = {.seq = 9,
				   .ts_ns = BASE_NS,
				   .flow_id = 1551548983447419,
				   .kind = (uint16_t)kind,
				   .flags = EVENT_HAS_FLOW | EVENT_HAS_PACKET,
				   .tuple = {.sport = 34567, .dport = 22, .ip_version = 4, .proto = 6}}};
	v4(&r.ev.tuple.src, "10.0.0.1");
	v4(&r.ev.tuple.dst, "10.0.0.2");
	return r;
}

// Writes {"ssh":{"client":{"software_version":"x"},"n":[7,true]}} as a parser does.
static void put_record(struct event *ev)
{
	struct app_log l;

	app_log_begin(&l, (uint8_t *)ev + event_base_size((enum event_kind)ev->kind), 256);
	log_object(&l, "ssh");
	log_object(&l, "client");
	log_text(&l, "software_version", (struct app_bytes){(const uint8_t *)"x\"", 2});
	log_close(&l);
	log_list(&l, "n");
	log_uint(&l, NULL, 7);
	log_bool(&l, NULL, true);
	log_string(&l, NULL, "s");
	log_list(&l, NULL);
	log_close(&l);
	log_close(&l);
	log_close(&l);
	ev->aux_len = l.len;
}

static const char *iface_of(void *ctx, uint16_t iface)
{
	return iface ? "eth1" : NULL;
}

static void expect(const struct eve_options *opt, const struct event *ev, const char *want)
{
	static const struct eve_options defaults = {.community_id = true, .iface_name = iface_of};
	struct eve e;
	struct json_out o = {0};
	json_error_t err;

	assert_int_equal(eve_init(&e, opt ? opt : &defaults), 0);
	eve_format(&e, &o, ev);
	eve_fini(&e);
	assert_false(o.failed);
	assert_true(o.len > 0);
	assert_int_equal(o.buf[o.len - 1], '\n');
	assert_null(memchr(o.buf, '\n', o.len - 1));
	json_t *got = json_loadb(o.buf, o.len, JSON_REJECT_DUPLICATES, &err);
	if (!got)
		fail_msg("%s at %d in %.*s", err.text, err.position, (int)o.len, o.buf);
	json_t *golden = json_loads(want, JSON_REJECT_DUPLICATES, &err);
	if (!golden)
		fail_msg("golden: %s at %d", err.text, err.position);
	if (!json_equal(got, golden))
		fail_msg("got\n%.*swant\n%s", (int)o.len, o.buf, want);
	json_decref(got);
	json_decref(golden);
	jout_free(&o);
}

static void an_alert_on_a_flow(void **state)
{
	struct record r = tcp_event(EVENT_ALERT);
	r.ev.dir = DIR_TO_CLIENT;
	r.ev.app_proto = APP_SSH;
	r.ev.app_dir[0] = APP_SSH;
	r.ev.app_dir[1] = APP_FAILED;
	r.ev.iface = 1;
	r.ev.vlan_count = 2;
	r.ev.vlan[0] = 120;
	r.ev.vlan[1] = 7;
	r.ev.alert.info = &rule;
	r.ev.alert.has_tx = 1;
	r.ev.alert.tx_id = 3;
	r.ev.alert.counts =
		(struct event_counts){.bytes = {346, 10875}, .pkts = {4, 10}, .start_ns = BASE_NS - 1000000};
	put_record(&r.ev);
	expect(NULL, &r.ev,
		"{\"timestamp\":\"2009-11-13T21:32:05.123456+0000\",\"flow_id\":1551548983447419,\"in_iface\":\"eth1\","
		"\"pcap_cnt\":9,\"event_type\":\"alert\",\"vlan\":[120,7],\"src_ip\":\"10.0.0.1\",\"src_port\":34567,"
		"\"dest_ip\":\"10.0.0.2\",\"dest_port\":22,\"proto\":\"TCP\",\"pkt_src\":\"wire/pcap\","
		"\"community_id\":\"1:zn0EU3tIGnaJAwKWfT49UzFRvI8=\",\"tx_id\":3,"
		"\"alert\":{\"action\":\"allowed\",\"gid\":1,\"signature_id\":2001219,\"rev\":20,"
		"\"signature\":\"say \\\"hi\\\" \\\\ \\u0001 caf\\u00e9\",\"category\":\"Attempted Information Leak\","
		"\"severity\":2,\"metadata\":{\"foo\":[\"baz\",\"bar\"],\"created_at\":[\"2010_07_30\"]}},"
		"\"ssh\":{\"client\":{\"software_version\":\"x\\\"\"},\"n\":[7,true,\"s\",[]]},\"app_proto\":\"ssh\","
		"\"app_proto_tc\":\"failed\",\"direction\":\"to_client\","
		"\"flow\":{\"pkts_toserver\":4,\"pkts_toclient\":10,\"bytes_toserver\":346,\"bytes_toclient\":10875,"
		"\"start\":\"2009-11-13T21:32:05.122456+0000\",\"src_ip\":\"10.0.0.2\",\"dest_ip\":\"10.0.0.1\","
		"\"src_port\":22,\"dest_port\":34567}}");
}

static void an_alert_in_a_tunnel_names_its_carrier(void **state)
{
	struct record r = {.ev = {.seq = 6708,
				   .ts_ns = BASE_NS,
				   .kind = EVENT_ALERT,
				   .flags = EVENT_HAS_PACKET | EVENT_TUNNEL,
				   .tunnel_depth = 1,
				   .tuple = {.ip_version = 4, .proto = 1, .icmp_type = 8},
				   .tunnel = {.ip_version = 6, .proto = 47}}};
	static const struct alert_info bare = {.gid = 1, .sid = 5, .rev = 1, .severity = 3};
	v4(&r.ev.tuple.src, "2.2.2.2");
	v4(&r.ev.tuple.dst, "1.1.1.1");
	inet_pton(AF_INET6, "2001:db8::a", r.ev.tunnel.src.b);
	r.ev.alert.info = &bare;
	expect(NULL, &r.ev,
		"{\"timestamp\":\"2009-11-13T21:32:05.123456+0000\",\"event_type\":\"alert\",\"src_ip\":\"2.2.2.2\","
		"\"dest_ip\":\"1.1.1.1\",\"proto\":\"ICMP\",\"icmp_type\":8,\"icmp_code\":0,\"pkt_src\":\"gre tunnel\","
		"\"alert\":{\"action\":\"allowed\",\"gid\":1,\"signature_id\":5,\"rev\":1,\"signature\":\"\","
		"\"category\":\"\",\"severity\":3},"
		"\"tunnel\":{\"src_ip\":\"2001:0db8:0000:0000:0000:0000:0000:000a\",\"src_port\":0,"
		"\"dest_ip\":\"0000:0000:0000:0000:0000:0000:0000:0000\",\"dest_port\":0,\"proto\":\"GRE\",\"depth\":1,"
		"\"pcap_cnt\":6708,\"pkt_src\":\"wire/pcap\"}}");
}

static void a_fragment_shows_no_ports(void **state)
{
	struct record r = tcp_event(EVENT_ALERT);
	r.ev.flags = EVENT_HAS_PACKET | EVENT_REBUILT;
	r.ev.tuple.sport = r.ev.tuple.dport = 0;
	r.ev.alert.info = &rule;
	struct eve e;
	struct json_out o = {0};
	assert_int_equal(eve_init(&e, &(struct eve_options){.community_id = false}), 0);
	eve_format(&e, &o, &r.ev);
	jout_raw(&o, "", 1);
	assert_null(strstr(o.buf, "src_port"));
	assert_non_null(strstr(o.buf, "\"proto\":\"TCP\",\"pkt_src\":\"defrag\""));
	jout_free(&o);
}

static void a_finding_says_why_in_numbers(void **state)
{
	struct record r = {.ev = {.seq = 4000, .ts_ns = BASE_NS, .kind = EVENT_FINDING}};
	r.ev.finding.detector = &syn_flood;
	r.ev.finding.victim_version = r.ev.finding.attacker_version = 4;
	v4(&r.ev.finding.victim, "10.0.0.9");
	v4(&r.ev.finding.attacker, "10.0.0.5");
	r.ev.finding.confidence = 95;
	r.ev.finding.observed = 12345.5;
	r.ev.finding.threshold = 1000;
	r.ev.finding.unit = "packets/s";
	r.ev.finding.stage = "start";
	r.ev.finding.window_ms = 1000;
	r.ev.finding.sample = 3999;
	put_text(&r.ev, "\"ports\":3,\"spread\":[1,2]");
	expect(NULL, &r.ev,
		"{\"timestamp\":\"2009-11-13T21:32:05.123456+0000\",\"event_type\":\"alert\",\"src_ip\":\"10.0.0.5\","
		"\"dest_ip\":\"10.0.0.9\",\"alert\":{\"action\":\"allowed\",\"gid\":901,\"signature_id\":9010001,"
		"\"rev\":1,"
		"\"signature\":\"SYN flood\",\"category\":\"Denial of Service\",\"severity\":1},"
		"\"tocsin\":{\"detector\":\"syn_flood\",\"victim\":\"10.0.0.9\",\"attacker\":\"10.0.0.5\","
		"\"observed\":12345.5,\"threshold\":1000,\"unit\":\"packets/s\",\"window_ms\":1000,\"confidence\":95,"
		"\"sample\":3999,\"stage\":\"start\",\"ports\":3,\"spread\":[1,2]}}");
}

static void an_anomaly_has_suricatas_name(void **state)
{
	struct record r = {.ev = {.seq = 1, .ts_ns = 0, .kind = EVENT_ANOMALY, .flags = EVENT_HAS_PACKET}};
	r.ev.anomaly.reason = DECODE_IPV4_TRUNC_PKT;
	expect(NULL, &r.ev,
		"{\"timestamp\":\"1970-01-01T00:00:00.000000+0000\",\"pcap_cnt\":1,\"event_type\":\"anomaly\","
		"\"pkt_src\":\"wire/pcap\",\"anomaly\":{\"type\":\"decode\",\"event\":\"decoder.ipv4.trunc_pkt\"}}");
}

static void a_tagged_packet_is_written_as_base64_and_says_when_it_was_longer(void **state)
{
	struct record r = {.ev = {.seq = 5, .kind = EVENT_PACKET, .flags = EVENT_HAS_PACKET}};
	put_text(&r.ev, "any");
	r.ev.packet.len = 3;
	r.ev.packet.link_type = 1;
	expect(NULL, &r.ev,
		"{\"timestamp\":\"1970-01-01T00:00:00.000000+0000\",\"pcap_cnt\":5,\"event_type\":\"packet\","
		"\"pkt_src\":\"wire/pcap\",\"packet\":\"YW55\",\"packet_info\":{\"linktype\":1}}");
	put_text(&r.ev, "many");
	r.ev.packet.len = 9000;
	r.ev.packet.link_type = 101; // Suricata writes this system's DLT_RAW
	expect(NULL, &r.ev,
		"{\"timestamp\":\"1970-01-01T00:00:00.000000+0000\",\"pcap_cnt\":5,\"event_type\":\"packet\","
		"\"pkt_src\":\"wire/pcap\",\"packet\":\"bWFueQ==\",\"packet_info\":{\"linktype\":12,\"length\":9000}}");
}

static void an_impossible_anomaly_is_not_written(void **state)
{
	struct record r = {.ev = {.kind = EVENT_ANOMALY}};
	struct eve e;
	struct json_out o = {0};
	r.ev.anomaly.reason = 60000;
	assert_int_equal(eve_init(&e, &(struct eve_options){.community_id = false}), 0);
	eve_format(&e, &o, &r.ev);
	r.ev.kind = EVENT_TICK;
	eve_format(&e, &o, &r.ev);
	assert_int_equal(o.len, 0);
	jout_free(&o);
}

static void a_tcp_flow_that_was_followed(void **state)
{
	struct record r = tcp_event(EVENT_FLOW);
	struct event_tcp tcp = {.rtt_us = 41000,
		.rtt_known = true,
		.side = {{.segs_retrans = 2,
				 .octets_retrans = 2920,
				 .out_of_order = 3,
				 .sack_losses = 1,
				 .gaps = 4,
				 .missed_bytes = 5000000000,
				 .rtt_samples = 6,
				 .min_rtt_us = 0,
				 .smoothed_rtt_us = 23000,
				 .max_rwin_sent = 1073725440,
				 .zero_rwin_sent = 7},
			{0}}};

	r.ev.flags = EVENT_HAS_FLOW;
	r.ev.flow.state = FLOW_CLOSED;
	memcpy((char *)&r.ev + event_base_size(EVENT_FLOW), &tcp, sizeof(tcp));
	r.ev.aux_len = sizeof(tcp);
	expect(&(struct eve_options){.community_id = false}, &r.ev,
		"{\"timestamp\":\"2009-11-13T21:32:05.123456+0000\",\"flow_id\":1551548983447419,"
		"\"event_type\":\"flow\",\"src_ip\":\"10.0.0.1\",\"src_port\":34567,\"dest_ip\":\"10.0.0.2\","
		"\"dest_port\":22,\"proto\":\"TCP\","
		"\"flow\":{\"pkts_toserver\":0,\"pkts_toclient\":0,\"bytes_toserver\":0,\"bytes_toclient\":0,"
		"\"start\":\"1970-01-01T00:00:00.000000+0000\",\"end\":\"1970-01-01T00:00:00.000000+0000\",\"age\":0,"
		"\"state\":\"closed\",\"reason\":\"timeout\",\"alerted\":false},"
		"\"tcp\":{\"tcp_flags\":\"00\",\"tcp_flags_ts\":\"00\",\"tcp_flags_tc\":\"00\",\"tocsin\":{\"rtt_us\":"
		"41000,"
		"\"toserver\":{\"segs_retrans\":2,\"octets_retrans\":2920,\"out_of_order\":3,\"sack_losses\":1,"
		"\"gaps\":4,\"missed_bytes\":5000000000,\"rtt_samples\":6,\"min_rtt_us\":0,\"smoothed_rtt_us\":23000,"
		"\"max_rwin_sent\":1073725440,\"zero_rwin_sent\":7},\"toclient\":{}}}}");
}

static void a_tcp_flow(void **state)
{
	struct record r = tcp_event(EVENT_FLOW);
	r.ev.flags = EVENT_HAS_FLOW;
	r.ev.flow.counts =
		(struct event_counts){.bytes = {3566, 1383}, .pkts = {11, 14}, .start_ns = BASE_NS - 500000000};
	r.ev.flow.end_ns = BASE_NS;
	r.ev.flow.state = FLOW_ESTABLISHED;
	r.ev.flow.reason = FLOW_END_EVICTED;
	r.ev.flow.tcp_flags[0] = 0xdb;
	r.ev.flow.tcp_flags[1] = 0x1b;
	r.ev.flow.tcp_state = TCP_FIN_WAIT1;
	r.ev.flow.alerted = 1;
	expect(NULL, &r.ev,
		"{\"timestamp\":\"2009-11-13T21:32:05.123456+0000\",\"flow_id\":1551548983447419,\"event_type\":"
		"\"flow\","
		"\"src_ip\":\"10.0.0.1\",\"src_port\":34567,\"dest_ip\":\"10.0.0.2\",\"dest_port\":22,\"proto\":"
		"\"TCP\","
		"\"flow\":{\"pkts_toserver\":11,\"pkts_toclient\":14,\"bytes_toserver\":3566,\"bytes_toclient\":1383,"
		"\"start\":\"2009-11-13T21:32:04.623456+0000\",\"end\":\"2009-11-13T21:32:05.123456+0000\",\"age\":1,"
		"\"state\":\"established\",\"reason\":\"forced\",\"alerted\":true},"
		"\"community_id\":\"1:zn0EU3tIGnaJAwKWfT49UzFRvI8=\","
		"\"tcp\":{\"tcp_flags\":\"db\",\"tcp_flags_ts\":\"db\",\"tcp_flags_tc\":\"1b\",\"syn\":true,\"fin\":"
		"true,"
		"\"psh\":true,\"ack\":true,\"ecn\":true,\"cwr\":true,\"state\":\"fin_wait1\"}}");
}

static void an_answered_ping_names_the_answer(void **state)
{
	struct record r = {.ev = {.ts_ns = BASE_NS,
				   .flow_id = 2,
				   .kind = EVENT_FLOW,
				   .flags = EVENT_HAS_FLOW,
				   .tuple = {.ip_version = 6, .proto = 58, .icmp_type = 128}}};
	struct eve_options opt = {.sensor_name = "tap7"};
	inet_pton(AF_INET6, "2001:db8:1::2", r.ev.tuple.src.b);
	inet_pton(AF_INET6, "2001:db8:1::1", r.ev.tuple.dst.b);
	r.ev.flow.counts = (struct event_counts){.bytes = {1614, 144}, .pkts = {3, 2}, .start_ns = BASE_NS};
	r.ev.flow.end_ns = BASE_NS;
	r.ev.flow.state = FLOW_ESTABLISHED;
	r.ev.flow.reason = FLOW_END_TIMEOUT;
	expect(&opt, &r.ev,
		"{\"timestamp\":\"2009-11-13T21:32:05.123456+0000\",\"flow_id\":2,\"event_type\":\"flow\",\"host\":"
		"\"tap7\","
		"\"src_ip\":\"2001:0db8:0001:0000:0000:0000:0000:0002\",\"dest_ip\":\"2001:0db8:0001:0000:0000:0000:"
		"0000:0001\","
		"\"proto\":\"IPv6-ICMP\",\"icmp_type\":128,\"icmp_code\":0,\"response_icmp_type\":129,\"response_icmp_"
		"code\":0,"
		"\"flow\":{\"pkts_toserver\":3,\"pkts_toclient\":2,\"bytes_toserver\":1614,\"bytes_toclient\":144,"
		"\"start\":\"2009-11-13T21:32:05.123456+0000\",\"end\":\"2009-11-13T21:32:05.123456+0000\",\"age\":0,"
		"\"state\":\"established\",\"reason\":\"timeout\",\"alerted\":false}}");
}

static void times_are_right_on_odd_days(void **state)
{
	static const struct {
		uint64_t s;
		const char *want;
	} days[] = {
		{951782400, "2000-02-29T00:00:00.000000+0000"},
		{951868799, "2000-02-29T23:59:59.000000+0000"},
		{1078012800, "2004-02-29T00:00:00.000000+0000"},
		{1709251199, "2024-02-29T23:59:59.000000+0000"},
		{4107542399, "2100-02-28T23:59:59.000000+0000"},
		{4107542400, "2100-03-01T00:00:00.000000+0000"},
		{1230767999, "2008-12-31T23:59:59.000000+0000"},
		{253402300, "1978-01-11T21:31:40.000000+0000"},
	};
	char text[TIME_TEXT_BYTES];

	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		assert_int_equal(text_time(text, days[i].s * 1000000000u), 31);
		assert_string_equal(text, days[i].want);
	}
	assert_int_equal(text_time(text, UINT64_MAX), 31);
}

static json_t *stats_record(struct stats_snapshot *s)
{
	struct eve e;
	struct json_out o = {0};
	json_error_t err;

	assert_int_equal(eve_init(&e, &(struct eve_options){.community_id = false}), 0);
	eve_format_stats(&e, &o, s, BASE_NS);
	json_t *got = json_loadb(o.buf, o.len, JSON_REJECT_DUPLICATES, &err);
	if (!got)
		fail_msg("%s at %d in %.*s", err.text, err.position, (int)o.len, o.buf);
	jout_free(&o);
	return got;
}

static json_int_t at(json_t *root, const char *path)
{
	char copy[128], *save = NULL;
	snprintf(copy, sizeof(copy), "%s", path);
	for (char *p = strtok_r(copy, "/", &save); p; p = strtok_r(NULL, "/", &save))
		root = json_object_get(root, p);
	assert_non_null(root);
	return json_is_boolean(root) ? json_is_true(root) : json_integer_value(root);
}

static void stats_nest_by_their_dots_and_sum_over_workers(void **state)
{
	struct stats_snapshot *s = stats_new();
	uint64_t noted[DROP_REASON_COUNT] = {0};

	noted[DECODE_IPV4_TRUNC_PKT] = 5;
	for (int worker = 0; worker < 2; worker++) {
		stats_add(s, COUNTER_DECODER_PKTS, 100);
		stats_max(s, COUNTER_DECODER_MAX_PKT_SIZE, worker ? 60 : 1514);
		stats_drops(s, noted);
	}
	stats_add_name(s, 7, "tocsin.ports.%s.missed", "0000:3b:00");
	stats_add_name(s, STATS_UNKNOWN, "tocsin.ports.%s.missed", "net_null0");
	json_t *r = stats_record(s);
	assert_string_equal(json_string_value(json_object_get(r, "event_type")), "stats");
	assert_int_equal(at(r, "stats/decoder/pkts"), 200);
	assert_int_equal(at(r, "stats/decoder/max_pkt_size"), 1514);
	assert_int_equal(at(r, "stats/decoder/event/ipv4/trunc_pkt"), 10);
	assert_int_equal(at(r, "stats/tocsin/ports/0000:3b:00/missed"), 7);
	assert_true(json_is_null(json_object_get(
		json_object_get(
			json_object_get(json_object_get(json_object_get(r, "stats"), "tocsin"), "ports"), "net_null0"),
		"missed")));
	assert_int_equal(s->overflow, 0);
	assert_int_equal(stats_get(s, "decoder.pkts"), 200);
	assert_int_equal(stats_get(s, "no.such.thing"), 0);
	json_decref(r);
	free(s);
}

static void every_counter_and_reason_fits_one_record_under_its_own_name(void **state)
{
	struct stats_snapshot *s = stats_new();
	uint64_t one[DROP_REASON_COUNT];

	for (int i = 0; i < DROP_REASON_COUNT; i++)
		one[i] = 1;
	for (int c = 0; c < COUNTER_COUNT; c++)
		stats_add(s, (enum counter)c, 1);
	assert_int_equal(s->count, COUNTER_COUNT); // no name twice
	stats_drops(s, one);
	assert_int_equal(s->count, COUNTER_COUNT + DROP_REASON_COUNT - 1);
	stats_ledger_begin(s, 1, 1);
	stats_ledger_drops(s, one);
	stats_ledger_end(s, NULL, 0);
	assert_int_equal(s->overflow, 0);
	json_decref(stats_record(s)); // rejects duplicate keys: no name is also an object
	free(s);
}

static void a_ledger_that_adds_up_says_so(void **state)
{
	struct stats_snapshot *s = stats_new();
	uint64_t ledger[DROP_REASON_COUNT] = {0};
	char why[256];

	ledger[DECODE_IPV4_TRUNC_PKT] = 3;
	stats_ledger_begin(s, 100, 95);
	stats_ledger_drops(s, ledger);
	stats_ledger_drop(s, "missed", 2);
	stats_ledger_drop(s, "no_buffer", STATS_UNKNOWN);
	assert_true(stats_ledger_end(s, why, sizeof(why)));
	assert_string_equal(why, "");
	json_t *r = stats_record(s);
	assert_int_equal(at(r, "stats/tocsin/ledger/sum_ok"), 1);
	assert_int_equal(at(r, "stats/tocsin/ledger/offered"), 100);
	assert_int_equal(at(r, "stats/tocsin/ledger/dropped/missed"), 2);
	assert_int_equal(at(r, "stats/tocsin/ledger/dropped/decoder/event/ipv4/trunc_pkt"), 3);
	json_decref(r);
	free(s);
}

static void a_ledger_that_does_not_add_up_is_named(void **state)
{
	struct stats_snapshot *s = stats_new();
	char why[256];

	stats_ledger_begin(s, 100, 95);
	stats_ledger_drop(s, "missed", 2);
	assert_false(stats_ledger_end(s, why, sizeof(why)));
	assert_non_null(strstr(why, "100 frames offered, 95 inspected and 2 dropped"));
	assert_non_null(strstr(why, "3 are not accounted for"));
	json_t *r = stats_record(s);
	assert_int_equal(at(r, "stats/tocsin/ledger/sum_ok"), 0);
	json_decref(r);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alert_on_a_flow),
		cmocka_unit_test(an_alert_in_a_tunnel_names_its_carrier),
		cmocka_unit_test(a_fragment_shows_no_ports),
		cmocka_unit_test(a_finding_says_why_in_numbers),
		cmocka_unit_test(an_anomaly_has_suricatas_name),
		cmocka_unit_test(a_tagged_packet_is_written_as_base64_and_says_when_it_was_longer),
		cmocka_unit_test(an_impossible_anomaly_is_not_written),
		cmocka_unit_test(a_tcp_flow),
		cmocka_unit_test(a_tcp_flow_that_was_followed),
		cmocka_unit_test(an_answered_ping_names_the_answer),
		cmocka_unit_test(times_are_right_on_odd_days),
		cmocka_unit_test(stats_nest_by_their_dots_and_sum_over_workers),
		cmocka_unit_test(every_counter_and_reason_fits_one_record_under_its_own_name),
		cmocka_unit_test(a_ledger_that_adds_up_says_so),
		cmocka_unit_test(a_ledger_that_does_not_add_up_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
