// tocsinctl sensor: a question or an order to a running sensor, over its telemetry socket. The sensor knows its
// commands (ctl/sensor/telemetry.c); this file knows none.
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "ctl/cli/cli.h"
#include "ctl/cli/render.h"
#include "ctl/cli/telemetry_client.h"

#define COMMAND_BYTES 512

static void add(char *out, size_t size, char separator, const char *word)
{
	size_t used = strlen(out);

	snprintf(out + used, size - used, "%c%s", separator, word);
}

static bool is_known(json_t *all, const char *command)
{
	json_t *one;
	size_t i;

	json_array_foreach(all, i,
		one) if (strcmp(json_string_value(one) ? json_string_value(one) : "", command) == 0) return true;
	return false;
}

// "rules top 20" is /tocsin/rules/top,20: the longest command the sensor knows, then its parameters.
static bool compose(json_t *all, int argc, char **argv, char *out, size_t size)
{
	int words = 0;
	char longest[COMMAND_BYTES] = "/tocsin";

	for (int i = 0; i < argc; i++) {
		add(longest, sizeof(longest), '/', argv[i]);
		if (is_known(all, longest)) {
			words = i + 1;
			snprintf(out, size, "%s", longest);
		}
	}
	for (int i = words; words && i < argc; i++)
		add(out, size, ',', argv[i]);
	return words > 0;
}

// The sensor's own commands, without DPDK's; each with what it says of itself.
static void list_commands(struct telemetry_client *t, json_t *all)
{
	char ask[COMMAND_BYTES], why[256];
	json_t *one;
	size_t i;

	json_array_foreach(all, i, one)
	{
		const char *name = json_string_value(one);
		if (!name || strncmp(name, "/tocsin/", 8) != 0)
			continue;
		snprintf(ask, sizeof(ask), "/help,%s", name);
		json_t *help = telemetry_ask(t, ask, why, sizeof(why));
		const char *text = json_string_value(help) ? json_string_value(help)
							   : json_string_value(json_object_get(help, name));
		printf("  %-16s %s\n", name + 8, text ? text : "");
		json_decref(help);
	}
}

static int ask_sensor(struct telemetry_client *t, int argc, char **argv, bool as_json)
{
	char command[COMMAND_BYTES], why[512];
	json_t *all = telemetry_ask(t, "/", why, sizeof(why)), *answer = NULL;
	int rc = CLI_FAILED;

	if (!all) {
		cli_say("%s", why);
	} else if (!argc) {
		printf("commands of the sensor, process %lld (%s):\n", t->pid, t->path);
		list_commands(t, all);
		rc = CLI_OK;
	} else if (!compose(all, argc, argv, command, sizeof(command))) {
		cli_say("sensor %s: the sensor knows no such command; tocsinctl sensor lists them", argv[0]);
		rc = CLI_BAD_USE;
	} else if (!(answer = telemetry_ask(t, command, why, sizeof(why)))) {
		cli_say("%s", why);
	} else {
		(as_json ? render_json : render)(answer);
		rc = fflush(stdout) ? CLI_FAILED : CLI_OK;
	}
	json_decref(answer);
	json_decref(all);
	return rc;
}

static int run(const char *api, int argc, char **argv)
{
	static const struct option longs[] = {
		{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	struct telemetry_client t;
	bool as_json = false;
	char why[512];
	int c, rc;

	(void)api;
	while ((c = getopt_long(argc, argv, "jh", longs, NULL)) != -1) {
		if (c == 'h')
			cli_help(&command_sensor);
		if (c != 'j')
			return c == 'h' ? CLI_OK : CLI_BAD_USE;
		as_json = true;
	}
	if (telemetry_connect(&t, cli_sensor(), why, sizeof(why)) != 0) {
		cli_say("%s", why);
		return CLI_FAILED;
	}
	rc = ask_sensor(&t, argc - optind, argv + optind, as_json);
	telemetry_disconnect(&t);
	return rc;
}

const struct command command_sensor = {.name = "sensor",
	.asks = "--sensor",
	.summary = "what a running sensor says of itself: stats, ports, flows, workers, drops, shutdown",
	.help = "  WORDS         a command of the sensor and its parameters; without words, a list of them\n"
		"  -j, --json    the answer as it is\n"
		"  -h, --help    print this\n",
	.run = run};
