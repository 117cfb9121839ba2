// DPDK's environment, started with arguments derived from what the user asked for.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct eal_options {
	uint16_t workers;           // worker lcores beside the main one; 0: all work is on the main lcore
	const char *lcores;         // an EAL lcore map ("0@0,1@2"); NULL: share the CPUs this process may use
	uint64_t memory_bytes;      // for packet buffers and rings
	bool hugepages;             // use reserved hugepages
	const char *file_prefix;    // where the telemetry socket is, below DPDK's runtime directory; NULL: no socket
	bool verbose;               // let the EAL print
	const char *const *devices; // "--vdev=..." / "--allow=..." arguments
	size_t device_count;
	const char *const *raw; // further EAL arguments from the configuration, as they are
	size_t raw_count;
};

// Starts the EAL. Returns 0 or -errno; what was wrong is eal_said().
int eal_start(const struct eal_options *o);
// What the EAL said first when it did not start, "" when it said nothing (or to the terminal, with verbose).
const char *eal_said(void);
void eal_stop(void);
