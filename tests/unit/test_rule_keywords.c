// Every keyword that a packet can answer: a payload or header that matches, one that just does not.
#include "rule_bench.h"

struct row {
	const char *options;  // of "alert udp any any -> any any"
	const char *yes, *no; // payloads
};

static const struct row rows[] = {
	{"content:\"abc\";", "xxabcxx", "xxab cxx"},
	{"content:\"|61 62|c|3b|\";", "abc;", "abc:"},
	{"content:\"a\\;b\\\"c\\\\\";", "a;b\"c\\", "a;bc"},
	{"content:\"AbC\"; nocase;", "xaBcx", "xaBBcx"},
	{"content:!\"abc\"; content:\"x\";", "xab", "xabc"},
	{"content:\"abc\"; offset:2;", "xxabc", "xabc"},
	{"content:\"abc\"; depth:4;", "xabc", "xxabc"},
	{"content:\"abc\"; offset:2; depth:4;", "xxxabc", "xxxxabc"},
	{"content:\"a\"; content:\"b\"; distance:2;", "axxb", "axb"},
	{"content:\"a\"; content:\"b\"; within:2;", "axb", "axxb"},
	{"content:\"a\"; content:\"b\"; distance:1; within:1;", "a.a-b", "a..b"},
	{"content:\"foo2\"; content:\"bar\"; distance:-8; within:4;", "bar foo2", "bar xfoo2"},
	{"content:\"GET\"; startswith;", "GET /", " GET /"},
	{"content:\"end\"; endswith;", "the end", "the end."},
	{"content:\"abc\"; fast_pattern;", "abc", "ab"},
	{"content:\"abc\"; fast_pattern:only;", "abc", "ab"},
	{"content:\"abcdef\"; fast_pattern:1,3;", "abcdef", "bcd"},
	{"content:\"abc\"; rawbytes;", "abc", "ab"},
	{"content:\"abc\"; replace:\"xyz\";", "abc", "ab"},
	{"content:\"id=\"; isdataat:3,relative;", "id=123", "id=12"},
	{"content:\"id\"; isdataat:!1,relative;", "the id", "the id."},
	{"isdataat:4;", "12345", "1234"},
	{"udp.hdr; bsize:8; pkt_data; content:\"a\";", "a", "b"},
	{"udp.hdr; bsize:6<>9; pkt_data; content:\"a\";", "a", "b"},
	{"dsize:4;", "1234", "123"},
	{"dsize:<4;", "123", "1234"},
	{"dsize:2<>5;", "1234", "12"},
	{"dsize:!4;", "123", "1234"},
	{"dsize:2-5;", "123", "12"}, // both ends are left out, however a range is spelled
	{"dsize:2-5;", "1234", "12345"},
	{"udp.hdr; bsize:7-9; pkt_data; content:\"a\";", "a", "b"},
	{"ttl:63-65; content:\"a\";", "a", "b"},
	{"pcre:\"/id=\\d+$/\";", "id=12", "id=12x"},
	{"pcre:\"/ABC/i\";", "abc", "abd"},
	{"pcre:!\"/abc/\";", "abd", "abc"},
	{"content:\"id=\"; pcre:\"/^\\d/R\";", "id=x id=1", "id=x id= 1"},
	{"byte_test:2,=,12849,0;", "21xx", "22xx"},
	{"byte_test:2,=,12849,0,little,big;", "21xx", "12xx"}, // the later counts
	{"byte_test:3,>,122,0,string,dec;", "123", "122"},
	{"byte_test:1,!&,1,0;", "2", "3"},
	{"byte_test:1,=,3,0,bitmask 0x0f;", "3", "4"},
	{"byte_jump:1,0,string,dec; content:\"x\"; distance:0; within:1;", "3abcx", "2abcx"},
	{"byte_jump:1,0,string,dec,from_beginning; content:\"x\"; distance:0; within:1;", "3abxc", "3abcx"},
	{"byte_jump:1,0,string,dec,multiplier 2; content:\"x\"; distance:0; within:1;", "1abx", "1axb"},
	{"byte_jump:0,0,from_end,post_offset -3; content:\"end\"; distance:0; within:3;", "the end", "the ende"},
	{"byte_jump:2,3,string,dec; content:\"x\"; distance:0; within:1;", "abx-3", "axb-3"}, // a way back
	{"byte_jump:1,0,string,dec; isdataat:!1,relative;", "3abc", "2abc"},                  // to the end, not past it
	{"byte_jump:1,0,string,dec; content:!\"zz\";", "3abc", "4abc"},
	{"byte_jump:1,0,string,dec,post_offset -9; content:\"3\"; distance:0; within:1;", "3abc",
		"4abc"}, // never before the beginning
	{"content:\"n=\"; byte_jump:0,0,relative,string,dec; content:\"x\"; distance:0; within:1;", "n=10..........x",
		"n=10.........x"},
	{"content:\"a\"; byte_extract:1,0,n,relative,string,dec; byte_test:1,=,n,0,string,dec;", "3a1a3",
		"3a1a2"}, // tries the next a
	{"base64_decode; base64_data; content:\"sec\"; bsize:3;", "c2Vj-cmV0",
		"-c2Vj"},                                    // up to the first other character
	{"base64_decode; base64_data; bsize:1;", "a%", "a"}, // one character alone counts before another that ends it
	{"base64_decode; base64_data; content:\"|69 b0|\"; bsize:2;", "ab=", "ab"}, // padding of what is left is zeros
	{"base64_decode; base64_data; bsize:4;", "abcde!", "abcde"},
	{"base64_decode; base64_data; content:\"secret\";", "arg=c2VjcmV0", "arg!c2VjcmV0"}, // '=' is padding anywhere
	{"byte_extract:1,0,n,string,dec; content:\"x\"; offset:n;", "3abx", "4abx"},
	{"byte_extract:1,0,n,string,dec; content:\"x\"; depth:n;", "3ax", "2ax"},
	{"byte_extract:1,0,n,string,dec; byte_test:1,=,n,1,string,dec;", "33", "34"},
	{"byte_extract:1,0,n,string,dec; content:\"a\"; isdataat:!n,relative;", "3axx", "2axx"},
	{"byte_math:bytes 1, offset 0, oper +, rvalue 1, result r, string dec; content:\"x\"; offset:r;", "2abx",
		"3abx"},
	{"byte_math:bytes 1, offset 0, oper *, rvalue 2, result r, string dec; byte_test:1,=,r,1,string,dec;", "24",
		"25"},
	{"byte_math:bytes 1, offset 0, oper <<, rvalue 1, result r, string dec; byte_test:1,=,r,1,string,dec;", "36",
		"35"},
	{"byte_math:bytes 1, offset 0, oper /, rvalue 2, result r, string dec; byte_test:1,=,r,1,string,dec;", "63",
		"62"},
	{"byte_extract:1,0,n,string,dec; byte_math:bytes n, offset 0, oper -, rvalue 48, result r; "
	 "byte_test:1,=,r,0,string,dec;",
		"1", "0"}, // no bytes are no number
	// a variable is 32 bits wide where it places a content, and a place before the beginning has no end
	{"byte_math:bytes 1, offset 0, oper -, rvalue 9, result r, string dec; content:\"x\"; distance:r;", "5x", "5y"},
	{"byte_math:bytes 1, offset 0, oper -, rvalue 9, result r, string dec; content:\"x\"; within:r;", "5ax", "5ay"},
	{"content:\"-\"; byte_extract:1,0,n,relative,string,dec; content:\"x\"; depth:n;", "x-0-1", "x-0-0"},
	{"content:\"X\"; base64_decode:relative; base64_data; content:\"secret\";", "Xc2VjcmV0", "X!Xc2VjcmV0"},
	{"content:\"b64:\"; base64_decode:relative; base64_data; content:\"secret\";", "b64:c2VjcmV0", "b64:c2VjcmVU"},
	{"base64_decode:bytes 8, offset 2; base64_data; content:\"secret\";", "--c2VjcmV0", "-c2VjcmV0x"},
	{"entropy:value > 2;", "abcdefgh", "aaaabbbb"},
	{"asn1:oversize_length 4, absolute_offset 0;",
		"\x04\x05"
		"aaaaa",
		"\x04\x03"
		"aaa"},
	{"asn1:oversize_length 4, absolute_offset 0;", "\xa1\x02\x09\x09\x09\x05zzzzz",
		"\x30\x02\x09\x09\x09\x05zzzzz"}, // only what is within a SEQUENCE or SET has to fit
	{"asn1:oversize_length 4, absolute_offset 0;", "\x01\x01z\x09\x05zzzzz", "\x01\x02zz\x09\x05zzzzz"},
	{"asn1:oversize_length 4, absolute_offset 0;", "\x16\x02zz\x09\x05zzzzz", "\x16\x02\xff\xff\x09\x05zzzzz"},
	{"asn1:oversize_length 4, absolute_offset 0;", "\x0c\x02\xc3\xa4\x09\x05zzzzz", "\x0c\x02\xc3z\x09\x05zzzzz"},
	{"asn1:oversize_length 4, absolute_offset 0;", "\x12\x02\x31\x32\x09\x05zzzzz", "\x12\x02zz\x09\x05zzzzz"},
	{"asn1:bitstring_overflow, absolute_offset 0;",
		"\x03\x02\x40"
		"a",
		"\x03\x02\x07"
		"a"},
	{"ipv4.hdr; content:\"|11|\"; offset:9; depth:1; pkt_data; content:\"a\";", "a", "b"},
	{"udp.hdr; content:\"|27 0f|\"; offset:2; depth:2; pkt_data; content:\"a\";", "a", "b"},
	{"ttl:64; content:\"a\";", "a", "b"},
	{"ttl:<65; content:\"a\";", "a", "b"},
	{"tos:0; content:\"a\";", "a", "b"},
	{"id:4660; content:\"a\";", "a", "b"},
	{"fragbits:D; content:\"a\";", "a", "b"},
	{"fragoffset:0; content:\"a\";", "a", "b"},
	{"l3_proto:ipv4; content:\"a\";", "a", "b"},
	{"vlan.layers:0; content:\"a\";", "a", "b"},
	{"flow:to_server; content:\"a\";", "a", "b"},
	{"flow:not_established; content:\"a\";", "a", "b"},
	{"flow:stateless,no_frag; content:\"a\";", "a", "b"},
	{"flow.age:<5; content:\"a\";", "a", "b"},
	{"flow.pkts:toserver,1; content:\"a\";", "a", "b"},
	{"ttl:64; prefilter; content:\"a\";", "a", "b"},
};

// Rules on header fields that these packets do not have.
static const char *const never[] = {"ttl:>64;", "ttl:63;", "tos:8;", "id:1;", "fragbits:M;", "fragoffset:>0;",
	"ttl:64-67;", "ttl:61-64;", "ip_proto:6;", "l3_proto:ipv6;", "vlan.id:5;", "vlan.layers:>0;", "ipopts:any;",
	"sameip;", "flow:to_client;", "flow:established;", "flow:only_frag;", "flow.age:>5;", "flowbits:isset,x;",
	"flowint:xx,isset;", "xbits:isset,x,track ip_src;", "hostbits:isset,x,src;", "flowvar:x,\"a\";",
	"rpc:100000,*,*;", "udp.hdr; content:\"zz\";", "ip.src; content:\"zz\";"};

static void run_row(const struct row *r)
{
	char rule[1024];
	snprintf(rule, sizeof(rule), "alert udp any any -> any any (%s sid:1;)\n", r->options);
	struct rule_bench *b = bench_open(rule);
	bench_say(b, CLIENT, r->yes);
	if (bench_count(b, 1) != 1)
		fail_msg("%s: no alert on \"%s\"", r->options, r->yes);
	bench_close(b);
	b = bench_open(rule);
	bench_say(b, CLIENT, r->no);
	if (bench_count(b, 1))
		fail_msg("%s: an alert on \"%s\"", r->options, r->no);
	bench_close(b);
}

static void every_keyword_matches_what_it_says_and_not_its_neighbour(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		run_row(&rows[i]);
}

static void keywords_on_absent_fields_never_match(void **state)
{
	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++) {
		char rule[512];
		snprintf(rule, sizeof(rule), "alert ip any any -> any any (%s sid:1;)\n", never[i]);
		struct rule_bench *b = bench_open(rule);
		bench_say(b, CLIENT, "abcdefghijklmnopqrstuvwxyz0123456789");
		if (b->n)
			fail_msg("%s alerted", never[i]);
		bench_close(b);
	}
}

static void tcp_keywords_read_the_header(void **state)
{
	struct rule_bench *b = bench_open(
		"alert tcp any any -> any any (flags:S; sid:1;)\n"
		"alert tcp any any -> any any (flags:SA; sid:2;)\n"
		"alert tcp any any -> any any (flags:A+; sid:3;)\n"
		"alert tcp any any -> any any (flags:*SF; sid:4;)\n"
		"alert tcp any any -> any any (flags:!S; sid:5;)\n"
		"alert tcp any any -> any any (seq:1000; sid:6;)\n"
		"alert tcp any any -> any any (ack:1001; sid:7;)\n"
		"alert tcp any any -> any any (window:65280; sid:8;)\n"
		"alert tcp any any -> any any (tcp.mss:>1; sid:9;)\n"
		"alert tcp any any -> any any (tcp.hdr; content:\"|50 02|\"; offset:12; depth:2; sid:10;)\n");
	static const size_t want[] = {1, 1, 2, 2, 0, 1, 1, 3, 0, 1};
	bench_handshake(b);
	for (uint32_t i = 0; i < 10; i++)
		if (bench_count(b, i + 1) != want[i])
			fail_msg("sid %u: %zu alerts, expected %zu", i + 1, bench_count(b, i + 1), want[i]);
	bench_close(b);
}

// Suricata's own rules write out two names that EVE shortens.
static void stream_events_go_by_either_name(void **state)
{
	struct rule_bench *b = bench_open(
		"alert tcp any any -> any any (stream-event:3whs_synack_resend_with_different_ack; sid:1;)\n"
		"alert tcp any any -> any any (stream-event:3whs_synack_resend_with_diff_ack; sid:2;)\n"
		"alert tcp any any -> any any (stream-event:est_synack_resend_with_different_ack; sid:3;)\n");
	bench_tcp(b, CLIENT, 0x02, NULL, 0);
	bench_tcp(b, SERVER, 0x12, NULL, 0);
	b->tcp_seq[CLIENT] += 7;
	bench_tcp(b, SERVER, 0x12, NULL, 0);
	assert_int_equal(bench_count(b, 1), 1);
	assert_int_equal(bench_count(b, 2), 1);
	assert_int_equal(bench_count(b, 3), 0);
	bench_close(b);
}

static void icmp_keywords_read_the_header(void **state)
{
	struct rule_bench *b =
		bench_open("alert icmp any any -> any any (itype:8; sid:1;)\n"
			   "alert icmp any any -> any any (icode:0; sid:2;)\n"
			   "alert icmp any any -> any any (icmp_id:258; sid:3;)\n"
			   "alert icmp any any -> any any (icmp_seq:772; sid:4;)\n"
			   "alert icmp any any -> any any (icmp_seq:773; sid:5;)\n"
			   "alert icmp any any -> any any (itype:<8; sid:6;)\n"
			   "alert icmp any any -> any any (icmpv4.hdr; content:\"|08|\"; depth:1; sid:7;)\n"
			   "alert icmp any any -> any any (icmpv6.mtu:<1280; sid:8;)\n"
			   "alert icmp any any -> any any (content:\"ping\"; sid:9;)\n");
	static const uint8_t echo[] = {8, 0, 0, 0, 1, 2, 3, 4, 'p', 'i', 'n', 'g'};
	static const size_t want[] = {1, 1, 1, 1, 0, 0, 1, 0, 1};
	bench_ip(b, CLIENT, 1, echo, sizeof(echo));
	for (uint32_t i = 0; i < 9; i++)
		if (bench_count(b, i + 1) != want[i])
			fail_msg("sid %u: %zu alerts, expected %zu", i + 1, bench_count(b, i + 1), want[i]);
	bench_close(b);
}

static void transforms_change_the_buffer_before_it_is_tested(void **state)
{
	struct rule_bench *b = bench_open(
		"alert udp any any -> any any (udp.hdr; to_md5; bsize:16; sid:1;)\n"
		"alert udp any any -> any any (udp.hdr; to_sha1; bsize:20; sid:2;)\n"
		"alert udp any any -> any any (udp.hdr; to_sha256; bsize:32; sid:3;)\n"
		"alert udp any any -> any any (udp.hdr; xor:\"ff\"; content:\"|d8 f0|\"; offset:2; depth:2; sid:4;)\n"
		"alert udp any any -> any any (udp.hdr; dotprefix; content:\".\"; startswith; bsize:9; sid:5;)\n"
		"alert udp any any -> any any (udp.hdr; pcrexform:\"^..(..)\"; content:\"|27 0f|\"; bsize:2; sid:6;)\n"
		"alert udp any any -> any any (udp.hdr; to_md5; bsize:17; sid:7;)\n"
		"alert udp any any -> any any (udp.hdr; strip_whitespace; bsize:<9; sid:8;)\n"
		"alert udp any any -> any any (udp.hdr; to_lowercase; bsize:8; sid:9;)\n");
	static const size_t want[] = {1, 1, 1, 1, 1, 1, 0, 1, 1};
	bench_say(b, CLIENT, "x");
	for (uint32_t i = 0; i < 9; i++)
		if (bench_count(b, i + 1) != want[i])
			fail_msg("sid %u: %zu alerts, expected %zu", i + 1, bench_count(b, i + 1), want[i]);
	bench_close(b);
}

static void a_buffer_named_again_takes_transforms_of_its_own(void **state)
{
	struct rule_bench *b = bench_open("alert udp any any -> any any (udp.hdr; content:\"|27 0f|\"; udp.hdr; "
					  "xor:\"ff\"; content:\"|d8 f0|\"; sid:1;)\n"
					  "alert udp any any -> any any (udp.hdr; content:\"|d8 f0|\"; udp.hdr; "
					  "xor:\"ff\"; content:\"|d8 f0|\"; sid:2;)\n"
					  "alert udp any any -> any any (udp.hdr; content:\"|27 0f|\"; udp.hdr; "
					  "xor:\"ff\"; content:\"|27 0f|\"; sid:3;)\n");
	static const size_t want[] = {1, 0, 0};
	bench_say(b, CLIENT, "x");
	for (uint32_t i = 0; i < 3; i++)
		if (bench_count(b, i + 1) != want[i])
			fail_msg("sid %u: %zu alerts, expected %zu", i + 1, bench_count(b, i + 1), want[i]);
	bench_close(b);
}

static void a_captured_text_is_seen_by_later_rules_of_the_packet(void **state)
{
	struct rule_bench *b =
		bench_open("alert udp any any -> any any (pcre:\"/(?P<pkt_who>[a-z]+)=/\"; noalert; sid:1;)\n"
			   "alert udp any any -> any any (pktvar:who,\"bob\"; sid:2;)\n");
	bench_say(b, CLIENT, "a bob=");
	assert_int_equal(bench_count(b, 2), 1);
	bench_say(b, CLIENT, "a bib=");
	bench_say(b, CLIENT, "nothing");
	assert_int_equal(bench_count(b, 2), 1);
	bench_close(b);
}

static void flow_state_keywords_remember(void **state)
{
	struct rule_bench *b = bench_open(
		"alert udp any any -> any any (content:\"login\"; flowbits:set,in; sid:1;)\n"
		"alert udp any any -> any any (content:\"cmd\"; flowbits:isset,in; sid:2;)\n"
		"alert udp any any -> any any (content:\"cmd\"; flowbits:isset,out|in; sid:3;)\n"
		"alert udp any any -> any any (content:\"cmd\"; flowbits:isnotset,in; sid:4;)\n"
		"alert udp any any -> any any (content:\"bye\"; flowbits:unset,in; sid:5;)\n"
		"alert udp any any -> any any (content:\"cmd\"; flowint:tries,+,1; noalert; sid:6;)\n"
		"alert udp any any -> any any (content:\"cmd\"; flowint:tries,>,1; sid:7;)\n"
		"alert udp any any -> any any (content:\"login\"; xbits:set,seen,track ip_src,expire 10; sid:8;)\n"
		"alert udp any any -> any any (content:\"cmd\"; xbits:isset,seen,track ip_src; sid:9;)\n"
		"alert udp any any -> any any (content:\"login\"; hostbits:set,host,dst; sid:10;)\n"
		"alert udp any any -> any any (content:\"ok\"; hostbits:isset,host,src; sid:11;)\n"
		"alert udp any any -> any any (content:\"login\"; pcre:\"/login (?P<flow_user>[a-z]+)/\"; sid:12;)\n"
		"alert udp any any -> any any (content:\"cmd\"; flowvar:user,\"root\"; sid:13;)\n"
		"alert udp any any -> any any (content:\"cmd\"; flowbits:toggle,tog; noalert; sid:14;)\n"
		"alert udp any any -> any any (content:\"bye\"; flowbits:isset,tog; sid:15;)\n");
	static const size_t want[] = {1, 1, 1, 1, 1, 0, 1, 1, 2, 1, 1, 1, 2, 0, 1};
	bench_say(b, CLIENT, "login root");
	bench_say(b, SERVER, "ok");
	bench_say(b, CLIENT, "cmd");
	bench_say(b, CLIENT, "bye");
	bench_say(b, CLIENT, "cmd");
	b->now_ns += 20ull * 1000000000ull; // xbits expire
	b->sport++;                         // another flow remembers nothing of this one
	bench_say(b, CLIENT, "cmdx");
	size_t seen[15];
	for (uint32_t i = 0; i < 15; i++)
		seen[i] = bench_count(b, i + 1);
	seen[3]--; // the new flow has the bit not set either
	for (uint32_t i = 0; i < 15; i++)
		if (seen[i] != want[i])
			fail_msg("sid %u: %zu alerts, expected %zu", i + 1, seen[i], want[i]);
	bench_close(b);
}

struct state_row {
	const char *options[3]; // of the rules with sid 1, 2 and 3
	size_t third;           // how often the last one alerts on "one", "two", "six"
};

// What Suricata 7.0.10 answers to the same three packets of one flow.
static const struct state_row state_rows[] = {
	// what was never set counts as 0 on the right, compares with nothing on the left, and is not taken from
	{{"content:\"one\"; flowint:aa,=,5", "", "content:\"six\"; flowint:aa,>,bb"}, 1},
	{{"content:\"one\"; flowint:aa,=,5", "", "content:\"six\"; flowint:bb,<,aa"}, 0},
	{{"content:\"one\"; flowint:aa,=,bb", "", "content:\"six\"; flowint:aa,==,0"}, 1},
	{{"content:\"one\"; flowint:aa,+,aa", "", "content:\"six\"; flowint:aa,isset"}, 1},
	{{"content:\"one\"; flowint:aa,-,5", "", "content:\"six\"; flowint:aa,isset"}, 0},
	{{"content:\"one\"; flowint:aa,=,3", "content:\"two\"; flowint:aa,-,5",
		 "content:\"six\"; flowint:aa,==,4294967294"},
		1},
	// bits of a host are the same bits by either keyword; those of a pair are not
	{{"content:\"one\"; xbits:set,a,track ip_src", "", "content:\"six\"; hostbits:isset,a,src"}, 1},
	{{"content:\"one\"; hostbits:set,a,dst", "", "content:\"six\"; xbits:isset,a,track ip_dst"}, 1},
	{{"content:\"one\"; hostbits:set,a,dst", "content:\"two\"; xbits:unset,a,track ip_dst",
		 "content:\"six\"; hostbits:isset,a,dst"},
		0},
	{{"content:\"one\"; xbits:set,a,track ip_pair", "", "content:\"six\"; hostbits:isset,a"}, 0},
	// the later of noalert and alert counts
	{{"", "", "content:\"six\"; noalert; alert"}, 1},
	{{"", "", "content:\"six\"; flowbits:noalert; alert"}, 1},
	{{"", "", "content:\"six\"; alert; noalert"}, 0},
};

static void what_is_remembered_is_read_as_suricata_reads_it(void **state)
{
	static const char *const said[] = {"one", "two", "six"};
	for (size_t i = 0; i < sizeof(state_rows) / sizeof(*state_rows); i++) {
		char rules[1024] = "";
		for (int k = 0; k < 3; k++) {
			const char *o = state_rows[i].options[k];
			size_t at = strlen(rules);
			if (*o)
				snprintf(rules + at, sizeof(rules) - at, "alert udp any any -> any any (%s; sid:%d;)\n",
					o, k + 1);
		}
		struct rule_bench *b = bench_open(rules);
		for (int k = 0; k < 3; k++)
			bench_say(b, CLIENT, said[k]);
		if (bench_count(b, 3) != state_rows[i].third)
			fail_msg("%s: %zu alerts", rules, bench_count(b, 3));
		bench_close(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_keyword_matches_what_it_says_and_not_its_neighbour),
		cmocka_unit_test(keywords_on_absent_fields_never_match),
		cmocka_unit_test(tcp_keywords_read_the_header),
		cmocka_unit_test(stream_events_go_by_either_name),
		cmocka_unit_test(icmp_keywords_read_the_header),
		cmocka_unit_test(transforms_change_the_buffer_before_it_is_tested),
		cmocka_unit_test(a_buffer_named_again_takes_transforms_of_its_own),
		cmocka_unit_test(a_captured_text_is_seen_by_later_rules_of_the_packet),
		cmocka_unit_test(flow_state_keywords_remember),
		cmocka_unit_test(what_is_remembered_is_read_as_suricata_reads_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
