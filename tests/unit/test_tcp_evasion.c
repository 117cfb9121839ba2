// The evasion matrix: every trick beside overlaps (test_tcp_policy.c), for every host policy. All hosts agree on what
// these make of the stream; the source stands at each row.
#include "tests/unit/tcp_lab.h"

#define ECE 0x40
#define CWR 0x80

static void options(struct lab *lab, const uint8_t *bytes, uint32_t len)
{
	memcpy(lab->opts, bytes, len);
	lab->opts_len = len;
}

static void syn_data_left(struct lab *lab)
{
	lab_send(lab, C, SYN, -1, 0, "decoy");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_send(lab, C, ACK, 0, 0, "");
	lab_data(lab, 0, "world");
}

static void syn_data_taken(struct lab *lab)
{
	lab_send(lab, C, SYN, -1, 0, "hello");
	lab_send(lab, S, SYN | ACK, -1, 5, "");
	lab_data(lab, 5, "world");
}

static void fast_open(struct lab *lab)
{
	options(lab, (uint8_t[]){34, 6, 1, 2, 3, 4}, 6);
	lab_send(lab, C, SYN, -1, 0, "GET /");
	lab->opts_len = 0;
	lab_send(lab, S, SYN | ACK, -1, 5, "");
	lab_data(lab, 5, " more");
}

static void other_syn_answered(struct lab *lab)
{
	lab_send(lab, C, SYN, 4999, 0, "");
	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_send(lab, C, ACK, 0, 0, "");
	lab_data(lab, 5000, "decoy");
	lab_data(lab, 0, "real");
}

static void other_syn_ack_taken(struct lab *lab)
{
	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, 777, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_send(lab, C, ACK, 0, 0, "");
	lab_send(lab, S, ACK, 0, 0, "banner");
}

static void simultaneous_open(struct lab *lab)
{
	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN, -1, 0, "");
	lab_send(lab, C, SYN | ACK, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_data(lab, 0, "abc");
	lab_send(lab, S, ACK, 0, 3, "xyz");
}

static void ecn(struct lab *lab)
{
	lab_send(lab, C, SYN | ECE | CWR, -1, 0, "");
	lab_send(lab, S, SYN | ACK | ECE, -1, 0, "");
	lab_send(lab, C, ACK, 0, 0, "");
	lab_send(lab, C, ACK | CWR, 0, 0, "abc");
	lab_send(lab, S, ACK | ECE, 0, 3, "xyz");
}

// A scale that only one side offers scales nothing: what lies beyond 64 KiB is refused.
static void lone_window_scale(struct lab *lab)
{
	options(lab, (uint8_t[]){3, 3, 14}, 3);
	lab_send(lab, C, SYN, -1, 0, "");
	lab->opts_len = 0;
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab_send(lab, C, ACK, 0, 0, "");
	lab_data(lab, 70000, "decoy");
	lab_data(lab, 0, "near");
}

// Both sides say 64 KiB scaled by more than can be: it counts as 14, and what lies beyond that gigabyte is refused.
static void window_scale_lies(struct lab *lab)
{
	options(lab, (uint8_t[]){3, 3, 255}, 3);
	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, "");
	lab->opts_len = 0;
	lab_send(lab, C, ACK, 0, 0, "");
	lab_send(lab, S, ACK, 0, 0, "");
	lab_data(lab, 65535u << 14, "decoy");
	lab_data(lab, 0, "near");
}

static void unreadable_options(struct lab *lab)
{
	lab_handshake(lab);
	options(lab, (uint8_t[]){4, 137, 2, 4}, 4);
	lab_data(lab, 0, "attack");
}

static void wrong_checksum(struct lab *lab)
{
	lab_handshake(lab);
	lab_raw(lab, C, ACK, lab->isn[C] + 1, lab->isn[S] + 1, "decoy", 5)->flags |= PKT_BAD_L4_CSUM;
	lab_run(lab);
	lab_data(lab, 0, "real");
}

static void stale_segment(struct lab *lab)
{
	lab_handshake(lab);
	lab_data(lab, 0, "abc");
	lab_send(lab, S, ACK, 0, 3, "");
	lab_send(lab, C, ACK, -100, 0, "decoy");
	lab_data(lab, 3, "def");
}

static void impossible_acknowledgement(struct lab *lab)
{
	lab_handshake(lab);
	lab_data(lab, 2, "c");
	lab_send(lab, S, ACK, 0, 200000, ""); // would give the hole up
	lab_data(lab, 0, "ab");
}

static void reset_with_text(struct lab *lab)
{
	lab_handshake(lab);
	lab_data(lab, 0, "one");
	lab_send(lab, C, RST | ACK, 3, 0, "decoy");
}

static void reset_of_somebody_else(struct lab *lab)
{
	lab_handshake(lab);
	lab_data(lab, 0, "one ");
	lab_send(lab, C, RST, 4, 0, "");
	lab_send(lab, C, ACK, 4, 0, "two");
}

static void data_behind_fin(struct lab *lab)
{
	lab_handshake(lab);
	lab_send(lab, C, FIN | ACK, 0, 0, "one");
	lab_send(lab, S, ACK, 0, 4, "");
	lab_data(lab, 4, "decoy");
	lab_send(lab, C, ACK, 3, 0, "XX");
}

static void fin_before_a_hole(struct lab *lab)
{
	lab_handshake(lab);
	lab_send(lab, C, FIN | ACK, 3, 0, "def");
	lab_data(lab, 0, "abc");
}

static void urgent_in_line(struct lab *lab)
{
	lab_handshake(lab);
	lab->urgent = 3;
	lab_send(lab, C, ACK | URG, 0, 0, "abXcd");
}

static void acknowledged_hole(struct lab *lab)
{
	lab_handshake(lab);
	lab_data(lab, 0, "abc");
	lab_data(lab, 6, "def");
	lab_send(lab, S, ACK, 0, 9, "");
	lab_data(lab, 3, "xyz");
}

static void sequence_wrap(struct lab *lab)
{
	lab->isn[C] = UINT32_MAX - 2;
	lab_handshake(lab);
	lab_data(lab, 4, "ef");
	lab_data(lab, 0, "abcd");
}

static void time_backwards(struct lab *lab)
{
	lab->step_ns = -UINT64_C(1000000000);
	lab_handshake(lab);
	lab_data(lab, 3, "def");
	lab_data(lab, 0, "abc");
	lab_send(lab, S, ACK, 0, 6, "ok");
}

static void window_closed(struct lab *lab)
{
	lab_handshake(lab);
	lab_data(lab, 0, "abc");
	lab->win = 0;
	lab_send(lab, S, ACK, 0, 3, "");
	lab->win = 65535;
	lab_send(lab, S, ACK, 0, 3, "");
	lab_data(lab, 3, "def");
}

static void beyond_the_window(struct lab *lab)
{
	lab_handshake(lab);
	lab_data(lab, 70000, "decoy");
	lab_data(lab, 0, "real");
}

static void fin_out_of_window(struct lab *lab)
{
	lab_handshake(lab);
	lab_data(lab, 0, "abc");
	lab_send(lab, C, FIN | ACK, 200000, 0, "");
	lab_data(lab, 3, "def");
}

static void keep_alive_with_other_content(struct lab *lab)
{
	lab_handshake(lab);
	lab_data(lab, 0, "abc");
	lab_send(lab, S, ACK, 0, 3, "");
	lab_data(lab, 2, "X");
	lab_send(lab, S, ACK, 0, 3, "");
	lab_data(lab, 3, "def");
}

static void one_byte_segments(struct lab *lab)
{
	lab_handshake(lab);
	for (int i = 5; i > 0; i--)
		lab_data(lab, (uint32_t)i, (const char[]){(char)('a' + i), 0});
	lab_data(lab, 0, "a");
}

static void sent_again_with_other_content(struct lab *lab)
{
	lab_handshake(lab);
	lab_data(lab, 0, "abc");
	lab_data(lab, 0, "XYZdef");
}

static void stamp(struct lab *lab, uint8_t tsval)
{
	options(lab, (uint8_t[]){1, 1, 8, 10, 0, 0, 1, tsval, 0, 0, 1, 50}, 12);
}

static void old_timestamp(struct lab *lab)
{
	stamp(lab, 50);
	lab_handshake(lab);
	lab_data(lab, 0, "abc");
	stamp(lab, 40);
	lab_data(lab, 3, "XYZ");
	stamp(lab, 51);
	lab_data(lab, 3, "def");
}

static void syn_in_the_middle(struct lab *lab)
{
	lab_handshake(lab);
	lab_data(lab, 0, "abc");
	lab_send(lab, C, SYN, 50000, 0, "");
	lab_send(lab, S, SYN | ACK, 50000, 50001, "");
	lab_data(lab, 3, "def");
}

// What the first connection on these ports said is forgotten: the streams are those of the second.
static void again_on_these_ports(struct lab *lab)
{
	lab->isn[C] += 100000;
	lab->isn[S] += 100000;
	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, S, SYN | ACK, -1, 0, ""); // the first ends with the burst of the SYN
	memset(lab->seen, 0, sizeof(lab->seen));
	lab_send(lab, C, ACK, 0, 0, "");
	lab_data(lab, 0, "new");
	lab_send(lab, S, ACK, 0, 3, "yes");
}

static void ports_again_after_fin(struct lab *lab)
{
	lab_handshake(lab);
	lab_send(lab, C, FIN | ACK, 0, 0, "old");
	lab_send(lab, S, FIN | ACK, 0, 4, "");
	lab_send(lab, C, ACK, 4, 1, "");
	again_on_these_ports(lab);
}

static void ports_again_after_reset(struct lab *lab)
{
	lab_handshake(lab);
	lab_data(lab, 0, "old");
	lab_send(lab, C, RST, 3, 0, "");
	again_on_these_ports(lab);
}

static void without_handshake(struct lab *lab)
{
	lab_data(lab, 0, "abc");
	lab_send(lab, S, ACK, 0, 3, "xyz");
}

static void server_first(struct lab *lab)
{
	lab_send(lab, S, ACK, 0, 0, "banner");
	lab_send(lab, C, ACK, 0, 6, "user");
}

static void bytes_from_before_we_came(struct lab *lab)
{
	lab_data(lab, 10, "late");
	lab_data(lab, 5, "XXXXX");
	lab_data(lab, 14, "r");
}

static void client_alone(struct lab *lab)
{
	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, C, ACK, 0, 0, "");
	lab_data(lab, 0, "abc");
	lab_data(lab, 3, "def");
}

static void client_alone_elsewhere(struct lab *lab)
{
	lab_send(lab, C, SYN, -1, 0, "");
	lab_send(lab, C, ACK, 40, 0, "decoy");
	lab_send(lab, C, ACK, 0, 0, "real");
}

enum { MIDSTREAM = 1, ASYNC };

static const struct trick {
	const char *name, *source;
	void (*play)(struct lab *lab);
	const char *client, *server; // streams; a missing byte is '?'
	int pick_up;                 // stream.midstream, stream.async-oneside
} tricks[] = {
	{"segment beyond the window", "RFC 9293 3.10.7.4", beyond_the_window, "real", ""},
	{"FIN beyond the window", "RFC 5961 5", fin_out_of_window, "abcdef", ""},
	{"keep-alive with another byte", "RFC 9293 3.8.4", keep_alive_with_other_content, "abcdef", ""},
	{"one-byte segments, last first", "RFC 9293 3.10.7.4", one_byte_segments, "abcdef", ""},
	{"sent again with other content", "RFC 9293 3.10.7.4", sent_again_with_other_content, "abcdef", ""},
	{"timestamp older than the last", "RFC 7323 5", old_timestamp, "abcdef", ""},
	{"SYN and SYN/ACK in the middle", "RFC 5961 4", syn_in_the_middle, "abcdef", ""},
	{"ports again after FIN", "RFC 6191 2", ports_again_after_fin, "new", "yes"},
	{"ports again after RST", "RFC 9293 3.6.1", ports_again_after_reset, "new", "yes"},
	{"no handshake", "stream.midstream off", without_handshake, "", ""},
	{"no handshake, midstream", "stream.midstream", without_handshake, "abc", "xyz", MIDSTREAM},
	{"the server's segment first, midstream", "stream.midstream", server_first, "user", "banner", MIDSTREAM},
	{"bytes from before the first, midstream", "stream.midstream", bytes_from_before_we_came, "later", "",
		MIDSTREAM},
	{"one side", "stream.async-oneside off", client_alone, "", ""},
	{"one side, async", "stream.async-oneside", client_alone, "abcdef", "", ASYNC},
	{"one side, wrong sequence, async", "stream.async-oneside", client_alone_elsewhere, "real", "", ASYNC},
	{"data on a SYN that is not acknowledged", "RFC 9293 3.4", syn_data_left, "world", ""},
	{"data on a SYN that is acknowledged", "RFC 9293 3.4", syn_data_taken, "helloworld", ""},
	{"fast open", "RFC 7413 3", fast_open, "GET / more", ""},
	{"several SYNs, one is answered", "RFC 9293 3.10.7.3", other_syn_answered, "real", ""},
	{"several SYN/ACKs, one is taken", "RFC 9293 3.10.7.3", other_syn_ack_taken, "", "banner"},
	{"simultaneous open", "RFC 9293 figure 8", simultaneous_open, "abc", "xyz"},
	{"explicit congestion notification", "RFC 3168 6.1", ecn, "abc", "xyz"},
	{"window scale of one side only", "RFC 7323 2.2", lone_window_scale, "near", ""},
	{"window scale above 14 of both sides", "RFC 7323 2.3", window_scale_lies, "near", ""},
	{"options that cannot be read", "RFC 9293 3.1", unreadable_options, "attack", ""},
	{"wrong checksum", "RFC 9293 3.1", wrong_checksum, "real", ""},
	{"stale segment", "RFC 9293 3.10.7.4", stale_segment, "abcdef", ""},
	{"acknowledgement of what was never sent", "RFC 9293 3.10.7.4", impossible_acknowledgement, "abc", ""},
	{"RST with text", "RFC 9293 3.5.3", reset_with_text, "one", ""},
	{"RST of somebody else", "RFC 5961 3", reset_of_somebody_else, "one two", ""},
	{"data behind the FIN", "RFC 9293 3.10.7.4", data_behind_fin, "one", ""},
	{"FIN before a hole closes", "RFC 9293 3.10.7.4", fin_before_a_hole, "abcdef", ""},
	{"urgent pointer, in line", "RFC 6093 3", urgent_in_line, "abXcd", ""},
	{"hole that the receiver acknowledged", "we missed what it got", acknowledged_hole, "abc???def", ""},
	{"sequence numbers wrap", "RFC 9293 3.4", sequence_wrap, "abcdef", ""},
	{"time goes backwards", "the capture's fault", time_backwards, "abcdef", "ok"},
	{"window closes and opens", "RFC 9293 3.8.6", window_closed, "abcdef", ""},
};

static void every_trick_under_every_policy_gives_what_the_host_assembles(void **state)
{
	uint32_t wrong = 0;

	for (size_t i = 0; i < sizeof(tricks) / sizeof(tricks[0]); i++) {
		for (int p = 0; p < TCP_POLICY_COUNT; p++) {
			const struct trick *t = &tricks[i];
			struct tcp_stream_config cfg = lab_config();
			struct lab *lab = malloc(sizeof(*lab));
			assert_non_null(lab);
			cfg.default_policy = p;
			cfg.midstream = t->pick_up == MIDSTREAM;
			cfg.async_oneside = t->pick_up == ASYNC;
			lab_open_with(lab, &cfg);
			t->play(lab);
			bool same = lab->seen[C].len == strlen(t->client) && lab->seen[S].len == strlen(t->server) &&
				    !memcmp(lab->seen[C].bytes, t->client, lab->seen[C].len) &&
				    !memcmp(lab->seen[S].bytes, t->server, lab->seen[S].len);
			if (!same)
				print_error("%s (%s) under %s: '%.*s', '%.*s'\n", t->name, t->source,
					tcp_policy_names[p], (int)lab->seen[C].len, lab->seen[C].bytes,
					(int)lab->seen[S].len, lab->seen[S].bytes);
			wrong += !same;
			lab_close(lab);
		}
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_trick_under_every_policy_gives_what_the_host_assembles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
