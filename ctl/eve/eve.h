// EVE records from events, one line of JSON each, as Suricata 7 writes them. Next: eve_common.c (what all
// records share), then one file an event type: eve_alert.c eve_anomaly.c eve_flow.c eve_stats.c.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ctl/eve/json_out.h"
#include "dataplane/api/event.h"

struct stats_snapshot;

struct eve_options {
	bool community_id; // adds community_id (v1) to records of flows
	uint16_t community_id_seed;
	const char *sensor_name; // "host" of every record; NULL or "": none
	// Name of an interface (in_iface), or NULL for captures; NULL: no names.
	const char *(*iface_name)(void *ctx, uint16_t iface);
	// Name of a capture file (pcap_filename), or NULL; NULL: no names.
	const char *(*capture_name)(void *ctx, uint16_t iface);
	void *ctx;
};

struct community_id; // community_id.h

// Formatter state: options and the hash context.
struct eve {
	struct eve_options opt;
	struct community_id *community;
};

// Returns 0, or -ENOMEM (no hash context; without community_id it cannot fail).
int eve_init(struct eve *e, const struct eve_options *opt);

void eve_fini(struct eve *e);

// Appends the record and a newline. Nothing for EVENT_TICK. Fails only as json_out does (o->failed).
void eve_format(struct eve *e, struct json_out *o, const struct event *ev);
// Sorts the snapshot by name.
void eve_format_stats(struct eve *e, struct json_out *o, struct stats_snapshot *s, uint64_t ts_ns);

// "alert", "anomaly", "flow": the event_type of a kind; "" for ticks.
const char *eve_type_name(enum event_kind kind);
