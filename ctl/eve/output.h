// Where the sensor's events go: eve.json, stdout, a terminal, the daemon. Everything here runs on the
// main lcore, at most buffers, and never stops a run: what cannot be written is counted by kind, said
// once, and tried again at later ticks. Next: eve.h (the records), sink_file.c, sink_terminal.c.
//
//	struct eve_output_options o = {.path = "logs/eve.json", .terminal_fd = 2, ...};
//	struct eve_output *out = eve_output_open(&o);   // NULL: it has said why, exit 1
//	event_merge_poll(m, eve_write_event_fn, out);   // or eve_write_event(out, ev)
//	eve_tick(out, now_ns);                          // about once in 100 ms, wall clock
//	eve_write_stats(out, &snapshot, ts_ns);         // stats.h
//	if (hup) eve_reopen(out);
//	if (eve_close(out)) exit 2;                     // it has said what was not written
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ctl/eve/eve.h"
#include "dataplane/api/event.h"

struct eve_output;
struct stats_snapshot;
struct eve_sink; // sink.h, for whoever adds a sink

// Told one line, without newline. error: something is wrong; else it is good news ("... written again").
typedef void (*eve_report_fn)(void *ctx, bool error, const char *line);

struct eve_output_options {
	struct eve_options eve; // what records say; eve.h
	const char *path;       // eve.json, appended to; NULL: no file
	bool to_stdout;         // one JSON line an event on stdout
	int terminal_fd;        // readable alert lines go here; -1: none. Colour when it is a tty and NO_COLOR is unset
	uint32_t terminal_max;  // alert lines a second of wall time, then "... and N more"; 0: no limit
	uint64_t rotate_size;   // bytes after which the file is renamed and begun anew; 0: never
	uint64_t rotate_ns;     // the same by time since it was opened; 0: never
	uint32_t kinds;         // bit 1 << enum event_kind: written; 0: all
	size_t buffer_bytes;    // of each sink; 0: 1 MiB
	eve_report_fn report;   // NULL: "tocsin: <line>" on stderr
	void *report_ctx;
};

struct eve_output_stats {
	uint64_t written[EVENT_KIND_COUNT + 1];     // the last: stats records
	uint64_t not_written[EVENT_KIND_COUNT + 1]; // by some sink that should have
	uint64_t bytes;
	uint64_t rotations;
};

// Opens all sinks. Ignores SIGPIPE for the process. Returns NULL after reporting one clear line.
struct eve_output *eve_output_open(const struct eve_output_options *opt);

// Adds a sink made elsewhere (the daemon's socket); the output owns it from here.
void eve_output_add(struct eve_output *out, struct eve_sink *sink);

// Writes one event to every sink. Never fails; failures are counted and reported.
void eve_write_event(struct eve_output *out, const struct event *ev);
// The same as an event_merge_fn: ctx is the output.
void eve_write_event_fn(void *ctx, const struct event *ev);

// Writes an EVE stats record, and sorts the snapshot by name. ts_ns: its timestamp (packet time for captures,
// wall time live).
void eve_write_stats(struct eve_output *out, struct stats_snapshot *stats, uint64_t ts_ns);

// Writes out what is buffered, tries again what failed (at most once a second), rotates by time.
// now_ns: wall clock.
void eve_tick(struct eve_output *out, uint64_t now_ns);
// Writes out what is buffered, now.
void eve_flush(struct eve_output *out);
// Closes and opens eve.json again (after SIGHUP; a log rotator has renamed it).
void eve_reopen(struct eve_output *out);

const struct eve_output_stats *eve_output_stats(const struct eve_output *out);

// Flushes and frees. Returns 0, or -EIO when events were not written (it has said how many of which kind).
// Accepts NULL.
int eve_close(struct eve_output *out);
