// The rows of the command line. A row that does nothing yet is not listed.
#pragma once

#include "ctl/sensor/options.h"

enum option_kind {
	OPTION_LIST,   // struct option_list; may be repeated
	OPTION_TEXT,   // const char *
	OPTION_FLAG,   // bool
	OPTION_COUNT,  // unsigned int; how often
	OPTION_ACTION, // sets options.action
};

struct option_row {
	char letter;      // 0: none
	const char *name; // without the dashes, NULL: none
	const char *arg;  // name of its argument, NULL: takes none
	enum option_kind kind;
	size_t offset; // in struct options
	int action;
	const char *help;    // one line; NULL ends the table
	const char *heading; // printed before this row
};

// Options of Suricata that people will try, and what to do here.
struct option_hint {
	const char *name;
	const char *hint;
};

extern const struct option_row option_rows[];
extern const struct option_hint option_hints[];
