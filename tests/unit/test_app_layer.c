// Which protocol a flow is said to speak, what its parser is given, and what is shown of its transactions.
#include "tests/unit/tcp_lab.h"

#include "dataplane/app_layer.h"
#include "dataplane/app_session.h"
#include "tests/unit/line_parser.h"

static enum probe_answer probe_dots(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	return len < 4 ? PROBE_MORE : memcmp(data, "....", 4) == 0 ? PROBE_YES : PROBE_NO;
}

static const struct parser_pattern told_patterns[] = {
	{"TOLD ", 5, 0, 5, DIR_TO_SERVER, true}, {"told", 4, 2, 16, DIR_TO_CLIENT, false}, {0}};
// Told, not read; its client goes first.
static const struct parser told_parser = {.name = "told",
	.proto = APP_SSH,
	.over = OVER_TCP,
	.patterns = told_patterns,
	.first_dirs = 1u << DIR_TO_SERVER};
static const struct parser dots_parser = {.name = "dots",
	.proto = APP_RFB,
	.over = OVER_TCP | OVER_UDP,
	.tcp_ports = "80, 8000-8010",
	.udp_ports = "53",
	.probe = probe_dots};
static const struct parser *const parsers[] = {&line_parser, &told_parser, &dots_parser, NULL};

static struct {
	struct app_layer *app;
	void *app_mem, *detector;
	struct app_layer_config cfg;
	char shown[4096]; // "id:progress,progress;" a call, '!' where stopped
	uint32_t ends;
} t;

static void on_tx(void *arg, const struct parser *parser, struct app_session *s, struct app_tx *tx, uint8_t dir,
	struct packet *p, struct flow *f, struct flow_cold *cold, struct app_run *run, struct detector_run *drun)
{
	size_t len = strlen(t.shown);
	struct app_bytes b;

	if (!tx->detect)
		tx->detect = app_alloc(run, 40);
	line_get(tx, ((struct line_tx *)tx)->last_dir, 0, &b);
	snprintf(t.shown + len, sizeof(t.shown) - len, "%u:%u%u%.*s%s ", (unsigned int)tx->id, tx->progress[0],
		tx->progress[1], (int)b.len, (const char *)b.at, tx->stopped ? "!" : "");
}

static void on_tx_end(void *arg, struct app_tx *tx, struct app_run *run)
{
	t.ends++;
	app_free(run, tx->detect);
}

static void first(struct lab *lab)
{
	static const struct app_consumer consumer = {.on_tx = on_tx, .on_tx_end = on_tx_end};

	memset(t.shown, 0, sizeof(t.shown));
	t.ends = 0;
	t.cfg.memory = 1 << 20;
	t.detector = lab_zeroed(app_detector_size());
	assert_int_equal(app_detector_init(t.detector, &t.cfg.detect), 0);
	t.app_mem = lab_zeroed(app_layer_size(&t.cfg));
	assert_int_equal(app_layer_init(t.app_mem, &t.cfg, t.detector, lab->flows, lab->ts, &lab->burst,
				 lab->cfg.midstream, &t.app),
		0);
	app_layer_set_consumer(t.app, &consumer);
}

static void ended(struct lab *lab)
{
	struct flow_cold *cold = lab_cold(lab);

	if (cold)
		app_layer_flow_end(t.app, lab->flow, cold, &lab->run);
}

static struct lab *begin_without(uint16_t proto)
{
	app_layer_config_default(&t.cfg, parsers);
	t.cfg.detect.mode[proto][APP_TCP] = APP_MODE_NO;
	lab_first = first;
	lab_flow_ended = ended;
	return lab_open();
}

static struct lab *begin(void)
{
	struct lab *lab = begin_without(APP_UNKNOWN);

	lab_handshake(lab);
	return lab;
}

static void end(struct lab *lab)
{
	struct app_layer_stats st;

	lab_end(lab);
	app_layer_stats(t.app, &st);
	assert_int_equal(st.memory_in_use, 0);
	lab_close(lab);
	free(t.app_mem);
	free(t.detector);
}

// The next bytes of a side.
static void say(struct lab *lab, int from, const char *text)
{
	int64_t at[2];

	for (uint8_t d = 0; d < 2; d++)
		at[d] = (int64_t)tcp_stream_offset(lab_cold(lab), d);
	lab_send(lab, from, ACK | PSH, at[from], at[!from], text);
}

static void says(struct lab *lab, uint16_t proto, uint8_t ts, uint8_t tc)
{
	const struct flow_cold *cold = lab_cold(lab);

	assert_string_equal(app_proto_name(cold->app_proto), app_proto_name(proto));
	assert_string_equal(app_proto_name(cold->app_dir[0]), app_proto_name(ts));
	assert_string_equal(app_proto_name(cold->app_dir[1]), app_proto_name(tc));
}

static void a_pattern_names_the_protocol_and_its_parser_gets_every_byte(void **state)
{
	struct lab *lab = begin();

	say(lab, C, "LI");
	says(lab, APP_UNKNOWN, 0, 0);
	say(lab, C, "NE one\nt");
	says(lab, APP_IMAP, APP_IMAP, 0);
	assert_string_equal(t.shown, "0:10LINE one ");
	say(lab, C, "wo\n");
	say(lab, S, "ok x\n");
	says(lab, APP_IMAP, APP_IMAP, APP_IMAP);
	assert_string_equal(t.shown, "0:10LINE one 0:10LINE one 1:10two 0:11ok x 0:11ok x 1:10two ");
	assert_int_equal(t.ends, 1);
	end(lab);
	assert_non_null(strstr(t.shown, "1:10two! "));
	assert_int_equal(t.ends, 2);
}

static void what_the_other_side_said_before_comes_first(void **state)
{
	struct lab *lab = begin();

	say(lab, S, "welcome to this server\n");
	says(lab, APP_UNKNOWN, 0, 0);
	say(lab, C, "LINE one\n");
	assert_string_equal(t.shown, "0:01welcome to this server 1:10LINE one ");
	says(lab, APP_IMAP, APP_IMAP, APP_FAILED);
	assert_true(lab_noted(lab, APPLAYER_DETECT_PROTOCOL_ONLY_ONE_DIRECTION));
	say(lab, S, "fine\n");
	assert_non_null(strstr(t.shown, "1:11fine "));
	end(lab);
}

static void what_a_side_said_that_closed_before_the_other_told_is_read(void **state)
{
	struct lab *lab = begin();

	lab_send(lab, S, ACK | PSH, 0, 0, "welcome\n");
	lab_send(lab, S, ACK | FIN, 8, 0, "");
	says(lab, APP_UNKNOWN, 0, 0);
	lab_send(lab, C, ACK | PSH, 0, 9, "LINE one\n");
	assert_string_equal(t.shown, "0:01welcome 1:10LINE one ");
	says(lab, APP_IMAP, APP_IMAP, APP_FAILED);
	end(lab);
	lab = begin();
	lab_send(lab, C, ACK | PSH | FIN, 0, 0, "odd question\n");
	lab_send(lab, S, ACK | PSH, 0, 14, "x told\n");
	says(lab, APP_SSH, APP_FAILED, APP_SSH);
	end(lab);
}

static void sides_that_disagree_are_noted(void **state)
{
	struct lab *lab = begin();

	say(lab, C, "LINE one\n");
	say(lab, S, "x told it\n");
	says(lab, APP_IMAP, APP_IMAP, APP_SSH);
	assert_true(lab_noted(lab, APPLAYER_MISMATCH_PROTOCOL_BOTH_DIRECTIONS));
	end(lab);
}

static void a_side_that_should_wait_fails_the_flow(void **state)
{
	struct lab *lab = begin();

	say(lab, S, "a told\n");
	says(lab, APP_FAILED, 0, APP_SSH);
	assert_true(lab_noted(lab, APPLAYER_WRONG_DIRECTION_FIRST_DATA));
	end(lab);
}

static void unknown_on_both_sides_is_given_up_once_no_pattern_can_come(void **state)
{
	struct lab *lab = begin();

	say(lab, C, "?????");
	say(lab, S, "????????????????");
	says(lab, APP_FAILED, 0, 0);
	assert_true(lab->flow->flags & FLOW_BYTES_DONE || lab->seen[0].len); // the lab's own consumer goes on
	end(lab);
}

static void unknown_on_one_side_is_given_up_after_many_bytes(void **state)
{
	struct lab *lab = begin();
	static char text[1001];

	memset(text, 'x', 1000);
	for (uint32_t i = 0; i < 100; i++) {
		say(lab, C, text);
		lab_send(lab, S, ACK, 0, (i + 1) * 1000, "");
	}
	says(lab, APP_UNKNOWN, 0, 0);
	say(lab, C, "x");
	says(lab, APP_FAILED, 0, 0);
	assert_true(lab_noted(lab, APPLAYER_PROTO_DETECTION_SKIPPED));
	end(lab);
}

static void a_probe_is_asked_on_its_port_until_it_knows(void **state)
{
	struct lab *lab = begin();

	say(lab, C, "..");
	says(lab, APP_UNKNOWN, 0, 0);
	say(lab, C, "..");
	says(lab, APP_RFB, APP_RFB, 0);
	end(lab);
}

static void a_protocol_that_is_off_is_not_told(void **state)
{
	struct lab *lab = begin_without(APP_RFB);

	lab_handshake(lab);
	say(lab, C, "....");
	says(lab, APP_UNKNOWN, 0, 0);
	end(lab);
}

static void a_conversation_goes_on_in_another_protocol(void **state)
{
	struct lab *lab = begin();

	say(lab, C, "LINE one\nswitch over\n");
	say(lab, S, "old words that name no protocol");
	say(lab, C, "TOLD you");
	says(lab, APP_SSH, APP_SSH, APP_FAILED);
	assert_int_equal(lab_cold(lab)->app_orig, APP_IMAP);
	assert_non_null(strstr(t.shown, "1:10switch over! "));
	end(lab);
}

static struct app_session *session(struct lab *lab)
{
	return lab_cold(lab)->app;
}

static void a_change_within_the_bytes_that_told_the_protocol_is_refused(void **state)
{
	struct lab *lab = begin();

	say(lab, C, "LINE one\nswitch over\n");
	say(lab, C, "LINE two\nswitch again\n"); // tells what it has gone over to
	says(lab, APP_IMAP, APP_IMAP, 0);
	assert_false(session(lab)->flags & (SESSION_SWITCH | SESSION_CHANGING));
	say(lab, C, "switch now\n");
	assert_true(session(lab)->flags & SESSION_SWITCH);
	end(lab);
}

static void a_parser_that_stops_goes_over_to_nothing(void **state)
{
	struct lab *lab = begin();

	say(lab, C, "LINE one\n");
	session(lab)->flags |= SESSION_SWITCH;
	say(lab, C, "bad\n");
	say(lab, C, "TOLD you");
	says(lab, APP_IMAP, APP_IMAP, 0);
	end(lab);
}

static void a_gap_before_anything_is_known_fails_the_flow(void **state)
{
	struct lab *lab = begin();

	lab_send(lab, C, ACK | PSH, 10, 0, "LINE x\n");
	lab_send(lab, S, ACK, 0, 17, "");
	says(lab, APP_FAILED, 0, 0);
	end(lab);
}

static void bytes_that_the_depth_cuts_short_are_not_asked(void **state)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = malloc(sizeof(*lab));

	assert_non_null(lab);
	app_layer_config_default(&t.cfg, parsers);
	lab_first = first;
	lab_flow_ended = ended;
	cfg.depth = 10;
	lab_open_with(lab, &cfg);
	lab_handshake(lab);
	lab_send(lab, C, ACK | PSH, 0, 0, "LINE one\nLINE two\n");
	lab_send(lab, S, ACK, 0, 18, "");
	says(lab, APP_FAILED, 0, 0);
	assert_string_equal(t.shown, "");
	end(lab);
}

static void a_parser_that_stops_ends_its_transactions(void **state)
{
	struct lab *lab = begin();

	say(lab, C, "LINE one\nbad\n");
	assert_string_equal(t.shown, "0:10LINE one! 0:10LINE one! 1:00! 1:00! "); // in both directions
	assert_int_equal(t.ends, 2);
	end(lab);
}

// A datagram on the flow of 10.0.0.1:40000 and 10.0.0.2:dport.
static void datagram(struct lab *lab, int from, uint16_t dport, const char *text)
{
	struct packet *p = lab_raw(lab, from, 0, 0, 0, text, (uint32_t)strlen(text));

	p->flags = PKT_IPV4 | PKT_UDP;
	p->ip_proto = 17;
	p->tcp_flags = 0;
	if (from == C)
		p->dport = dport;
	else
		p->sport = dport;
	lab_run(lab);
	app_layer_packet(t.app, &lab->burst.frames[0], &lab->run);
}

static void the_first_datagram_of_a_direction_decides(void **state)
{
	struct lab *lab = begin_without(APP_UNKNOWN);
	struct app_layer_stats st;

	datagram(lab, C, 53, "junk");
	assert_int_equal(lab->flow->flags & FLOW_COLD_SET, 0); // nothing but a bit of its hot line
	datagram(lab, C, 53, "....");
	assert_int_equal(lab->flow->flags & FLOW_APP_KNOWN, 0);
	datagram(lab, S, 53, "....");
	says(lab, APP_RFB, APP_FAILED, APP_RFB);
	datagram(lab, C, 99, "LINE a\nb\n");
	says(lab, APP_IMAP, APP_IMAP, 0);
	datagram(lab, S, 99, "ok\n");
	says(lab, APP_IMAP, APP_IMAP, APP_IMAP);
	assert_string_equal(t.shown, "0:10LINE a 1:10b 0:11ok 0:11ok 1:10b ");
	app_layer_stats(t.app, &st);
	assert_int_equal(st.flows[APP_FAILED][APP_UDP], 1);
	assert_int_equal(st.flows[APP_IMAP][APP_UDP], 1);
	assert_int_equal(st.tx[APP_IMAP][APP_UDP], 2);
	end(lab);
}

static void port_lists_are_numbers_ranges_and_any(void **state)
{
	assert_true(app_ports_valid("53"));
	assert_true(app_ports_valid("53, 5353,8000-8010,any"));
	assert_false(app_ports_valid("53;54"));
	assert_false(app_ports_valid("65536"));
	assert_false(app_ports_valid("9-8"));
	assert_false(app_ports_valid("-1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pattern_names_the_protocol_and_its_parser_gets_every_byte),
		cmocka_unit_test(what_the_other_side_said_before_comes_first),
		cmocka_unit_test(what_a_side_said_that_closed_before_the_other_told_is_read),
		cmocka_unit_test(sides_that_disagree_are_noted),
		cmocka_unit_test(a_side_that_should_wait_fails_the_flow),
		cmocka_unit_test(unknown_on_both_sides_is_given_up_once_no_pattern_can_come),
		cmocka_unit_test(unknown_on_one_side_is_given_up_after_many_bytes),
		cmocka_unit_test(a_probe_is_asked_on_its_port_until_it_knows),
		cmocka_unit_test(a_protocol_that_is_off_is_not_told),
		cmocka_unit_test(a_conversation_goes_on_in_another_protocol),
		cmocka_unit_test(a_change_within_the_bytes_that_told_the_protocol_is_refused),
		cmocka_unit_test(a_parser_that_stops_goes_over_to_nothing),
		cmocka_unit_test(a_gap_before_anything_is_known_fails_the_flow),
		cmocka_unit_test(bytes_that_the_depth_cuts_short_are_not_asked),
		cmocka_unit_test(a_parser_that_stops_ends_its_transactions),
		cmocka_unit_test(the_first_datagram_of_a_direction_decides),
		cmocka_unit_test(port_lists_are_numbers_ranges_and_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
