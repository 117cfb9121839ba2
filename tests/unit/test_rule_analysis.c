// What people who write rules are told: rules.json, and the table of what waits. Types are Suricata 7.0.10's.
#include "rule_bench.h"

struct row {
	const char *rule, *type, *group, *fast; // fast: NULL for none
};

static const struct row rows[] = {
	{"tcp any any -> any 80 (content:\"abc\";", "stream", "tcp both ways, streams, dst 80", "abc"},
	{"tcp any any -> any [80,90:99] (content:\"abc\"; depth:3; flow:to_server;", "pkt_stream",
		"tcp to server, packets and streams, dst 80,90-99", "abc"},
	{"tcp any 21 -> any any (content:\"abc\"; dsize:3; flow:to_client;", "pkt", "tcp to client, packets, src 21",
		"abc"},
	{"udp any any -> any any (content:\"ab\"; content:\"other\";", "pkt_stream", "udp both ways, packets, any port",
		"other"},
	{"udp any any -> any any (content:\"ab\"; fast_pattern; content:\"other\"; dsize:>5;", "pkt",
		"udp both ways, packets, any port", "ab"},
	{"udp any any -> any any (content:!\"ab\";", "pkt_stream", "udp both ways, packets, any port", NULL},
	{"icmp any any -> any any (itype:8;", "pkt", "icmp both ways, fields, any port", NULL},
	{"ip [192.0.2.0/24,198.51.100.7] any -> any any (", "ip_only", "addresses", NULL},
	{"ip !192.0.2.0/24 any -> any any (", "like_ip_only", "ip both ways, fields, any port", NULL},
	{"tcp !192.0.2.0/24 any -> any any (flags:S;", "pkt", "tcp both ways, fields, any port", NULL},
	{"pkthdr any any -> any any (decode-event:ipv4.trunc_pkt;", "de_only", "events", NULL},
	{"http any any -> any any (flow:to_server; http.uri; content:\"/index\"; http.host; content:\"a\";", "app_tx",
		"http to server, transactions, any port", "/index"},
	{"http any any -> any 8080 (content:\"uid=0\";", "stream", "http both ways, streams, dst 8080", "uid=0"},
	{"tls any any -> any any (", "pd_only", "tls both ways, fields, any port", NULL},
};

static char *analysis_of(const struct ruleset *rs)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	assert_non_null(out);
	ruleset_analysis_dump(rs, out);
	fclose(out);
	return text;
}

static void each_rule_has_its_type_its_group_and_its_fast_pattern(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rule_report report;
		char rule[512], type[64], group[128], fast[64];
		snprintf(rule, sizeof(rule), "alert %s sid:1;)\n", rows[i].rule);
		snprintf(type, sizeof(type), "\"type\":\"%s\"", rows[i].type);
		snprintf(group, sizeof(group), "\"group\":\"%s\"", rows[i].group);
		snprintf(fast, sizeof(fast), "\"pattern\":\"%s\"", rows[i].fast ? rows[i].fast : "");
		struct ruleset *rs = bench_load(rule, &(struct ruleset_config){.keep_text = true}, &report);
		assert_int_equal(report.rejected, 0);
		char *text = analysis_of(rs);
		assert_non_null(strstr(text, "{\"raw\":\"alert ")); // as it is written
		if (!strstr(text, type) || !strstr(text, group) || !strstr(text, fast) != !rows[i].fast)
			fail_msg("%sexpected %s %s %s, found %s", rule, type, group, fast, text);
		free(text);
		ruleset_free(rs);
		rule_report_free(&report);
	}
}

static void check_count(const struct rule_report *r, const char *name, bool protocol, uint32_t rules, uint32_t waiting,
	uint32_t rejected)
{
	for (size_t i = 0; i < r->keyword_count; i++) {
		const struct rule_keyword_count *k = &r->keywords[i];
		if (strcmp(k->keyword, name) || k->protocol != protocol)
			continue;
		if (k->rules != rules || k->waiting != waiting || k->rejected != rejected)
			fail_msg("%s: %u %u %u", name, k->rules, k->waiting, k->rejected);
		return;
	}
	fail_msg("%s is not listed", name);
}

static void what_waits_is_counted_by_protocol_and_by_keyword(void **state)
{
	struct rule_report r;
	struct ruleset_config cfg = {.parsers = bench_no_parsers};
	struct ruleset *rs = bench_load(
		"alert http any any -> any any (content:\"a\"; content:\"b\"; sid:1;)\n"
		"alert http any any -> any any (http.uri; content:\"a\"; http.host; content:\"b\"; sid:2;)\n"
		"alert tcp any any -> any any (http.uri; content:\"a\"; content:\"b\"; pcre:\"/x/U\"; sid:3;)\n"
		"alert tcp any any -> any any (pcre:\"/x/U\"; sid:4;)\n"
		"alert tcp any any -> any any (dsize:x; sid:5;)\n"
		"alert modbus any any -> any any (modbus: function 1; sid:6;)\n"
		"alert tcp any any -> any any (content:\"a\"; dsize:3; sid:7;)\n",
		&cfg, &r);
	assert_int_equal(r.loaded, 1);
	assert_int_equal(r.waiting, 5);
	check_count(&r, "http", true, 2, 2, 0);
	check_count(&r, "modbus", true, 1, 1, 0);
	check_count(&r, "modbus", false, 1, 1, 0);
	check_count(&r, "http.uri", false, 3, 3, 0);
	check_count(&r, "http.host", false, 1, 1, 0);
	check_count(&r, "content", false, 4, 0, 0);
	check_count(&r, "dsize", false, 2, 0, 1);
	ruleset_free(rs);
	rule_report_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_has_its_type_its_group_and_its_fast_pattern),
		cmocka_unit_test(what_waits_is_counted_by_protocol_and_by_keyword),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
