// tocsinctl top: a running sensor once a second: what comes in, what is lost, what is found, by port and worker.
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/cli/cli.h"
#include "ctl/cli/render.h"
#include "ctl/cli/telemetry_client.h"
#include "dataplane/api/clock.h"

struct top {
	struct telemetry_client client;
	double interval_s;
	unsigned long rounds; // 0: until interrupted
	bool as_json, clear;
	json_t *before; // the last look, NULL at first
	double before_s, now_s;
};

static json_int_t num(json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static const char *str(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

// Everything one look needs, as {"info": ..., "stats": ..., "ports": ..., "workers": ...}. NULL with why.
static json_t *look(struct top *t, char *why, size_t why_size)
{
	static const char *const parts[] = {"info", "stats", "ports", "workers"};
	json_t *all = json_object();
	char command[64];

	for (size_t i = 0; all && i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(command, sizeof(command), "/tocsin/%s", parts[i]);
		json_t *one = telemetry_ask(&t->client, command, why, why_size);
		if (one && json_object_set_new(all, parts[i], one) == 0)
			continue;
		json_decref(all);
		all = NULL;
	}
	return all;
}

// What a counter grew by in a second since the last look; 0 at the first.
static double rate(const struct top *t, json_t *now, json_t *before, const char *key)
{
	double s = t->now_s - t->before_s;

	return before && s > 0 ? (double)(num(now, key) - num(before, key)) / s : 0;
}

static const char *count_text(json_t *o, const char *key, char *out, size_t size)
{
	json_t *v = json_object_get(o, key);

	if (json_is_string(v))
		return json_string_value(v); // "unknown"
	snprintf(out, size, "%lld", (long long)json_integer_value(v));
	return out;
}

static void put_totals(const struct top *t, json_t *now)
{
	json_t *info = json_object_get(now, "info"), *stats = json_object_get(now, "stats"),
	       *old = json_object_get(t->before, "stats");
	json_int_t up = num(info, "uptime_s"), offered = num(stats, "tocsin/ledger/offered"),
		   inspected = num(stats, "tocsin/ledger/inspected");
	char missed[32];

	printf("tocsin %s%s%s, process %lld, up %lld:%02lld:%02lld, %lld workers fed by %s, %lld rules\n\n",
		str(info, "version"), *str(info, "name") ? " " : "", str(info, "name"), (long long)num(info, "pid"),
		(long long)up / 3600, (long long)up / 60 % 60, (long long)up % 60, (long long)num(info, "workers"),
		str(info, "spread_by"), (long long)num(info, "rules"));
	printf("frames  %12.0f /s  %10.3f Gbit/s  %lld offered, %.4f %% inspected, missed %s\n",
		rate(t, stats, old, "tocsin/ledger/offered"), rate(t, stats, old, "decoder/bytes") * 8 / 1e9,
		(long long)offered, offered ? 100.0 * (double)inspected / (double)offered : 100.0,
		count_text(stats, "tocsin/ledger/dropped/missed", missed, sizeof(missed)));
	printf("flows   %12.0f /s  %10lld active  %lld begun\n", rate(t, stats, old, "flow/total"),
		(long long)num(stats, "flow/active"), (long long)num(stats, "flow/total"));
	printf("alerts  %12.1f /s  %10lld by rules, %lld by detectors\n", rate(t, stats, old, "detect/alert"),
		(long long)num(stats, "tocsin/events/alert"), (long long)num(stats, "tocsin/events/finding"));
}

static void put_ports(const struct top *t, json_t *now)
{
	json_t *before = json_object_get(t->before, "ports"), *p;
	char missed[32], errors[32], no_buffer[32];
	const char *i;

	printf("\n%-20s %-14s %-5s %12s %10s %12s %10s %10s\n", "port", "driver", "link", "frames/s", "Mbit/s",
		"missed", "errors", "no buffer");
	json_object_foreach(json_object_get(now, "ports"), i, p)
	{
		json_t *old = json_object_get(before, i);

		printf("%-20s %-14s %-5s %12.0f %10.1f %12s %10s %10s\n", str(p, "name"), str(p, "driver"),
			str(p, "link"), rate(t, p, old, "packets"), rate(t, p, old, "bytes") * 8 / 1e6,
			count_text(p, "missed", missed, sizeof(missed)),
			count_text(p, "errors", errors, sizeof(errors)),
			count_text(p, "no_buffer", no_buffer, sizeof(no_buffer)));
	}
}

static void put_workers(const struct top *t, json_t *now)
{
	json_t *before = json_object_get(t->before, "workers"), *w;
	const char *i;

	printf("\n%-20s %-20s %12s %10s %12s\n", "worker", "CPUs", "frames/s", "Mbit/s", "flows");
	json_object_foreach(json_object_get(now, "workers"), i, w)
	{
		json_t *old = json_object_get(before, i);

		printf("%-20s %-20s %12.0f %10.1f %12lld\n", i, str(w, "cpus"), rate(t, w, old, "frames"),
			rate(t, w, old, "bytes") * 8 / 1e6, (long long)num(w, "flows"));
	}
}

static void show(const struct top *t, json_t *now)
{
	if (t->as_json) {
		render_json(now);
		return;
	}
	if (t->clear)
		printf("\033[H\033[J");
	put_totals(t, now);
	put_ports(t, now);
	put_workers(t, now);
}

// Returns 0, or CLI_FAILED once it has said that the sensor does not answer.
static int watch(struct top *t)
{
	char why[512];

	for (unsigned long round = 1;; round++) {
		json_t *now = look(t, why, sizeof(why));
		if (!now) {
			cli_say("%s", why);
			return CLI_FAILED;
		}
		t->now_s = (double)clock_now_ns(CLOCK_MONOTONIC) / 1e9;
		show(t, now);
		json_decref(t->before);
		t->before = now;
		t->before_s = t->now_s;
		if (fflush(stdout) || round == t->rounds)
			return CLI_OK;
		usleep((useconds_t)(t->interval_s * 1e6));
	}
}

// Takes --interval and --rounds. Returns false after saying what is wrong with the value.
static bool take_number(struct top *t, int option, const char *text)
{
	char *end;
	double v = strtod(text, &end);
	bool ok = !*end && end != text && isfinite(v) && v >= (option == 'd' ? 0.1 : 1) && v <= 86400;

	if (!ok)
		cli_say("top: %.40s: expected %s", text,
			option == 'd' ? "seconds, 0.1 to 86400" : "a number, 1 to 86400");
	else if (option == 'd')
		t->interval_s = v;
	else
		t->rounds = (unsigned long)v;
	return ok;
}

static int run(const char *api, int argc, char **argv)
{
	static const struct option longs[] = {{"interval", required_argument, NULL, 'd'},
		{"rounds", required_argument, NULL, 'n'}, {"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	struct top t = {.interval_s = 1, .clear = isatty(STDOUT_FILENO)};
	char why[512];
	int c, rc;

	(void)api;
	while ((c = getopt_long(argc, argv, "d:n:jh", longs, NULL)) != -1) {
		if (c == 'h')
			cli_help(&command_top);
		if (c == 'h' || c == '?')
			return c == 'h' ? CLI_OK : CLI_BAD_USE;
		if (c == 'j')
			t.as_json = true;
		else if (!take_number(&t, c, optarg))
			return CLI_BAD_USE;
	}
	if (optind < argc) {
		cli_say("top: %s: options only; tocsinctl top --help lists them", argv[optind]);
		return CLI_BAD_USE;
	}
	if (telemetry_connect(&t.client, cli_sensor(), why, sizeof(why)) != 0) {
		cli_say("%s", why);
		return CLI_FAILED;
	}
	rc = watch(&t);
	json_decref(t.before);
	telemetry_disconnect(&t.client);
	return rc;
}

const struct command command_top = {.name = "top",
	.asks = "--sensor",
	.summary = "a running sensor once a second: traffic, loss, flows, alerts, ports, workers",
	.help = "  -d, --interval S   seconds between two looks (default 1)\n"
		"  -n, --rounds N     end after N looks (default: go on until interrupted)\n"
		"  -j, --json         each look as one JSON object a line\n"
		"  -h, --help         print this\n",
	.run = run};
