// Evasions: for each host policy and each trick, the stream is what that end host assembles.
//
// Overlaps: J. Novak and S. Sturges, "Target-Based TCP Stream Reassembly" (Sourcefire, 2007), whose
// tables give for each operating system which of two overlapping segments that wait behind a hole
// keeps the bytes both have. The expected bytes below are written out, not computed from our tables.
// The rest: RFC 9293, 7323, 5961, 7413 and 6093, named at each case.
#include "tests/unit/tcp_lab.h"

// The held segment is bytes 4..9 ('O'); the new one ('N') starts before, with or after it and ends
// before, with or after it. Columns: the nine streams, 12 bytes each.
static const struct overlap_case {
	const char *policy;
	const char *stream[9];
} overlaps[] = {
#define BSD_ROW                                                                                                 \
	{                                                                                                       \
		"HHNNNNNNOO..", "HHNNNNNNNN..", "HHNNNNNNNNNN", "HHHHOOOOOO..", "HHHHOOOOOO..", "HHHHOOOOOONN", \
			"HHHHOOOOOO..", "HHHHOOOOOO..", "HHHHOOOOOONN"                                          \
	}
#define SOLARIS_ROW                                                                                             \
	{                                                                                                       \
		"HHNNOOOOOO..", "HHNNNNNNNN..", "HHNNNNNNNNNN", "HHHHOOOOOO..", "HHHHNNNNNN..", "HHHHNNNNNNNN", \
			"HHHHOOOOOO..", "HHHHOOOOOO..", "HHHHOONNNNNN"                                          \
	}
#define FIRST_ROW                                                                                               \
	{                                                                                                       \
		"HHNNOOOOOO..", "HHNNOOOOOO..", "HHNNOOOOOONN", "HHHHOOOOOO..", "HHHHOOOOOO..", "HHHHOOOOOONN", \
			"HHHHOOOOOO..", "HHHHOOOOOO..", "HHHHOOOOOONN"                                          \
	}
	{"bsd", BSD_ROW},
	{"bsd-right", BSD_ROW}, // the paper on fragments has it; for TCP nothing is known to differ from bsd
	{"old-linux", {"HHNNNNNNOO..", "HHNNNNNNNN..", "HHNNNNNNNNNN", "HHHHOOOOOO..", "HHHHNNNNNN..", "HHHHNNNNNNNN",
			      "HHHHOOOOOO..", "HHHHOOOOOO..", "HHHHOOOOOONN"}},
	{"linux", {"HHNNNNNNOO..", "HHNNNNNNNN..", "HHNNNNNNNNNN", "HHHHOOOOOO..", "HHHHOOOOOO..", "HHHHNNNNNNNN",
			  "HHHHOOOOOO..", "HHHHOOOOOO..", "HHHHOOOOOONN"}},
	{"old-solaris", SOLARIS_ROW},
	{"solaris", SOLARIS_ROW},
	{"hpux10", BSD_ROW},
	{"hpux11", SOLARIS_ROW},
	{"irix", BSD_ROW},
	{"macos", BSD_ROW},
	{"windows", BSD_ROW},
	{"vista", FIRST_ROW},
	{"windows2k3", BSD_ROW},
	{"first", FIRST_ROW},
	{"last", {"HHNNNNNNOO..", "HHNNNNNNNN..", "HHNNNNNNNNNN", "HHHHNNNNOO..", "HHHHNNNNNN..", "HHHHNNNNNNNN",
			 "HHHHOONNOO..", "HHHHOONNNN..", "HHHHOONNNNNN"}},
};

static int policy_of(const char *name)
{
	for (int i = 0; i < TCP_POLICY_COUNT; i++)
		if (strcmp(tcp_policy_names[i], name) == 0)
			return i;
	fail_msg("no policy %s", name);
	return -1;
}

static void overlap(int policy, uint32_t start, uint32_t end, const char *expected)
{
	struct lab *lab = lab_open_policy(policy);
	char text[16] = "";

	lab_handshake(lab);
	lab_data(lab, 4, "OOOOOO");
	memset(text, 'N', end - start);
	text[end - start] = 0;
	lab_data(lab, start, text);
	assert_noted(lab, STREAM_REASSEMBLY_OVERLAP_DIFFERENT_DATA);
	if (end < 12)
		lab_data(lab, end < 10 ? 10 : end, "..");
	lab_data(lab, 0, start < 4 ? "HH" : "HHHH");
	lab_expect(lab, C, expected);
	lab_close(lab);
}

static void overlap_is_settled_as_each_host_does(void **state)
{
	static const uint32_t starts[3] = {2, 4, 6}, ends[3] = {8, 10, 12};

	assert_int_equal(sizeof(overlaps) / sizeof(overlaps[0]), TCP_POLICY_COUNT);
	for (size_t i = 0; i < TCP_POLICY_COUNT; i++)
		for (int k = 0; k < 9; k++)
			overlap(policy_of(overlaps[i].policy), starts[k / 3], ends[k % 3], overlaps[i].stream[k]);
}

// Runs a trick under every policy; all hosts agree on its outcome.
static void for_every_policy(void (*trick)(struct lab *lab), const char *client, const char *server)
{
	for (int p = 0; p < TCP_POLICY_COUNT; p++) {
		struct lab *lab = lab_open_policy(p);
		lab_handshake(lab);
		trick(lab);
		lab_expect(lab, C, client);
		lab_expect(lab, S, server);
		lab_close(lab);
	}
}

// RFC 9293 section 3.10.7.4: what was delivered is trimmed from a later segment.
static void trick_retransmit_other_content(struct lab *lab)
{
	lab_data(lab, 0, "attack");
	lab_data(lab, 0, "benign");
	assert_noted(lab, STREAM_REASSEMBLY_OVERLAP_DIFFERENT_DATA);
	lab_data(lab, 0, "benign!");
	assert_noted(lab, STREAM_REASSEMBLY_OVERLAP_DIFFERENT_DATA);
}

static void retransmission_with_other_content_changes_nothing_delivered(void **state)
{
	for_every_policy(trick_retransmit_other_content, "attack!", "");
}

// RFC 9293 section 3.4: beyond the window nothing is taken.
static void trick_beyond_window(struct lab *lab)
{
	lab_data(lab, 70000, "far away");
	assert_noted(lab, STREAM_EST_PACKET_OUT_OF_WINDOW);
	assert_true(lab->last.flags & PKT_STREAM_REJECTED);
	lab_data(lab, 0, "near");
}

static void segment_beyond_the_window_is_refused(void **state)
{
	for_every_policy(trick_beyond_window, "near", "");
}

// RFC 9293 section 3.10.7.4, fifth: acknowledges what was never sent.
static void trick_wrong_ack(struct lab *lab)
{
	lab_send(lab, C, ACK, 0, 100000, "decoy");
	assert_noted(lab, STREAM_EST_INVALID_ACK);
	lab_data(lab, 0, "real");
}

static void segment_with_an_impossible_acknowledgement_is_refused(void **state)
{
	for_every_policy(trick_wrong_ack, "real", "");
}

// RFC 9293 section 3.10.7.4: a segment without ACK is dropped.
static void trick_no_ack_flag(struct lab *lab)
{
	lab_send(lab, C, PSH, 0, 0, "decoy");
	lab_data(lab, 0, "real");
}

static void segment_without_ack_flag_is_refused(void **state)
{
	for_every_policy(trick_no_ack_flag, "real", "");
}

// RFC 5961 section 3.2: a RST must be exactly next; hosts that take more take what is in the window.
static void trick_rst_out_of_window(struct lab *lab)
{
	lab_data(lab, 0, "one ");
	lab_send(lab, C, RST | ACK, 200000, 0, "");
	assert_int_equal(lab_state(lab), TCP_ESTABLISHED);
	lab_data(lab, 4, "two");
}

static void reset_out_of_window_does_not_close(void **state)
{
	for_every_policy(trick_rst_out_of_window, "one two", "");
}

static void reset_inside_the_window_closes_only_some_hosts(void **state)
{
	for (int p = 0; p < TCP_POLICY_COUNT; p++) {
		struct lab *lab = lab_open_policy(p);
		bool takes = p == TCP_POLICY_OLD_LINUX || p == TCP_POLICY_LINUX || p == TCP_POLICY_SOLARIS ||
			     p == TCP_POLICY_OLD_SOLARIS || p == TCP_POLICY_HPUX11;
		lab_handshake(lab);
		lab_data(lab, 0, "one");
		lab_send(lab, C, RST | ACK, 100, 0, "");
		assert_int_equal(lab_state(lab), takes ? TCP_CLOSED : TCP_ESTABLISHED);
		assert_int_equal(lab_noted(lab, STREAM_RST_OUT_OF_WINDOW), !takes);
		lab_close(lab);
	}
}

// A FIN counts at its place only (RFC 9293 section 3.10.7.4, eighth).
static void trick_fin_beyond_window(struct lab *lab)
{
	lab_data(lab, 0, "one ");
	lab_send(lab, C, FIN | ACK, 200000, 0, "");
	assert_noted(lab, STREAM_FIN_OUT_OF_WINDOW);
	lab_data(lab, 4, "two");
}

static void fin_out_of_window_does_not_end_the_stream(void **state)
{
	for_every_policy(trick_fin_beyond_window, "one two", "");
}

// RFC 9293 section 3.8.4: a keep-alive's byte is garbage from before the next one.
static void trick_keep_alive(struct lab *lab)
{
	lab_data(lab, 0, "abc");
	lab_send(lab, S, ACK, 0, 3, "");
	lab_data(lab, 2, "X");
	assert_false(lab->last.flags & PKT_STREAM_ADDED);
	lab_send(lab, S, ACK, 0, 3, "");
	lab_data(lab, 3, "def");
}

static void keep_alive_garbage_is_no_data(void **state)
{
	for_every_policy(trick_keep_alive, "abcdef", "");
}

// RFC 9293 section 3.8.6.1: a probe of one byte into a closed window; the receiver may take it.
static void trick_zero_window(struct lab *lab)
{
	lab_data(lab, 0, "abc");
	lab->win = 0;
	lab_send(lab, S, ACK, 0, 3, "");
	lab->win = 65535;
	lab_data(lab, 3, "d");
	lab_send(lab, S, ACK, 0, 4, "");
	assert_noted(lab, STREAM_EST_ACK_ZWP_DATA);
	lab_data(lab, 4, "ef");
}

static void zero_window_probe_is_followed(void **state)
{
	for_every_policy(trick_zero_window, "abcdef", "");
}

// What is next goes to the application at once; the early segment that it covers is gone by then.
static void trick_small_then_covering(struct lab *lab)
{
	lab_data(lab, 0, "G");
	lab_data(lab, 1, "E");
	lab_data(lab, 2, "T");
	lab_data(lab, 0, "PUTxx");
}

static void one_byte_segments_are_not_overwritten(void **state)
{
	for_every_policy(trick_small_then_covering, "GETxx", "");
}

static void set_timestamp(struct lab *lab, uint32_t value, uint32_t echo)
{
	memcpy(lab->opts, (uint8_t[]){1, 1, 8, 10}, 4);
	lab_put32(lab->opts + 4, value);
	lab_put32(lab->opts + 8, echo);
	lab->opts_len = 12;
}

static void refused_quietly(struct lab *lab, uint16_t reason)
{
	assert_noted(lab, reason);
	assert_true(lab->last.flags & PKT_STREAM_REJECTED);
}

// The packet prepared by lab_raw() goes to its flow whatever its time: no flow time-out comes between.
static void tcp_stream_only(struct lab *lab)
{
	struct packet *p = &lab->burst.frames[0];

	p->flow = lab->flow;
	p->dir = DIR_TO_SERVER;
	lab->burst.n = 0;
	burst_push(&lab->burst, p);
	tcp_stream_burst(lab->ts, &lab->burst, 0, 1, &lab->run);
}

// RFC 7323 section 5: a segment with an older timestamp never reaches the application. Linux takes
// one tick older.
static void old_timestamp_is_refused(void **state)
{
	for (int p = 0; p < TCP_POLICY_COUNT; p++) {
		struct lab *lab = lab_open_policy(p);
		set_timestamp(lab, 1000, 0);
		lab_send(lab, C, SYN, -1, 0, "");
		set_timestamp(lab, 7000, 1000);
		lab_send(lab, S, SYN | ACK, -1, 0, "");
		set_timestamp(lab, 1000, 7000);
		lab_send(lab, C, ACK, 0, 0, "");
		set_timestamp(lab, 900, 7000);
		lab_data(lab, 0, "decoy");
		assert_noted(lab, STREAM_PKT_INVALID_TIMESTAMP);
		set_timestamp(lab, 999, 7000);
		lab_data(lab, 0, "D");
		assert_int_equal(lab_noted(lab, STREAM_PKT_INVALID_TIMESTAMP), p != TCP_POLICY_LINUX);
		set_timestamp(lab, 1001, 7000);
		lab_data(lab, p == TCP_POLICY_LINUX, "real");
		lab_expect(lab, C, p == TCP_POLICY_LINUX ? "Dreal" : "real");
		lab_close(lab);
	}
}

// The clock by which a timestamp grows old (24 days) is the same for data in order and for the handshake.
static void old_timestamp_is_refused_after_data_and_taken_after_24_days(void **state)
{
	struct lab *lab = lab_open();

	set_timestamp(lab, 1000, 0);
	lab_send(lab, C, SYN, -1, 0, "");
	set_timestamp(lab, 7000, 1000);
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	set_timestamp(lab, 1000, 7000);
	lab_send(lab, C, ACK, 0, 0, "");
	set_timestamp(lab, 2000, 7000);
	lab_data(lab, 0, "data ");
	set_timestamp(lab, 1500, 7000);
	lab_data(lab, 5, "decoy");
	refused_quietly(lab, STREAM_PKT_INVALID_TIMESTAMP);
	struct packet *p = lab_raw(lab, C, ACK, lab->isn[C] + 6, lab->isn[S] + 1, "later", 5);
	p->ts_ns += UINT64_C(25) * 86400 * 1000000000;
	tcp_stream_only(lab);
	lab_expect(lab, C, "data later");
	lab_close(lab);
}

// A SYN sent again carries a new timestamp; its answer may echo either.
static void repeated_syn_may_be_answered_by_either_timestamp(void **state)
{
	for (uint32_t echo = 1000; echo <= 2000; echo += 1000) {
		struct lab *lab = lab_open();
		set_timestamp(lab, 1000, 0);
		lab_send(lab, C, SYN, -1, 0, "");
		set_timestamp(lab, 2000, 0);
		lab_send(lab, C, SYN, -1, 0, "");
		set_timestamp(lab, 7000, echo);
		lab_send(lab, S, SYN | ACK, -1, 0, "");
		set_timestamp(lab, 2001, 7000);
		lab_send(lab, C, ACK, 0, 0, "hello");
		assert_quiet(lab);
		lab_expect(lab, C, "hello");
		lab_close(lab);
	}
}

static void set_option(struct lab *lab, const uint8_t *opt, uint32_t len)
{
	memcpy(lab->opts, opt, len);
	lab->opts_len = len;
}

// RFC 7323 section 2.3: a shift above 14 counts as 14, and windows of a gigabyte are held to caps.
static void window_scale_above_14_counts_as_14(void **state)
{
	struct lab *lab = lab_open();
	struct tcp_session_info info;

	set_option(lab, (uint8_t[]){3, 3, 250}, 3);
	lab_send(lab, C, SYN, -1, 0, "");
	assert_noted(lab, STREAM_WRONG_WINDOW_SCALE);
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab->opts_len = 0;
	lab_send(lab, C, ACK, 0, 0, "");
	tcp_session_info(lab_cold(lab), &info);
	assert_int_equal(info.side[C].wscale, 14);
	assert_int_equal(info.side[S].window, 65535u << 14);
	lab_close(lab);
}

// RFC 9293 section 3.4 lets data ride on a SYN; hosts without fast open ignore it, as the ACK shows.
static void data_on_syn_counts_only_when_acknowledged(void **state)
{
	for (int taken = 0; taken < 2; taken++) {
		struct lab *lab = lab_open();
		lab_send(lab, C, SYN, -1, 0, "hello");
		assert_noted(lab, STREAM_PKT_DATA_ON_SYN);
		lab_abs(lab, S, SYN | ACK, lab->isn[S], lab->isn[C] + 1 + (taken ? 5 : 0), "", 0);
		lab_send(lab, C, ACK, taken ? 5 : 0, 0, "");
		lab_data(lab, taken ? 5 : 0, "world");
		lab_expect(lab, C, taken ? "helloworld" : "world");
		lab_close(lab);
	}
}

// RFC 7413: with the fast open option the server may take the data at once, or leave it.
static void fast_open_data_is_taken_or_named(void **state)
{
	for (int taken = 0; taken < 2; taken++) {
		struct lab *lab = lab_open();
		set_option(lab, (uint8_t[]){34, 6, 1, 2, 3, 4}, 6);
		lab_send(lab, C, SYN, -1, 0, "GET /");
		assert_false(lab_noted(lab, STREAM_PKT_DATA_ON_SYN));
		lab->opts_len = 0;
		lab_abs(lab, S, SYN | ACK, lab->isn[S], lab->isn[C] + 1 + (taken ? 5 : 0), "", 0);
		assert_int_equal(lab_noted(lab, STREAM_3WHS_SYNACK_TFO_DATA_IGNORED), !taken);
		lab_send(lab, C, ACK, taken ? 5 : 0, 0, "");
		lab_data(lab, taken ? 5 : 0, taken ? " more" : "GET / more");
		lab_expect(lab, C, "GET / more");
		lab_close(lab);
	}
}

static void urgent(int policy, const char *expected, uint32_t gaps)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = malloc(sizeof(*lab));

	cfg.urgent_policy = policy;
	lab_open_with(lab, &cfg);
	lab_handshake(lab);
	lab->urgent = 3;
	lab_send(lab, C, ACK | URG, 0, 0, "abXcd");
	lab->urgent = 0;
	lab_data(lab, 5, "ef");
	lab_expect(lab, C, expected);
	assert_int_equal(lab->seen[C].gaps, gaps);
	assert_int_equal(lab_noted(lab, STREAM_PKT_URGENT_POINTER), 0);
	lab_close(lab);
}

// RFC 6093 section 3: the byte before the pointer is in line, or it is out of band.
static void urgent_byte_follows_the_policy(void **state)
{
	urgent(TCP_URGENT_INLINE, "abXcdef", 0);
	urgent(TCP_URGENT_OOB, "abcdef", 0);
	urgent(TCP_URGENT_GAP, "ab?cdef", 1);
	urgent(TCP_URGENT_DROP, "", 0);
}

static void urgent_limit_is_named(void **state)
{
	struct tcp_stream_config cfg = lab_config();
	struct lab *lab = malloc(sizeof(*lab));

	cfg.urgent_policy = TCP_URGENT_OOB;
	cfg.urgent_oob_limit = 2;
	lab_open_with(lab, &cfg);
	lab_handshake(lab);
	lab->urgent = 1;
	for (uint32_t i = 0; i < 3; i++) {
		lab_send(lab, C, ACK | URG, i, 0, "X");
		assert_int_equal(lab_noted(lab, STREAM_REASSEMBLY_URGENT_OOB_LIMIT_REACHED), i == 2);
	}
	lab_close(lab);
}

// Each host is judged by its own list, the narrowest first.
static void host_lists_choose_the_policy(void **state)
{
	struct tcp_stream_config cfg = lab_config();
	struct addr_set *all = addr_set_parse("0.0.0.0/0", NULL, NULL), *one = addr_set_parse("10.0.0.2", NULL, NULL);
	struct lab *lab = malloc(sizeof(*lab));
	struct tcp_session_info info;

	cfg.hosts[TCP_POLICY_WINDOWS] = all;
	cfg.hosts[TCP_POLICY_LAST] = one;
	lab_open_with(lab, &cfg);
	lab_handshake(lab);
	tcp_session_info(lab_cold(lab), &info);
	assert_int_equal(info.side[C].policy, TCP_POLICY_LAST); // 10.0.0.2 reads what the client sends
	assert_int_equal(info.side[S].policy, TCP_POLICY_WINDOWS);
	lab_close(lab);
	addr_set_free(all);
	addr_set_free(one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overlap_is_settled_as_each_host_does),
		cmocka_unit_test(retransmission_with_other_content_changes_nothing_delivered),
		cmocka_unit_test(segment_beyond_the_window_is_refused),
		cmocka_unit_test(segment_with_an_impossible_acknowledgement_is_refused),
		cmocka_unit_test(segment_without_ack_flag_is_refused),
		cmocka_unit_test(reset_out_of_window_does_not_close),
		cmocka_unit_test(reset_inside_the_window_closes_only_some_hosts),
		cmocka_unit_test(fin_out_of_window_does_not_end_the_stream),
		cmocka_unit_test(keep_alive_garbage_is_no_data),
		cmocka_unit_test(zero_window_probe_is_followed),
		cmocka_unit_test(one_byte_segments_are_not_overwritten),
		cmocka_unit_test(old_timestamp_is_refused),
		cmocka_unit_test(old_timestamp_is_refused_after_data_and_taken_after_24_days),
		cmocka_unit_test(repeated_syn_may_be_answered_by_either_timestamp),
		cmocka_unit_test(window_scale_above_14_counts_as_14),
		cmocka_unit_test(data_on_syn_counts_only_when_acknowledged),
		cmocka_unit_test(fast_open_data_is_taken_or_named),
		cmocka_unit_test(urgent_byte_follows_the_policy),
		cmocka_unit_test(urgent_limit_is_named),
		cmocka_unit_test(host_lists_choose_the_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
