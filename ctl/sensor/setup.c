// Configuration and outputs: what can go wrong before a packet is read. Next: setup_rules.c.
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/sensor/eal.h"
#include "ctl/sensor/ports.h"
#include "ctl/sensor/reload.h"
#include "ctl/sensor/sensor.h"

#define ALERT_LINES_A_SECOND 20u

void say(const char *fmt, ...)
{
	va_list ap;

	fputs("tocsin: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void config_says(void *ctx, enum config_level level, const char *line)
{
	const struct sensor *s = ctx;

	if (level == CONFIG_ERROR || !s->opt.quiet)
		say("%s%s", level == CONFIG_WARNING ? "warning: " : "", line);
}

// Every part's rows, so that one schema knows every key.
static int add_rows(struct sensor *s)
{
	int rc = tocsin_config_add(s->config, &s->cfg, detector_table);

	flow_table_config_default(&s->flow);
	tcp_stream_config_default(&s->stream);
	if (rc == 0)
		rc = config_add_part(s->config, "", flow_config_rows, &s->flow);
	if (rc == 0)
		rc = config_add_part(s->config, "", tcp_stream_config_rows, &s->stream);
	if (rc == 0)
		rc = config_add_part(s->config, "", spool_config_rows, &s->daemon);
	return rc;
}

// Addresses that later stages ask about. A list that does not parse has been refused by the check
// of its text as far as that can see; what is left is said here.
static int parse_addresses(struct sensor *s)
{
	struct addr_set_error err;

	s->home = addr_set_parse("$HOME_NET", &s->cfg.address_groups, &err);
	if (!s->home) {
		say("vars.address-groups.HOME_NET: %s", err.text);
		return EXIT_BAD_INPUT;
	}
	for (size_t os = 0; os < CONFIG_OS_COUNT; os++) {
		char text[4096] = "[";
		const struct config_list *list = &s->cfg.host_os[os];
		for (size_t i = 0; i < list->count; i++) {
			strncat(text, i ? "," : "", sizeof(text) - strlen(text) - 1);
			strncat(text, list->items[i], sizeof(text) - strlen(text) - 1);
		}
		strncat(text, "]", sizeof(text) - strlen(text) - 1);
		if (!list->count)
			continue;
		s->hosts[os] = addr_set_parse(text, &s->cfg.address_groups, &err);
		if (!s->hosts[os]) {
			say("host-os-policy.%s: %s", config_os_names[os], err.text);
			return EXIT_BAD_INPUT;
		}
	}
	return EXIT_CLEAN;
}

int setup_config(struct sensor *s)
{
	s->config = config_new(config_says, s);
	int rc = s->config ? add_rows(s) : -ENOMEM;

	if (rc != 0) {
		say("the configuration schema cannot be built: %s", strerror(-rc));
		return EXIT_BAD_INPUT;
	}
	// it has said what is wrong
	if (s->opt.config_file && config_load_file(s->config, s->opt.config_file) != 0)
		return EXIT_BAD_INPUT;
	if (options_apply(&s->opt, s->config, &s->cfg) != 0 || tocsin_config_check(s->config, &s->cfg) != 0)
		return EXIT_BAD_INPUT;
	s->workers = s->cfg.workers.count ? (uint16_t)s->cfg.workers.count : 1;
	if (s->workers > PIPELINE_MAX_WORKERS) {
		say("threading.workers: %u is more than %u", s->workers, PIPELINE_MAX_WORKERS);
		return EXIT_BAD_INPUT;
	}
	int bad = parse_addresses(s);
	return bad ? bad : setup_baselines(s);
}

bool sensor_eve_path(const struct sensor *s, char *out, size_t size)
{
	const char *name = s->cfg.eve.filename;

	if (!s->cfg.eve.enabled || s->cfg.eve.to_stdout)
		return false;
	if (name[0] == '/')
		snprintf(out, size, "%s", name);
	else
		snprintf(out, size, "%s/%s", s->cfg.log_dir, name);
	return true;
}

static uint32_t wanted_kinds(const struct config_list *types)
{
	uint32_t kinds = 0;

	for (size_t i = 0; i < types->count; i++)
		for (uint32_t k = 0; k < EVENT_KIND_COUNT; k++)
			if (strcmp(types->items[i], eve_type_name(k)) == 0)
				kinds |= 1u << k; // findings are alerts too
	return kinds | 1u << EVENT_TX;            // which protocols' the app-layer stage knows
}

static const char *port_name(void *ctx, uint16_t iface)
{
	const struct sensor *s = ctx;

	return s->live ? ports_name(s->live, iface) : NULL;
}

static const char *capture_name(void *ctx, uint16_t iface)
{
	(void)iface;
	const struct sensor *s = ctx;

	return s->opt.captures.count ? s->opt.captures.items[0] : NULL;
}

static void output_says(void *ctx, bool error, const char *line)
{
	struct sensor *s = ctx;

	(void)error;
	progress_clear(&s->progress);
	say("%s", line);
}

int setup_log_dir(const struct sensor *s)
{
	const char *dir = s->cfg.log_dir;

	if (mkdir(dir, 0755) == 0 || errno == EEXIST)
		return 0;
	say("%s: cannot be made for what is written: %s; -l names another directory", dir, strerror(errno));
	return -errno;
}

int setup_output(struct sensor *s)
{
	char path[4096];
	bool file = sensor_eve_path(s, path, sizeof(path));
	bool terminal = isatty(STDERR_FILENO) && !s->opt.quiet && !s->opt.progress;
	struct eve_output_options o = {
		.eve = {.community_id = s->cfg.eve.community_id,
			.community_id_seed = (uint16_t)s->cfg.eve.community_id_seed,
			.iface_name = port_name,
			.sensor_name = s->cfg.telemetry.sensor_name,
			.capture_name = s->cfg.eve.pcap_file ? capture_name : NULL,
			.ctx = s},
		.path = file ? path : NULL,
		.to_stdout = s->cfg.eve.to_stdout,
		.terminal_fd = terminal ? STDERR_FILENO : -1,
		.terminal_max = ALERT_LINES_A_SECOND,
		.rotate_size = s->cfg.eve.rotate_size,
		.rotate_ns = s->cfg.eve.rotate_interval_ns,
		.kinds = wanted_kinds(&s->cfg.eve.types),
		.report = output_says,
		.report_ctx = s,
	};

	if ((file || s->daemon.enabled) && setup_log_dir(s) != 0)
		return EXIT_BAD_INPUT;
	s->stats = stats_new();
	s->summary = summary_new();
	s->out = eve_output_open(&o); // it has said what is wrong
	if (!s->stats || !s->summary)
		say("no memory for the outputs");
	return s->out && s->stats && s->summary ? setup_daemon(s, output_says) : EXIT_BAD_INPUT;
}

int setup_undo(struct sensor *s)
{
	int rc = eve_close(s->out) == 0 ? EXIT_CLEAN : EXIT_ENDED_EARLY;

	for (size_t i = 0; i < PIPELINE_MAX_WORKERS; i++) {
		if (s->signature[i])
			signature_worker_fini(s->signature[i]);
		free(s->signature[i]);
	}
	pipeline_free(s->pipeline);
	dump_streams_close(s->dump);
	undo_live(s);
	if (s->source)
		s->source->ops->close(s->source);
	mbuf_pools_free(&s->pools);
	if (s->eal_started)
		eal_stop();
	alert_gate_free(s->gate);
	reload_undo(s);
	ruleset_free(s->rules);
	rule_report_free(&s->report);
	for (size_t os = 0; os < TCP_POLICY_COUNT; os++)
		addr_set_free(s->hosts[os]);
	addr_set_free(s->home);
	free(s->baselines);
	summary_free(s->summary);
	free(s->stats);
	config_free(s->config);
	options_free(&s->opt);
	return rc;
}
