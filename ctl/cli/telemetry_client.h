// A client of DPDK's telemetry socket: one message a question, one JSON object a message back.
// Next: cmd_sensor.c (one question), cmd_top.c (the same again and again).
#pragma once

#include <stddef.h>

#include <jansson.h>

struct telemetry_client {
	int fd;
	long long pid;  // of the process that answers
	size_t max_len; // of its answers
	char path[108];
};

// Connects. where: a socket's path, a process id, or a file prefix (telemetry.file-prefix of the sensor); NULL:
// $TOCSIN_SENSOR, else "tocsin". A prefix under which several sensors run is refused, with their process ids in why.
// Returns 0 or -errno with why filled.
int telemetry_connect(struct telemetry_client *t, const char *where, char *why, size_t why_size);
// Asks "/tocsin/stats" or "/tocsin/stats,tocsin". Returns what stands under the command's name in the answer, NULL with
// why when there is none (no such command, an error the sensor names, no answer within seconds). json_decref it.
json_t *telemetry_ask(struct telemetry_client *t, const char *command, char *why, size_t why_size);
void telemetry_disconnect(struct telemetry_client *t);
