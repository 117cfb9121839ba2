// What is known of addresses: scores by category from reputation files (iprep), countries from a MaxMind DB
// (geoip). Read with the rule set, frozen, shared by all workers.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/packet.h"

struct ruleset;
struct ruleset_config;
struct report;

#define REPUTATION_CATEGORIES 60 // ids 1..59, as Suricata

// Reads the files of cfg into rs->reputation; without a categories file there is none. A line that is not
// understood is reported with file and line and left out. Returns 0 or -errno: a file cannot be read.
int reputation_load(struct ruleset *rs, const struct ruleset_config *cfg, struct report *rep);
// The id of a category by its short name, 0: there is none.
uint8_t reputation_category(const struct ruleset *rs, const char *name);
// The score of an address, 0..127. A listed host has 0 in what it is not listed for; a network answers
// only for its own categories, the smallest first. -1: nothing is known.
int reputation_score(const struct ruleset *rs, uint8_t category, const union ip_addr *addr, int version);

// Opens cfg.geoip_database into rs->geoip; NULL without one. Returns 0 or -errno, reported.
int geoip_open(struct ruleset *rs, const struct ruleset_config *cfg, struct report *rep);
void geoip_close(struct ruleset *rs);
// Writes the two letters of an address's country (ISO 3166-1). False when the database does not know.
bool geoip_country(const struct ruleset *rs, const union ip_addr *addr, int version, char out[2]);
