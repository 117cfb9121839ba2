// What is usual at the site, kept between runs. Next: detectors/heuristics/baseline.h.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "detectors/heuristics/baseline.h"

// Writes all records to path, by way of path.new, which replaces it when it is safe on disk. Returns 0 or -errno.
int baselines_save(const struct baselines *b, const char *path);
// Reads them. Returns 0, -ENOENT, -errno of reading, -EPROTO (another version, or a machine of other byte order), or
// -EBADMSG (cut off, or its digest does not match: nothing was taken in). The file is not changed.
int baselines_load(struct baselines *b, const char *path);
