// Short forms for schema rows of ctl/config. off: offset in the struct given to config_add_part.
#pragma once

#include "ctl/config/tocsin_config.h"

#define ROW_BOOL(k, off, d, h)                                                            \
	{                                                                                 \
		.key = (k), .type = CONFIG_BOOL, .offset = (off), .def = (d), .help = (h) \
	}
#define ROW_UINT(k, off, u, lo, hi, d, h)                                                                            \
	{                                                                                                            \
		.key = (k), .type = CONFIG_UINT, .offset = (off), .unit = (u), .min = (lo), .max = (hi), .def = (d), \
		.help = (h)                                                                                          \
	}
#define ROW_SIZE(k, off, lo, hi, d, h)                                                                       \
	{                                                                                                    \
		.key = (k), .type = CONFIG_SIZE, .offset = (off), .unit = "bytes", .min = (lo), .max = (hi), \
		.def = (d), .help = (h)                                                                      \
	}
#define ROW_TIME(k, off, u, lo, hi, d, h)                                                                    \
	{                                                                                                    \
		.key = (k), .type = CONFIG_DURATION, .offset = (off), .unit = (u), .min = (lo), .max = (hi), \
		.def = (d), .help = (h)                                                                      \
	}
#define ROW_STRING(k, off, u, d, h)                                                                      \
	{                                                                                                \
		.key = (k), .type = CONFIG_STRING, .offset = (off), .unit = (u), .def = (d), .help = (h) \
	}
#define ROW_ENUM(k, off, c, d, h)                                                                         \
	{                                                                                                 \
		.key = (k), .type = CONFIG_ENUM, .offset = (off), .choices = (c), .def = (d), .help = (h) \
	}
#define ROW_LIST(k, off, u, d, h)                                                                      \
	{                                                                                              \
		.key = (k), .type = CONFIG_LIST, .offset = (off), .unit = (u), .def = (d), .help = (h) \
	}
#define ROW_MAP(k, off, d, h)                                                            \
	{                                                                                \
		.key = (k), .type = CONFIG_MAP, .offset = (off), .def = (d), .help = (h) \
	}
#define ROW_IGNORED(k, h)                                       \
	{                                                       \
		.key = (k), .type = CONFIG_IGNORED, .help = (h) \
	}

// Rows of app-layer.*, and the keys of a Suricata configuration that have no effect.
int app_config_add(struct config *c, struct app_config *cfg);
int suricata_keys_add(struct config *c);
