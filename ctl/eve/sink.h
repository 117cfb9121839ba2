// A place events go to: one ops struct a kind. sink_file.c (eve.json, stdout), sink_terminal.c (readable
// alerts), ctl/sensor/spool.c (the daemon). A new one is a file with an ops struct and one eve_output_add.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/eve/output.h"

#define SINK_STATS EVENT_KIND_COUNT // the kind of stats records, behind those of events
#define SINK_KINDS (EVENT_KIND_COUNT + 1)

struct eve_sink_ops {
	bool json; // wants line and len
	// One record. ev is NULL for stats; kind: enum event_kind or SINK_STATS. Counts in not_written what it cannot
	// take.
	void (*write)(struct eve_sink *s, const struct event *ev, unsigned int kind, const char *line, size_t len);
	// Writes out what is buffered. now: also tries again what has failed, however recently.
	void (*flush)(struct eve_sink *s, uint64_t now_ns, bool now);
	void (*reopen)(struct eve_sink *s); // optional
	// Last try, one line on what was lost, frees. Returns the number of records lost in all.
	uint64_t (*close)(struct eve_sink *s);
};

struct eve_sink {
	const struct eve_sink_ops *ops;
	uint64_t written[SINK_KINDS];
	uint64_t not_written[SINK_KINDS];
	uint64_t bytes, rotations;
	eve_report_fn report;
	void *report_ctx;
};

// Says one line through the sink's report function.
void sink_report(struct eve_sink *s, bool error, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
// "12 alert, 3 flow" of counts by kind; returns their sum.
uint64_t sink_count_text(const uint64_t counts[SINK_KINDS], char *out, size_t size);

// eve.json at opt->path. NULL after reporting one line.
struct eve_sink *sink_file_open(const struct eve_output_options *opt);
// JSON lines on a descriptor that stays the caller's; name for messages.
struct eve_sink *sink_fd_open(const struct eve_output_options *opt, int fd, const char *name);
// Alert lines for people on opt->terminal_fd.
struct eve_sink *sink_terminal_open(const struct eve_output_options *opt);
