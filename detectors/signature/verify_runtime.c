// A rule's chain of tests on one buffer, walked in order. A relative test that fails makes the match
// before it look for its next occurrence; a test that stands alone and fails ends the walk. The work
// is bounded by STEPS_MAX. Next: byte_runtime.c.
#include <math.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "detectors/signature/dataset.h"
#include "detectors/signature/packet_fields.h"
#include "detectors/signature/worker_internal.h"

#define STEPS_MAX 3000u

enum outcome {
	HOLDS,
	FAILS,         // another occurrence of what is before may still do
	FAILS_FOR_GOOD // nothing before can change it
};

static enum outcome walk(struct match_ctx *m, const struct step *s, uint32_t at);

static enum outcome failed(const struct step *s)
{
	return s->depends ? FAILS : FAILS_FOR_GOOD;
}

// A content that is placed by a variable is looked for once, as in Suricata; only a place outside the buffer is tried
// anew.
static enum outcome not_found(const struct step *s, bool room)
{
	return s->relative || (s->depends && !room) ? FAILS : FAILS_FOR_GOOD;
}

// The first occurrence in buf[from..to), or UINT32_MAX.
static uint32_t find(const struct match_ctx *m, const struct content *c, uint32_t from, uint32_t to)
{
	if (to < c->len || from > to - c->len)
		return UINT32_MAX;
	const uint8_t *at = m->buf + from, *hit;
	if (c->flags & CONTENT_NOCASE) {
		uint32_t place = find_nocase(at, to - from, c->bytes, c->len);
		return place == UINT32_MAX ? UINT32_MAX : from + place;
	}
	hit = memmem(at, to - from, c->bytes, c->len);
	return hit ? (uint32_t)(hit - m->buf) : UINT32_MAX;
}

// Where the content may start (lo) and must have ended (hi). False: nowhere.
static bool content_bounds(const struct match_ctx *m, const struct content *c, uint32_t at, uint32_t *lo, uint32_t *hi)
{
	int64_t from = 0, to = m->len;
	if (c->flags & CONTENT_RELATIVE) {
		int32_t distance = c->flags & CONTENT_DISTANCE_VAR ? (int32_t)m->vars[c->distance]
				   : c->flags & CONTENT_DISTANCE   ? c->distance
								   : 0;
		from = (int64_t)at + distance;
		if (c->flags & CONTENT_WITHIN) {
			uint32_t within =
				c->flags & CONTENT_WITHIN_VAR ? (uint32_t)m->vars[c->within] : (uint32_t)c->within;
			int32_t end = (int32_t)(at + within + (uint32_t)distance);
			if (end >= 0 &&
				end < to) // what a variable places before the beginning has no end, as in Suricata
				to = end;
		}
	} else {
		if (c->flags & CONTENT_OFFSET)
			from = c->flags & CONTENT_OFFSET_VAR ? (int64_t)(m->vars[c->offset] & UINT32_MAX) : c->offset;
		if (c->flags & CONTENT_DEPTH) {
			int64_t depth =
				c->flags & CONTENT_DEPTH_VAR ? (int64_t)(m->vars[c->depth] & UINT32_MAX) : c->depth;
			if (from + depth < to)
				to = from + depth;
		}
	}
	if (from < 0)
		from = 0;
	if (c->flags & CONTENT_ENDSWITH) {
		if ((int64_t)m->len - c->len > from)
			from = (int64_t)m->len - c->len;
	}
	if (to <= 0 || from > to)
		return false;
	*lo = (uint32_t)from;
	*hi = (uint32_t)to;
	return !(c->flags & CONTENT_ENDSWITH) || *hi == m->len;
}

// A content whose place lies before this piece of a frame: nothing can be said of it, nor of its absence.
static bool lies_before(const struct match_ctx *m, const struct content *c)
{
	uint64_t end = (uint64_t)c->depth + (c->flags & CONTENT_OFFSET ? (uint64_t)c->offset : 0);
	return m->before && c->flags & CONTENT_DEPTH && !(c->flags & (CONTENT_DEPTH_VAR | CONTENT_OFFSET_VAR)) &&
	       end <= m->before;
}

static enum outcome content_step(struct match_ctx *m, const struct step *s, uint32_t *at)
{
	const struct content *c = &s->content;
	uint32_t lo, hi;
	if (lies_before(m, c))
		return failed(s);
	bool room = content_bounds(m, c, *at, &lo, &hi);
	uint32_t pos = room ? find(m, c, lo, hi) : UINT32_MAX;
	if (s->negated)
		return pos == UINT32_MAX ? HOLDS : failed(s);
	while (pos != UINT32_MAX) {
		if (!s->next_depends) {
			*at = pos + c->len;
			return HOLDS;
		}
		enum outcome rest = walk(m, s->next, pos + c->len);
		if (rest != FAILS)
			return rest;
		pos = find(m, c, pos + 1, hi);
	}
	return not_found(s, room);
}

static void keep_captures(struct match_ctx *m, const struct pcre *p, const uint8_t *base, int groups)
{
	const PCRE2_SIZE *ov = pcre2_get_ovector_pointer(m->w->md);
	for (uint8_t i = 0; i < p->n_captures && m->n_captures < 4; i++) {
		int g = p->captures[i].group;
		if (g >= groups || ov[2 * g] == PCRE2_UNSET || ov[2 * g + 1] < ov[2 * g])
			continue;
		struct capture_text *t = &m->captures[m->n_captures++];
		size_t n = ov[2 * g + 1] - ov[2 * g];
		t->var = p->captures[i].var;
		t->scope = p->captures[i].scope;
		t->len = (uint8_t)(n < sizeof(t->text) ? n : sizeof(t->text));
		memcpy(t->text, base + ov[2 * g], t->len);
	}
}

// Every expression runs within the worker's limits. Returns groups matched, 0 for no match, -1 where it gave up
// (counted).
static int pcre_limited(
	struct signature_worker *w, const pcre2_code *code, const uint8_t *bytes, uint32_t len, uint32_t from)
{
	int rc = pcre2_match(code, bytes, len, from, 0, w->md, w->mctx);
	if (rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_DEPTHLIMIT || rc == PCRE2_ERROR_JIT_STACKLIMIT) {
		w->stats.match_limit_hits++;
		return -1;
	}
	return rc > 0 ? rc : rc == 0 ? 1 : 0;
}

// Returns groups matched, 0 for no match.
static int pcre_run(struct match_ctx *m, const struct pcre *p, uint32_t base, uint32_t from)
{
	int groups = pcre_limited(m->w, p->code, m->buf + base, m->len - base, from);
	if (groups >= 0)
		return groups;
	m->w->seat.counters[m->rule->index].gave_up++;
	return 0;
}

static enum outcome pcre_step(struct match_ctx *m, const struct step *s, uint32_t *at)
{
	uint32_t base = s->relative ? *at : 0, from = 0;
	const PCRE2_SIZE *ov = pcre2_get_ovector_pointer(m->w->md);
	int groups = base <= m->len ? pcre_run(m, &s->pcre, base, 0) : 0;
	if (s->negated)
		return !groups ? HOLDS : failed(s);
	while (groups) {
		uint32_t end = base + (uint32_t)ov[1];
		from = (uint32_t)ov[0] + 1;
		uint8_t kept = m->n_captures;
		keep_captures(m, &s->pcre, m->buf + base, groups);
		if (!s->next_depends) {
			*at = end;
			return HOLDS;
		}
		enum outcome rest = walk(m, s->next, end);
		if (rest != FAILS)
			return rest;
		m->n_captures = kept;
		groups = base + from <= m->len ? pcre_run(m, &s->pcre, base, from) : 0;
	}
	return failed(s);
}

static bool isdataat(const struct match_ctx *m, const struct step *s, uint32_t at)
{
	uint64_t n = s->isdataat.var ? m->vars[s->isdataat.at] : (uint64_t)s->isdataat.at;
	bool there = s->relative ? (uint64_t)at + n <= m->len : n < m->len;
	return there != s->negated;
}

static bool entropy(const struct match_ctx *m, const struct entropy_args *e)
{
	uint32_t counts[256] = {0}, from = (uint32_t)e->offset, n;
	double bits = 0;
	if (from >= m->len)
		return false;
	n = m->len - from;
	if (e->bytes && e->bytes < n)
		n = e->bytes;
	for (uint32_t i = 0; i < n; i++)
		counts[m->buf[from + i]]++;
	for (int i = 0; i < 256; i++)
		if (counts[i])
			bits -= (double)counts[i] / n * log2((double)counts[i] / n);
	switch (e->range.op) {
	case RANGE_LT:
		return bits < e->range.lo;
	case RANGE_LE:
		return bits <= e->range.lo;
	case RANGE_GT:
		return bits > e->range.lo;
	case RANGE_GE:
		return bits >= e->range.lo;
	case RANGE_NE:
		return fabs(bits - e->range.lo) > 1e-9;
	case RANGE_IN:
		return bits >= e->range.lo && bits <= e->range.hi;
	default:
		return fabs(bits - e->range.lo) <= 1e-9;
	}
}

// What base64_decode finds is a buffer of its own; the walk ends with it. Nobody to look at it: no match, as in
// Suricata.
static bool base64(struct match_ctx *m, const struct step *s, uint32_t at)
{
	uint64_t from = (s->relative ? at : 0) + (uint64_t)s->base64.offset;
	if (from >= m->len)
		return false;
	uint32_t n = m->len - (uint32_t)from;
	if (s->base64.bytes && s->base64.bytes < n)
		n = s->base64.bytes;
	uint32_t got = base64_decode(m->buf + from, n, m->w->base64_bytes, BASE64_MAX);
	if (!got || !s->base64.data)
		return false;
	const uint8_t *buf = m->buf;
	uint32_t len = m->len;
	m->buf = m->w->base64_bytes;
	m->len = got;
	bool holds = walk(m, s->base64.data, 0) == HOLDS;
	m->buf = buf;
	m->len = len;
	return holds;
}

// RFC 5531 section 9: an RPC call over UDP, or over TCP behind a record mark.
static bool rpc(const struct match_ctx *m, const struct rpc_args *a)
{
	uint32_t off = m->p->flags & PKT_TCP ? 4 : 0;
	if (m->len < off + 24)
		return false;
	const uint8_t *h = m->buf + off;
	return be32_at(h + 4) == 0 && be32_at(h + 8) == 2 && be32_at(h + 12) == a->program &&
	       (a->any_version || be32_at(h + 16) == a->version) &&
	       (a->any_procedure || be32_at(h + 20) == a->procedure);
}

// Tests without another occurrence to try: they hold or not. May move `at`.
static bool plain_step(struct match_ctx *m, const struct step *s, uint32_t *at)
{
	switch (s->kind) {
	case STEP_ISDATAAT:
		return isdataat(m, s, *at);
	case STEP_BYTE_TEST:
		return byte_test_match(m, &s->byte, *at);
	case STEP_BYTE_JUMP:
		return byte_jump_match(m, &s->byte, *at, at);
	case STEP_BYTE_EXTRACT:
		return byte_extract_match(m, &s->byte, *at, at);
	case STEP_BYTE_MATH:
		return byte_math_match(m, &s->byte, *at, at);
	case STEP_BSIZE:
		return range_has(&s->range, m->before + m->len);
	case STEP_NUMBER:
		return range_has(&s->range, m->number) != s->negated;
	case STEP_CHECK:
		return s->check.holds(m, s->check.args) != s->negated;
	case STEP_ENTROPY:
		return entropy(m, &s->entropy);
	case STEP_ASN1: // an absolute place is one of the packet's own bytes, as in Suricata
		if (m->stream && !s->asn1.relative)
			return asn1_match(&s->asn1, packet_payload(m->p), packet_rule_payload_len(m->p), 0);
		return asn1_match(&s->asn1, m->buf, m->len, *at);
	case STEP_RPC:
		return rpc(m, &s->rpc);
	case STEP_DATASET:
	case STEP_DATAREP:
		return dataset_match(&s->dataset, s->kind == STEP_DATAREP, m->buf, m->len);
	case STEP_BASE64_DECODE:
		return base64(m, s, *at);
	default:
		return false;
	}
}

static enum outcome walk(struct match_ctx *m, const struct step *s, uint32_t at)
{
	for (; s; s = s->next) {
		enum outcome o;
		if (++m->steps > STEPS_MAX) {
			m->w->stats.step_limit_hits++;
			return FAILS_FOR_GOOD;
		}
		if (s->kind == STEP_CONTENT)
			o = content_step(m, s, &at);
		else if (s->kind == STEP_PCRE)
			o = pcre_step(m, s, &at);
		else
			o = plain_step(m, s, &at) ? HOLDS : s->kind == STEP_BASE64_DECODE ? FAILS_FOR_GOOD : failed(s);
		if (o != HOLDS)
			return o;
		// With next_depends the walk of the rest was part of this step.
		if (s->next_depends && (s->kind == STEP_CONTENT || s->kind == STEP_PCRE) && !s->negated)
			return HOLDS;
		if (s->kind == STEP_BASE64_DECODE && s->base64.data)
			return HOLDS;
	}
	return HOLDS;
}

bool verify_chain(struct match_ctx *m, const struct step *steps)
{
	return walk(m, steps, 0) == HOLDS;
}

bool transform_buffer(struct match_ctx *m, const struct transform *t, const uint8_t *buf, uint32_t len)
{
	struct signature_worker *w = m->w;
	for (int side = 0; t; t = t->next, side = !side) {
		if (len > SCRATCH_BYTES - 64)
			len = SCRATCH_BYTES - 64;
		int32_t n = t->run(m, t, buf, len, w->scratch_bytes[side], SCRATCH_BYTES);
		if (n < 0)
			return false;
		buf = w->scratch_bytes[side];
		len = (uint32_t)n;
	}
	m->buf = buf ? buf : (const uint8_t *)"";
	m->len = len;
	return true;
}

bool verify_buffer(struct match_ctx *m, const struct buffer_test *b, const uint8_t *buf, uint32_t len)
{
	return transform_buffer(m, b->transforms, buf, len) && verify_chain(m, b->steps);
}

const size_t *match_ctx_group(
	const struct match_ctx *m, const struct pcre2_real_code_8 *code, const uint8_t *bytes, uint32_t len)
{
	if (pcre_limited(m->w, code, bytes, len, 0) < 2)
		return NULL;
	const PCRE2_SIZE *ov = pcre2_get_ovector_pointer(m->w->md);
	return ov[2] != PCRE2_UNSET && ov[3] >= ov[2] ? ov + 2 : NULL;
}

bool match_ctx_with_stream(const struct match_ctx *m)
{
	return m->w->with_stream;
}
