// --dump-streams DIR: the bytes of each direction of every TCP flow, as files, for people and for tests.
#pragma once

#include <stdint.h>

#include "dataplane/api/stream.h"
#include "dataplane/tcp_stream.h"

struct dump_streams;

// Makes DIR where it is missing. Returns 0 or -errno (logged by the caller with the directory's name).
int dump_streams_open(struct dump_streams **out, const char *dir);

// What the stream engine must do for it: no depth limit. Call before the workers are made.
void dump_streams_config(struct tcp_stream_config *cfg);

// Adds itself as a consumer of one worker's streams. Files are written from the packet path: this is a
// tool for captures, not for live traffic. Returns 0 or -ENOSPC.
int dump_streams_attach(struct dump_streams *ds, struct tcp_streams *ts);

// Streams written, and writes that failed (*error: the first errno).
uint64_t dump_streams_count(const struct dump_streams *ds, uint64_t *failed, int *error);

// Accepts NULL.
void dump_streams_close(struct dump_streams *ds);
