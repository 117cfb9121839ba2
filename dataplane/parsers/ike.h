// What a flow and a message of IKE hold: version 2 (RFC 7296) and 1 (RFC 2408, RFC 2409). A message is kept as it came
// and walked again for rules and the record. Private to ike*.c: ike.c reads messages, ike_log.c has what rules and EVE
// are told, ike_names.c the names of numbers.
#pragma once

#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"

#define IKE_HEADER 28u
#define IKE_MESSAGE_MAX 65535u
#define IKE_PAYLOADS_MAX 64u // of a message that are looked at
#define IKE_ATTRIBUTES_MAX 12u
#define IKE_SECRET_MAX 4096u // bytes of a key exchange or nonce that are kept

enum ike_v1_payload {
	IKE1_SA = 1,
	IKE1_PROPOSAL,
	IKE1_TRANSFORM,
	IKE1_KEY_EXCHANGE,
	IKE1_NONCE = 10,
	IKE1_VENDOR = 13
};
enum ike_v2_payload { IKE2_SA = 33, IKE2_NOTIFY = 41, IKE2_ENCRYPTED = 46 };
enum ike_v2_transform { IKE2_ENCRYPTION = 1, IKE2_PRF, IKE2_INTEGRITY, IKE2_GROUP, IKE2_ESN, IKE2_TRANSFORMS };

// Suricata's app-layer-event:ike.* names, in the order of parser->events.
enum ike_event {
	IKE_E_MALFORMED,
	IKE_E_NO_ENCRYPTION,
	IKE_E_WEAK_ENC,
	IKE_E_WEAK_PRF,
	IKE_E_WEAK_DH,
	IKE_E_WEAK_AUTH,
	IKE_E_WEAK_NO_DH,
	IKE_E_WEAK_NO_AUTH,
	IKE_E_INVALID_PROPOSAL,
	IKE_E_UNKNOWN_PROPOSAL,
	IKE_E_MULTIPLE_PROPOSAL,
};

// Attribute of a transform of version 1 (RFC 2409 appendix A).
struct ike_attribute {
	uint16_t type;
	uint32_t value;
};

struct ike_attributes {
	struct ike_attribute at[IKE_ATTRIBUTES_MAX];
	uint8_t count;
};

// What a side of version 1 has said so far.
struct ike_secrets {
	struct app_text key_exchange, nonce;
};

// What the responder has chosen.
struct ike_chosen {
	struct ike_attributes v1;
	uint16_t v2[IKE2_TRANSFORMS]; // by enum ike_v2_transform
	uint32_t doi;
	bool has_doi, has_v2;
};

struct ike_state {
	struct ike_chosen chosen;
	struct ike_secrets side[2]; // by enum packet_dir
};

struct ike_tx {
	struct app_tx tx;
	struct app_text msg;                   // as it came; empty: malformed
	struct app_text vendors;               // of version 1, as hexadecimal digits
	struct ike_chosen chosen;              // so far
	struct ike_secrets side[2];            // so far
	uint8_t spi[2][16];                    // initiator's and responder's, as hexadecimal digits
	uint16_t vendor_end[IKE_PAYLOADS_MAX]; // in `vendors`
	uint8_t vendor_count;
	bool v1, chooses; // chooses: it is the responder's SA
};

// A payload of a message; the first: next = the header's.
struct ike_walk {
	struct cursor c;
	uint8_t next;
	uint32_t count;
};

struct ike_walk ike_walk(const struct ike_tx *tx);
// The next payload, its type and body. False: there is none, or it is cut (walk->next is not 0 then).
bool ike_payload(struct ike_walk *w, uint8_t *type, struct cursor *body);
// The next proposal or transform of an SA's body: 8 bytes of header, of which `head` are returned, and its content.
bool ike_part(struct cursor *c, const uint8_t **head, struct cursor *content);
// Attributes of a transform of version 1.
void ike_attributes(struct cursor c, struct ike_attributes *out);
// Of an SA of version 1: up to its proposals. False: it is cut.
bool ike_v1_sa(struct cursor *c, uint32_t *doi);

// Text of a number: its name, or kind(n / 0xn) in `room`.
#define IKE_NAME_ROOM 48u
struct app_bytes ike_v2_name(enum ike_v2_transform kind, uint16_t n, char room[IKE_NAME_ROOM]);
struct app_bytes ike_notify_name(uint16_t n, char room[IKE_NAME_ROOM]);
struct app_bytes ike_payload_name(bool v1, uint8_t n, char room[IKE_NAME_ROOM]);
// Of an attribute of version 1: its own name, and its value's ("Unknown").
const char *ike_attribute_name(uint16_t type);
const char *ike_attribute_raw_name(uint16_t type);
const char *ike_attribute_value(const struct ike_attribute *a);

extern const struct parser_buffer ike_buffers[];
extern const struct parser_field ike_fields[];
bool ike_log(const struct app_tx *tx, struct app_log *l);
