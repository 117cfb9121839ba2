// Every keyword of the table has a row here: a rule that some packet of the scene matches, one that nearly does, and a
// malformed spelling that is refused. A keyword without a row fails the test.
#include "detectors/signature/rule_parse.h"
#include "rule_bench.h"

struct row {
	const char *keyword;
	const char *head;      // "udp": what stands before "any any -> any any"
	const char *yes, *no;  // options
	const char *malformed; // options that are refused; NULL: any spelling is accepted
};

// Keywords that have tests of their own instead: they need files beside the rules.
static const char *const elsewhere[] = {"iprep", "geoip", "datarep", "filemd5", "filesha1", "filesha256"};

static const struct row rows[] = {
	{"msg", "udp", "msg:\"a\\;b\"; content:\"GET\";", "msg:\"GET\"; content:\"PUT\";", "msg:GET;"},
	{"sid", "udp", "content:\"GET\";", "content:\"PUT\";", "sid:0;"},
	{"rev", "udp", "rev:2; content:\"GET\";", "rev:2; content:\"PUT\";", "rev:x;"},
	{"gid", "udp", "gid:1; content:\"GET\";", "gid:1; content:\"PUT\";", "gid:x;"},
	{"classtype", "udp", "classtype:misc-attack; content:\"GET\";", "classtype:misc-attack; content:\"PUT\";",
		"classtype;"},
	{"priority", "udp", "priority:1; content:\"GET\";", "priority:1; content:\"PUT\";", "priority:256;"},
	{"reference", "udp", "reference:url,a.org; content:\"GET\";", "reference:url,a.org; content:\"PUT\";",
		"reference:url;"},
	{"metadata", "udp", "metadata:a b, c d; content:\"GET\";", "metadata:a b; content:\"PUT\";", "metadata;"},
	{"target", "udp", "target:src_ip; content:\"GET\";", "target:dest_ip; content:\"PUT\";", "target:me;"},
	{"noalert", "udp", "content:\"GET\"; noalert; alert;", "content:\"GET\"; noalert;", "noalert:1;"},
	{"alert", "udp", "content:\"GET\"; alert;", "content:\"PUT\"; alert;", "alert:1;"},
	{"prefilter", "udp", "ttl:64; prefilter; content:\"GET\";", "ttl:63; prefilter; content:\"GET\";",
		"prefilter;"},
	{"requires", "udp", "requires:version >= 7; content:\"GET\";", "requires:version >= 99; content:\"GET\";",
		"requires:version 7;"},
	{"bypass", "udp", "content:\"GET\"; bypass;", "content:\"PUT\"; bypass;", "bypass:1;"},
	{"nfq_set_mark", "udp", "content:\"GET\"; nfq_set_mark:0x1/0x1;", "content:\"PUT\"; nfq_set_mark:0x1/0x1;",
		"nfq_set_mark;"},
	{"content", "udp", "content:\"GET|20|/abc\";", "content:\"GET|20 20|/abc\";", "content:\"|2|\";"},
	{"nocase", "udp", "content:\"get /ABC\"; nocase;", "content:\"get /ABD\"; nocase;",
		"content:\"a\"; nocase; nocase;"},
	{"offset", "udp", "content:\"abc\"; offset:5;", "content:\"abc\"; offset:6;", "content:\"a\"; offset:-1;"},
	{"depth", "udp", "content:\"abc\"; depth:8;", "content:\"abc\"; depth:7;", "content:\"abc\"; depth:2;"},
	{"distance", "udp", "content:\"GET\"; content:\"abc\"; distance:2;",
		"content:\"GET\"; content:\"abc\"; distance:3;", "content:\"a\"; distance:x;"},
	{"within", "udp", "content:\"GET\"; content:\"abc\"; within:5;", "content:\"GET\"; content:\"abc\"; within:4;",
		"content:\"abc\"; within:2;"},
	{"startswith", "udp", "content:\"GET\"; startswith;", "content:\"abc\"; startswith;",
		"content:\"a\"; offset:1; startswith;"},
	{"endswith", "udp", "content:\"cmV0\"; endswith;", "content:\"cmV\"; endswith;", "endswith;"},
	{"fast_pattern", "udp", "content:\"abc\"; fast_pattern:1,2;", "content:\"abd\"; fast_pattern:0,2;",
		"content:\"a\"; fast_pattern; content:\"b\"; fast_pattern;"},
	{"rawbytes", "udp", "content:\"GET\"; rawbytes;", "content:\"PUT\"; rawbytes;", "content:\"a\"; rawbytes:1;"},
	{"replace", "udp", "content:\"GET\"; replace:\"PUT\";", "content:\"PUT\"; replace:\"GET\";",
		"content:\"a\"; replace:b;"},
	{"isdataat", "udp", "content:\"id=\"; isdataat:3,relative;", "content:\"cmV0\"; isdataat:1,relative;",
		"isdataat:x;"},
	{"bsize", "udp", "udp.hdr; bsize:8;", "udp.hdr; bsize:>8;", "udp.hdr; bsize:x;"},
	{"dsize", "udp", "dsize:31;", "dsize:32;", "dsize:<0;"},
	{"base64_decode", "udp",
		"content:\"secret \"; base64_decode:bytes 8, relative; base64_data; content:\"secret\";",
		"content:\"secret\"; base64_decode:bytes 8, relative; base64_data; content:\"secret\";",
		"base64_decode:bytes x;"},
	{"base64_data", "udp", "base64_decode:offset 23; base64_data; content:\"secret\"; bsize:6;",
		"base64_decode:offset 23; base64_data; content:\"secret\"; bsize:7;", "base64_data;"},
	{"pkt_data", "udp", "udp.hdr; bsize:8; pkt_data; content:\"GET\";",
		"udp.hdr; bsize:8; pkt_data; content:\"PUT\";", "pkt_data:1;"},
	{"entropy", "udp", "content:\"GET\"; entropy:value > 3;", "content:\"GET\"; entropy:value > 7;",
		"entropy:bytes 1;"},
	{"asn1", "udp", "asn1:oversize_length 100, absolute_offset 0;", "asn1:oversize_length 127, absolute_offset 0;",
		"asn1:wrong;"},
	{"rpc", "udp", "rpc:100000,2,*;", "rpc:100000,3,*;", "rpc:x;"},
	{"pcre", "udp", "pcre:\"/id=\\d{3}\\s/\";", "pcre:\"/id=\\d{4}/\";", "pcre:\"/(/\";"},
	{"byte_test", "udp", "byte_test:3,=,123,12,string,dec;", "byte_test:3,>,123,12,string,dec;",
		"byte_test:1,>,2;"},
	{"byte_jump", "udp", "content:\"id=\"; byte_jump:1,0,relative,string,dec; content:\"3\"; distance:0; within:1;",
		"content:\"id=\"; byte_jump:1,0,relative,string,dec; content:\"2\"; distance:0; within:1;",
		"byte_jump:1;"},
	{"byte_extract", "udp",
		"content:\"id=\"; byte_extract:1,0,n,relative,string,dec; byte_test:1,>,n,13,string,dec;",
		"content:\"id=\"; byte_extract:1,0,n,relative,string,dec; byte_test:1,>,n,12,string,dec;",
		"byte_extract:1,0,n,bitmask 0x1;"},
	{"byte_math", "udp",
		"byte_math:bytes 1, offset 12, oper +, rvalue 1, result n, string dec; byte_test:1,=,n,13,string,dec;",
		"byte_math:bytes 1, offset 12, oper +, rvalue 2, result n, string dec; byte_test:1,=,n,13,string,dec;",
		"byte_math:bytes 1;"},
	{"ipv4.hdr", "ip", "ipv4.hdr; content:\"|46|\"; startswith;", "ipv4.hdr; content:\"|47|\"; startswith;",
		"ipv4.hdr;"},
	{"ipv6.hdr", "ip", "ipv6.hdr; content:\"|60|\"; startswith;", "ipv6.hdr; content:\"|61|\"; startswith;",
		"ipv6.hdr;"},
	{"tcp.hdr", "tcp", "tcp.hdr; content:\"|02 04 05 b4|\";", "tcp.hdr; content:\"|02 04 05 b5|\";", "tcp.hdr;"},
	{"udp.hdr", "udp", "udp.hdr; content:\"|27 0f|\"; offset:2;", "udp.hdr; content:\"|27 0e|\"; offset:2;",
		"udp.hdr;"},
	{"icmpv4.hdr", "icmp", "icmpv4.hdr; content:\"|08|\"; startswith;", "icmpv4.hdr; content:\"|09|\"; startswith;",
		"icmpv4.hdr;"},
	{"icmpv6.hdr", "icmp", "icmpv6.hdr; content:\"|02|\"; startswith;", "icmpv6.hdr; content:\"|03|\"; startswith;",
		"icmpv6.hdr;"},
	{"ip.src", "ip", "ip.src; content:\"|c0 a8 01 05|\";", "ip.src; content:\"|c0 a8 01 06|\";", "ip.src;"},
	{"ip.dst", "ip", "ip.dst; content:\"|c0 a8 01 05|\";", "ip.dst; content:\"|c0 a8 01 06|\";", "ip.dst;"},
	{"dotprefix", "udp", "udp.hdr; dotprefix; bsize:9;", "udp.hdr; dotprefix; bsize:8;", "dotprefix;"},
	{"to_lowercase", "tcp", "tcp.hdr; to_lowercase; content:\"|61|\"; offset:1; depth:1;",
		"tcp.hdr; to_lowercase; content:\"|62|\"; offset:1; depth:1;", "tcp.hdr; to_lowercase; content:\"A\";"},
	{"to_uppercase", "tcp", "tcp.hdr; to_uppercase; content:\"|5a|\"; offset:3; depth:1;",
		"tcp.hdr; to_uppercase; content:\"|59|\"; offset:3; depth:1;", "tcp.hdr; to_uppercase; content:\"a\";"},
	{"strip_whitespace", "tcp", "tcp.hdr; strip_whitespace; bsize:22;", "tcp.hdr; strip_whitespace; bsize:24;",
		"strip_whitespace;"},
	{"compress_whitespace", "tcp", "tcp.hdr; compress_whitespace; bsize:23;",
		"tcp.hdr; compress_whitespace; bsize:24;", "compress_whitespace;"},
	{"url_decode", "tcp", "tcp.hdr; url_decode; content:\"ABz\"; bsize:22;",
		"tcp.hdr; url_decode; content:\"%42\";", "url_decode;"},
	{"to_md5", "udp", "udp.hdr; to_md5; bsize:16;", "udp.hdr; to_md5; bsize:8;", "to_md5;"},
	{"to_sha1", "udp", "udp.hdr; to_sha1; bsize:20;", "udp.hdr; to_sha1; bsize:16;", "to_sha1;"},
	{"to_sha256", "udp", "udp.hdr; to_sha256; bsize:32;", "udp.hdr; to_sha256; bsize:20;", "to_sha256;"},
	{"header_lowercase", "tcp", "tcp.hdr; header_lowercase; content:\"%a\"; startswith;",
		"tcp.hdr; header_lowercase; content:\"%A\"; startswith;", "header_lowercase;"},
	{"strip_pseudo_headers", "tcp", "tcp.hdr; strip_pseudo_headers; bsize:0;",
		"tcp.hdr; strip_pseudo_headers; bsize:1;", "strip_pseudo_headers;"},
	{"from_base64", "tcp", "tcp.hdr; from_base64; content:\"ABCDEF\"; bsize:6;",
		"tcp.hdr; from_base64; content:\"QUJD\";", "from_base64;"},
	{"xor", "udp", "udp.hdr; xor:\"ff\"; content:\"|d8 f0|\"; offset:2;",
		"udp.hdr; xor:\"ff\"; content:\"|27 0f|\"; offset:2;", "udp.hdr; xor:\"f\"; content:\"a\";"},
	{"pcrexform", "udp", "udp.hdr; pcrexform:\"^..(..)\"; content:\"|27 0f|\"; bsize:2;",
		"udp.hdr; pcrexform:\"^..(..)\"; content:\"|27 0e|\";", "udp.hdr; pcrexform:\"ab\"; content:\"a\";"},
	{"flow", "tcp", "flow:established,to_client;", "flow:not_established,to_client; dsize:>0;", "flow:sideways;"},
	{"flow.age", "udp", "flow.age:<5;", "flow.age:>5;", "flow.age:x;"},
	{"flow.pkts", "udp", "flow.pkts:toclient,1;", "flow.pkts:toclient,>1;", "flow.pkts:1;"},
	{"flow.bytes", "udp", "flow.bytes:either,>30;", "flow.bytes:either,>3000;", "flow.bytes:up,1;"},
	{"flow.pkts_toserver", "udp", "flow.pkts_toserver:1;", "flow.pkts_toserver:>9;", "flow.pkts_toserver:x;"},
	{"flow.pkts_toclient", "udp", "flow.pkts_toclient:1;", "flow.pkts_toclient:>1;", "flow.pkts_toclient:x;"},
	{"flow.bytes_toserver", "udp", "flow.bytes_toserver:>30;", "flow.bytes_toserver:>3000;",
		"flow.bytes_toserver:x;"},
	{"flow.bytes_toclient", "udp", "flow.bytes_toclient:>0;", "flow.bytes_toclient:>3000;",
		"flow.bytes_toclient:x;"},
	{"stream_size", "tcp", "stream_size:client,=,11;", "stream_size:client,>,11;", "stream_size:client,6;"},
	{"flowbits", "udp", "flowbits:isnotset,a|b;", "flowbits:isset,a|b;", "flowbits:set;"},
	{"flowint", "udp", "flowint:tries,notset;", "flowint:tries,>,1;", "flowint:a;"},
	{"flowvar", "udp", "flowvar:who,\"id\";", "flowvar:who,\"ie\";", "flowvar:a;"},
	{"pktvar", "udp", "pktvar:who,\"id\";", "pktvar:whom,\"id\";", "pktvar:a;"},
	{"xbits", "udp", "xbits:set,a,track ip_src;", "xbits:isset,b,track ip_src;", "xbits:set,a,track ip_up;"},
	{"hostbits", "udp", "hostbits:set,a,src;", "hostbits:isset,b,src;", "hostbits:set,a,both;"},
	{"threshold", "udp", "content:\"GET\"; threshold:type limit,track by_src,count 1,seconds 9;",
		"content:\"GET\"; threshold:type threshold,track by_src,count 2,seconds 9;", "threshold:type limit;"},
	{"detection_filter", "ip", "detection_filter:track by_src,count 1,seconds 9; ttl:64;",
		"content:\"GET\"; detection_filter:track by_src,count 1,seconds 9;", "detection_filter:track by_src;"},
	{"tag", "udp", "content:\"GET\"; tag:session,5,packets;", "content:\"PUT\"; tag:session,5,packets;",
		"tag:all;"},
	{"ttl", "ip", "ttl:7;", "ttl:8;", "ttl:256;"},
	{"tos", "ip", "tos:16;", "tos:17;", "tos:300;"},
	{"id", "ip", "id:4660;", "id:4661;", "id:70000;"},
	{"fragoffset", "ip", "fragoffset:0;", "fragoffset:>0;", "fragoffset:!0;"},
	{"vlan.layers", "ip", "vlan.layers:1;", "vlan.layers:2;", "vlan.layers:9;"},
	{"vlan.id", "ip", "vlan.id:300;", "vlan.id:301;", "vlan.id:5000;"},
	{"ipopts", "ip", "ipopts:rtralt;", "ipopts:rr;", "ipopts:none;"},
	{"fragbits", "ip", "fragbits:D;", "fragbits:M;", "fragbits:d;"},
	{"ip_proto", "ip", "ip_proto:58;", "ip_proto:47;", "ip_proto:300;"},
	{"sameip", "udp", "sameip;", "sameip; ttl:63;", "sameip:1;"},
	{"l3_proto", "ip", "l3_proto:ipv6; ttl:64;", "l3_proto:ipv6; ttl:7;", "l3_proto:ipx;"},
	{"tcp.flags", "tcp", "flags:FA;", "flags:FS;", "flags:Q;"},
	{"tcp.seq", "tcp", "seq:1000;", "seq:999;", "seq:a;"},
	{"tcp.ack", "tcp", "ack:1001;", "ack:999;", "ack:-1;"},
	{"tcp.window", "tcp", "window:65280;", "window:1;", "window:70000;"},
	{"tcp.mss", "tcp", "tcp.mss:1460;", "tcp.mss:<1460;", "tcp.mss:x;"},
	{"itype", "icmp", "itype:8;", "itype:7;", "itype:256;"},
	{"icode", "icmp", "icode:0;", "icode:>0;", "icode:<0;"},
	{"icmp_id", "icmp", "icmp_id:258;", "icmp_id:259;", "icmp_id:a;"},
	{"icmp_seq", "icmp", "icmp_seq:772;", "icmp_seq:773;", "icmp_seq:70000;"},
	{"icmpv6.mtu", "icmp", "icmpv6.mtu:1280;", "icmpv6.mtu:<1280;", "icmpv6.mtu:x;"},
	{"engine-event", "pkthdr", "engine-event:decoder.ipv4.hlen_too_small;",
		"engine-event:decoder.ipv6.pkt_too_small;", "engine-event:ipv4.hlen_too_small;"},
	{"decode-event", "pkthdr", "decode-event:ipv4.hlen_too_small;", "decode-event:ipv6.pkt_too_small;",
		"decode-event:nonsense;"},
	{"stream-event", "tcp", "stream-event:pkt_invalid_ack;", "stream-event:fin_out_of_window;",
		"stream-event:nonsense;"},
	{"ipv4-csum", "ip", "ipv4-csum:valid;", "ipv4-csum:valid; id:4660;", "ipv4-csum:maybe;"},
	{"tcpv4-csum", "ip", "tcpv4-csum:invalid;", "tcpv4-csum:valid;", "tcpv4-csum:maybe;"},
	{"tcpv6-csum", "ip", "tcpv6-csum:invalid;", "tcpv6-csum:valid;", "tcpv6-csum:maybe;"},
	{"udpv4-csum", "ip", "udpv4-csum:valid;", "udpv4-csum:invalid;", "udpv4-csum:maybe;"},
	{"udpv6-csum", "ip", "udpv6-csum:invalid;", "udpv6-csum:valid;", "udpv6-csum:maybe;"},
	{"icmpv4-csum", "ip", "icmpv4-csum:invalid;", "icmpv4-csum:valid;", "icmpv4-csum:maybe;"},
	{"icmpv6-csum", "ip", "icmpv6-csum:invalid;", "icmpv6-csum:valid;", "icmpv6-csum:maybe;"},
	{"dataset", "ip", "ip.src; dataset:isnotset,none,type ip;", "ip.src; dataset:isset,none,type ip;",
		"ip.src; dataset:is,none,type ip;"},
};

// Puts a whole frame through the worker.
static void frame(struct rule_bench *b, const void *bytes, size_t len)
{
	struct burst *burst = &b->w->burst;
	struct packet *p = &burst->frames[0];
	memcpy(b->frames[0], bytes, len);
	memset(p, 0, sizeof(*p));
	p->data = b->frames[0];
	p->len = p->wire_len = (uint32_t)len;
	p->ts_ns = b->now_ns += 1000000;
	p->seq = ++b->seq;
	p->link_type = 1;
	burst->n_frames = 1;
	worker_process(b->w);
	pipeline_collect_all(b->pipeline);
}

#define MACS "\2\0\0\0\0\1\2\0\0\0\0\2"
#define V6(proto, len) "\x60\0\0\0\0" len proto "\x40" HERE "\1" HERE "\2"
#define HERE "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0"
#define FRAME(b, text) frame(b, text, sizeof(text) - 1)

static void play(struct rule_bench *b)
{
	uint8_t oversize[129] = {4, 127};
	static const uint8_t echo[] = {8, 0, 0, 0, 1, 2, 3, 4, 'p', 'i', 'n', 'g'};
	// A SYN to port 0x427a of the letters a rule can fold: "%A%Bz" and white space among the sequence numbers.
	static const uint8_t syn[] = "%A%4"
				     "2z  "
				     "\0\0\0\0"
				     "\x60\2\1\1"
				     "\0\0\0\0"
				     "\2\4\5\xb4";
	static const uint8_t base64[] = "QUJDREVG"
					"\0\0\0\0"
					"\x50\2\1\1"
					"\0\0\0\0";
	static const uint8_t letters[] = ":AAz"
					 "AAAA"
					 "\0\0\0\0"
					 "\x50\2\1\1"
					 "\0\0\0\0";
	bench_say(b, CLIENT, "GET /abc id=123 secret c2VjcmV0");
	bench_say(b, SERVER, "ok");
	b->sport++;
	bench_handshake(b);
	bench_send(b, CLIENT, "login root");
	bench_send(b, SERVER, "welcome");
	b->tcp_seq[SERVER] += 1000000;
	bench_tcp(b, CLIENT, 0x10, NULL, 0); // acknowledges what was never sent
	b->tcp_seq[SERVER] -= 1000000;
	bench_fin(b);
	bench_ip(b, CLIENT, 1, echo, sizeof(echo));
	bench_ip(b, CLIENT, 6, syn, 24);
	bench_ip(b, CLIENT, 6, letters, 20);
	bench_ip(b, CLIENT, 6, base64, 20);
	b->sport++;
	bench_udp(b, CLIENT, oversize, sizeof(oversize));
	bench_udp(b, CLIENT, "\0\0\0\1\0\0\0\0\0\0\0\2\0\1\x86\xa0\0\0\0\2\0\0\0\3", 24);
	b->addr[SERVER] = b->addr[CLIENT];
	bench_say(b, CLIENT, "to myself");
	// IPv4 with the router alert option and a right sum; an IPv4 header that is too short; IPv6 in a VLAN
	FRAME(b, MACS "\x08\0\x46\x10\0\x1a\0\7\0\0\7\x63\x0a\x64\x0a\0\0\1\x0a\0\0\2\x94\4\0\0hi");
	FRAME(b, MACS "\x08\0\x44\0\0\x14\0\7\0\0\7\x63\0\0\x0a\0\0\1\x0a\0\0\2");
	FRAME(b, MACS "\x81\0\1\x2c\x86\xdd" V6("\x3a", "\x08") "\2\0\0\0\0\0\5\0");
	FRAME(b, MACS "\x86\xdd" V6("\x11", "\x09") "\4\1\4\2\0\x09\0\1x");
	FRAME(b, MACS "\x86\xdd" V6("\x06", "\x14") "\4\1\4\2\0\0\0\1\0\0\0\0\x50\2\1\1\0\1\0\0");
	bench_flush(b);
}

static size_t alerts(const char *head, const char *options)
{
	char rules[1024];
	snprintf(rules, sizeof(rules),
		"alert udp any any -> any any (pcre:\"/(?P<flow_who>id)=/\"; pcre:\"/(?P<pkt_who>id)=/\"; noalert; "
		"sid:6;)\n"
		"alert %s any any -> any any (%s sid:7;)\n",
		head, options);
	struct rule_bench *b = bench_open(rules);
	play(b);
	size_t n = bench_count(b, 7);
	bench_close(b);
	return n;
}

static size_t refused(const struct row *r)
{
	char rule[512];
	struct rule_report report;
	snprintf(rule, sizeof(rule), "alert %s any any -> any any (%s%s)\n", r->head, r->malformed,
		strncmp(r->malformed, "sid", 3) ? " sid:7;" : "");
	struct ruleset *rs = bench_load(rule, NULL, &report);
	bool ok = report.rejected == 1 && strstr(report.problems[0].text, "expected");
	if (!ok)
		print_error("%s: \"%s\" is not refused with what was expected\n", r->keyword, r->malformed);
	ruleset_free(rs);
	rule_report_free(&report);
	return !ok;
}

static bool names(const char *options, const struct keyword *kw)
{
	return strstr(options, kw->name) || (kw->alias && strstr(options, kw->alias));
}

static void each_row_asks_for_its_keyword(void **state)
{
	size_t wrong = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct keyword *kw = keyword_find(rows[i].keyword);
		assert_non_null(kw);
		if (!strcmp(kw->name, "sid")) // no rule is without one
			continue;
		if (!names(rows[i].yes, kw) || !names(rows[i].no, kw) || !names(rows[i].malformed, kw)) {
			print_error("%s is not in all of its rules\n", kw->name);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static void each_keyword_matches_nearly_matches_and_is_refused(void **state)
{
	size_t wrong = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		bool yes = alerts(r->head, r->yes), no = alerts(r->head, r->no);
		if (!yes)
			print_error("%s: no alert by \"%s\"\n", r->keyword, r->yes);
		if (no)
			print_error("%s: an alert by \"%s\"\n", r->keyword, r->no);
		wrong += !yes + no + refused(r);
	}
	assert_int_equal(wrong, 0);
}

static bool has_row(const char *name)
{
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(*elsewhere); i++)
		if (!strcmp(elsewhere[i], name))
			return true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!strcmp(rows[i].keyword, name))
			return true;
	return !strcmp(name, "frame"); // test_rule_frame.c
}

// Whether a rule with the keyword's example waits for a protocol parser.
static bool waits(const struct keyword *kw)
{
	char rule[512];
	struct rule_report report;
	snprintf(rule, sizeof(rule), "alert ip any any -> any any (content:\"abcd\"; %s sid:7;)\n", kw->example);
	struct ruleset_config cfg = {.parsers = bench_no_parsers};
	struct ruleset *rs = bench_load(rule, &cfg, &report);
	bool yes = report.waiting != 0;
	ruleset_free(rs);
	rule_report_free(&report);
	return yes;
}

static void no_keyword_is_without_a_row(void **state)
{
	size_t n = 0;
	for (size_t i = 0; keyword_at(i); i++)
		if (!has_row(keyword_at(i)->name) && !strstr(keyword_at(i)->parity, "waits for") &&
			!waits(keyword_at(i))) {
			print_error("%s has no row\n", keyword_at(i)->name);
			n++;
		}
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_asks_for_its_keyword),
		cmocka_unit_test(each_keyword_matches_nearly_matches_and_is_refused),
		cmocka_unit_test(no_keyword_is_without_a_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
