// Reading rules: each keyword's malformed spelling is refused with what was expected; the rest of the
// file goes on; files that are no rule files cost little and crash nothing.
#include "detectors/signature/rule_parse.h"

#include <sys/stat.h>
#include <time.h>

#include "rule_bench.h"

static void verdict(const char *rule, enum rule_verdict want, char *why, size_t cap)
{
	struct rule_report report;
	struct ruleset *rs = bench_load(rule, NULL, &report);
	assert_non_null(rs);
	enum rule_verdict got = report.rejected ? RULE_REJECTED : report.waiting ? RULE_WAITING : RULE_LOADED;
	if (got != want)
		fail_msg("%s: %s", rule, report.problem_count ? report.problems[0].text : "accepted");
	if (why)
		snprintf(why, cap, "%s", report.problem_count ? report.problems[0].text : "");
	ruleset_free(rs);
	rule_report_free(&report);
}

// Each keyword's malformed spellings, behind a content so that modifiers have something to modify.
static const char *const malformed[] = {"msg:no quotes;", "sid:0;", "sid:x;", "rev:-1;", "gid:a;", "priority:256;",
	"priority:300;", "reference:url;", "target:here;", "requires:version 7;", "content:abc;", "content:\"\";",
	"content:\"|4|\";", "content:\"|zz|\";", "content:\"a\\q\";", "nocase:1;", "nocase; nocase;", "offset:x;",
	"offset:-1;", "depth:0;", "depth:70000;", "distance:a;", "within:0;", "distance:1; offset:1;",
	"depth:9; within:9;", "startswith; offset:1;", "fast_pattern:9,9;", "fast_pattern:only,1;", "replace:x;",
	"isdataat:a;", "isdataat:1,absolute;", "bsize:1;", "dsize:a;", "dsize:5<>5;", "dsize:1; dsize:2;", "dsize:1;",
	"pcre:\"abc\";", "pcre:\"/(/\";", "pcre:\"/a/q\";", "byte_test:1,>,2;", "byte_test:9,>,2,0;",
	"byte_test:1,~,2,0;", "byte_test:1,>,nosuch,0;", "byte_test:1,>,2,0,backwards;", "byte_jump:1;",
	"byte_jump:1,0,multiplier 0;", "byte_extract:1,0;", "byte_extract:1,0,a b;", "byte_math:bytes 1;",
	"byte_math:bytes 1, offset 0, oper %, rvalue 1, result r;", "base64_decode:bytes x;", "base64_data;",
	"entropy:bytes 1;", "asn1:nonsense;", "rpc:a;", "udp.hdr;", "ipv4.hdr:1;", "flow:sideways;",
	"flow:to_server,to_client;", "flow:established,not_established;", "flow:established; flow:to_server;",
	"flow.age:x;", "flow.pkts:5;", "flow.bytes:up,5;", "stream_size:client,6;", "flowbits:set;", "flowbits:jump,a;",
	"flowbits:set,a b;", "flowint:a;", "flowint:a,%,1;", "flowvar:a;", "xbits:set,a;", "xbits:set,a,track ip_up;",
	"xbits:set,a,track ip_src,expire 0;", "hostbits:set;", "hostbits:set,a,up;", "threshold:type limit;",
	"threshold:type no,track by_src,count 1,seconds 1;", "threshold:type limit,track by_src,count 0,seconds 1;",
	"detection_filter:track by_src;",
	"threshold:type limit,track by_src,count 1,seconds 1; detection_filter:track by_src,count 1,seconds 1;",
	"tag:all;", "tag:session,5;", "ttl:256;", "ttl:x;", "tos:300;", "id:70000;", "fragoffset:a;", "fragbits:Z;",
	"ipopts:none;", "ip_proto:300;", "ip_proto:nonsense;", "l3_proto:ipx;", "vlan.id:5000;", "vlan.layers:9;",
	"ttl:3-4;", "ttl:4-2;", "ttl:!1<>9;", "itype:2-3;", "tos:<1;", "byte_extract:1,0,x,big,little;",
	"byte_extract:1,0,x,big,big;", "requires:version;", "app-layer-protocol:http; app-layer-protocol:ssh;",
	"reference:,a;", "flags:Q;", "seq:a;", "ack:-1;", "window:70000;", "tcp.mss:x;", "itype:256;", "icode:x;",
	"icmp_id:a;", "icmp_seq:70000;", "icmpv6.mtu:x;", "tcpv4-csum:maybe;", "xor:\"0\";", "to_md5;",
	"udp.hdr; content:\"a\"; to_md5;", "udp.hdr; pcrexform:\"a\";", "udp.hdr; pcrexform:\"(\";", "urilen:a;",
	"ssl_version:;", "ssl_version:sslv3,!tls1.0;", "ssl_version:tls1.4;", "ssl_version:tls1.0,tls1.0;",
	"ssl_version:! sslv3;", "ssl_state:;", "ssl_state:client_hello,;", "ssl_state:hello;", "tls.version:1.4;",
	"tls.version:769;", "krb5_msg_type:256;", "krb5_msg_type:>10;", "krb5_err_code:0x19;", "snmp.pdu_type:!5;",
	"snmp.version:x;", "enip_command:65536;", "enip_command:>1;", "cip_service:128;", "cip_service:1,70000;",
	"cip_service:1,2,x;", "http_uri:1;", "http.uri;", "nosuchkeyword;", "contnet:\"a\";"};

static void each_malformed_option_is_refused_and_explained(void **state)
{
	for (size_t i = 0; i < sizeof(malformed) / sizeof(*malformed); i++) {
		char rule[512], why[512];
		snprintf(rule, sizeof(rule), "alert udp any any -> any any (content:\"abcd\"; %s%s)\n", malformed[i],
			strncmp(malformed[i], "sid", 3) ? " sid:1;" : "");
		verdict(rule, RULE_REJECTED, why, sizeof(why));
		if (!strstr(why, "expected"))
			fail_msg("%s: \"%s\" does not say what was expected", rule, why);
	}
}

static void headers_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {"", "alert", "alert udp", "shout udp any any -> any any (sid:1;)",
		"alert xyz any any -> any any (sid:1;)", "alert udp any any - any any (sid:1;)",
		"alert udp any -> any any (sid:1;)", "alert udp $NOPE any -> any any (sid:1;)",
		"alert udp any $NOPE -> any any (sid:1;)", "alert udp any 70000 -> any any (sid:1;)",
		"alert udp any any -> any 90:80 (sid:1;)", "alert udp 1.2.3 any -> any any (sid:1;)",
		"alert udp any any -> any any sid:1;", "alert udp any any -> any any (sid:1;",
		"alert udp any any -> any any (sid:1)", "alert udp any any -> any any (msg:\"no sid\";)",
		"alert udp any [80,[81,[82] -> any any (sid:1;)", "alert udp any any -> any ![0:65535] (sid:1;)"};
	for (size_t i = 1; i < sizeof(bad) / sizeof(*bad); i++)
		verdict(bad[i], RULE_REJECTED, NULL, 0);
}

static void an_unknown_keyword_names_the_nearest(void **state)
{
	char why[512];
	verdict("alert udp any any -> any any (contnet:\"a\"; sid:1;)", RULE_REJECTED, why, sizeof(why));
	assert_non_null(strstr(why, "content"));
}

static void the_example_of_every_keyword_is_a_rule(void **state)
{
	for (size_t i = 0; keyword_at(i); i++) {
		const struct keyword *kw = keyword_at(i);
		struct rule_report report;
		char rule[1024];
		if (strstr(kw->example, "...") || strstr(kw->example, ".list") || !strncmp(kw->name, "sid", 3))
			continue; // a list is a file: tests/cli/file_rules.py
		const char *before = strcmp(kw->name, "frame") ? "content:\"abcd\"; " : ""; // which stands alone
		snprintf(rule, sizeof(rule), "alert ip any any -> any any (%s%s sid:1;)\n", before, kw->example);
		if (strstr(kw->name, "base64_data") || strstr(kw->name, "requires"))
			continue;
		struct ruleset *rs = bench_load(rule, NULL, &report);
		if (!rs || report.rejected)
			fail_msg("%s: %s", rule, report.problem_count ? report.problems[0].text : "not loaded");
		ruleset_free(rs);
		rule_report_free(&report);
	}
}

static void bad_rules_do_not_stop_the_others(void **state)
{
	struct rule_report report;
	struct ruleset *rs = bench_load("# a comment\n\nalert udp any any -> any any (content:\"a\"; \\\n  sid:1;)\n"
					"garbage\n"
					"alert udp any any -> any any (content:\"b\"; sid:2;)\n"
					"alert udp any any -> any any (content:\"b\"; sid:2;)\n"
					"alert udp any any -> any any (content:\"c\"; sid:2; rev:2;)\n",
		NULL, &report);
	assert_int_equal(report.loaded, 2);
	assert_int_equal(report.rejected, 2);
	assert_int_equal(report.problems[0].line, 5);
	assert_int_equal(report.problems[1].line, 7);
	assert_int_equal(report.problems[1].sid, 2);
	assert_int_equal(ruleset_rule_count(rs), 2);
	ruleset_free(rs);
	rule_report_free(&report);
}

static void rules_that_are_refused_leave_no_memory_behind(void **state)
{
	static const char *const rules[] = {
		"alert udp any any -> any any (msg:\"a\"; content:\"abcd\"; sid:7; nonsense;)\n",
		"alert udp any any -> any any (msg:\"a\"; content:\"b\"; pcre:\"/a.*b/\"; xbits:set,a,track ip_src; "
		"sid:7;)\n",
		"alert udp any any -> any any (msg:\"a\"; metadata:a b; requires:version >= 99; sid:7;)\n",
		"no rule\n"};
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		size_t used[2];
		for (int many = 0; many < 2; many++) {
			struct rule_report report;
			char *text = NULL;
			size_t n = 0;
			FILE *out = open_memstream(&text, &n);
			for (int k = 0; k < (many ? 20000 : 100); k++)
				fputs(rules[i], out);
			fclose(out);
			struct ruleset *rs = bench_load(text, NULL, &report);
			used[many] = rs->arena.used_bytes;
			assert_true(rs->pcres.n <= 1);
			ruleset_free(rs);
			rule_report_free(&report);
			free(text);
		}
		if (used[0] != used[1])
			fail_msg("%s: %zu bytes after 100, %zu after 20000", rules[i], used[0], used[1]);
	}
}

static void an_expression_that_rules_share_is_compiled_once(void **state)
{
	struct rule_report report;
	struct ruleset *rs =
		bench_load("alert udp any any -> any any (pcre:\"/ab+c/\"; sid:1;)\n"
			   "alert udp any any -> any any (pcre:\"/new/\"; pcre:\"/ab+c/\"; sid:2; nonsense;)\n"
			   "alert udp any any -> any any (pcre:\"/new/\"; pcre:\"/ab+c/\"; sid:3;)\n"
			   "alert udp any any -> any any (pcre:\"/ab+c/i\"; sid:4;)\n"
			   "alert udp any any -> any any (pcre:\"/ab+c/I\"; sid:5;)\n",
			NULL, &report);
	assert_int_equal(report.rejected, 1);
	assert_int_equal(rs->pcres.n, 3);
	assert_string_equal(rs->pcres.at[0].regex, "ab+c");
	assert_string_equal(rs->pcres.at[1].regex, "new");
	assert_string_equal(rs->pcres.at[2].regex, "ab+c");
	assert_ptr_equal(rs->first->buffers->steps->pcre.code, rs->pcres.at[0].code);
	assert_ptr_equal(rs->first->next->buffers->steps->pcre.code, rs->pcres.at[1].code);
	ruleset_free(rs);
	rule_report_free(&report);
}

static void rules_for_other_versions_are_left_out_in_silence(void **state)
{
	struct rule_report report;
	struct ruleset *rs = bench_load(
		"alert vxlan any any -> any any (requires: version >= 10; sid:1;)\n"
		"alert udp any any -> any any (nosuch:10; requires: version >= 10; sid:2;)\n"
		"alert udp any any -> any any (content:\"a\"; requires: version >= 7.0.3 < 8 | >= 9; sid:3;)\n"
		"alert udp any any -> any any (content:\"a\"; requires: keyword nosuch; sid:4;)\n"
		"alert udp any any -> any any (content:\"a\"; requires: keyword content; sid:5;)\n",
		NULL, &report);
	assert_int_equal(report.loaded, 2);
	assert_int_equal(report.rejected, 0);
	ruleset_free(rs);
	rule_report_free(&report);
}

static void a_missing_file_is_an_error_that_names_it(void **state)
{
	const char *files[] = {"/nonexistent/x.rules"};
	struct ruleset_config cfg = {.files = files, .file_count = 1};
	struct rule_report report;
	assert_null(ruleset_load(&cfg, &report));
	assert_int_equal(report.problem_count, 1);
	assert_string_equal(report.problems[0].file, files[0]);
	rule_report_free(&report);
}

static void a_line_without_end_and_binary_junk_cost_one_rule_each(void **state)
{
	char path[256];
	size_t n = 1 << 20;
	char *text = malloc(n + 256);
	memset(text, 'a', n);
	strcpy(text + n, "\nalert udp any any -> any any (content:\"a\"; sid:1;)\n");
	struct rule_report report;
	struct ruleset *rs = bench_load(text, NULL, &report);
	assert_int_equal(report.loaded, 1);
	assert_int_equal(report.rejected, 1);
	ruleset_free(rs);
	rule_report_free(&report);
	srandom(3);
	for (size_t i = 0; i < n; i++)
		text[i] = (char)random();
	bench_write(path, sizeof(path), "");
	FILE *f = fopen(path, "wb");
	fwrite(text, 1, n, f);
	fclose(f);
	const char *files[] = {path};
	struct ruleset_config cfg = {.files = files, .file_count = 1};
	rs = ruleset_load(&cfg, &report);
	assert_non_null(rs);
	assert_int_equal(report.loaded, 0);
	assert_true(report.rejected > 100);
	ruleset_free(rs);
	rule_report_free(&report);
	unlink(path);
	free(text);
}

static void a_rule_with_a_thousand_contents_is_read_or_refused(void **state)
{
	char *text = malloc(64000);
	for (int count = 1000; count <= 3000; count += 2000) {
		strcpy(text, "alert udp any any -> any any (");
		for (int i = 0; i < count; i++)
			strcat(text, count == 1000 ? "content:\"abc\"; distance:0; " : "content:\"abc\"; ");
		strcat(text, "sid:1;)\n");
		verdict(text, count == 1000 ? RULE_LOADED : RULE_REJECTED, NULL, 0);
	}
	free(text);
}

// The top of the source tree: beside this file as the compiler saw it, else where the test runs.
static const char *source_root(void)
{
	static char path[1024];
	const char *slash = strstr(__FILE__, "tests/unit/");
	snprintf(path, sizeof(path), "%.*s.", slash ? (int)(slash - __FILE__) : 0, __FILE__);
	if (access(path, R_OK) || access("meson.build", R_OK) == 0)
		return ".";
	return path;
}

static void keyword_documentation_is_what_the_table_prints(void **state)
{
	char *text = NULL, *have = NULL;
	size_t n = 0, cap = 0;
	char path[1100];
	snprintf(path, sizeof(path), "%s/docs/keywords.md", source_root());
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	FILE *out = open_memstream(&text, &n);
	signature_keywords_dump(out);
	fclose(out);
	assert_true(getdelim(&have, &cap, EOF, f) > 0);
	fclose(f);
	if (strcmp(have, text))
		fail_msg("docs/keywords.md is out of date, run scripts/gen-docs");
	free(text);
	free(have);
}

// The shared ET Open file, where it is: every rule is read, none refused.
static void every_et_open_rule_is_read(void **state)
{
	const char *shared = getenv("TOCSIN_SHARED");
	char path[1100];
	snprintf(path, sizeof(path), "%s%s/rules/etopen.rules", shared ? "" : source_root(),
		shared ? shared : "/../shared");
	if (access(path, R_OK)) {
		print_message("SKIPPED: no %s (set TOCSIN_SHARED)\n", path);
		skip();
	}
	const char *files[] = {path};
	struct ruleset_config cfg = {.files = files, .file_count = 1, .threads = 2};
	struct rule_report report;
	struct ruleset *rs = ruleset_load(&cfg, &report);
	assert_non_null(rs);
	assert_int_equal(report.loaded + report.waiting, 15445);
	assert_int_equal(report.rejected, 0);
	ruleset_free(rs);
	rule_report_free(&report);
}

static void what_is_wrong_with_quotes_is_said(void **state)
{
	static const struct {
		const char *options, *said;
	} rows[] = {{"content:\"a\" offset:2;", "is a ; missing"}, {"content:\"a\" msg:\"b\";", "or a ; behind it"},
		{"content:\"a;b\";", "are written"}, {"msg:\"a; content:\"b\";", "are written"},
		{"msg:a;", "expected a text in double quotes, found a"},
		{"http.uri; http.host; content:\"a\";", "before its content"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char rule[256];
		struct rule_report report;
		snprintf(rule, sizeof(rule), "alert http any any -> any any (%s sid:1;)\n", rows[i].options);
		ruleset_free(bench_load(rule, NULL, &report));
		if (report.problem_count != 1 || !strstr(report.problems[0].text, rows[i].said))
			fail_msg("%s: %s", rule, report.problem_count ? report.problems[0].text : "taken");
		rule_report_free(&report);
	}
}

static void what_a_terminal_would_obey_is_not_repeated(void **state)
{
	struct rule_report report;
	ruleset_free(bench_load("al\x1b[2J\x9b\xff\x7f rt ip any any -> any any (sid:1;)\n", NULL, &report));
	assert_int_equal(report.problem_count, 1);
	for (const char *c = report.problems[0].text; *c; c++)
		assert_in_range(*c, ' ', '~');
	assert_non_null(strstr(report.problems[0].text, "found \"al?[2J???"));
	rule_report_free(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_malformed_option_is_refused_and_explained),
		cmocka_unit_test(what_is_wrong_with_quotes_is_said),
		cmocka_unit_test(what_a_terminal_would_obey_is_not_repeated),
		cmocka_unit_test(headers_that_are_none_are_refused),
		cmocka_unit_test(an_unknown_keyword_names_the_nearest),
		cmocka_unit_test(the_example_of_every_keyword_is_a_rule),
		cmocka_unit_test(bad_rules_do_not_stop_the_others),
		cmocka_unit_test(rules_that_are_refused_leave_no_memory_behind),
		cmocka_unit_test(an_expression_that_rules_share_is_compiled_once),
		cmocka_unit_test(rules_for_other_versions_are_left_out_in_silence),
		cmocka_unit_test(a_missing_file_is_an_error_that_names_it),
		cmocka_unit_test(a_line_without_end_and_binary_junk_cost_one_rule_each),
		cmocka_unit_test(a_rule_with_a_thousand_contents_is_read_or_refused),
		cmocka_unit_test(keyword_documentation_is_what_the_table_prints),
		cmocka_unit_test(every_et_open_rule_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
