// EVE records read back: the fields that the daemon stores in columns. Accepts any EVE writer's records.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum eve_type {
	EVE_OTHER = 0,
	EVE_ALERT = 1,
	EVE_ANOMALY = 2,
	EVE_FLOW = 3,
	EVE_STATS = 4,
};

struct eve_addr {
	uint8_t bytes[16];
	uint8_t len; // 4, 16, or 0: none
};

struct eve_fields {
	enum eve_type type;
	uint64_t seq;  // sensor_seq, 0 without
	int64_t ts_us; // microseconds since 1970, UTC
	struct eve_addr src, dst;
	int32_t src_port, dest_port; // -1: none
	uint64_t flow_id;            // 0: none
	int64_t gid, sid, severity;  // alerts; 0: none
	char proto[16];
	char signature[256];
	char detector[32];
};

// Reads one record (without its newline). Returns 0, or -EINVAL with the reason in why.
int eve_read(const char *line, size_t len, struct eve_fields *out, char *why, size_t why_size);

// "2009-11-13T21:32:05.123456+0000" (also "Z", "+01:00", and without fraction or zone: UTC) to
// microseconds. Returns false when it is no such time.
bool eve_read_time(const char *text, int64_t *us);
// An address in any text form.
bool eve_read_addr(const char *text, struct eve_addr *out);
// The name of a type for people and queries, NULL for EVE_OTHER; and back (EVE_OTHER when unknown).
const char *eve_read_type_name(enum eve_type type);
enum eve_type eve_read_type(const char *name);
