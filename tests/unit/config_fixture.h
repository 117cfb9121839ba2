// A small schema, and a reporter that keeps what was said, for the configuration tests.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/config/config.h"

struct said {
	char text[8192]; // every line, newline-terminated; warnings begin with "warning: "
	unsigned int errors, warnings;
};

static void said_report(void *ctx, enum config_level level, const char *line)
{
	struct said *s = ctx;
	size_t used = strlen(s->text);

	snprintf(s->text + used, sizeof(s->text) - used, "%s%s\n", level == CONFIG_WARNING ? "warning: " : "", line);
	if (level == CONFIG_WARNING)
		s->warnings++;
	else
		s->errors++;
}

static inline void assert_said(const struct said *s, const char *what)
{
	if (!strstr(s->text, what))
		fail_msg("expected \"%s\" in:\n%s", what, s->text);
}

struct sample {
	bool midstream;
	uint64_t depth, interval_ns, count;
	double ratio;
	char *dir;
	int mode;
	struct config_list files;
	struct config_map groups;
};

static const char *const sample_modes[] = {"no", "yes", "detection-only", NULL};

static const struct config_row sample_rows[] = {
	{"stream.midstream", CONFIG_BOOL, offsetof(struct sample, midstream), "", 0, 0, "no", NULL,
		"Pick up sessions."},
	{"stream.depth", CONFIG_SIZE, offsetof(struct sample, depth), "bytes", 1024, 1 << 30, "1mb", NULL, "Depth."},
	{"stats.interval", CONFIG_DURATION, offsetof(struct sample, interval_ns), "s", 1, 3600, "8", NULL, "Interval."},
	{"threads.count", CONFIG_UINT, offsetof(struct sample, count), "workers", 1, 64, "1", NULL, "Workers."},
	{"threads.ratio", CONFIG_DOUBLE, offsetof(struct sample, ratio), "", 0.5, 2, "1.0", NULL, "Ratio."},
	{"dir", CONFIG_STRING, offsetof(struct sample, dir), "", 0, 0, "/var", NULL, "Directory."},
	{"http.enabled", CONFIG_ENUM, offsetof(struct sample, mode), "", 0, 0, "yes", sample_modes, "HTTP."},
	{"rule-files", CONFIG_LIST, offsetof(struct sample, files), "", 0, 0, "a, b", NULL, "Files."},
	{"vars.groups", CONFIG_MAP, offsetof(struct sample, groups), "", 0, 0, "{HOME: '[10.0.0.0/8]', EXT: '!$HOME'}",
		NULL, "Groups."},
	{"outputs", CONFIG_IGNORED, 0, "", 0, 0, NULL, NULL, "use eve-log"},
	{"legacy", CONFIG_IGNORED, 0, "", 0, 0, NULL, NULL, ""},
	{"plugins", CONFIG_IGNORED, 0, "", 0, 0, NULL, NULL, ""},
	CONFIG_END,
};

struct config_fixture {
	struct config *c;
	struct sample v;
	struct said said;
};

static inline int config_setup(void **state)
{
	struct config_fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->c = config_new(said_report, &f->said);
	*state = f;
	return config_add_part(f->c, "", sample_rows, &f->v);
}

static inline int config_teardown(void **state)
{
	struct config_fixture *f = *state;

	config_free(f->c);
	free(f);
	return 0;
}

// Loads text as the file "t.yaml".
static inline int load(struct config_fixture *f, const char *text)
{
	return config_load_string(f->c, "t.yaml", NULL, text, strlen(text));
}
