// Capture files as a source (`-r`): pcap and pcapng, plain or gzip-compressed, files, directories and
// pipes. Next: capture.h (how one file is read).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/setup/memory.h"
#include "dataplane/source.h"

struct decode_config;

enum source_severity {
	SOURCE_WARNING, // something of the input was left out; the run goes on
	SOURCE_ERROR,   // an input named on the command line cannot be used
};

struct source_progress {
	uint64_t bytes_read;  // of the files as stored (compressed bytes of a compressed file)
	uint64_t bytes_total; // 0: not known, a pipe is among the inputs
	uint64_t frames;
	size_t file_index; // of the file being read, from 0
	size_t files;
	const char *file; // name of the file being read, "" at the end
};

// Opens n inputs, read in the order given: capture files, "-" for standard input, pipes, and directories
// (their regular files in name order; hidden files and subdirectories are skipped). Frames are numbered
// from 1 over all inputs.
//
// report is told of every problem in one line that names the file, now and during rx; it is called from
// the thread that calls open or rx. A named file that is missing, unreadable or not a capture is an error
// and fails the call; one found in a directory is a warning. A pipe is first read by rx: there a bad one
// is reported as an error and counted in source_pcap_errors.
//
// pools must outlive the source. Returns 0 or -errno.
int source_pcap_open(struct source **out, const char *const *paths, size_t n, const struct mbuf_pools *pools,
	void (*report)(void *arg, enum source_severity severity, const char *message), void *arg);

// How far reading is; for progress bars.
void source_pcap_progress(const struct source *s, struct source_progress *out);

// The most flows these inputs can hold, so that tables need not be larger; UINT64_MAX where that is not known: a pipe,
// a large compressed file, or more than `enough` (capture_census.h). decode: how frames will be decoded.
uint64_t source_pcap_flows_most(const struct source *s, const struct decode_config *decode, uint64_t enough);

// Problems reported so far as SOURCE_ERROR.
uint64_t source_pcap_errors(const struct source *s);
