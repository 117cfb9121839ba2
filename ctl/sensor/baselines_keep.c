// When baselines are read and written. Next: baselines.c (the file).
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/sensor/baselines.h"
#include "ctl/sensor/sensor.h"

static bool path_of(const struct sensor *s, char *out, size_t size)
{
	const char *file = s->cfg.baselines.file;

	if (!file[0])
		return false;
	int n = file[0] == '/' ? snprintf(out, size, "%s", file) : snprintf(out, size, "%s/%s", s->cfg.log_dir, file);
	return n > 0 && (size_t)n < size;
}

static int add_prefixes(struct sensor *s)
{
	const struct config_map *m = &s->cfg.baselines.prefixes;

	for (size_t i = 0; i < m->count; i++) {
		int rc = baselines_add_prefix(s->baselines, m->pairs[i].name, m->pairs[i].value);
		if (rc == 0)
			continue;
		if (rc == -ENOSPC)
			say("baselines.prefixes: more than %u prefixes", BASELINE_PREFIXES);
		else
			say("baselines.prefixes.%s: \"%s\" is not a prefix such as 203.0.113.0/24 (no bits set behind "
			    "its "
			    "length), or the name is longer than %u bytes",
				m->pairs[i].name, m->pairs[i].value, BASELINE_NAME - 1);
		return EXIT_BAD_INPUT;
	}
	return EXIT_CLEAN;
}

// A file that cannot be used is put aside, so that what is learned anew does not replace what somebody may mend.
static void put_aside(const char *path, const char *why)
{
	char aside[4200];

	snprintf(aside, sizeof(aside), "%s.damaged", path);
	if (rename(path, aside) == 0)
		say("warning: %s: %s; it is now %s, and baselines are learned anew", path, why, aside);
	else
		say("warning: %s: %s; baselines are learned anew", path, why);
}

int setup_baselines(struct sensor *s)
{
	void *mem = calloc(1, baselines_size());

	if (!mem) {
		say("no memory for baselines");
		return EXIT_BAD_INPUT;
	}
	s->baselines = baselines_init(mem);
	return add_prefixes(s);
}

void load_baselines(struct sensor *s)
{
	char path[4096];

	if (!path_of(s, path, sizeof(path)))
		return;
	int rc = baselines_load(s->baselines, path);
	if (rc == -EPROTO)
		put_aside(path, "not baselines of this version of tocsin and kind of machine");
	else if (rc == -EBADMSG)
		put_aside(path, "damaged: cut off, or its digest does not match");
	else if (rc != 0 && rc != -ENOENT)
		say("warning: %s: cannot be read: %s; baselines are learned anew", path, strerror(-rc));
}

void keep_baselines(struct sensor *s, uint64_t packet_ns, bool last)
{
	char path[4096];

	if (!path_of(s, path, sizeof(path)))
		return;
	if (s->baselines_saved_ns == 0)
		s->baselines_saved_ns = packet_ns;
	if (!last && packet_ns < s->baselines_saved_ns + s->cfg.baselines.save_interval_ns)
		return;
	s->baselines_saved_ns = packet_ns;
	int rc = baselines_save(s->baselines, path);
	if (rc != 0)
		say("warning: %s: baselines cannot be written: %s", path, strerror(-rc));
}
