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

// Blocks of the configuration that change how a reading runs and where it writes, but not what it finds.
static bool says_how(const char *line)
{
	static const char *const blocks[] = {
		"threading:", "daemon:", "dpdk:", "default-log-dir:", "stats:", "telemetry:"};

	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (strncmp(line, blocks[i], strlen(blocks[i])) == 0)
			return true;
	return false;
}

// The configuration's values that decide what is found, as --dump-config prints them.
static bool add_config(FILE *key, const struct config *c)
{
	char *text = NULL, *save = NULL;
	size_t len;
	FILE *dump = open_memstream(&text, &len);
	bool ok = dump && config_dump(c, dump) == 0, skip = false;

	if (dump && fclose(dump) != 0)
		ok = false;
	for (char *line = ok ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		const char *first = line + strspn(line, " ");
		if (*first == '#')
			continue;
		if (first == line && *line != '-')
			skip = says_how(line);
		if (!skip)
			fprintf(key, "%s\n", line);
	}
	free(text);
	return ok;
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
		ok = fprintf(key, "tocsin %s\n", TOCSIN_VERSION) > 0 && add_config(key, s->config);
	if (key && fclose(key) != 0)
		ok = false;
	if (ok)
		return text;
	free(text);
	return NULL;
}

void daemon_stats(const struct sensor *s, struct stats_snapshot *stats)
{
	static const char *const kinds[SINK_KINDS] = {"alert", "finding", "anomaly", "packet", "flow", "tick", "stats"};
	struct spool_stats c;

	if (!s->spool)
		return;
	spool_sink_stats(s->spool, &c);
	stats_add_name(stats, c.connected, "tocsin.daemon.connected");
	stats_add_name(stats, c.connects, "tocsin.daemon.connects");
	stats_add_name(stats, c.last, "tocsin.daemon.last");
	stats_add_name(stats, c.acked, "tocsin.daemon.stored");
	stats_add_name(stats, c.last > c.acked ? c.last - c.acked : 0, "tocsin.daemon.waiting");
	stats_add_name(stats, c.bytes, "tocsin.daemon.spool_bytes");
	for (size_t k = 0; k < SINK_KINDS; k++)
		if (k != EVENT_TICK)
			stats_add_name(stats, c.lost[k], "tocsin.daemon.lost.%s", kinds[k]);
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
	s->spool = sink;
	return EXIT_CLEAN;
}
