// Shared by dataset.c and dataset_file.c: a set of values as it is held.
#pragma once

#include <stdatomic.h>

#include "detectors/signature/dataset.h"

#define SLOT_FREE 0u
#define SLOT_GONE 1u

struct slot {
	_Atomic uint64_t hash; // SLOT_FREE, SLOT_GONE or a value's
	_Atomic uint32_t at;   // of the value in `values`, UINT32_MAX: not kept
	uint16_t len;
	uint16_t reputation;
};

struct dataset {
	char *name;
	uint32_t users; // rule sets that hold it
	enum dataset_type type;
	struct slot *slots;
	uint32_t mask;
	_Atomic bool changed; // by traffic, since it was loaded
	uint8_t *values;
	uint32_t values_size;
	_Atomic uint32_t values_used;
	char load[1024], save[1024];
};

// Draws the key of this process; values added before and after would not know each other.
void dataset_key_init(void);
// Takes a value with its reputation. Returns 1, 0 when it was there before, -ENOSPC without room for it.
int dataset_add(struct dataset *d, const uint8_t *value, uint32_t len, uint16_t reputation);
