// tocsinctl's commands: one file a command, one line in main.c's table.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct command {
	const char *name, *summary;
	const char *asks; // "--api" or "--sensor": the option that names whom
	const char *help; // options, one a line
	// argv[0] is the command's name. Returns the program's exit code.
	int (*run)(const char *api, int argc, char **argv);
};

extern const struct command command_status, command_events, command_sensor, command_top, command_rules;

enum { CLI_OK = 0, CLI_BAD_USE = 1, CLI_FAILED = 2 };

// Prints "tocsinctl: ..." on stderr.
void cli_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
// Prints a command's help.
void cli_help(const struct command *c);
// --sensor, NULL when it was not given.
const char *cli_sensor(void);
