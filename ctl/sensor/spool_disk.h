// The spool's disk side: numbered EVE lines in segment files, oldest first. Everything for the daemon
// passes through here, so a daemon that is slow or gone costs nothing but disk, and a sensor that is
// killed leaves what it had made. Bounded: when full, the oldest segment goes, counted by kind.
// Next: spool.h (the sink and the socket).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/eve/sink.h"

#define SPOOL_SEGMENT_BYTES (4u << 20)
#define SPOOL_BUFFER_BYTES (256u << 10)

struct spool_disk;

// Opens dir (made when missing), locks it, reads what an earlier run left and cuts a torn last line off.
// max_bytes: at least two segments. Returns NULL with the reason in why.
struct spool_disk *spool_disk_open(const char *dir, uint64_t max_bytes, char *why, size_t why_size);
// Writes out what is buffered and closes. Accepts NULL.
void spool_disk_close(struct spool_disk *d);
// Closes, and deletes segments and directory.
void spool_disk_remove(struct spool_disk *d);

// Appends one line (with its newline) that carries number seq. Returns false when it had no room: the
// disk is full and so is the buffer.
bool spool_disk_add(struct spool_disk *d, const char *line, size_t len, uint64_t seq, unsigned int kind);
// Writes the buffer out. Returns 0 or -errno; what was not written stays buffered.
int spool_disk_flush(struct spool_disk *d);

// The last flush: what the disk does not take now is lost and counted.
void spool_disk_finish(struct spool_disk *d);

// The cursor moves behind `have`, to the first line that is not known to have arrived.
void spool_disk_rewind(struct spool_disk *d, uint64_t have);
// Copies the next whole lines into buf. Returns bytes; 0: nothing more now.
size_t spool_disk_read(struct spool_disk *d, char *buf, size_t cap);
// All up to seq have arrived: whole segments of those are deleted, but never the last (it keeps the count).
void spool_disk_ack(struct spool_disk *d, uint64_t seq);

uint64_t spool_disk_last(const struct spool_disk *d);        // highest number in the spool, 0: none
uint64_t spool_disk_bytes(const struct spool_disk *d);       // in files
const uint64_t *spool_disk_lost(const struct spool_disk *d); // SINK_KINDS counts of what had to go

// Kind of an EVE line, from its event_type; and its number, 0 without.
unsigned int spool_line_kind(const char *line, size_t len);
uint64_t spool_line_seq(const char *line, size_t len);
