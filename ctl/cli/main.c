// tocsinctl: questions to tocsind and to sensors from the command line. Next: cli.h (what a command is).
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/cli/cli.h"
#include "ctl/eve/wire.h"

static const struct command *const commands[] = {
	&command_status, &command_events, &command_sensor, &command_top, &command_rules};
static const char *sensor;

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

void cli_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("tocsinctl: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
}

const char *cli_sensor(void)
{
	return sensor;
}

void cli_help(const struct command *c)
{
	printf("usage: tocsinctl [%s WHERE] %s [options]\n\nPrints %s.\n\n%s", c->asks, c->name, c->summary, c->help);
}

static void usage(void)
{
	puts("usage: tocsinctl [--api WHERE] [--sensor WHERE] COMMAND [options]\n\n"
	     "  --api WHERE   tocsind's API: a unix socket's path or http://127.0.0.1:9901\n"
	     "                (default: $TOCSIN_API, else " WIRE_API_SOCKET ")\n"
	     "  --sensor WHERE  a running sensor: its telemetry.file-prefix, process id or telemetry socket\n"
	     "                (default: $TOCSIN_SENSOR, else tocsin)\n"
	     "  --version     print the version\n"
	     "  --help        print this; tocsinctl COMMAND --help lists a command's options\n\n"
	     "commands:");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
	puts("\nExit codes: 0 answered, 1 a mistake in the options, 2 who was asked cannot be reached or has failed.\n"
	     "See tocsinctl(1).");
}

int main(int argc, char **argv)
{
	const char *api = getenv("TOCSIN_API");
	int i = 1;

	signal(SIGPIPE, SIG_IGN);
	if (!api || !*api)
		api = WIRE_API_SOCKET;
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--api") && i + 1 < argc) {
			api = argv[++i];
		} else if (!strcmp(argv[i], "--sensor") && i + 1 < argc) {
			sensor = argv[++i];
		} else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			usage();
			return CLI_OK;
		} else if (!strcmp(argv[i], "--version") || !strcmp(argv[i], "-V")) {
			puts("tocsinctl " TOCSIN_VERSION);
			return CLI_OK;
		} else {
			cli_say("%s: no such option; tocsinctl --help lists them", argv[i]);
			return CLI_BAD_USE;
		}
	}
	for (size_t k = 0; k < COMMANDS && i < argc; k++)
		if (!strcmp(argv[i], commands[k]->name))
			return commands[k]->run(api, argc - i, argv + i);
	cli_say("%s%sno %scommand; tocsinctl --help lists them", i < argc ? argv[i] : "", i < argc ? ": " : "",
		i < argc ? "such " : "");
	return CLI_BAD_USE;
}
