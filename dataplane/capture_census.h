// How many packets a capture file holds, counted before it is read: tables sized by it hold every flow, and are no
// larger.
#pragma once

#include <stdint.h>

struct decode_config;

#define CENSUS_UNKNOWN UINT64_MAX

// The most packets with flows, those within tunnels and rebuilt datagrams among them, that the file at `path` (size
// bytes as stored) can hold. decode: how its frames will be decoded. Where there are more than `enough`, which the
// beginning foretells, it is no longer counted, but concluded from the file's size.
//
// CENSUS_UNKNOWN for compressed files that are large or hold more than enough, and where the file cannot be read.
uint64_t capture_census(const char *path, uint64_t size, const struct decode_config *decode, uint64_t enough);
