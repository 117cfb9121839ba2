// A protocol of text lines for tests of rules on transactions. The client says "Q uri;agent;value,value\n", any number
// of "B bytes\n" (a body that grows) and "E\n"; the server answers "R code\n" and "E\n". "!\n" notes an event.
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "rule_bench.h"

#include "dataplane/api/parser.h"

#define LAB_TEXT 64u
#define LAB_VALUES 4u

struct lab_tx {
	struct app_tx t;
	struct lab_text {
		uint8_t len, at[LAB_TEXT];
	} uri, agent, code, value[LAB_VALUES];
	uint8_t n_values;
	struct app_text body;
};

static inline bool lab_text_get(const struct lab_text *t, uint32_t nth, struct app_bytes *out)
{
	*out = (struct app_bytes){t->at, t->len};
	return nth == 0;
}

static inline bool lab_uri(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return lab_text_get(&((const struct lab_tx *)tx)->uri, nth, out);
}

static inline bool lab_agent(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return lab_text_get(&((const struct lab_tx *)tx)->agent, nth, out);
}

static inline bool lab_code(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return lab_text_get(&((const struct lab_tx *)tx)->code, nth, out);
}

static inline bool lab_value(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct lab_tx *l = (const struct lab_tx *)tx;
	return nth < l->n_values && lab_text_get(&l->value[nth], 0, out);
}

static inline bool lab_body(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct lab_tx *l = (const struct lab_tx *)tx;
	*out = (struct app_bytes){l->body.at, l->body.len};
	return nth == 0 && l->body.len;
}

static inline bool lab_opcode(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	*out = ((const struct lab_tx *)tx)->uri.len;
	return nth == 0;
}

// The target as a number: "Q 0x303;x;".
static inline bool lab_number(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	char text[LAB_TEXT + 1] = "";
	memcpy(text, ((const struct lab_tx *)tx)->uri.at, ((const struct lab_tx *)tx)->uri.len);
	*out = strtoull(text, NULL, 0);
	return nth == 0;
}

static const struct parser_buffer lab_buffers[] = {{"http.uri", 1, {1, 1}, lab_uri, false},
	{"http.user_agent", 1, {1, 1}, lab_agent, false}, {"dns.query", 1, {1, 1}, lab_value, false},
	{"http.request_body", 1, {1, 1}, lab_body, true}, {"http.stat_code", 2, {1, 1}, lab_code, false},
	{"cip_service", 1, {1, 1}, lab_uri, false}, {0}};
static const struct parser_field lab_fields[] = {{"dns.opcode", 1, {1, 1}, lab_opcode},
	{"ssl_version", 1, {1, 1}, lab_number}, {"ssl_state", 1, {1, 1}, lab_number},
	{"tls.version", 1, {1, 1}, lab_number}, {"tls.cert_chain_len", 1, {1, 1}, lab_number},
	{"krb5_msg_type", 1, {1, 1}, lab_number}, {"krb5_err_code", 1, {1, 1}, lab_number},
	{"snmp.version", 1, {1, 1}, lab_number}, {"snmp.pdu_type", 1, {1, 1}, lab_number},
	{"dhcp.leasetime", 1, {1, 1}, lab_number}, {"dhcp.renewal_time", 1, {1, 1}, lab_number},
	{"dhcp.rebinding_time", 1, {1, 1}, lab_number}, {"tls_cert_notbefore", 1, {1, 1}, lab_number},
	{"tls_cert_notafter", 1, {1, 1}, lab_number}, {"enip_command", 1, {1, 1}, lab_number}, {0}};
static const char *const lab_events[] = {"first", "odd", NULL};
static const struct parser_pattern lab_patterns[] = {{.bytes = "Q ", .len = 2, .depth = 2, .dir = DIR_TO_SERVER}, {0}};

static inline void lab_set(struct lab_text *t, const char *from, size_t n)
{
	t->len = (uint8_t)(n < LAB_TEXT ? n : LAB_TEXT);
	memcpy(t->at, from, t->len);
}

// The transaction this direction is at: the first that it has not completed.
static inline struct lab_tx *lab_now(struct app_session *s, uint8_t dir)
{
	struct app_tx *tx = app_tx_first(s);
	while (tx && tx->progress[dir] == 2)
		tx = tx->next;
	return (struct lab_tx *)tx;
}

static inline void lab_question(struct lab_tx *tx, const char *line, size_t n)
{
	const char *end = line + n, *a = memchr(line, ';', n),
		   *v = a ? memchr(a + 1, ';', (size_t)(end - a - 1)) : NULL;
	lab_set(&tx->uri, line, a ? (size_t)(a - line) : n);
	if (a)
		lab_set(&tx->agent, a + 1, (size_t)((v ? v : end) - a - 1));
	while (v && tx->n_values < LAB_VALUES) {
		const char *from = v + 1, *comma = memchr(from, ',', (size_t)(end - from));
		lab_set(&tx->value[tx->n_values++], from, (size_t)((comma ? comma : end) - from));
		v = comma;
	}
}

static inline bool lab_line(struct app_run *run, struct app_session *s, uint8_t dir, const char *line, size_t n)
{
	struct lab_tx *tx = lab_now(s, dir);
	if (!tx && line[0] == 'Q')
		tx = (struct lab_tx *)app_tx_new(run, s);
	if (!tx)
		return false;
	tx->t.dirs = 3;
	if (line[0] == 'Q')
		lab_question(tx, line + 2, n - 2);
	else if (line[0] == 'R')
		lab_set(&tx->code, line + 2, n - 2);
	else if (line[0] == 'B')
		app_text_add(run, &tx->body, (const uint8_t *)line + 2, (uint32_t)n - 2, 100000);
	else if (line[0] == '!')
		app_event(run, s, &tx->t, 1);
	else
		app_inspect_raw(s, dir);
	tx->t.progress[dir] = line[0] == 'E' ? 2 : 1;
	return true;
}

static inline enum parse_answer lab_parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	const char *at = (const char *)in->data, *end = at + in->len, *nl;
	for (; at < end && (nl = memchr(at, '\n', (size_t)(end - at))); at = nl + 1)
		if (!lab_line(run, s, in->dir, at, (size_t)(nl - at)))
			return PARSE_STOP;
	in->used = (uint32_t)((const uint8_t *)at - in->data);
	return PARSE_OK;
}

static inline void lab_free(struct app_run *run, struct app_tx *tx)
{
	app_text_free(run, &((struct lab_tx *)tx)->body);
}

static inline bool lab_log(const struct app_tx *tx, struct app_log *l)
{
	const struct lab_tx *t = (const struct lab_tx *)tx;
	log_text(l, "uri", (struct app_bytes){t->uri.at, t->uri.len});
	return true;
}

static const struct parser lab_parser = {.name = "http1",
	.proto = APP_HTTP1,
	.over = OVER_TCP | OVER_UDP,
	.patterns = lab_patterns,
	.tx_size = sizeof(struct lab_tx),
	.complete = {2, 2},
	.ends_raw = true,
	.parse = lab_parse,
	.free_tx = lab_free,
	.buffers = lab_buffers,
	.fields = lab_fields,
	.events = lab_events,
	.log = lab_log};
static const struct parser *const lab_parsers[] = {&lab_parser, NULL};

// A bench whose flows speak the protocol of lines, the handshake behind it.
static inline struct rule_bench *tx_open(const char *rules)
{
	struct ruleset_config cfg = {.parsers = lab_parsers};
	struct rule_bench *b = bench_open_with(rules, &cfg);
	bench_handshake(b);
	return b;
}
