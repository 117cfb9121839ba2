// What a TLS handshake says of itself, as far as it is readable. Private to tls*.c: tls_hello.c reads hellos, tls_ja.c
// makes fingerprints of them, tls_x509.c and tls_name.c read certificates, tls_log.c has what rules and EVE are told;
// tls.c has the records, and is next.
#pragma once

#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"

#define TLS_RANDOM_LEN 32u
#define TLS_FINGERPRINT_LEN 59u // SHA-1 as "ab:cd:..."
#define TLS_NAMES_MAX 4096u     // bytes of ALPN and of alternative names that are kept
#define TLS_JA3_MAX 4096u       // longer ones are not made
#define TLS_JA4_LEN 36u

#define TLS_1_3 0x0304u
#define TLS_1_3_BEFORE_16 0x7f01u // drafts that did not say which they were
// Drafts of RFC 8446 count as 1.3 (RFC 8446 section 4.2.1: 0x7f00 and the draft's number).
#define TLS_IS_1_3(version) ((version) == TLS_1_3 || ((version) >> 8) == 0x7fu)
// RFC 8701: values that stand for nothing.
#define TLS_IS_GREASE(v) (((v)&0x0f0fu) == 0x0a0au && ((v) >> 8) == ((v)&0xffu))

enum tls_event {
	TLS_INVALID_SSLV2_HEADER,
	TLS_INVALID_TLS_HEADER,
	TLS_INVALID_RECORD_VERSION,
	TLS_INVALID_RECORD_TYPE,
	TLS_INVALID_HANDSHAKE_MESSAGE,
	TLS_HEARTBEAT_MESSAGE,
	TLS_INVALID_HEARTBEAT_MESSAGE,
	TLS_OVERFLOW_HEARTBEAT_MESSAGE,
	TLS_DATALEAK_HEARTBEAT_MISMATCH,
	TLS_HANDSHAKE_INVALID_LENGTH,
	TLS_MULTIPLE_SNI_EXTENSIONS,
	TLS_INVALID_SNI_TYPE,
	TLS_INVALID_SNI_LENGTH,
	TLS_TOO_MANY_RECORDS_IN_PACKET,
	TLS_INVALID_CERTIFICATE,
	TLS_CERTIFICATE_INVALID_LENGTH,
	TLS_CERTIFICATE_INVALID_VERSION,
	TLS_CERTIFICATE_INVALID_SERIAL,
	TLS_CERTIFICATE_INVALID_ALGORITHMIDENTIFIER,
	TLS_CERTIFICATE_INVALID_X509NAME,
	TLS_CERTIFICATE_INVALID_DATE,
	TLS_CERTIFICATE_INVALID_EXTENSIONS,
	TLS_CERTIFICATE_INVALID_DER,
	TLS_CERTIFICATE_INVALID_SUBJECT,
	TLS_CERTIFICATE_INVALID_ISSUER,
	TLS_CERTIFICATE_INVALID_VALIDITY,
	TLS_ERROR_MESSAGE_ENCOUNTERED,
	TLS_INVALID_SSL_RECORD,
	TLS_EVENTS,
};

// Values of the field ssl_state: the last of these messages in the input at hand.
enum tls_seen {
	TLS_SEEN_CLIENT_HELLO = 1u << 0,
	TLS_SEEN_SERVER_HELLO = 1u << 1,
	TLS_SEEN_CLIENT_KEYX = 1u << 2,
	TLS_SEEN_SERVER_KEYX = 1u << 3,
	TLS_SEEN_UNKNOWN = 1u << 4,
};

// Progress of a direction.
enum tls_progress { TLS_BEGUN, TLS_HELLO, TLS_CERTIFICATE, TLS_DONE };

// The first certificate of a side, in text as EVE has it.
struct tls_cert {
	bool whole; // read to its end
	struct app_text subject, issuer, serial;
	struct app_text names;         // subjectAltName, DNS names: two bytes of length (native order), text
	int64_t not_before, not_after; // seconds since 1970
	uint8_t fingerprint[TLS_FINGERPRINT_LEN];
};

// What one side said. By enum packet_dir.
struct tls_side {
	uint16_t version; // of its hello, or what supported_versions makes of it; until then of its records
	bool hello, sni_seen;
	uint8_t session_len;
	uint8_t random[TLS_RANDOM_LEN];
	uint8_t session[32];
	struct app_text alpn; // offered or chosen: a byte of length, text
	struct app_text ja3;  // JA3 or JA3S
	uint8_t ja3_hash[32];
	uint8_t ja4[TLS_JA4_LEN]; // [0] 0: not made
	struct tls_cert cert;
	struct app_text chain; // the certificates' list: three bytes of length, DER
	uint32_t chain_len;
};

struct tls_tx {
	struct app_tx tx;
	struct tls_side side[2];
	struct app_text sni;
	bool versions_offered; // by the client's supported_versions
	bool without_cert;     // of a version that hides the certificate
	bool resumed;          // the client has a ticket, or the server took its session id
	uint8_t seen;          // enum tls_seen of the input at hand
};

// What JA3 and JA4 are made of: parts of the hello that lies in the record.
struct tls_hello {
	uint16_t version; // legacy_version
	uint16_t highest; // of supported_versions, or the same
	struct cursor ciphers, extensions, groups, points, algorithms, first_alpn;
	bool sni;
};

// Both read the body of a hello. Return false when it is malformed; *events is a mask of enum tls_event.
bool tls_client_hello(struct app_run *run, struct tls_tx *tx, struct cursor body, uint32_t *events);
bool tls_server_hello(struct app_run *run, struct tls_tx *tx, struct cursor body, uint32_t *events);

// JA3 of a client's hello, JA3S of a server's (salesforce/ja3), JA4 (FoxIO). Too long a hello gets none.
void tls_make_ja3(struct app_run *run, struct tls_side *side, const struct tls_hello *h, bool client);
void tls_make_ja4(struct tls_side *side, const struct tls_hello *h);

// Reads a certificate (RFC 5280). Returns 0 or 1 + enum tls_event.
uint32_t tls_read_certificate(struct app_run *run, struct tls_cert *cert, struct cursor der);
void tls_free_certificate(struct app_run *run, struct tls_cert *cert);

// What rules read and what EVE tells, in tls_log.c.
extern const struct parser_buffer tls_buffers[];
extern const struct parser_field tls_fields[];
bool tls_log(const struct app_tx *tx, struct app_log *l);
