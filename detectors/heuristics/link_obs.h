// Frames of the local link as observations: stp_anomaly, lldp_anomaly, arp_spoof and mac_flood look at who sent a
// frame, not at addresses. Next: stp_anomaly.c.
#pragma once

#include "detectors/heuristics/finding.h"
#include "detectors/heuristics/obslog.h"
#include "detectors/sketch/hash.h"

#define LINKTYPE_ETHERNET 1u

// An observation and the Ethernet source of its frame.
struct link_obs {
	struct obs obs;
	uint8_t mac[8];   // two bytes unused
	uint8_t name[24]; // the detector's own
};
_Static_assert(sizeof(struct link_obs) % 8 == 0, "a record of an obslog");

// Does the packet begin with an Ethernet header of its own: destination at data, source at data + 6?
static inline bool has_macs(const struct packet *p)
{
	return p->depth == 0 && p->link_type == LINKTYPE_ETHERNET && p->len >= 14;
}

// The next record with the frame's link in obs.b and its source in mac; NULL when the log is full. It has no addresses.
static inline struct link_obs *link_take(struct obslog *log, const struct packet *p, uint8_t kind)
{
	struct link_obs *o = (struct link_obs *)obslog_take(log, p, kind);
	if (!o)
		return NULL;
	memset(o->mac, 0, sizeof(o->mac));
	memset(o->name, 0, sizeof(o->name));
	memcpy(o->mac, p->data + 6, 6);
	o->obs.version = 0;
	o->obs.b = packet_link(p);
	return o;
}

static inline uint64_t mac_digest(const uint8_t *mac)
{
	uint64_t m = 0;
	memcpy(&m, mac, 6);
	return sketch_mix(m + 1) | 1;
}

static inline void text_mac(struct text *t, const char *name, const uint8_t *m)
{
	text_member(t, name);
	text_add(t, "\"%02x:%02x:%02x:%02x:%02x:%02x\"", m[0], m[1], m[2], m[3], m[4], m[5]);
}
