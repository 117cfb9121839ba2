// One ring of events from a worker (or the main lcore's own detectors) to the collector.
//
// Single producer, single consumer, memory of the caller, no lock. A record is a length word, the
// struct event cut to its kind, and its extra text, in whole 64-byte slots that lie side by side;
// where a record does not fit before the end, a filler takes the rest of the lap.
// The producer's calls are those of api/event.h. Next: event_merge.h.
#pragma once

#include <stdint.h>
#include <stddef.h>

#include "dataplane/api/event.h"

#define EVENT_SLOT_BYTES 64u
#define EVENT_RING_MIN_SLOTS 128u // two records of the largest kind

// Bytes of memory for a ring of at least this many slots (rounded up to a power of two). The memory
// must be aligned to 64 bytes. An alert, an anomaly and a flow take 3 slots, a finding 4, plus text.
size_t event_ring_size(uint32_t slots);

// Sets up an empty ring in mem (event_ring_size(slots) bytes). Returns mem as a ring.
struct event_ring *event_ring_init(void *mem, uint32_t slots);

// Slots a producer could fill now; for producers that would rather wait than lose events
// (a capture file can wait, a wire cannot).
uint32_t event_ring_free_slots(const struct event_ring *r);

// Slots of the ring.
uint32_t event_ring_slots(const struct event_ring *r);

// Consumer: the oldest record, or NULL. It stays valid until event_ring_pop.
const struct event *event_ring_peek(struct event_ring *r);

// Consumer: gives the record of the last event_ring_peek back to the producer.
void event_ring_pop(struct event_ring *r);
