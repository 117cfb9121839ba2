// Who is shown what: packets of a burst sorted by the detectors that want them. Next: worker.c.
//
// Detectors that want the same packets are a class. What a packet is (packet_look) is the index of a table that says
// which classes it goes to, so that sorting costs the same however many detectors there are.
#pragma once

#include <stdint.h>

#include "dataplane/api/detector.h"
#include "dataplane/api/packet_traits.h"

#define SORTER_MAX_CLASSES 32u
#define SORTER_MAX_DETECTORS 64u // bits of what sorter_sort() returns

struct sorter_class {
	uint64_t detectors; // bit d: detector d is of this class
	uint32_t kinds;     // packet_kinds_wanted()
	uint32_t only;      // detector.only
	uint32_t n;
	struct packet *const *pkts; // its list, or the burst's where it wants all of them
	struct packet *list[PKT_BURST * PKT_MAX_DEPTH];
};

struct sorter_sure {
	uint32_t classes; // as in classes_of, where telling is 0
	uint32_t telling; // bits of a look that some class tells such packets apart by
};

struct sorter {
	uint32_t class_count;
	struct sorter_class classes[SORTER_MAX_CLASSES];
	uint32_t classes_of[PACKET_LOOKS]; // bit c: classes[c] wants packets of this look
	// by packet_kind() and FIN, SYN and RST, which decide for most packets of most floods
	struct sorter_sure sure[PACKET_KINDS][PACKET_SEGMENTS];
};

// Adds detector number d (below SORTER_MAX_DETECTORS). Returns its class, or -ENOSPC when there are more classes than
// a sorter holds.
int sorter_add(struct sorter *s, uint32_t d, const struct detector *ops);

// Fills every class's pkts and n with what it wants of the burst, in order. Returns the detectors that got any, bit d
// for detector d.
uint64_t sorter_sort(struct sorter *s, const struct burst *b);
