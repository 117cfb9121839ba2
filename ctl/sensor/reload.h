// New rules while traffic runs: SIGUSR2, /tocsin/rules/reload. The files of the configuration are read and compiled
// on a thread of their own, every worker changes over between two bursts (detectors/signature/worker_swap.c),
// and the old set goes once no event names it any more. Rules that are worse than those that run change nothing.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sensor;

enum reload_state { RELOAD_IDLE, RELOAD_LOADING, RELOAD_SWAPPING, RELOAD_RETIRING };

struct reload_status {
	enum reload_state state;
	uint64_t asked, done, refused; // since the start
	uint64_t load_ns, swap_ns;     // of the last: reading and compiling; until the last worker had changed over
	char why[512];                 // of the last refusal, "" when the last went well
};

// Asks for a reload; from a signal handler, too. One that is under way is followed by one more.
void reload_ask(void);
// Main lcore, often: takes a reload that was asked for one step on. Never waits.
void reload_poll(struct sensor *s);
void reload_status(const struct sensor *s, struct reload_status *out);
// The run is over, no worker looks at rules any more: gives back what a reload under way has.
void reload_undo(struct sensor *s);
