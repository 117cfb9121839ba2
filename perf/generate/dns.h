// DNS messages (RFC 1035) for the kinds of traffic that need them.
#pragma once

#include <stdint.h>

struct dns_message {
	uint32_t len;
	uint32_t question_len; // header and question
	uint8_t bytes[1400];
};

// A question with recursion desired. Labels longer than 63 bytes are cut.
void dns_query(struct dns_message *m, uint16_t id, const char *name, uint16_t type);
// Turns a query into a response with one answer record of this data.
void dns_answer(struct dns_message *m, uint16_t type, uint32_t ttl_s, const void *data, uint16_t data_len);
// Adds another answer record to a response.
void dns_answer_more(struct dns_message *m, uint16_t type, uint32_t ttl_s, const void *data, uint16_t data_len);
// Turns a query into a response without answers; rcode 3: no such name.
void dns_refuse(struct dns_message *m, uint8_t rcode);
