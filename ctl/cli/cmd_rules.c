// tocsinctl rules: the rules of a running sensor. reload waits until it is known how it went; status and top
// are the sensor's own answers (ctl/sensor/rules_telemetry.c).
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl/cli/cli.h"
#include "ctl/cli/render.h"
#include "ctl/cli/telemetry_client.h"

#define WAIT_S 600 // 100,000 rules with a cold cache take a minute
#define LOOK_MS 20

struct ask {
	struct telemetry_client client;
	char why[512];
	bool as_json;
};

static json_int_t number(json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static const char *text(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

static int show(struct ask *a, const char *command)
{
	json_t *answer = telemetry_ask(&a->client, command, a->why, sizeof(a->why));

	if (!answer) {
		cli_say("%s", a->why);
		return CLI_FAILED;
	}
	if (!json_object_size(answer) && !a->as_json)
		puts("no rule has been checked yet");
	else
		(a->as_json ? render_json : render)(answer);
	json_decref(answer);
	return fflush(stdout) ? CLI_FAILED : CLI_OK;
}

static void print_refusal(json_t *status)
{
	fputs("tocsinctl: the sensor keeps its rules: ", stderr);
	fputs(text(status, "why_refused"), stderr);
	for (int i = 2; i < 10; i++) {
		char key[32];
		snprintf(key, sizeof(key), "why_refused_%d", i);
		fputs(text(status, key), stderr);
	}
	fputc('\n', stderr);
}

static int tell_end(struct ask *a, json_t *status, json_int_t refused)
{
	if (a->as_json)
		render_json(status);
	if (number(status, "refused") > refused) {
		if (!a->as_json)
			print_refusal(status);
		return CLI_FAILED;
	}
	if (!a->as_json)
		printf("rules: %lld loaded, %lld waiting for a parser, %lld rejected; loaded in %.2f s, changed over "
		       "in "
		       "%.1f ms\n",
			(long long)number(status, "loaded"), (long long)number(status, "waiting"),
			(long long)number(status, "rejected"), (double)number(status, "load_us") / 1e6,
			(double)number(status, "change_over_us") / 1e3);
	return CLI_OK;
}

static int reload(struct ask *a)
{
	const struct timespec pause = {0, LOOK_MS * 1000000};
	json_t *before = telemetry_ask(&a->client, "/tocsin/rules/reload", a->why, sizeof(a->why)), *now = NULL;
	json_int_t reloads = number(before, "reloads"), refused = number(before, "refused");

	if (!before) {
		cli_say("%s", a->why);
		return CLI_FAILED;
	}
	json_decref(before);
	for (int i = 0; i < WAIT_S * 1000 / LOOK_MS; i++) {
		nanosleep(&pause, NULL);
		now = telemetry_ask(&a->client, "/tocsin/rules/status", a->why, sizeof(a->why));
		if (!now) {
			cli_say("%s", a->why);
			return CLI_FAILED;
		}
		if (number(now, "reloads") > reloads || number(now, "refused") > refused) {
			int rc = tell_end(a, now, refused);
			json_decref(now);
			return rc;
		}
		json_decref(now);
	}
	cli_say("the reload is not done after %d s; tocsinctl rules status says how far it is", WAIT_S);
	return CLI_FAILED;
}

static int act(struct ask *a, const char *what, const char *by, const char *count)
{
	char command[128];

	if (!strcmp(what, "reload"))
		return reload(a);
	if (!strcmp(what, "status"))
		return show(a, "/tocsin/rules/status");
	snprintf(command, sizeof(command), "/tocsin/rules/top,%s,%s", by, count);
	return show(a, command);
}

static int run(const char *api, int argc, char **argv)
{
	static const struct option longs[] = {{"json", no_argument, NULL, 'j'}, {"by", required_argument, NULL, 'b'},
		{"count", required_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	const char *by = "cycles", *count = "20";
	struct ask a = {.as_json = false};
	int c, rc;

	(void)api;
	while ((c = getopt_long(argc, argv, "jb:n:h", longs, NULL)) != -1) {
		if (c == 'h')
			cli_help(&command_rules);
		if (c == '?' || c == 'h')
			return c == 'h' ? CLI_OK : CLI_BAD_USE;
		a.as_json |= c == 'j';
		by = c == 'b' ? optarg : by;
		count = c == 'n' ? optarg : count;
	}
	const char *what = optind < argc ? argv[optind] : "";
	if ((strcmp(what, "reload") && strcmp(what, "status") && strcmp(what, "top")) || optind + 1 < argc) {
		cli_say("rules: expected reload, status or top%s%s%s; tocsinctl rules --help says more",
			*what ? ", found \"" : "", what, *what ? "\"" : "");
		return CLI_BAD_USE;
	}
	if (telemetry_connect(&a.client, cli_sensor(), a.why, sizeof(a.why)) != 0) {
		cli_say("%s", a.why);
		return CLI_FAILED;
	}
	rc = act(&a, what, by, count);
	telemetry_disconnect(&a.client);
	return rc;
}

const struct command command_rules = {.name = "rules",
	.asks = "--sensor",
	.summary = "a running sensor's rules: reload them, how that went, which cost most",
	.help = "  reload        reads the rule files anew while traffic goes on, and waits for the outcome\n"
		"  status        rules in use, and how the last reload went\n"
		"  top           the rules that cost most\n"
		"      --by WHAT top by cycles (default), checks or matches\n"
		"  -n, --count N rows of top, at most 60 (default 20)\n"
		"  -j, --json    the answer as it is\n"
		"  -h, --help    print this\n",
	.run = run};
