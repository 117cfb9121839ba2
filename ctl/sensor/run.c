// The run itself: signals, progress, stats in between, and what is said at the end.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/sensor/ports.h"
#include "ctl/sensor/reload.h"
#include "ctl/sensor/rules_stats.h"
#include "ctl/sensor/sensor.h"
#include "ctl/sensor/snapshot.h"
#include "ctl/sensor/telemetry.h"
#include "dataplane/api/clock.h"
#include "dataplane/run_capture.h"
#include "dataplane/source_pcap.h"

#define OUTPUT_TICK_NS 100000000ull
#define SUMMARY_ROWS 25u

static volatile sig_atomic_t stop_asked, reopen_asked;

static void on_stop(int sig)
{
	(void)sig;
	stop_asked = 1;
}

static void on_hangup(int sig)
{
	(void)sig;
	reopen_asked = 1;
}

static void on_reload(int sig)
{
	(void)sig;
	reload_ask();
}

static void catch_signals(void)
{
	struct sigaction stop = {.sa_handler = on_stop, .sa_flags = SA_RESETHAND}; // a second Ctrl-C ends at once
	struct sigaction hup = {.sa_handler = on_hangup, .sa_flags = SA_RESTART};
	struct sigaction usr2 = {.sa_handler = on_reload, .sa_flags = SA_RESTART};

	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGHUP, &hup, NULL);
	sigaction(SIGUSR2, &usr2, NULL);
}

void run_stop(void)
{
	stop_asked = 1;
}

bool run_stats(struct sensor *s, bool at_rest)
{
	char why[256] = "";
	bool sound =
		snapshot_take(s->stats, s->pipeline, s->source, s->cfg.stats.decoder_events, at_rest, why, sizeof(why));

	stats_add(s->stats, COUNTER_UPTIME, (uint64_t)progress_seconds(&s->progress));
	rules_stats(s);
	stats_add(s->stats, COUNTER_DETECT_RULES_LOADED, s->report.loaded);
	stats_add(s->stats, COUNTER_DETECT_RULES_FAILED, s->report.rejected);
	for (size_t k = 0; k <= EVENT_KIND_COUNT; k++)
		stats_add(s->stats, COUNTER_NOT_WRITTEN, eve_output_stats(s->out)->not_written[k]);
	if (s->live)
		ports_stats(s->live, s->stats);
	daemon_stats(s, s->stats);
	// a port's own counters may lag behind its frames: only at rest must the ledger hold
	if (!sound && at_rest)
		say("the loss ledger does not add up: %s", why);
	return sound || !at_rest;
}

// packet_ns: time of the stats record. Returns false when the ledger does not add up.
static bool write_stats(struct sensor *s, uint64_t packet_ns, bool at_rest)
{
	bool sound = run_stats(s, at_rest);

	if (s->cfg.stats.enabled)
		eve_write_stats(s->out, s->stats, packet_ns);
	return sound;
}

static void show_progress(struct sensor *s)
{
	struct source_progress at;

	if (!s->opt.progress || s->live)
		return;
	source_pcap_progress(s->source, &at);
	progress_draw(&s->progress, &at, summary_alerts(s->summary));
}

static void line_said(void *arg, const char *line)
{
	(void)arg;
	say("%s", line);
}

static bool poll_run(void *arg, uint64_t packet_ns)
{
	struct sensor *s = arg;
	uint64_t now = clock_now_ns(CLOCK_MONOTONIC);

	show_progress(s);
	telemetry_serve();
	reload_poll(s);
	if (reopen_asked) {
		reopen_asked = 0;
		eve_reopen(s->out);
	}
	if (now - s->last_tick_ns >= OUTPUT_TICK_NS) {
		s->last_tick_ns = now;
		eve_tick(s->out, clock_now_ns(CLOCK_REALTIME));
		if (s->live)
			ports_watch(s->live, line_said, s);
	}
	if (now - s->last_stats_ns >= s->cfg.stats.interval_ns) {
		s->last_stats_ns = now;
		write_stats(s, packet_ns, false);
	}
	keep_baselines(s, packet_ns, false);
	s->last_packet_ns = packet_ns;
	return !stop_asked;
}

static void print_rate(const struct sensor *s, double seconds)
{
	uint64_t pkts = stats_get(s->stats, "decoder.pkts"), bytes = stats_get(s->stats, "decoder.bytes");

	printf("Read %llu packets (%.1f MB) in %llu flows in %.2f s", (unsigned long long)pkts, (double)bytes / 1e6,
		(unsigned long long)stats_get(s->stats, "flow.total"), seconds);
	if (seconds > 0)
		printf(": %.2f Mpps, %.2f Gbit/s", (double)pkts / seconds / 1e6, (double)bytes * 8 / seconds / 1e9);
	printf(", %u worker%s\n", s->workers, s->workers > 1 ? "s" : "");
}

static void print_dropped(const struct sensor *s)
{
	struct worker_counters sum;

	pipeline_counters(s->pipeline, &sum);
	printf("\nNot inspected: %llu of %llu packets\n", (unsigned long long)s->stats->dropped,
		(unsigned long long)s->stats->offered);
	for (size_t r = 1; r < DROP_REASON_COUNT; r++)
		if (sum.ledger[r])
			printf("  %8llu  %s (%s)\n", (unsigned long long)sum.ledger[r], drop_table[r].help,
				drop_table[r].name);
}

static void print_end(const struct sensor *s, double seconds)
{
	char path[4096];
	uint64_t failed;
	int error;
	bool colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");

	print_rate(s, seconds);
	if (summary_alerts(s->summary)) {
		printf("\nFound: %llu alerts\n", (unsigned long long)summary_alerts(s->summary));
		summary_print(s->summary, stdout, colour, SUMMARY_ROWS);
	} else {
		printf("\nFound: nothing\n");
	}
	print_dropped(s);
	if (s->dump)
		printf("\nStreams: %llu files in %s\n",
			(unsigned long long)dump_streams_count(s->dump, &failed, &error), s->opt.dump_streams);
	if (!sensor_eve_path(s, path, sizeof(path)))
		return;
	printf("\nEvents: %s\n", path);
	printf("Next:   jq 'select(.event_type==\"alert\")' %s\n", path);
}

int run_captures(struct sensor *s)
{
	struct run_hooks hooks = {.poll = poll_run, .arg = s};
	uint64_t errors, failed;
	int error, rc;

	catch_signals();
	progress_start(&s->progress);
	s->last_stats_ns = clock_now_ns(CLOCK_MONOTONIC);
	if (s->live && s->cfg.telemetry.enabled && telemetry_open(s) != 0)
		say("warning: the telemetry socket's commands cannot be registered; tocsinctl sensor finds none");
	if (s->live && !s->opt.quiet)
		say("listening; Ctrl-C ends the run");
	rc = s->live ? ports_run(s->live, s->pipeline, &s->cfg, &hooks) : run_capture(s->pipeline, s->source, &hooks);
	telemetry_close();
	double seconds = progress_seconds(&s->progress);
	progress_clear(&s->progress);
	if (rc != 0) {
		say("the run cannot start: %s", strerror(-rc));
		return EXIT_BAD_INPUT;
	}
	bool sound = write_stats(s, s->last_packet_ns, true);
	keep_baselines(s, s->last_packet_ns, true);
	eve_flush(s->out);
	if (s->opt.rule_profile && s->rules && (rc = rule_profile_write(s, s->opt.rule_profile)) != 0) {
		say("%s: the cost of rules cannot be written: %s", s->opt.rule_profile, strerror(-rc));
		return EXIT_ENDED_EARLY;
	}
	if (!s->opt.quiet && s->rules)
		rules_say_limits(s);
	if (!s->opt.quiet && !s->cfg.eve.to_stdout)
		print_end(s, seconds);
	errors = s->live ? 0 : source_pcap_errors(s->source);
	if (s->dump && dump_streams_count(s->dump, &failed, &error) && failed) {
		say("%s: %llu streams could not be written: %s", s->opt.dump_streams, (unsigned long long)failed,
			strerror(error));
		return EXIT_ENDED_EARLY;
	}
	bool cut_off = stop_asked && !s->live; // a signal is how a live run ends
	if (cut_off)
		say("ended by a signal after %llu packets", (unsigned long long)s->stats->offered);
	if (cut_off || !sound)
		return EXIT_ENDED_EARLY;
	return errors ? EXIT_BAD_INPUT : EXIT_CLEAN;
}
