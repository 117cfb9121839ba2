// Every reason a packet can leave inspection, and every malformation worth a note. The list itself
// is dataplane/drops.def: one line a reason.
#pragma once

#include <stdint.h>

// What happens to a packet with this reason.
enum drop_action {
	DROP_NOTE,   // counted and reported as an anomaly, inspection goes on
	DROP_PACKET, // the packet leaves inspection; a frame's own reason is its line in the loss ledger
};

enum drop_reason {
	DROP_NONE = 0,
#define X(id, type, name, action, help) id,
#include "dataplane/drops.def"
#undef X
	DROP_REASON_COUNT
};

struct drop_info {
	const char *id;   // C name, e.g. "DECODE_IPV4_PKT_TOO_SMALL"
	const char *type; // EVE anomaly.type: "decode", "stream" or "source"
	const char *name; // Suricata's event name ("ipv4.pkt_too_small") where it has one
	enum drop_action action;
	const char *help;
};

// Indexed by enum drop_reason; entry 0 is empty.
extern const struct drop_info drop_table[DROP_REASON_COUNT];
