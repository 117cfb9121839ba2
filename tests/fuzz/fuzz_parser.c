// Pieces of both directions go to one of the parsers, the way the stage hands them over: what it leaves unused comes
// again, bytes get lost, memory is scarce, transactions go once they are over. Whatever arrives, a parser uses no more
// than it got, a transaction's progress never goes back, its buffers can be read, its record is whole, and all
// memory comes back. Frames are told of as if rules asked for all of them.
//
// Input: which protocol and how much memory, transport; then pieces: what (direction, gap, end), length, bytes.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/api/app_log.h"
#include "dataplane/app_session.h"
#include "tests/unit/line_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

#define POOL_BYTES (2u << 20)
#define FOLLOWED 256u // transactions whose progress is watched, by id

static struct {
	const struct parser *real;
	struct parser checked; // the same with its parse() watched
	struct app_run run;
	struct app_session *s;
	uint8_t over;
	struct {
		uint8_t *kept;
		uint32_t len;
		bool started, ended;
	} side[2];
	struct {
		uint8_t progress[2];
	} followed[FOLLOWED];
	uint8_t record[3072];
	volatile uint8_t sum;
} z;

static enum parse_answer checked_parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	enum parse_answer answer = z.real->parse(run, s, state, in);

	MUST(in->used <= in->len);
	MUST(answer == PARSE_OK || answer == PARSE_DONE || answer == PARSE_STOP);
	return answer;
}

static void read_all(const struct app_tx *tx, uint8_t dir)
{
	struct app_bytes b;
	uint64_t v;

	for (const struct parser_buffer *f = z.real->buffers; f && f->name; f++)
		for (uint32_t n = 0;
			f->dirs & 1u << dir && tx->progress[dir] >= f->progress[dir] && f->get(tx, dir, n, &b); n++) {
			MUST(n < 100000); // values end
			for (uint32_t i = 0; b.at && i < b.len; i++)
				z.sum = (uint8_t)(z.sum + b.at[i]);
		}
	for (const struct parser_field *f = z.real->fields; f && f->name; f++)
		for (uint32_t n = 0;
			f->dirs & 1u << dir && tx->progress[dir] >= f->progress[dir] && f->get(tx, dir, n, &v); n++)
			MUST(n < 100000);
}

static void read_record(const struct app_tx *tx)
{
	uint32_t len = app_log_tx(z.real, tx, z.record, sizeof(z.record)), depth = 0;
	const uint8_t *at = z.record;
	struct app_log_item i;

	MUST(len <= sizeof(z.record));
	while (app_log_next(&at, z.record + len, &i)) {
		depth += i.type == LOG_OBJECT || i.type == LOG_LIST;
		MUST(i.type != LOG_CLOSE || depth > 0);
		depth -= i.type == LOG_CLOSE;
	}
	MUST(depth == 0 && at == z.record + len);
}

static void on_frame(void *arg, const struct app_frame *f)
{
	MUST(f->dir < 2 && f->len);
	for (uint32_t i = 0; i < f->len; i++)
		z.sum = (uint8_t)(z.sum + f->at[i]);
	uint32_t names = 0;
	while (z.real->frames && z.real->frames[names])
		names++;
	MUST(f->type < names || f->type == FRAME_STREAM);
}

// Every frame is asked for.
static const struct app_consumer frames = {.on_frame = on_frame};

// What the stage and the rule engine do after each input.
static void walk(void)
{
	struct app_tx *before = NULL, *next;
	uint32_t open = 0;
	uint64_t last_id = 0;

	for (struct app_tx *tx = app_tx_first(z.s); tx; tx = next) {
		next = tx->next;
		MUST(!open++ || tx->id > last_id);
		last_id = tx->id;
		uint8_t *was = z.followed[tx->id % FOLLOWED].progress;
		for (uint8_t dir = 0; dir < 2; dir++) {
			MUST(tx->id >= FOLLOWED || tx->progress[dir] >= was[dir]);
			was[dir] = tx->progress[dir];
			read_all(tx, dir);
		}
		MUST(tx->dirs != 0 && tx->dirs <= 3);
		if (app_tx_over(z.real, tx)) {
			read_record(tx);
			app_tx_end(&z.run, z.s, before, tx);
		} else {
			before = tx;
		}
	}
	MUST(z.s->open <= z.run.limits.max_tx);
}

static void give(uint8_t dir, const uint8_t *data, uint32_t len, uint32_t gap, bool last)
{
	uint32_t had = gap ? 0 : z.side[dir].len, whole = had + len;
	uint8_t *bytes = malloc(whole ? whole : 1); // exactly as long: a read past it is seen

	MUST(bytes);
	if (had)
		memcpy(bytes, z.side[dir].kept, had);
	if (len)
		memcpy(bytes + had, data, len);
	struct app_input in = {.data = bytes,
		.len = whole,
		.gap = gap,
		.dir = dir,
		.over = z.over,
		.start = !z.side[dir].started,
		.last = last,
		.ts_ns = 1};
	z.run.frames = (struct app_frames_to){.consumer = &frames, .types = UINT32_MAX};
	app_frames_before(&z.run, z.s, &in, had);
	app_session_parse(&z.run, z.s, &in);
	app_frames_after(&z.run, z.s, &in);
	free(z.side[dir].kept);
	z.side[dir].started = true;
	z.side[dir].ended = last;
	z.side[dir].len = z.over & OVER_UDP ? 0 : whole - in.used;
	z.side[dir].kept = NULL;
	if (z.side[dir].len) {
		z.side[dir].kept = malloc(z.side[dir].len);
		MUST(z.side[dir].kept);
		memcpy(z.side[dir].kept, bytes + in.used, z.side[dir].len);
	}
	free(bytes);
	walk();
}

// By number of its protocol, so that seeds stay true when parsers are added; others: the one of tests.
static const struct parser *pick(uint8_t proto)
{
	for (const struct parser *const *p = parser_table; *p; p++)
		if ((*p)->parse && (*p)->proto == proto)
			return *p;
	return &line_parser;
}

static void feed(const uint8_t *data, size_t size)
{
	while (size >= 2) {
		uint8_t what = data[0], dir = what & 1;
		uint32_t len = data[1] * (what & 8 ? 16u : 1u);
		data += 2;
		size -= 2;
		if (len > size)
			len = (uint32_t)size;
		if (!z.side[dir].ended)
			give(dir, data, len, (what & 0x30) == 0x30 ? (what & 0xc0) + 1u : 0, (what & 6) == 6);
		data += len;
		size -= len;
	}
	for (uint8_t dir = 0; dir < 2; dir++)
		if (!z.side[dir].ended)
			give(dir, NULL, 0, 0, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void *mem;
	static const uint32_t shares[4] = {POOL_BYTES, POOL_BYTES, 8192, 65536};

	if (size < 2)
		return 0;
	if (!mem)
		mem = aligned_alloc(64, (app_pool_size(POOL_BYTES) + 63) & ~(size_t)63);
	memset(&z, 0, sizeof(z));
	app_run_init(&z.run, app_pool_init(mem, POOL_BYTES), shares[data[0] >> 6]);
	z.real = pick(data[0] & 0x3f);
	z.over = data[1] & 1 && z.real->over & OVER_UDP ? OVER_UDP : z.real->over & OVER_TCP ? OVER_TCP : OVER_UDP;
	z.run.limits.max_tx = data[1] & 2 ? 4 : 512;
	z.checked = *z.real;
	z.checked.parse = checked_parse;
	z.s = app_session_new(&z.run);
	if (app_session_start(&z.run, z.s, &z.checked))
		feed(data + 2, size - 2);
	for (struct app_tx *tx = app_tx_first(z.s); tx; tx = tx->next)
		tx->stopped = true;
	walk();
	app_session_free(&z.run, z.s);
	MUST(app_pool_stats(z.run.pool)->in_use == 0);
	free(z.side[0].kept);
	free(z.side[1].kept);
	return 0;
}
