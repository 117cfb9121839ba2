// What a DNS message is made of (RFC 1035 section 4): names, resource records and their data. Private to dns*.c.
// dns_name.c reads names, dns_rdata.c records; dns.c, the parser, is next.
#pragma once

#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"

#define DNS_HEADER_LEN 12u
#define DNS_NAME_MAX 1025u   // bytes of text; the standard has 255, and what is longer is an event
#define DNS_LABELS_MAX 255u  // labels and pointers that are followed for one name
#define DNS_LOG_STEPS 16384u // labels and records read for one log record; answers behind those are left out

enum dns_event {
	DNS_MALFORMED_DATA,
	DNS_NOT_REQUEST,
	DNS_NOT_RESPONSE,
	DNS_Z_FLAG_SET,
	DNS_INVALID_OPCODE,
	DNS_NAME_TOO_LONG,
	DNS_TOO_MANY_LABELS,
	DNS_INFINITE_LOOP, // a name Suricata 7 knows; a loop is too many labels
};

// Bytes of a message, whole, and what reading them may cost: names share parts, so a short message can hold many long
// ones.
struct dns_message {
	const uint8_t *at;
	uint32_t len;
	uint32_t steps;  // labels and pointers that may still be read; what lies behind them is not
	uint32_t events; // bit an enum dns_event that names gave rise to
};

struct dns_name {
	uint16_t len;
	bool cut; // longer than DNS_NAME_MAX or DNS_LABELS_MAX
	uint8_t text[DNS_NAME_MAX];
};

struct dns_record {
	struct dns_name name;
	uint16_t type;
	uint32_t ttl;
	struct cursor rdata;
};

// A message of `len` bytes with as many steps as an honest one of that size can need.
static inline struct dns_message dns_message_of(const uint8_t *at, uint32_t len)
{
	return (struct dns_message){.at = at, .len = len, .steps = 2 * len + 1024};
}

// Reads the name at the cursor: labels with dots between them, as they are on the wire. The end of the message, or of
// the data the cursor is limited to, ends a name as the root does (Suricata does the same). What loops is cut.
// Returns false, with the cursor anywhere, when a label is cut short, is of a kind nobody uses, when a pointer leads
// out of the message or to itself, or when there are too many labels in a row.
bool dns_name_read(struct dns_message *m, struct cursor *c, struct dns_name *out);

// Reads the record at the cursor, and checks that data of a type whose shape is known has it. False: malformed.
bool dns_record_read(struct dns_message *m, struct cursor *c, struct dns_record *out);

// Steps over the question at the cursor. False: malformed.
bool dns_question_read(struct dns_message *m, struct cursor *c, struct dns_name *name, uint16_t *type);

// Writes a type's name as member `key`; a number as text where it has no name.
void dns_log_type(struct app_log *l, const char *key, uint16_t type);

// Writes `count` records from the cursor on as the list `name` of EVE, one object a record (TXT: one a string). Returns
// the types seen whose data EVE groups, as a mask for dns_log_grouped.
uint32_t dns_log_records(struct dns_message *m, struct cursor c, uint32_t count, const char *name, struct app_log *l);
// Writes their data by type as the object "grouped".
void dns_log_grouped(struct dns_message *m, struct cursor c, uint32_t count, uint32_t types, struct app_log *l);
