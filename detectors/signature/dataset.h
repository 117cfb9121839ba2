// Sets of values that rules look up and add to: fixed tables, shared by all workers without locks.
#pragma once

#include "detectors/signature/rule_internal.h"

struct ruleset;

enum dataset_type { DATASET_STRING, DATASET_MD5, DATASET_SHA256, DATASET_IP, DATASET_IPV4, DATASET_TYPES };

#define DATASET_NAME_MAX 64u

struct dataset_spec {
	const char *name;
	enum dataset_type type;
	bool typed;      // the rule says which; else a set of this name exists already
	char load[1024]; // file to read, "" none
	char save[1024]; // file to write at the end, "" none
	uint32_t hashsize;
	uint64_t memcap;
	bool reputation; // lines carry ",value"
	bool grows;      // some rule adds to it
};

// A rule set's hold on a set; the last one to let go writes and frees it.
struct dataset_user {
	struct dataset_user *next;
	struct dataset *set;
};

// The set of this name, taken over from the rule set before (cfg.previous) or made and loaded on first use. Returns
// NULL with err filled.
struct dataset *dataset_open(struct ruleset *rs, const struct dataset_spec *spec, char *err, size_t err_len);
// Looks up, adds or takes away as args say. Never blocks or allocates; a full set takes nothing more.
bool dataset_match(const struct dataset_args *args, bool reputation, const uint8_t *value, uint32_t len);
// Writes the sets that asked for it and frees all.
void datasets_close(struct ruleset *rs);
