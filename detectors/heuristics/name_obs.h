// Names as observations: host names in DNS messages, TLS ClientHellos and HTTP requests, read without a
// parser. Next: dns_tunnel.c, dga.c, lookalike_domain.c.
#pragma once

#include "detectors/heuristics/obslog.h"

enum name_source {
	NAME_DNS_QUERY,
	NAME_DNS_ANSWER,
	NAME_TLS_SNI,
	NAME_HTTP_HOST,
};

#define NAME_TEXT_MAX 248u

// A name somebody asked for or went to: src is the client. obs.kind: enum name_source.
struct name_obs {
	struct obs obs;
	uint16_t type;    // DNS QTYPE
	uint16_t message; // bytes of the DNS message
	uint8_t rcode;    // of an answer
	uint8_t length;   // of text
	uint8_t raw;      // bytes of the name that are not letters, digits, '-', '_' or '.'
	uint8_t spare;
	char text[NAME_TEXT_MAX]; // lower case, dots between labels, other bytes as they are, not terminated
};
_Static_assert(sizeof(struct name_obs) == 320, "whole cache lines");

#define NAME_DNS (1u << NAME_DNS_QUERY | 1u << NAME_DNS_ANSWER)
#define NAME_SITES (1u << NAME_TLS_SNI | 1u << NAME_HTTP_HOST)
#define NAME_LOG 1024u
#define NAME_QUEUE 8192u

// Notes the names in packets; sources: a mask of 1 << enum name_source.
void name_note(struct obslog *log, struct packet *const *pkts, uint32_t n, uint32_t sources);

// Where the registered domain of a name begins: the label below the public suffix, by the usual
// two-part suffixes ("co.uk"), not by a full list. Returns an offset into text.
uint32_t name_registered(const char *text, uint32_t length);
// Length of the first label of the n characters at text.
uint32_t name_label(const char *text, uint32_t n);
// How surprising a label is, in bits a letter: people's names mostly lie below 4.8, random letters above.
double name_surprise(const char *label, uint32_t n);
// Shannon entropy of the text's bytes, bits a byte.
double name_entropy(const char *text, uint32_t n);
