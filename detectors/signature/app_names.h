// Protocols above TCP and UDP by the names that rules use, and what the table of parsers offers of them.
// Next: tx_compile.c.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/parser.h"

// The names; rule.app is one of them.
size_t app_name_count(void);
const char *app_name_at(size_t slot);
size_t app_name_slot(const char *name); // of one of them
// The protocols a name stands for, bit enum app_proto: "http" is HTTP/1 and HTTP/2. 0: of none that has a number.
uint64_t app_name_set(const char *name);
// Protocols that some parser of the NULL-terminated table tells from others.
uint64_t parsers_detect(const struct parser *const *parsers);
// By slot of a keyword: the protocols whose parser has a buffer or a field of this name (or the keyword's alias).
// magic: file.magic is one of them where there are files.
void parsers_offer(const struct parser *const *parsers, bool magic, uint64_t *by_slot);
// The index of an event of the protocol by that name ("http", "dns"), with the protocol in *proto; -1: there is none.
int parsers_event(const struct parser *const *parsers, const char *proto_name, const char *event, uint16_t *proto);
