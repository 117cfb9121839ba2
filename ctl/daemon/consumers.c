// The list of consumers, in the order they are called. See consumer.h.
#include "ctl/daemon/consumer.h"

#include "ctl/daemon/counts.h"

const struct event_consumer *const event_consumers[] = {
	&counts_consumer,
	NULL,
};
