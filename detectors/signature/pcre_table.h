// The expressions of a rule set. One that several rules write alike is compiled once.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct pcre2_real_code_8;
struct crew;

struct pcre_table {
	struct pcre_entry {
		struct pcre2_real_code_8 *code;
		const char *regex;
		uint32_t options, hash;
	} * at; // in the order in which they were asked for
	uint32_t n, cap;
	uint32_t *slots, n_slots; // by hash, open addressing: 1 + place in `at`, 0 free
};

// The code for an expression with these options, compiled when it is new. regex is kept, not copied. Returns NULL with
// *err and *where as pcre2_compile() says them.
struct pcre2_real_code_8 *pcre_get(struct pcre_table *t, const char *regex, uint32_t options, int *err, size_t *where);
// Gives back those that have come since there were n.
void pcre_drop_from(struct pcre_table *t, uint32_t n);
// Begins making machine code of all; crew_finish() ends it. Where it cannot be made the expression is interpreted,
// within the same limits.
void pcre_jit_start(struct pcre_table *t, struct crew *crew, unsigned helpers);
void pcre_table_free(struct pcre_table *t);
