// What a heuristic says: one struct filled in, one call to send it. Main lcore only (formats text).
// Next: keytab.h, obslog.h (for detectors of behaviour), flood.h (for detectors of volume).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/addr_set.h"
#include "dataplane/api/detector.h"

#define FINDING_TEXT_MAX 2048u

// Text that is cut, never overrun. In a finding: JSON members for EVE's tocsin object.
struct text {
	uint32_t len;
	bool cut; // something did not fit: what is there ends at the last whole addition
	char buf[FINDING_TEXT_MAX];
};

// Adds formatted text, whole or not at all.
void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
// Begins a JSON member: a comma where needed, the quoted name, a colon.
void text_member(struct text *t, const char *name);
// Adds n bytes from the wire as a quoted JSON string; what is not printable ASCII becomes \u00XX.
void text_json_string(struct text *t, const void *bytes, uint32_t n);
// Shorthands for whole members.
void text_number(struct text *t, const char *name, double value);
void text_string(struct text *t, const char *name, const char *value);
void text_address(struct text *t, const char *name, const union ip_addr *addr, uint8_t version);

struct finding {
	const struct detector *detector;
	union ip_addr attacker, victim;
	uint8_t attacker_version, victim_version; // 4, 6, 0: not known
	uint8_t proto;                            // IANA; 0: none
	uint8_t severity;                         // 0: the detector's own
	uint8_t confidence;                       // percent
	uint16_t sport, dport;                    // of the attacker's and the victim's side, 0: none or many
	double observed, threshold;
	const char *unit;
	const char *stage; // "start", "update", "end" or NULL
	const char *what;  // static text, or NULL
	uint64_t window_ms;
	uint64_t sample; // ordinal of a packet that shows it
	struct text text;
};

// Sends it as an EVENT_FINDING of the tick in `run`. A full ring is counted by the sink.
void finding_emit(struct detector_run *run, const struct finding *f);

// Presentation form of an address into out[46]; "?" without version.
const char *address_text(char *out, const union ip_addr *addr, uint8_t version);

// Does the address never leave a site: IPv6 unique local (fc00::/7, RFC 4193) or link-local (fe80::/10, RFC 4291)?
static inline bool address_is_local6(const union ip_addr *addr, uint8_t version)
{
	return version == 6 && ((addr->b[0] & 0xfe) == 0xfc || (addr->b[0] == 0xfe && (addr->b[1] & 0xc0) == 0x80));
}

// Is the address one of ours? Without HOME_NET every address is; local IPv6 addresses always are.
static inline bool is_home(const struct addr_set *home, const union ip_addr *addr, uint8_t version)
{
	return home == NULL || address_is_local6(addr, version) || addr_set_has(home, addr, version);
}

// Multicast, broadcast or unspecified: not one host.
bool address_is_group(const union ip_addr *addr, uint8_t version);
