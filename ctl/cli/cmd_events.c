// tocsinctl events: what was found, newest last, as lines for people or as EVE JSON.
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "ctl/cli/cli.h"
#include "ctl/cli/http.h"

#define PATH_BYTES 4096

struct events {
	const char *api;
	bool as_json, colour, follow;
	json_int_t last_id;
	char query[PATH_BYTES]; // "?key=value&..."
};

static const char *str(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

static json_int_t num(json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

// A record's text may come from the wire: nothing in it may steer the terminal.
static void put_clean(const char *s)
{
	for (; *s; s++)
		putchar((unsigned char)*s < 0x20 || *s == 0x7f ? '.' : *s);
}

static void put_end(json_t *eve, const char *addr, const char *port)
{
	const char *a = str(eve, addr);
	bool v6 = strchr(a, ':') != NULL;
	json_t *p = json_object_get(eve, port);

	printf(v6 && p ? "[" : "");
	put_clean(*a ? a : "?");
	printf(v6 && p ? "]" : "");
	if (p)
		printf(":%lld", (long long)json_integer_value(p));
}

static void put_what(json_t *eve, bool colour)
{
	static const char *const names[] = {"INFO", "HIGH", "MEDIUM", "LOW"};
	static const char *const colours[] = {"\033[2m", "\033[1;31m", "\033[33m", "\033[36m"};
	json_t *alert = json_object_get(eve, "alert"), *why = json_object_get(eve, "tocsin"),
	       *flow = json_object_get(eve, "flow");
	json_int_t severity = num(alert, "severity");
	int level = severity >= 1 && severity <= 3 ? (int)severity : 0;

	if (!alert) {
		printf("%-6s  ", str(eve, "event_type"));
		put_clean(str(json_object_get(eve, "anomaly"), "event"));
		if (flow)
			printf("%lld packets, %lld bytes, %s",
				(long long)(num(flow, "pkts_toserver") + num(flow, "pkts_toclient")),
				(long long)(num(flow, "bytes_toserver") + num(flow, "bytes_toclient")),
				str(flow, "state"));
		return;
	}
	printf("%s%-6s%s  %lld:%lld  ", colour ? colours[level] : "", names[level], colour ? "\033[0m" : "",
		(long long)num(alert, "gid"), (long long)num(alert, "signature_id"));
	put_clean(str(alert, "signature"));
	if (why)
		printf(": %.6g %s, threshold %.6g", json_number_value(json_object_get(why, "observed")),
			str(why, "unit"), json_number_value(json_object_get(why, "threshold")));
}

static void print_event(const struct events *e, json_t *item)
{
	json_t *eve = json_object_get(item, "eve");

	if (e->as_json) {
		json_dumpf(eve, stdout, JSON_COMPACT);
		putchar('\n');
		return;
	}
	printf("%.10s %.12s  ", str(eve, "timestamp"),
		strlen(str(eve, "timestamp")) > 11 ? str(eve, "timestamp") + 11 : "");
	put_what(eve, e->colour);
	printf("  %s ", str(eve, "proto"));
	put_end(eve, "src_ip", "src_port");
	printf(" -> ");
	put_end(eve, "dest_ip", "dest_port");
	putchar('\n');
}

// "10m", "2h", "3d", "1w" before now, to seconds since 1970; anything else goes to the daemon as it is.
static void time_text(const char *in, char *out, size_t size)
{
	static const struct {
		char unit;
		long seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	char *end;
	long n = strtol(in, &end, 10);

	snprintf(out, size, "%s", in);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && end != in; i++)
		if (*end == units[i].unit && !end[1])
			snprintf(out, size, "%lld", (long long)time(NULL) - n * units[i].seconds);
}

static int report_reply(const struct events *e, const struct http_reply *r, json_t *o)
{
	if (r->status == 200 && o)
		return CLI_OK;
	cli_say("%s: %s", e->api, *str(o, "error") ? str(o, "error") : "an answer that is not the API's");
	return r->status == 400 ? CLI_BAD_USE : CLI_FAILED;
}

static int list(struct events *e)
{
	char path[PATH_BYTES + 64], why[512];
	struct http_reply r;
	int rc;

	snprintf(path, sizeof(path), "/api/v1/events%s", e->query);
	if (http_get(e->api, path, &r, why, sizeof(why))) {
		cli_say("%s", why);
		return CLI_FAILED;
	}
	json_t *o = json_loadb(r.body, r.len, JSON_ALLOW_NUL, NULL), *all = json_object_get(o, "events");
	rc = report_reply(e, &r, o);
	for (size_t i = json_array_size(all); !rc && i-- > 0;) // the API gives the newest first, people read down
		print_event(e, json_array_get(all, i));
	e->last_id = num(o, "last_id");
	json_decref(o);
	http_reply_free(&r);
	return fflush(stdout) || ferror(stdout) ? CLI_FAILED : rc;
}

static bool on_line(void *ctx, const char *line, size_t len)
{
	struct events *e = ctx;
	json_t *o = json_loadb(line, len, JSON_ALLOW_NUL, NULL);

	if (json_is_object(o)) {
		e->last_id = num(o, "id") > e->last_id ? num(o, "id") : e->last_id;
		print_event(e, o);
	}
	json_decref(o);
	return fflush(stdout) == 0;
}

// The daemon may be restarted under us: the stream goes on where it was.
static int follow(struct events *e)
{
	char path[PATH_BYTES + 64], after[32], why[512];
	bool said = false;

	for (;;) {
		snprintf(path, sizeof(path), "/api/v1/stream%s", e->query);
		snprintf(after, sizeof(after), "%" JSON_INTEGER_FORMAT, e->last_id);
		if (!http_query_add(path, sizeof(path), "after", after))
			return CLI_BAD_USE;
		if (http_stream(e->api, path, on_line, e, why, sizeof(why)) && !said) {
			cli_say("%s; trying again", why);
			said = true;
		}
		if (ferror(stdout))
			return CLI_OK; // the reader has gone
		sleep(1);
	}
}

static const struct option longs[] = {{"since", required_argument, NULL, 's'}, {"until", required_argument, NULL, 'u'},
	{"severity", required_argument, NULL, 1}, {"src", required_argument, NULL, 2},
	{"dst", required_argument, NULL, 3}, {"addr", required_argument, NULL, 4}, {"sid", required_argument, NULL, 5},
	{"detector", required_argument, NULL, 6}, {"flow", required_argument, NULL, 7},
	{"type", required_argument, NULL, 't'}, {"sensor", required_argument, NULL, 8},
	{"limit", required_argument, NULL, 'n'}, {"json", no_argument, NULL, 'j'}, {"follow", no_argument, NULL, 'f'},
	{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};

// Adds an option that becomes a query's parameter of the same name.
static bool add_parameter(struct events *e, int c, const char *value)
{
	char text[256];

	for (const struct option *o = longs; o->name; o++) {
		if (o->val != c)
			continue;
		time_text(value, text, sizeof(text));
		return http_query_add(e->query, sizeof(e->query), o->name, c == 's' || c == 'u' ? text : value);
	}
	return false;
}

static int run(const char *api, int argc, char **argv)
{
	struct events e = {.api = api, .colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR")};
	int c, rc;

	while ((c = getopt_long(argc, argv, "s:u:t:n:jfh", longs, NULL)) != -1) {
		if (c == '?')
			return CLI_BAD_USE;
		if (c == 'h') {
			cli_help(&command_events);
			return CLI_OK;
		}
		if (c == 'j')
			e.as_json = true;
		else if (c == 'f')
			e.follow = true;
		else if (!add_parameter(&e, c, optarg)) {
			cli_say("%.100s: too long", optarg);
			return CLI_BAD_USE;
		}
	}
	if (optind < argc) {
		cli_say("events: %s: options only; tocsinctl events --help lists them", argv[optind]);
		return CLI_BAD_USE;
	}
	rc = list(&e);
	return rc || !e.follow ? rc : follow(&e);
}

const struct command command_events = {.name = "events",
	.asks = "--api",
	.summary = "what was found, newest last",
	.help = "  -s, --since TIME    from TIME on: 10m, 2h, 3d ago, 2009-11-13T21:32:05, or seconds since 1970\n"
		"  -u, --until TIME    before TIME\n"
		"      --severity N    this severity or worse (1 high, 2 medium, 3 low)\n"
		"      --src ADDR      source address or prefix, such as 10.0.0.0/8\n"
		"      --dst ADDR      destination address or prefix\n"
		"      --addr ADDR     either of them\n"
		"      --sid N         alerts of one signature\n"
		"      --detector NAME findings of one heuristic, such as syn_flood\n"
		"      --flow ID       everything of one flow (with --type all)\n"
		"  -t, --type LIST     alert (the default), anomaly, flow, or all\n"
		"      --sensor NAME   events of one sensor, by name or id\n"
		"  -n, --limit N       at most N events (default 1000)\n"
		"  -j, --json          EVE JSON, one record a line\n"
		"  -f, --follow        then each new event as it comes\n"
		"  -h, --help          print this\n",
	.run = run};
