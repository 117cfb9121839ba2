// Waiting for frames instead of polling: the queues of a source behind one epoll instance. A queue wakes by its
// device's receive interrupt, or, for an af_packet device, by the kernel socket behind it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_epoll.h>

#include "dataplane/setup/port.h"

#define WAKEUP_MAX 64u

struct wakeup {
	int epfd; // -1: some queue cannot wake who waits
	uint16_t count;
	struct {
		const struct port *port;
		uint16_t queue;
		struct rte_epoll_event event; // of a socket; the epoll instance keeps a pointer to it
	} item[WAKEUP_MAX];
};

// Takes nothing yet.
void wakeup_init(struct wakeup *w);
// Adds a queue. Once one cannot wake, none does. w must not be moved from here on.
void wakeup_add(struct wakeup *w, const struct port *port, uint16_t queue);
// Returns after ms milliseconds, or as soon as a frame may have come; false at once when it cannot wait.
bool wakeup_wait(struct wakeup *w, unsigned int ms);
// Takes the queues out again.
void wakeup_close(struct wakeup *w);
