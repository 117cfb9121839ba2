// Cold work on numbered jobs that do not know of each other, shared out to threads.
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#define CREW_MAX 16u // helpers

struct crew {
	void (*job)(void *arg, uint32_t i);
	void *arg;
	uint32_t n;
	atomic_uint next;
	pthread_t helpers[CREW_MAX];
	unsigned n_helpers;
};

// Begins jobs 0..n-1 on at most `helpers` threads beside the caller, who may do something else until crew_finish().
// Where no thread can be had the jobs wait for that. c stays where it is until then.
void crew_start(struct crew *c, unsigned helpers, uint32_t n, void (*job)(void *arg, uint32_t i), void *arg);
// Takes part in what is left and returns when every job is done.
void crew_finish(struct crew *c);
