// Names of certificates as text. Private to tls_x509.c and tls_name.c.
#pragma once

#include "dataplane/parsers/tls.h"
#include "dataplane/parsers/asn1.h"

#define TLS_NAME_MAX 2048u // bytes of a name's text; more is left out

struct tls_name {
	uint32_t len;
	uint8_t at[TLS_NAME_MAX];
};

// A Name's content (RFC 5280 section 4.1.2.4) as text: "C=US, O=Example + OU=Unit, CN=a", in the order it has there,
// nothing escaped; EVE as Suricata writes it. What cannot be text makes all of it "<X509Error: Invalid X.509 name>".
void tls_name_text(struct tls_name *out, struct cursor name);
