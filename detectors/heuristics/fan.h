// Fan-out: how many different things one key touched, and how many of them failed. Master state of
// port_scan, host_scan, worm_spread. Next: port_scan.c.
//
// A record counts over a window that begins with its first try; what a window leaves is kept for a slow window of
// many of them, so that who tries one thing in five minutes is seen too. Distinct things are counted in a bitmap of
// 1024 bits (exact to 5 % up to 1000, saturates near 7000).
#pragma once

#include "detectors/heuristics/finding.h"
#include "detectors/heuristics/keytab.h"
#include "detectors/heuristics/obslog.h"
#include "detectors/sketch/distinct.h"
#include "detectors/sketch/hash.h"

#define FAN_WORDS 16u
#define FAN_ACTIVE_MAX 1024u

struct fan {
	struct keyed head;
	uint64_t slow_start_ns, slow_seq;
	uint64_t slow_tried[FAN_WORDS], slow_good[FAN_WORDS]; // of the windows that have ended
	union ip_addr who, whom;                              // the source; the victim where the key names one
	uint8_t version, proto;
	uint8_t active; // reported
	uint8_t slow;   // as a slow one
	uint16_t port;  // where the key names one
	uint16_t port_min, port_max;
	uint32_t probes; // enum conn_probe bits seen
	uint32_t tries, opened, closed;
	uint32_t marked; // tries with CONN_SEQ_IS_DST
	uint64_t tried[FAN_WORDS];
	uint64_t good[FAN_WORDS]; // those that answered
	uint64_t sources;         // bitmap, where the key is a victim
	uint64_t start_ns, seen_ns;
	uint64_t first_seq;
};

struct fan_table {
	struct keytab tab;
	uint64_t window_ns, slow_window_ns;
	uint32_t active_count;
	struct fan *active[FAN_ACTIVE_MAX];
};

void fan_init(struct fan_table *t, void *records, uint32_t buckets_log, uint64_t window_ns, uint64_t slow_window_ns);
// The record of a key, for the observation o; fresh ones have who, whom, version and proto set. item: digest of
// the thing touched.
struct fan *fan_touch(struct fan_table *t, uint64_t key, const struct obs *o, uint64_t item);
// Distinct things tried, and those that did not answer.
double fan_tried(const struct fan *f);
double fan_failed(const struct fan *f);
// The same over the slow window; 0 before its first window has ended.
double fan_slow_tried(const struct fan *f);
double fan_slow_failed(const struct fan *f);
// Marks it reported; it stays until fan_idle() gives it back.
void fan_report(struct fan_table *t, struct fan *f);
// Calls done() for every reported record that was idle for idle_ns (a slow one: for a window), or for all when the run
// ends.
void fan_idle(struct fan_table *t, struct detector_run *run, uint64_t idle_ns, void (*done)(void *ctx, struct fan *f),
	void *ctx);
