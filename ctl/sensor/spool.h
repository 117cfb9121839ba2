// The daemon as an event sink: every record goes to the spool on disk (spool_disk.h) and from there over
// a unix socket (ctl/eve/wire.h), in order, until the daemon says it is stored. Never blocks, except at
// the end, where it waits a stated time for the last acknowledgements; what is left waits on disk for
// the next run. So do the spools of readings of captures that ended while the daemon was away: any later sensor with
// the same directory sends them, under their own ids, while it is connected. When the spool is full the oldest events
// go, counted by kind.
//
//	struct eve_sink *s = spool_open(&(struct spool_options){.socket = path, .dir = "logs/spool", ...});
//	if (s) eve_output_add(out, s);       // else it has said why
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ctl/eve/sink.h"

struct spool_options {
	const char *socket; // the daemon's; NULL: WIRE_SOCKET
	const char *dir;    // made when missing; one a sensor
	uint64_t max_bytes; // 0: 1 GiB
	const char *name;   // for people; NULL: the host's name
	// A text that names one reading of captures (files, rules, configuration): the same text gives the
	// same sensor id, and numbers from 1, so that a reading that was killed can be done again without
	// storing anything twice. NULL: a live sensor, whose id is made once and kept in dir.
	const char *run_key;
	uint32_t linger_ms; // at the end, without an acknowledgement; 0: 3000
	eve_report_fn report;
	void *report_ctx;
};

struct spool_stats {
	bool connected;
	uint64_t last, acked; // numbers: given to the newest event; stored by the daemon
	uint64_t bytes;       // on disk
	uint64_t lost[SINK_KINDS];
	uint64_t connects;
};

// Returns NULL after reporting one line.
struct eve_sink *spool_open(const struct spool_options *opt);
void spool_sink_stats(const struct eve_sink *s, struct spool_stats *out);
