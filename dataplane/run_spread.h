// One reader, several workers: run_capture's other half.
#pragma once

#include "dataplane/run_capture.h"

// As run_capture, with pipeline_workers(p) > 1.
int run_spread(struct pipeline *p, struct source *s, const struct run_hooks *hooks);

// Symmetric hash of the outermost IP address pair of a decoded frame: both directions of a pair, its
// fragments and its tunnels give one value. 0 for frames without IP.
uint32_t spread_hash(const struct packet *frame);
