// content and what modifies it. Rows of the keyword table; the runtime is verify_runtime.c.
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "detectors/signature/rule_parse.h"

static int parse_content(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	uint8_t bytes[CONTENT_MAX];
	const char *why;
	bool negated = *arg == '!';
	char *text = lex_trim(arg + negated);
	if (!lex_unquote(&text))
		return parse_fail_quotes(ps, "a text", text);
	int n = lex_content(text, bytes, sizeof(bytes), &why);
	if (n < 0)
		return parse_fail(ps, "expected %s, found \"%.60s\"", why, text);
	if (n == 0)
		return parse_fail(ps, "expected at least one byte, found \"\"");
	struct step *s = step_add(ps, STEP_CONTENT);
	if (!s)
		return -ENOMEM;
	s->negated = negated;
	s->content.bytes = (const uint8_t *)rule_copy(ps, (char *)bytes, (size_t)n);
	s->content.len = (uint16_t)n;
	return s->content.bytes ? 0 : -ENOMEM;
}

static struct content *last_content(struct rule_parser *ps)
{
	if (ps->last_content)
		return &ps->last_content->content;
	parse_fail(ps, "expected a content before it");
	return NULL;
}

static int parse_nocase(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct content *c = last_content(ps);
	if (!c)
		return -EINVAL;
	if (c->flags & CONTENT_NOCASE)
		return parse_fail(ps, "expected nocase once a content");
	c->flags |= CONTENT_NOCASE;
	uint8_t *b = (uint8_t *)(uintptr_t)c->bytes;
	for (uint16_t i = 0; i < c->len; i++)
		b[i] = (uint8_t)tolower(b[i]);
	return 0;
}

struct place {
	uint16_t flag, var_flag;
	uint16_t clash; // flags it cannot stand with
	int64_t lo, hi;
	size_t offset; // of the value in struct content
};

static const struct place places[] = {
	{CONTENT_OFFSET, CONTENT_OFFSET_VAR, CONTENT_RELATIVE | CONTENT_STARTSWITH, 0, 65535,
		offsetof(struct content, offset)},
	{CONTENT_DEPTH, CONTENT_DEPTH_VAR, CONTENT_RELATIVE | CONTENT_STARTSWITH, 0, 65535,
		offsetof(struct content, depth)},
	{CONTENT_DISTANCE, CONTENT_DISTANCE_VAR, CONTENT_OFFSET | CONTENT_DEPTH | CONTENT_STARTSWITH, -1048576, 1048576,
		offsetof(struct content, distance)},
	{CONTENT_WITHIN, CONTENT_WITHIN_VAR, CONTENT_OFFSET | CONTENT_DEPTH | CONTENT_STARTSWITH, -1048576, 1048576,
		offsetof(struct content, within)},
};

static int parse_place(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	const struct place *pl = &places[kw->data];
	struct content *c = last_content(ps);
	int64_t v;
	bool is_var;
	if (!c)
		return -EINVAL;
	if (c->flags & pl->flag)
		return parse_fail(ps, "expected %s once a content", kw->name);
	if (c->flags & pl->clash)
		return parse_fail(ps, "expected either distance/within or offset/depth/startswith for one content");
	if (c->flags & CONTENT_FP_ONLY || (c->flags & CONTENT_FAST_PATTERN && ps->last_content->negated))
		return parse_fail(ps, "expected no fast_pattern:only and no negated fast_pattern beside it");
	if (pl->flag & CONTENT_RELATIVE && ps->content_before && ps->content_before->flags & CONTENT_FP_ONLY)
		return parse_fail(ps, "expected a content with a place before it, found fast_pattern:only");
	if (!number_or_var(ps, arg, pl->lo, pl->hi, &v, &is_var))
		return parse_fail(ps, "expected %s or a variable set before, found \"%.40s\"", kw->syntax, arg);
	if (!is_var && (pl->flag & (CONTENT_DEPTH | CONTENT_WITHIN)) && v < c->len)
		return parse_fail(ps, "expected at least the content's %u bytes, found %lld", c->len, (long long)v);
	c->flags |= (uint16_t)(pl->flag | (is_var ? pl->var_flag : 0));
	*(int32_t *)((char *)c + pl->offset) = (int32_t)v;
	if (pl->flag & CONTENT_RELATIVE)
		ps->last_content->relative = true;
	return 0;
}

static int parse_startswith(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct content *c = last_content(ps);
	if (!c)
		return -EINVAL;
	if (c->flags & (CONTENT_DEPTH | CONTENT_OFFSET | CONTENT_RELATIVE | CONTENT_STARTSWITH))
		return parse_fail(ps, "expected no depth, offset, distance or within beside it");
	c->flags |= CONTENT_STARTSWITH | CONTENT_DEPTH;
	c->depth = c->len;
	return 0;
}

static int parse_endswith(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct content *c = last_content(ps);
	if (!c)
		return -EINVAL;
	c->flags |= CONTENT_ENDSWITH;
	return 0;
}

static int parse_chop(struct rule_parser *ps, struct content *c, char *arg)
{
	char *length = arg, *offset = lex_field(&length, ',');
	uint32_t o, l;
	if (!length || !lex_u32(offset, 0, 65535, &o) || !lex_u32(lex_trim(length), 1, 65535, &l) || o + l > c->len)
		return parse_fail(ps, "expected offset,length within the content's %u bytes", c->len);
	c->flags |= CONTENT_FP_CHOP;
	c->fp_off = (uint16_t)o;
	c->fp_len = (uint16_t)l;
	return 0;
}

int content_set_fast(struct rule_parser *ps, struct step *s)
{
	if (s->negated && (s->content.flags & (CONTENT_DEPTH | CONTENT_OFFSET | CONTENT_RELATIVE)))
		return parse_fail(ps, "expected a content that is not both negated and placed");
	for (const struct buffer_test *b = ps->rule->buffers; b; b = b->next)
		for (const struct step *o = b->steps; o; o = o->next)
			if (o != s && o->kind == STEP_CONTENT && o->content.flags & CONTENT_FAST_PATTERN)
				return parse_fail(ps, "expected one fast_pattern a rule");
	s->content.flags |= CONTENT_FAST_PATTERN;
	return 0;
}

static int parse_fast_pattern(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct content *c = last_content(ps);
	if (c && c->flags & CONTENT_FAST_PATTERN)
		return parse_fail(ps, "expected fast_pattern once a content");
	if (!c || content_set_fast(ps, ps->last_content))
		return -EINVAL;
	if (!arg)
		return 0;
	if (!strcmp(arg, "only")) {
		if (ps->last_content->negated || (c->flags & (CONTENT_DEPTH | CONTENT_OFFSET | CONTENT_RELATIVE)))
			return parse_fail(ps, "expected no negation, offset, depth, distance or within beside only");
		c->flags |= CONTENT_FP_ONLY;
		return 0;
	}
	return parse_chop(ps, c, arg);
}

static int parse_rawbytes(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct content *c = last_content(ps);
	if (!c)
		return -EINVAL;
	if (c->flags & CONTENT_RAWBYTES)
		return parse_fail(ps, "expected rawbytes once a content");
	c->flags |= CONTENT_RAWBYTES;
	return 0;
}

static int parse_replace(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct content *c = last_content(ps);
	if (!c)
		return -EINVAL;
	if (!lex_unquote(&arg))
		return parse_fail_quotes(ps, "a text", arg);
	return 0;
}

const struct keyword kw_content_table[] = {
	{"content", NULL, ARG_REQUIRED, parse_content, 0, "[!]\"text|hex|\"", "content:\"GET |2f|\";",
		"Bytes that must (or with ! must not) stand in the buffer.", "same"},
	{"nocase", NULL, ARG_NONE, parse_nocase, 0, "", "content:\"get\"; nocase;",
		"The content before matches in any case.", "same"},
	{"offset", NULL, ARG_REQUIRED, parse_place, 0, "0-65535|variable", "content:\"a\"; offset:4;",
		"The content starts at this byte of the buffer or later.", "same"},
	{"depth", NULL, ARG_REQUIRED, parse_place, 1, "1-65535|variable", "content:\"a\"; depth:10;",
		"The content ends within this many bytes, counted from offset.", "same"},
	{"distance", NULL, ARG_REQUIRED, parse_place, 2, "-1048576..1048576|variable",
		"content:\"a\"; content:\"b\"; distance:2;",
		"The content starts at least this far behind the match before.", "same"},
	{"within", NULL, ARG_REQUIRED, parse_place, 3, "1..1048576|variable",
		"content:\"a\"; content:\"b\"; within:10;",
		"The content ends within this many bytes behind the match before.", "same"},
	{"startswith", NULL, ARG_NONE, parse_startswith, 0, "", "content:\"GET\"; startswith;",
		"The buffer begins with the content.", "same"},
	{"endswith", NULL, ARG_NONE, parse_endswith, 0, "", "content:\".exe\"; endswith;",
		"The buffer ends with the content.", "same"},
	{"fast_pattern", NULL, ARG_OPTIONAL, parse_fast_pattern, 0, "[only | offset,length]",
		"content:\"abc\"; fast_pattern;", "The content before is the one the prefilter looks for.",
		"same; never changes what a rule matches"},
	{"rawbytes", NULL, ARG_NONE, parse_rawbytes, 0, "", "content:\"a\"; rawbytes;", "No effect.", "same"},
	{"replace", NULL, ARG_REQUIRED, parse_replace, 0, "\"text\"", "content:\"abc\"; replace:\"xyz\";",
		"Accepted; a passive sensor changes nothing.", "as Suricata's IDS mode"},
	{0},
};
