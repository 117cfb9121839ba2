// daemon.*: whether and how events go to tocsind.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/config.h"

struct spool_config {
	bool enabled;
	char *socket, *dir; // dir: under -l unless absolute
	uint64_t max_bytes, linger_ns;
};

extern const struct config_row spool_config_rows[];
