// The compile side of rules: from text to struct rule. Cold code only.
// One keyword is one row of a table in a kw_*.c file; keyword_table.c joins the tables.
#pragma once

#include <strings.h>

#include "detectors/signature/arena.h"
#include "detectors/signature/rule_internal.h"
#include "detectors/signature/ruleset.h"

#define RULE_LINE_MAX 65536u
#define RULE_STEPS_MAX 2048u // tests of buffers a rule
#define CONTENT_MAX 4096     // bytes of one content

enum keyword_arg { ARG_NONE, ARG_REQUIRED, ARG_OPTIONAL };

struct rule_parser;

struct keyword {
	const char *name;
	const char *alias; // an older spelling, NULL without
	enum keyword_arg arg;
	// arg: the trimmed text behind ':', writable; NULL without. Returns 0 or -EINVAL after parse_fail().
	int (*parse)(struct rule_parser *ps, const struct keyword *kw, char *arg);
	uint32_t data;       // for the parse function: a buffer id, an operation, ...
	const char *syntax;  // what may stand behind ':'
	const char *example; // as it stands in a rule
	const char *help;    // one sentence
	const char *parity;  // how it compares with Suricata 7: "same" or what differs
};

extern const struct keyword kw_meta_table[], kw_content_table[], kw_pcre_table[], kw_byte_table[], kw_flow_table[],
	kw_ip_table[], kw_tcp_table[], kw_icmp_table[], kw_flowbits_table[], kw_threshold_table[], kw_dataset_table[],
	kw_event_table[], kw_buffer_table[], kw_payload_table[], kw_transform_table[], kw_app_protocol_table[],
	kw_app_table[], kw_frame_table[], kw_app_fields_table[], kw_enip_table[], kw_file_table[], kw_tls_cert_table[],
	kw_named_table[];

// Looks a keyword up by name or alias. NULL: no such keyword.
const struct keyword *keyword_find(const char *name);
// Its index in the joined table, -1: no such keyword.
int keyword_index(const char *name);
// The i-th row of the joined table, NULL past the end. keyword_slot: its index.
const struct keyword *keyword_at(size_t i);
size_t keyword_count(void);
size_t keyword_slot(const struct keyword *kw);
// The name nearest to an unknown one, NULL when none is close.
const char *keyword_nearest(const char *name);

struct rule_parser {
	struct ruleset *rs;
	struct rule *rule;
	struct buffer_test *buffer; // where the next test goes; NULL: the payload
	struct step *last;          // the latest test of any buffer
	struct step *last_content;
	const struct content *content_before; // the one before last_content in its buffer
	struct buffer_test *last_buffer;
	struct buffer_test *anchor_buffer; // of the latest test that others can be relative to
	struct step *base64;               // the base64_decode whose data follows
	bool in_base64;                    // base64_data is in force
	bool buffer_empty;                 // a sticky buffer without a test so far
	bool buffer_named;                 // the sticky buffer was just named: transforms may follow
	bool ignore;                       // `requires` is not met: skip the rule
	bool has_sid, has_priority, has_msg, has_rev, has_flow_state, has_pcre;
	const char *vars[RULE_MAX_VARS]; // names of byte_extract and byte_math results
	const char *at;                  // keyword being parsed, for the report
	char problem[256];               // what was expected, what was found
	uint32_t steps;
	struct arena_mark before; // what the rule set had before the rule
	size_t own_bytes;         // taken by rule_alloc() and its kin since
	uint32_t pcres_before;
	struct packet_test *last_test;
	struct post_action *last_post;
};

__attribute__((format(printf, 2, 3))) int parse_fail(struct rule_parser *ps, const char *fmt, ...);

// Says that `what` was to stand in double quotes, and by the look of `text` what may have gone wrong.
int parse_fail_quotes(struct rule_parser *ps, const char *what, const char *text);

// Parses one rule (a whole logical line). Returns the rule, or NULL with ps->problem filled
// (or ps->ignore set: a rule meant for another version).
struct rule *rule_parse(struct rule_parser *ps, char *text, const char *file, uint32_t line);

// rule_header.c
int parse_header(struct rule_parser *ps, char **cursor);
// rule_finish.c: what can only be checked once all keywords are known.
int rule_finish(struct rule_parser *ps);

// White space, as isspace() has it in the C locale.
static inline bool lex_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

// Whether two words are the same but for case. Most that are not differ in their first letter.
static inline bool lex_same(const char *a, const char *b)
{
	return (*a | 32) == (*b | 32) && !strcasecmp(a, b);
}

// rule_lex.c: small helpers for keyword arguments. All return false when the text is not that.
char *lex_trim(char *s);
// Takes the next field up to `sep` from *cursor (outside quotes and brackets); NULL at the end.
char *lex_field(char **cursor, char sep);
bool lex_i64(const char *s, int64_t lo, int64_t hi, int64_t *out);
bool lex_u32(const char *s, uint32_t lo, uint32_t hi, uint32_t *out);
bool lex_bytes(const char *s, uint64_t *out); // "10", "2kb", "1MB"
// "7", "!7", "<7", ">=7", and "5-8" or "5<>8", which are 6 and 7: both ends are left out, as in Suricata 7.
bool lex_range(const char *s, uint64_t max, struct range *out);
// The word in front of the first space of `field`, which ends there. Returns the trimmed rest, "" without.
char *lex_value(char *field);
// What a hex digit of either case says, 0 to 15; -1: none.
int lex_hex(char c);
// Takes the quotes off "..." in place; false when they are missing or not closed.
bool lex_unquote(char **s);
// Decodes a content text (escapes and |hex|) into out (cap bytes). Returns length, or -1 with *why set.
int lex_content(const char *s, uint8_t *out, int cap, const char **why);

struct rule_source {
	char *text; // whole file
	size_t cap; // that `text` has room for
	char *at, *end;
	uint32_t line; // of the rule last returned
	uint32_t next_line;
};
// Reads a file whole. Returns 0 or -errno.
int rule_source_open(struct rule_source *src, const char *path);
// The next rule as one zero-ended text without comments and blank lines; NULL at the end.
// *too_long is set when the line was cut at RULE_LINE_MAX; *binary when it holds a zero byte.
char *rule_source_next(struct rule_source *src, bool *too_long, bool *binary);
void rule_source_close(struct rule_source *src);

// Adding to the rule.
struct step *step_add(struct rule_parser *ps, enum step_kind kind);
struct buffer_test *buffer_select(struct rule_parser *ps, uint16_t id, const char *name);
int test_add(struct rule_parser *ps, bool (*match)(const struct match_ctx *, const void *), const void *args);
int post_add(struct rule_parser *ps, void (*run)(struct match_ctx *, const void *), const void *args);
// Memory of this rule alone: nothing outside the rule may point to it, since it goes with a rule that is refused.
void *rule_alloc(struct rule_parser *ps, size_t n);
char *rule_copy(struct rule_parser *ps, const char *s, size_t n); // n bytes and a zero
char *rule_strdup(struct rule_parser *ps, const char *s);
// Gives back the memory of a rule that is not kept, unless it brought something that outlives it (a new name or set).
void rule_forget(struct rule_parser *ps);
// Where a file is that a rule names: relative ones are beside the rule file, or where the configuration says.
void rule_locate(const struct rule_parser *ps, const char *name, char *out, size_t cap);
// Index of a rule variable, -1 when it is not known (or, adding, when there are too many).
int var_find(struct rule_parser *ps, const char *name);
int var_add(struct rule_parser *ps, const char *name);
// A number, or the name of a variable set before. is_var says which.
bool number_or_var(struct rule_parser *ps, const char *s, int64_t lo, int64_t hi, int64_t *out, bool *is_var);
// Like step_add, into a named buffer rather than the current one.
struct step *step_add_to(struct rule_parser *ps, struct buffer_test *b, enum step_kind kind);
// Like step_add; without a sticky buffer into the one that the content or pcre before it looks at (http_uri and its kin
// take a content out of the payload, and what is relative to it goes along).
struct step *step_add_behind(struct rule_parser *ps, enum step_kind kind);
// Takes the step last added out of its buffer and puts it into b: what `http_uri` does to a content.
int step_move(struct rule_parser *ps, struct step *s, struct buffer_test *b);
// The application buffer with this name (http.uri), made on first use.
struct buffer_test *buffer_app(struct rule_parser *ps, const char *name);
// Ends the sticky buffer that is in force. One without a test is refused: returns -EINVAL.
int buffer_leave(struct rule_parser *ps);
// Another test of it, apart from those before: each may be held by another value.
struct buffer_test *buffer_app_new(struct rule_parser *ps, const char *name);
// kw_frame.c: once all keywords are known, what a rule on frames may not ask for. Returns 0 or -EINVAL.
int frame_check(struct rule_parser *ps);
// Makes a content the rule's only fast pattern.
int content_set_fast(struct rule_parser *ps, struct step *s);
// The rule cannot be used before there is a parser: for a keyword, or for one of app_name_at().
void rule_wait_for(struct rule_parser *ps, const char *what);
void rule_wait_for_protocol(struct rule_parser *ps, const char *name);

// Puts an inclusive, sorted, disjoint port list together. Returns NULL with *err filled.
const struct port_set *port_set_parse(struct ruleset *rs, const char *text, char *err, size_t err_len, bool *is_any);
