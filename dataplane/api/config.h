// Configuration schema rows. Every part of the program states its keys as rows; ctl/config loads,
// checks, prints and explains them. A row writes one field of the part's config struct.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_type {
	CONFIG_BOOL,     // bool; yes/no, true/false, on/off, enabled/disabled
	CONFIG_UINT,     // uint64_t
	CONFIG_DOUBLE,   // double
	CONFIG_SIZE,     // uint64_t bytes; "64mb", "2 GiB", plain bytes
	CONFIG_DURATION, // uint64_t nanoseconds; "100ms", "2s", "1h"; a bare number is in the row's unit
	CONFIG_STRING,   // char *, owned by the loader, never NULL
	CONFIG_ENUM,     // int; index into choices
	CONFIG_LIST,     // struct config_list of strings
	CONFIG_MAP,      // struct config_map of name -> string (vars.address-groups)
	CONFIG_IGNORED,  // accepted for the sake of pasted Suricata configurations, with a warning
};

struct config_list {
	char **items;
	size_t count;
};

struct config_map {
	struct config_pair {
		char *name;
		char *value;
	} * pairs;
	size_t count;
};

struct config_row {
	const char *key; // dotted, Suricata's spelling where it has the thing: "stream.midstream"
	enum config_type type;
	size_t offset;              // of the field in the part's config struct
	const char *unit;           // "packets/s", "bytes", "ms", ...; "" where there is none
	double min, max;            // inclusive; for numbers, sizes (bytes) and durations (in the row's unit)
	const char *def;            // default, spelled as in tocsin.yaml
	const char *const *choices; // CONFIG_ENUM: names, NULL-terminated
	const char *help;           // one sentence
};

#define CONFIG_END          \
	{                   \
		.key = NULL \
	}
