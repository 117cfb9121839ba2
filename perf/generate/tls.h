// TLS records (RFC 8446) for the kinds of traffic that need them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "perf/generate/generate.h"

// A ClientHello record with this server name, a TLS 1.3 cipher list, ALPN and key share. Returns its length.
uint32_t tls_client_hello(uint8_t *to, size_t room, struct rng *r, const char *name);
// A ServerHello record that takes TLS 1.3. Returns its length.
uint32_t tls_server_hello(uint8_t *to, size_t room, struct rng *r);
// A session from ClientHello to close_notify on an open connection.
void tls_session(struct conversation *c, const char *name, uint32_t requests);
