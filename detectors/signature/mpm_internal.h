// Shared by mpm_compile.c and mpm_cache.c.
#pragma once

#include "detectors/signature/group.h"

#define MPM_HASH 32

struct mpm_slot {
	struct mpm_slot *next;
	const hs_database_t **out;
};

struct mpm_set {
	struct mpm_set *next; // in its bucket
	struct mpm_set *all;
	struct mpm_slot *slots; // who wants it
	uint8_t hash[MPM_HASH];
	const char **exprs;
	size_t *lens;
	unsigned *flags, *ids;
	char *text;
	uint32_t n;
	hs_database_t *db;
};

struct mpm {
	struct mpm_set *buckets[256];
	struct mpm_set *sets;
	uint32_t n_sets;
	void *held; // databases from the cache, all in one piece; NULL: each by itself
	size_t held_bytes;
};

void mpm_set_free(struct mpm_set *s); // its database, if any, is the caller's
void mpm_set_drop_text(struct mpm_set *s);

// Whether the directory is there (it is made if only its last part is missing) and nobody else can put
// databases into it: they are machine code's data, and run as they are. False with *problem said.
bool mpm_cache_usable(const char *dir, const char **problem);
// Fills every set's database from the cache. Returns 0, or -errno with *problem said (missing is no problem).
int mpm_cache_read(struct mpm *m, const char *dir, const char **problem);
void mpm_cache_write(const struct mpm *m, const char *dir, const char **problem);
