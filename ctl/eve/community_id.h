// Community ID v1: one short name of a conversation that Zeek, Wireshark, Arkime and Suricata agree on.
// Source: the Community ID specification, version 1 (github.com/corelight/community-id-spec).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/event.h"

#define COMMUNITY_ID_BYTES 31u // "1:" + base64 of 20 bytes + NUL

struct community_id;

// Returns NULL when libcrypto has no SHA-1 or memory.
struct community_id *community_id_new(uint16_t seed);
void community_id_free(struct community_id *c);

// Writes the id of the tuple, terminated. Returns its length, or 0 where there is none (no IP) or
// libcrypto failed. Where hosts talk to themselves (equal addresses) the lower port comes first, as the
// specification says; Suricata 7 compares byte-swapped ports there and differs.
size_t community_id(struct community_id *c, const struct event_tuple *t, char out[COMMUNITY_ID_BYTES]);

// The ICMP type that answers this one, or -1: 8 <-> 0 and the like. proto: 1 or 58.
int icmp_counterpart(uint8_t proto, uint8_t type);
