// SSH pieces for the kinds of traffic that need them.
#pragma once

#include <stdint.h>

#include "perf/generate/generate.h"

// Banners, key exchange lists and key exchange on an open connection.
void ssh_handshake(struct conversation *c);
// An encrypted packet: len random bytes, at most 1400.
void ssh_noise(struct conversation *c, enum side from, uint32_t len);
