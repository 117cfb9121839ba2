// What a responder wants to see when a capture has been read: what was found, how bad, who, whom,
// how often. Collects from the event sequence; prints one table.
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "dataplane/api/event.h"

struct summary;

// Returns NULL without memory.
struct summary *summary_new(void);
// Accepts NULL.
void summary_free(struct summary *s);
// Takes note of an alert or a finding; other kinds only count. Keeps at most a few thousand kinds of
// finding; what comes after is counted as "others".
void summary_add(struct summary *s, const struct event *ev);
// The table: most severe first, then most frequent. colour: use terminal colours. limit: rows at most.
void summary_print(const struct summary *s, FILE *out, bool colour, size_t limit);
// Alerts and findings so far.
uint64_t summary_alerts(const struct summary *s);
// Events of a kind so far.
uint64_t summary_events(const struct summary *s, enum event_kind kind);
