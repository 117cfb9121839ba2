// What can only be said once a rule's keywords are all known: which views of the traffic it needs,
// which literal the prefilter looks for, and whether it can match at all. Next: rule_order.c.
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "dataplane/api/app_file.h"
#include "detectors/signature/rule_parse.h"

static bool uses_variable(const struct step *s)
{
	const uint16_t content = CONTENT_OFFSET_VAR | CONTENT_DEPTH_VAR | CONTENT_DISTANCE_VAR | CONTENT_WITHIN_VAR;
	switch (s->kind) {
	case STEP_CONTENT:
		return s->content.flags & content;
	case STEP_ISDATAAT:
		return s->isdataat.var;
	case STEP_BYTE_TEST:
	case STEP_BYTE_JUMP:
	case STEP_BYTE_EXTRACT:
	case STEP_BYTE_MATH:
		return s->byte.flags & (BYTE_NBYTES_VAR | BYTE_OFFSET_VAR | BYTE_VALUE_VAR);
	default:
		return false;
	}
}

// The nearest content or pcre before a test that is relative or uses a variable must try its next occurrence when that
// test fails.
static void link_relative(struct step *steps)
{
	struct step *anchor = NULL;
	for (struct step *s = steps; s; s = s->next) {
		s->depends = s->relative || uses_variable(s);
		if (s->depends && anchor)
			anchor->next_depends = true;
		if ((s->kind == STEP_CONTENT || s->kind == STEP_PCRE) && !s->negated)
			anchor = s;
		if (s->kind == STEP_BASE64_DECODE)
			link_relative(s->base64.data);
	}
}

// The least number of bytes that the first content and those relative to it take. A later content
// that stands alone may overlap them and is left out, as Suricata does.
static uint32_t least_bytes(const struct step *steps)
{
	uint32_t sum = 0;
	for (const struct step *s = steps; s; s = s->next) {
		const struct content *c = &s->content;
		if (s->kind != STEP_CONTENT || s->negated)
			continue;
		if (sum && !s->relative)
			break;
		if (c->flags & (CONTENT_OFFSET_VAR | CONTENT_DISTANCE_VAR))
			break;
		if (c->flags & CONTENT_DISTANCE && c->distance < 0)
			break;
		sum += c->len + (uint32_t)(c->flags & CONTENT_OFFSET     ? c->offset
					   : c->flags & CONTENT_DISTANCE ? c->distance
									 : 0);
	}
	return sum;
}

// The bound above as it is written, UINT64_MAX without.
static uint64_t range_most(const struct range *r)
{
	switch (r->op) {
	case RANGE_EQ:
	case RANGE_LT:
	case RANGE_LE:
		return r->lo;
	case RANGE_IN:
		return r->hi + 1;
	default:
		return UINT64_MAX;
	}
}

static int check_sizes(struct rule_parser *ps)
{
	for (const struct buffer_test *b = ps->rule->buffers; b; b = b->next) {
		uint32_t least = least_bytes(b->steps);
		if (b->id == BUF_PAYLOAD && ps->rule->dsize && least > range_most(ps->rule->dsize))
			return parse_fail(ps, "expected contents that fit dsize, found %u bytes", least);
		for (const struct step *s = b->steps; s; s = s->next)
			if (s->kind == STEP_BSIZE && !b->transforms && least > range_most(&s->range))
				return parse_fail(ps, "expected contents that fit the size asked of %s, found %u bytes",
					b->name, least);
	}
	return 0;
}

// A content that the transforms of its buffer can never leave.
static bool is_possible(const struct transform *t, const struct step *s)
{
	bool lower = !strcmp(t->name, "to_lowercase"), upper = !strcmp(t->name, "to_uppercase");
	bool strip = !strcmp(t->name, "strip_whitespace"), compress = !strcmp(t->name, "compress_whitespace");
	const struct content *c = &s->content;
	for (uint16_t i = 0; i < c->len; i++) {
		uint8_t b = c->bytes[i];
		if ((lower && isupper(b)) || (upper && islower(b) && !(c->flags & CONTENT_NOCASE)) ||
			(strip && isspace(b)))
			return false;
		if (compress && i && isspace(b) && isspace(c->bytes[i - 1]))
			return false;
	}
	return true;
}

static int check_transforms(struct rule_parser *ps)
{
	for (const struct buffer_test *b = ps->rule->buffers; b; b = b->next)
		for (const struct transform *t = b->transforms; t; t = t->next)
			for (const struct step *s = b->steps; s; s = s->next)
				if (s->kind == STEP_CONTENT && !s->negated && !is_possible(t, s))
					return parse_fail(ps, "expected contents that %s can leave", t->name);
	return 0;
}

// Longer is rarer; common bytes (letters, zero, space) count less than odd ones.
static uint32_t strength(const struct content *c)
{
	uint32_t from = c->flags & CONTENT_FP_CHOP ? c->fp_off : 0, n = c->flags & CONTENT_FP_CHOP ? c->fp_len : c->len,
		 score = 0;
	bool same = true;
	for (uint32_t i = from; i < from + n; i++) {
		uint8_t b = c->bytes[i];
		bool letter = (b | 32) >= 'a' && (b | 32) <= 'z', digit = b >= '0' && b <= '9';
		score += b == 0 || b == ' ' || b == 0xff ? 3 : letter || digit ? 5 : b < 128 ? 6 : 7;
		same &= b == c->bytes[from];
	}
	return same && n > 1 ? 4 : score;
}

static bool is_magic(const struct buffer_test *b)
{
	return !strcmp(b->name, TX_FILE_MAGIC_BUFFER);
}

// A buffer of a transaction may be looked into as its transforms leave it; an expression of its own would be a group of
// one rule.
static bool can_prefilter(const struct buffer_test *b, const struct step *s)
{
	for (const struct transform *t = b->transforms; t; t = t->next)
		if (t->code || b->id < BUF_APP)
			return false;
	if (is_magic(b)) // is not to be asked for every file
		return false;
	return s->kind == STEP_CONTENT && !s->negated && (b->id == BUF_PAYLOAD || b->id >= BUF_FRAME);
}

// An explicit fast_pattern, else the strongest literal; of equals the first. Any choice gives the
// same alerts: the prefilter only says which rules are worth verifying.
// raw: of the payload; else of the transaction's buffers.
static struct step *pick_literal(const struct rule *r, bool raw, struct buffer_test **in)
{
	uint32_t best = 0;
	struct step *pick = NULL;
	for (struct buffer_test *b = r->buffers; b; b = b->next) {
		for (struct step *s = b->steps; s; s = s->next) {
			if (!can_prefilter(b, s) || (b->id == BUF_PAYLOAD) != raw)
				continue;
			uint32_t score =
				s->content.flags & CONTENT_FAST_PATTERN ? UINT32_MAX : strength(&s->content) + 1;
			if (score <= best)
				continue;
			best = score;
			pick = s;
			*in = b;
		}
	}
	return pick;
}

// A rule that inspects transactions and raw bytes has a literal for each.
static void pick_literals(struct rule *r)
{
	struct buffer_test *raw = NULL;
	r->fast_raw = pick_literal(r, true, &raw);
	r->fast = pick_literal(r, false, &r->fast_buffer);
	if (r->flags & (RULE_F_TX | RULE_F_FRAME))
		return;
	r->fast = r->fast_raw;
	r->fast_buffer = raw;
}

static bool is_placed(const struct step *s)
{
	return s->kind == STEP_CONTENT && s->content.flags & (CONTENT_DEPTH | CONTENT_OFFSET);
}

// Whether the payload is tested in packets, in the stream or in both.
static void pick_views(struct rule *r)
{
	const uint32_t either = RULE_F_NEED_PACKET | RULE_F_NEED_STREAM;
	const struct buffer_test *payload = NULL;
	for (const struct buffer_test *b = r->buffers; b; b = b->next)
		if (b->id == BUF_PAYLOAD && b->steps)
			payload = b;
	if (!payload)
		return;
	r->flags |= RULE_F_PAYLOAD;
	if (r->proto == PROTO_UDP || r->proto == PROTO_ICMP || r->proto == PROTO_ICMPV4 || r->proto == PROTO_ICMPV6 ||
		r->proto == PROTO_SCTP) {
		r->flags |= RULE_F_NEED_PACKET | (r->flags & either ? 0 : RULE_F_EITHER_VIEW);
		return;
	}
	if (r->flags & either)
		return;
	r->flags |= RULE_F_NEED_STREAM | (r->flags & RULE_F_STREAM_SIZE ? RULE_F_NEED_PACKET : 0);
	for (const struct step *s = payload->steps; s; s = s->next)
		if (is_placed(s))
			r->flags |= RULE_F_NEED_PACKET;
}

static bool has_app_buffer(const struct rule *r)
{
	for (const struct buffer_test *b = r->buffers; b; b = b->next)
		if (b->id >= BUF_APP)
			return true;
	return false;
}

// Rules that only name addresses, ports and a protocol: asked once a flow and direction.
static bool is_ip_only(const struct rule *r)
{
	if (r->buffers || r->proto == PROTO_APP || r->waiting ||
		r->flags & (RULE_F_FLOW | RULE_F_EVENT | RULE_F_EACH_PACKET | RULE_F_TX))
		return false;
	for (const struct packet_test *t = r->tests; t; t = t->next)
		if (strcmp(t->name, "ip_proto") && strcmp(t->name, "geoip") && strcmp(t->name, "iprep") &&
			strcmp(t->name, "l3_proto"))
			return false;
	return true;
}

// Rules that only name what a flow was found to speak.
static bool is_detection(const struct rule_parser *ps)
{
	const struct rule *r = ps->rule;
	bool named = false;
	if (r->buffers || r->app || ps->has_flow_state || r->flags & RULE_F_TX)
		return false;
	for (const struct packet_test *t = r->tests; t; t = t->next) {
		named |= !strcmp(t->name, "app-layer-protocol");
		if (strcmp(t->name, "app-layer-protocol") && strcmp(t->name, "flow"))
			return false;
	}
	return named;
}

// The payload is asked first, so that a dataset elsewhere is changed only when the payload fits.
static void payload_first(struct rule *r)
{
	for (struct buffer_test **at = &r->buffers; *at; at = &(*at)->next) {
		struct buffer_test *b = *at;
		if (b->id != BUF_PAYLOAD)
			continue;
		*at = b->next;
		b->next = r->buffers;
		r->buffers = b;
		return;
	}
}

// libmagic is asked where everything else holds.
static void magic_last(struct rule_parser *ps)
{
	struct buffer_test **at = &ps->rule->buffers, *magic = NULL, **end = &magic;
	while (*at) {
		struct buffer_test *b = *at;
		if (!is_magic(b)) {
			at = &b->next;
			continue;
		}
		ps->rs->files |= APP_FILE_TRACKED | APP_FILE_HEAD;
		*at = b->next;
		*end = b;
		b->next = NULL;
		end = &b->next;
	}
	*at = magic;
}

// What http_uri and its kin have taken all contents out of asks nothing.
static void drop_empty_payload(struct rule *r)
{
	for (struct buffer_test **at = &r->buffers; *at;)
		if ((*at)->id == BUF_PAYLOAD && !(*at)->steps)
			*at = (*at)->next;
		else
			at = &(*at)->next;
}

int rule_finish(struct rule_parser *ps)
{
	struct rule *r = ps->rule;
	if (!ps->has_sid)
		return parse_fail(ps, "expected a sid, found none");
	if (buffer_leave(ps) || check_sizes(ps) || check_transforms(ps))
		return -EINVAL;
	if ((r->flags & RULE_F_NEED_PACKET) && (r->flags & RULE_F_NEED_STREAM))
		return parse_fail(ps, "expected no test of packets beside tcp-stream or flow:only_stream");
	for (struct buffer_test *b = r->buffers; b; b = b->next)
		link_relative(b->steps);
	drop_empty_payload(r);
	payload_first(r);
	magic_last(ps);
	if (has_app_buffer(r) || r->app_events)
		r->flags |= RULE_F_TX;
	if (frame_check(ps))
		return -EINVAL;
	pick_literals(r);
	pick_views(r);
	if (!is_ip_only(r))
		r->flags &= ~(uint32_t)RULE_F_IPONLY_LIKE;
	else if (!(r->flags & RULE_F_IPONLY_LIKE))
		r->flags |= RULE_F_IP_ONLY;
	if (is_detection(ps))
		r->flags |= RULE_F_DETECTION;
	if (r->host_tests && (r->posts || r->action != RULE_ALERT))
		r->flags |= RULE_F_HOST_NOW;
	return 0;
}
