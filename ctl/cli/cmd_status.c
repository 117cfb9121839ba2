// tocsinctl status: the daemon, its store and its sensors on one screen.
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "ctl/cli/cli.h"
#include "ctl/cli/http.h"

static json_int_t num(json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static const char *str(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

static void duration(char *out, size_t size, json_int_t s)
{
	if (s >= 86400)
		snprintf(out, size, "%lldd %lldh", (long long)s / 86400, (long long)s / 3600 % 24);
	else if (s >= 3600)
		snprintf(out, size, "%lldh %lldm", (long long)s / 3600, (long long)s / 60 % 60);
	else
		snprintf(out, size, "%lldm %llds", (long long)s / 60, (long long)s % 60);
}

static void print_sensor(json_t *s)
{
	json_t *stats = json_object_get(s, "stats"), *tocsin = json_object_get(stats, "tocsin");
	json_t *ledger = json_object_get(tocsin, "ledger"), *decoder = json_object_get(stats, "decoder");
	char ago[32];

	duration(ago, sizeof(ago), (json_int_t)time(NULL) - num(s, "last_seen"));
	printf("  %-20s %s, %lld events", str(s, "name"),
		json_is_true(json_object_get(s, "connected")) ? "connected" : "away", (long long)num(s, "events"));
	if (!json_is_true(json_object_get(s, "connected")))
		printf(", last seen %s ago", ago);
	if (num(s, "missing"))
		printf(", %lld lost before they came here", (long long)num(s, "missing"));
	putchar('\n');
	if (decoder)
		printf("  %-20s %lld frames offered, %lld inspected, ledger %s\n", "", (long long)num(decoder, "pkts"),
			(long long)num(ledger, "inspected"),
			json_is_true(json_object_get(ledger, "sum_ok")) ? "adds up" : "DOES NOT ADD UP");
}

static void print_status(json_t *o)
{
	json_t *store = json_object_get(o, "store"), *in = json_object_get(o, "ingest");
	json_t *types = json_object_get(in, "by_type"), *sensors = json_object_get(o, "sensors"), *s;
	char up[32];
	size_t i;

	duration(up, sizeof(up), num(o, "uptime_s"));
	printf("tocsind %s, up %s\n", str(o, "version"), up);
	printf("store    %s: %lld events, %.1f MB%s\n", str(store, "path"), (long long)num(store, "events"),
		(double)num(store, "bytes") / 1e6,
		json_is_true(json_object_get(store, "failing")) ? "; CANNOT BE WRITTEN, sensors keep their events"
								: "");
	printf("since start: %lld stored (%lld alerts, %lld anomalies, %lld flows), %lld came twice, %lld rejected "
	       "connections\n",
		(long long)num(in, "stored"), (long long)num(types, "alert"), (long long)num(types, "anomaly"),
		(long long)num(types, "flow"), (long long)num(in, "duplicates"), (long long)num(in, "rejected"));
	printf("sensors:%s\n", json_array_size(sensors) ? "" : " none has connected yet");
	json_array_foreach(sensors, i, s) print_sensor(s);
}

static int run(const char *api, int argc, char **argv)
{
	static const struct option longs[] = {
		{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	struct http_reply r;
	bool as_json = false;
	char why[512];
	int c, rc = CLI_OK;

	while ((c = getopt_long(argc, argv, "jh", longs, NULL)) != -1) {
		if (c == 'h')
			cli_help(&command_status);
		if (c != 'j')
			return c == 'h' ? CLI_OK : CLI_BAD_USE;
		as_json = true;
	}
	if (http_get(api, "/api/v1/status", &r, why, sizeof(why))) {
		cli_say("%s", why);
		return CLI_FAILED;
	}
	json_t *o = json_loadb(r.body, r.len, 0, NULL);
	if (r.status != 200 || !json_is_object(o)) {
		cli_say("%s answers %ld: %.300s", api, r.status, str(o, "error"));
		rc = CLI_FAILED;
	} else if (as_json) {
		puts(r.body);
	} else {
		print_status(o);
	}
	json_decref(o);
	http_reply_free(&r);
	return rc;
}

const struct command command_status = {.name = "status",
	.asks = "--api",
	.summary = "the daemon, its store and its sensors",
	.help = "  -j, --json   the API's answer as it is\n"
		"  -h, --help   print this\n",
	.run = run};
