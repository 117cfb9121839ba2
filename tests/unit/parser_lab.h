// A parser on the bench, without flows and packets: bytes of both directions are fed in pieces, with gaps and ends, and
// transactions are read by the names that rules use.
//
//	plab_open(&lab, &parser_dns, OVER_UDP);
//	plab_feed(&lab, DIR_TO_SERVER, query, sizeof(query));
//	assert_int_equal(plab_count(&lab), 1);
//	assert_string_equal(plab_text(&lab, plab_tx(&lab, 0), "dns.query", DIR_TO_SERVER, 0), "example.org");
//	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)), "dns:{type:\"query\",id:1,...}");
//	plab_close(&lab); // all memory must be back
//
// plab_every_split() has a conversation told whole, with every message cut in two everywhere, and byte by byte, and
// wants to hear the same each time; there transactions go as soon as they are complete, as in the stage.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/api/app_log.h"
#include "dataplane/app_session.h"

#define PLAB_POOL_BYTES (4u << 20)
#define PLAB_FLOW_BYTES (2u << 20)
#define PLAB_TEXT_BYTES (256u << 10)
#define PLAB_RECORD_BYTES (64u << 10) // wider than an event, so that tests see all of it

struct parser_lab {
	const struct parser *parser;
	struct app_run *run;
	struct app_pool *pool;
	struct app_session *s;
	uint8_t over;
	bool reap; // transactions are told and given back once they are over
	struct {
		uint8_t *kept; // what the parser left unused
		uint32_t len, gap;
		bool started, ended;
	} side[2];
	enum parse_answer answer; // the last
	uint64_t now_ns, seq;
	char text[PLAB_TEXT_BYTES]; // what was asked last; with reap: what is told of transactions that are gone
	uint8_t record[PLAB_RECORD_BYTES];
	FILE *seed; // of the fuzzer
};

// With PLAB_SEEDS=folder in the environment each conversation is written there as the parser fuzzer's input: how the
// seeds of tests/fuzz/corpus/parser came to be.
static inline void plab_seed_open(struct parser_lab *lab)
{
	static uint32_t count;
	char path[512];

	lab->seed = NULL;
	if (!getenv("PLAB_SEEDS"))
		return;
	snprintf(path, sizeof(path), "%s/%s_%02u", getenv("PLAB_SEEDS"), lab->parser->name, count++);
	lab->seed = fopen(path, "wb");
	assert_non_null(lab->seed);
	fputc(lab->parser->proto, lab->seed);
	fputc(lab->over == OVER_UDP, lab->seed);
}

static inline void plab_seed_add(
	struct parser_lab *lab, uint8_t dir, uint32_t gap, const uint8_t *b, uint32_t len, bool last)
{
	do {
		uint32_t take = len > 255 ? (len < 255 * 16 ? len / 16 * 16 : 255 * 16) : len;
		fputc(dir | (last ? 6 : 0) | (take > 255 ? 8 : 0) | (gap ? 0x30 : 0), lab->seed);
		fputc(take > 255 ? (int)(take / 16) : (int)take, lab->seed);
		fwrite(b, 1, take, lab->seed);
		b += take;
		len -= take;
		gap = 0;
	} while (len);
}

static inline void plab_open(struct parser_lab *lab, const struct parser *parser, uint8_t over)
{
	size_t size = app_pool_size(PLAB_POOL_BYTES);

	memset(lab, 0, offsetof(struct parser_lab, text) + 1);
	lab->parser = parser;
	lab->over = over;
	lab->run = malloc(sizeof(*lab->run));
	void *mem = aligned_alloc(64, (size + 63) & ~(size_t)63);
	assert_non_null(mem);
	assert_non_null(lab->run);
	lab->pool = app_pool_init(mem, PLAB_POOL_BYTES);
	app_run_init(lab->run, lab->pool, PLAB_FLOW_BYTES);
	lab->s = app_session_new(lab->run);
	assert_non_null(lab->s);
	lab->s->addr[0].b[0] = 10; // 10.0.0.1 asks 10.0.0.2
	lab->s->addr[0].b[3] = 1;
	lab->s->addr[1].b[0] = 10;
	lab->s->addr[1].b[3] = 2;
	lab->now_ns = UINT64_C(1600000000000000000);
	assert_true(app_session_start(lab->run, lab->s, parser));
	plab_seed_open(lab);
}

// What parsers may spend; to be changed before bytes are fed.
static inline struct app_limits *plab_limits(struct parser_lab *lab)
{
	return &lab->run->limits;
}

static inline void plab_reap(struct parser_lab *lab, bool all);

// The parser gets what it left, then `len` bytes (may be 0), in memory of exactly that size. last: nothing follows.
static inline void plab_give(struct parser_lab *lab, uint8_t dir, const void *data, uint32_t len, bool last)
{
	uint32_t whole = lab->side[dir].len + len;
	uint8_t *bytes = malloc(whole ? whole : 1);
	struct app_input in = {.data = bytes,
		.len = whole,
		.gap = lab->side[dir].gap,
		.dir = dir,
		.over = lab->over,
		.start = !lab->side[dir].started,
		.last = last,
		.ts_ns = lab->now_ns += 1000000,
		.seq = ++lab->seq};

	assert_false(lab->side[dir].ended);
	if (lab->seed)
		plab_seed_add(lab, dir, in.gap, data, len, last);
	if (lab->side[dir].len)
		memcpy(bytes, lab->side[dir].kept, lab->side[dir].len);
	if (len)
		memcpy(bytes + lab->side[dir].len, data, len);
	lab->answer = app_session_parse(lab->run, lab->s, &in);
	free(lab->side[dir].kept);
	lab->side[dir].len = lab->over & OVER_UDP ? 0 : whole - in.used;
	lab->side[dir].kept = malloc(lab->side[dir].len ? lab->side[dir].len : 1);
	memcpy(lab->side[dir].kept, bytes + in.used, lab->side[dir].len);
	lab->side[dir].started = true;
	lab->side[dir].ended = last;
	lab->side[dir].gap = 0;
	memset(bytes, 0xdb, whole ? whole : 1); // borrowed bytes must not be kept
	free(bytes);
	if (lab->reap)
		plab_reap(lab, false);
}

static inline void plab_feed(struct parser_lab *lab, uint8_t dir, const void *data, uint32_t len)
{
	plab_give(lab, dir, data, len, false);
}

static inline void plab_feed_string(struct parser_lab *lab, uint8_t dir, const char *text)
{
	plab_feed(lab, dir, text, (uint32_t)strlen(text));
}

// `len` bytes of a direction are lost before the next ones, and with them what was left unused.
static inline void plab_gap(struct parser_lab *lab, uint8_t dir, uint32_t len)
{
	lab->side[dir].len = 0;
	lab->side[dir].gap += len;
}

static inline void plab_end(struct parser_lab *lab, uint8_t dir)
{
	plab_give(lab, dir, NULL, 0, true);
}

// Open transactions.
static inline uint32_t plab_count(const struct parser_lab *lab)
{
	uint32_t n = 0;

	for (const struct app_tx *tx = app_tx_first(lab->s); tx; tx = tx->next)
		n++;
	return n;
}

static inline struct app_tx *plab_tx(const struct parser_lab *lab, uint32_t nth)
{
	struct app_tx *tx = app_tx_first(lab->s);

	while (tx && nth--)
		tx = tx->next;
	assert_non_null(tx);
	return tx;
}

// A buffer by its keyword. False: not there (or not yet).
static inline bool plab_buffer(struct parser_lab *lab, const struct app_tx *tx, const char *name, uint8_t dir,
	uint32_t nth, struct app_bytes *out)
{
	for (const struct parser_buffer *b = lab->parser->buffers; b && b->name; b++)
		if (strcmp(b->name, name) == 0 && b->dirs & 1u << dir)
			return tx->progress[dir] >= b->progress[dir] && b->get(tx, dir, nth, out);
	fail_msg("%s has no buffer %s in direction %u", lab->parser->name, name, dir);
	return false;
}

// The same as text, bytes outside of ASCII as \xhh; NULL: not there. Valid until the next call.
static inline const char *plab_text(
	struct parser_lab *lab, const struct app_tx *tx, const char *name, uint8_t dir, uint32_t nth);

static inline bool plab_field(
	struct parser_lab *lab, const struct app_tx *tx, const char *name, uint8_t dir, uint32_t nth, uint64_t *out)
{
	for (const struct parser_field *f = lab->parser->fields; f && f->name; f++)
		if (strcmp(f->name, name) == 0 && f->dirs & 1u << dir)
			return tx->progress[dir] >= f->progress[dir] && f->get(tx, dir, nth, out);
	fail_msg("%s has no field %s in direction %u", lab->parser->name, name, dir);
	return false;
}

// True when the transaction (NULL: the flow) has this event.
static inline bool plab_has_event(const struct parser_lab *lab, const struct app_tx *tx, const char *event)
{
	for (uint32_t i = 0; lab->parser->events && lab->parser->events[i]; i++) {
		if (strcmp(lab->parser->events[i], event) != 0)
			continue;
		for (uint32_t e = 0; tx && e < sizeof(tx->events); e++)
			if (tx->events[e] == i + 1)
				return true;
		return !tx && lab->s->flow_events & 1ull << i;
	}
	fail_msg("%s has no event %s", lab->parser->name, event);
	return false;
}

static inline void plab_put(char **at, const char *end, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(*at, (size_t)(end - *at), fmt, ap);
	va_end(ap);
	assert_true(n >= 0 && n < end - *at);
	*at += n;
}

static inline void plab_put_bytes(char **at, const char *end, struct app_bytes b)
{
	for (uint32_t i = 0; i < b.len; i++)
		if (b.at[i] >= ' ' && b.at[i] < 0x7f && b.at[i] != '\\')
			plab_put(at, end, "%c", b.at[i]);
		else
			plab_put(at, end, "\\x%02x", b.at[i]);
}

static inline const char *plab_text(
	struct parser_lab *lab, const struct app_tx *tx, const char *name, uint8_t dir, uint32_t nth)
{
	char *at = lab->text;
	struct app_bytes b;

	if (!plab_buffer(lab, tx, name, dir, nth, &b))
		return NULL;
	*at = 0;
	plab_put_bytes(&at, lab->text + sizeof(lab->text), b);
	return lab->text;
}

static inline void plab_put_item(char **at, const char *end, const struct app_log_item *i)
{
	if (i->name)
		plab_put(at, end, "%s:", i->name);
	switch (i->type) {
	case LOG_TEXT:
	case LOG_STRING:
		plab_put(at, end, "\"");
		plab_put_bytes(at, end, i->text);
		plab_put(at, end, "\"");
		break;
	case LOG_UINT:
		plab_put(at, end, "%llu", (unsigned long long)i->number);
		break;
	default:
		plab_put(at, end, "%s", i->type == LOG_TRUE ? "true" : "false");
	}
}

static inline void plab_put_record(struct parser_lab *lab, char **at, const char *end, uint32_t len)
{
	uint32_t depth = 0;
	const uint8_t *p = lab->record;
	struct app_log_item i;
	char closing[APP_LOG_DEPTH];
	bool first = true;

	while (app_log_next(&p, lab->record + len, &i)) {
		bool opens = i.type == LOG_OBJECT || i.type == LOG_LIST;
		if (!first && i.type != LOG_CLOSE)
			plab_put(at, end, ",");
		first = opens;
		if (i.type == LOG_CLOSE) {
			plab_put(at, end, "%c", closing[--depth]);
		} else if (opens) {
			closing[depth++] = i.type == LOG_OBJECT ? '}' : ']';
			plab_put(at, end, "%s%s%c", i.name ? i.name : "", i.name ? ":" : "",
				i.type == LOG_OBJECT ? '{' : '[');
		} else {
			plab_put_item(at, end, &i);
		}
	}
	assert_int_equal(depth, 0);
}

static inline void plab_put_log(struct parser_lab *lab, char **at, const char *end, const struct app_tx *tx)
{
	plab_put_record(lab, at, end, app_log_tx(lab->parser, tx, lab->record, sizeof(lab->record)));
}

// The record as text, "http:{hostname:\"x\",status:200,headers:[{name:\"a\"}]}"; "" when there is none. Valid until
// the next call.
static inline const char *plab_log(struct parser_lab *lab, const struct app_tx *tx)
{
	char *at = lab->text;

	*at = 0;
	plab_put_log(lab, &at, lab->text + sizeof(lab->text), tx);
	return lab->text;
}

// All there is to know of a transaction.
static inline void plab_put_tx(struct parser_lab *lab, char **at, const char *end, const struct app_tx *tx)
{
	struct app_bytes b;
	uint64_t v;

	plab_put(at, end, "tx %llu progress %u %u%s\n", (unsigned long long)tx->id, tx->progress[0], tx->progress[1],
		tx->stopped ? " stopped" : "");
	for (uint32_t e = 0; e < sizeof(tx->events) && tx->events[e]; e++)
		plab_put(at, end, "  event %s\n", lab->parser->events[tx->events[e] - 1]);
	for (uint8_t dir = 0; dir < 2; dir++) {
		for (const struct parser_buffer *f = lab->parser->buffers; f && f->name; f++)
			for (uint32_t n = 0; f->dirs & 1u << dir && tx->progress[dir] >= f->progress[dir] && n < 1000 &&
					     f->get(tx, dir, n, &b);
				n++) {
				plab_put(at, end, "  %u %s[%u] \"", dir, f->name, n);
				plab_put_bytes(at, end, b);
				plab_put(at, end, "\"\n");
			}
		for (const struct parser_field *f = lab->parser->fields; f && f->name; f++)
			for (uint32_t n = 0; f->dirs & 1u << dir && tx->progress[dir] >= f->progress[dir] && n < 1000 &&
					     f->get(tx, dir, n, &v);
				n++)
				plab_put(at, end, "  %u %s[%u] %llu\n", dir, f->name, n, (unsigned long long)v);
	}
	plab_put(at, end, "  ");
	plab_put_log(lab, at, end, tx);
	plab_put(at, end, "\n");
}

// Transactions that are over (all: every one) are told and given back.
static inline void plab_reap(struct parser_lab *lab, bool all)
{
	struct app_tx *before = NULL, *next;

	for (struct app_tx *tx = app_tx_first(lab->s); tx; tx = next) {
		next = tx->next;
		if (!all && !app_tx_over(lab->parser, tx)) {
			before = tx;
			continue;
		}
		char *at = lab->text + strlen(lab->text);
		plab_put_tx(lab, &at, lab->text + sizeof(lab->text), tx);
		app_tx_end(lab->run, lab->s, before, tx);
	}
}

static inline void plab_close(struct parser_lab *lab)
{
	if (lab->seed)
		fclose(lab->seed);
	app_session_free(lab->run, lab->s);
	assert_int_equal(app_pool_stats(lab->pool)->in_use, 0);
	free(lab->pool);
	free(lab->run);
	free(lab->side[0].kept);
	free(lab->side[1].kept);
}

// One message of a conversation.
struct plab_said {
	uint8_t dir;
	const void *bytes;
	uint32_t len;
};
#define PLAB_SAID(dir, literal)                   \
	{                                         \
		dir, literal, sizeof(literal) - 1 \
	}

// Tells the conversation with message `which` cut at `cut` (0: whole; UINT32_MAX: every message byte by byte).
static inline void plab_tell(struct parser_lab *lab, const struct parser *parser, const struct plab_said *said,
	uint32_t n, uint32_t which, uint32_t cut)
{
	plab_open(lab, parser, OVER_TCP);
	if (cut && lab->seed) { // the whole one will do
		fclose(lab->seed);
		lab->seed = NULL;
	}
	lab->reap = true;
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *b = said[i].bytes;
		uint32_t step = cut == UINT32_MAX ? 1 : i == which && cut ? cut : said[i].len;
		for (uint32_t at = 0; at < said[i].len; at += step, step = cut == UINT32_MAX ? 1 : said[i].len - at)
			plab_feed(lab, said[i].dir, b + at, step);
	}
	plab_end(lab, 0);
	plab_end(lab, 1);
	plab_reap(lab, true);
}

// What is told of the conversation's transactions in their order of ending, the same however it is cut. Free it.
static inline char *plab_every_split(const struct parser *parser, const struct plab_said *said, uint32_t n)
{
	struct parser_lab *lab = malloc(sizeof(*lab));
	char *whole;

	assert_non_null(lab);
	plab_tell(lab, parser, said, n, 0, 0);
	whole = strdup(lab->text);
	plab_close(lab);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t cut = 1; cut < said[i].len; cut++) {
			plab_tell(lab, parser, said, n, i, cut);
			if (strcmp(lab->text, whole) != 0)
				print_error("message %u cut at %u:\n", i, cut);
			assert_string_equal(lab->text, whole);
			plab_close(lab);
		}
	plab_tell(lab, parser, said, n, 0, UINT32_MAX);
	assert_string_equal(lab->text, whole);
	plab_close(lab);
	free(lab);
	return whole;
}

// What a test of one parser begins with: its lab, fresh in each TEST(name), and what the two sides say there.
#define PARSER_TEST(tested, transport)               \
	extern const struct parser tested;           \
	static struct parser_lab lab;                \
                                                     \
	static int open_lab(void **state)            \
	{                                            \
		plab_open(&lab, &tested, transport); \
		return 0;                            \
	}                                            \
                                                     \
	static int close_lab(void **state)           \
	{                                            \
		plab_close(&lab);                    \
		return 0;                            \
	}
#define CLIENT(literal) plab_feed(&lab, DIR_TO_SERVER, literal, sizeof(literal) - 1)
#define SERVER(literal) plab_feed(&lab, DIR_TO_CLIENT, literal, sizeof(literal) - 1)
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_lab, close_lab)
