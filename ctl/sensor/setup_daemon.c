// The daemon as one more place events go to. Next: spool.h.
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/sensor/sensor.h"
#include "ctl/sensor/spool.h"

// What a file holds, as far as its name, size and time tell. False: it is no file that can be read again.
static bool add_file(FILE *key, const char *path)
{
	char *real = realpath(path, NULL);
	struct stat st;
	bool ok = real && stat(real, &st) == 0 && S_ISREG(st.st_mode);

	if (ok)
		fprintf(key, "%s %" PRId64 " %" PRId64 ".%09ld\n", real, (int64_t)st.st_size,
			(int64_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	free(real);
	return ok;
}

static bool add_capture(FILE *key, const char *path)
{
	struct dirent **names;
	char full[8192];
	int n = scandir(path, &names, NULL, alphasort);

	if (n < 0)
		return errno == ENOTDIR && add_file(key, path);
	for (int i = 0; i < n; i++) {
		snprintf(full, sizeof(full), "%s/%s", path, names[i]->d_name);
		add_file(key, full); // what else is in there is not read either
		free(names[i]);
	}
	free(names);
	return true;
}

// Everything that decides what a reading of captures finds. The same text is the same reading, so one
// that was ended half-way can be repeated without storing anything twice. NULL: it cannot be repeated (a
// pipe), or no memory. Free it.
static char *run_key(const struct sensor *s)
{
	char *text = NULL;
	size_t len;
	FILE *key = open_memstream(&text, &len);
	bool ok = key != NULL;

	for (size_t i = 0; ok && i < s->opt.captures.count; i++)
		ok = add_capture(key, s->opt.captures.items[i]);
	for (size_t i = 0; ok && i < s->cfg.rules.files.count; i++)
		add_file(key, s->cfg.rules.files.items[i]);
	if (ok)
		ok = fprintf(key, "tocsin %s\n", TOCSIN_VERSION) > 0 && config_dump(s->config, key) == 0;
	if (key && fclose(key) != 0)
		ok = false;
	if (ok)
		return text;
	free(text);
	return NULL;
}

int setup_daemon(struct sensor *s, eve_report_fn report)
{
	const struct spool_config *c = &s->daemon;
	char dir[8192];
	struct spool_options o = {.socket = c->socket,
		.dir = dir,
		.max_bytes = c->max_bytes,
		.name = s->cfg.telemetry.sensor_name,
		.linger_ms = (uint32_t)(c->linger_ns / 1000000u) + 1,
		.report = report,
		.report_ctx = s};

	if (!c->enabled)
		return EXIT_CLEAN;
	if (c->dir[0] == '/')
		snprintf(dir, sizeof(dir), "%s", c->dir);
	else
		snprintf(dir, sizeof(dir), "%s/%s", s->cfg.log_dir, c->dir);
	char *key = s->opt.captures.count ? run_key(s) : NULL;
	o.run_key = key;
	struct eve_sink *sink = spool_open(&o); // it has said what is wrong
	free(key);
	if (!sink)
		return EXIT_BAD_INPUT;
	eve_output_add(s->out, sink);
	return EXIT_CLEAN;
}
