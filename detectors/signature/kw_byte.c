// byte_test, byte_jump, byte_extract, byte_math: numbers in the payload. The runtime is byte_runtime.c.
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "dataplane/api/app_proto.h"
#include "detectors/signature/rule_parse.h"

static const struct {
	const char *text;
	uint8_t op;
} ops[] = {{"<=", OP_LE}, {">=", OP_GE}, {"<<", OP_LSHIFT}, {">>", OP_RSHIFT}, {"<", OP_LT}, {">", OP_GT}, {"=", OP_EQ},
	{"&", OP_AND}, {"^", OP_OR}, {"+", OP_ADD}, {"-", OP_SUB}, {"*", OP_MUL}, {"/", OP_DIV}};

static bool read_op(const char *s, uint8_t *op)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (!strcmp(s, ops[i].text))
			return *op = ops[i].op, true;
	return false;
}

static bool read_bitmask(const char *s, struct byte_op_args *a)
{
	int64_t v;
	char text[32];
	snprintf(text, sizeof(text), "%s%s", strncasecmp(s, "0x", 2) ? "0x" : "", s);
	if (!lex_i64(text, 1, UINT32_MAX, &v))
		return false;
	a->bitmask = (uint64_t)v;
	a->bitmask_shift = (uint8_t)__builtin_ctzll(a->bitmask);
	return true;
}

// Words every keyword of the family shares. value: text behind the word, "" without. Returns false: unknown.
static bool read_common(struct byte_op_args *a, const char *word, const char *value)
{
	static const struct {
		const char *word;
		uint16_t flag;
		uint8_t base;
	} words[] = {{"relative", BYTE_RELATIVE, 0}, {"big", 0, 0}, {"little", BYTE_LITTLE, 0},
		{"string", BYTE_STRING, 0}, {"hex", 0, BASE_HEX}, {"dec", 0, BASE_DEC}, {"oct", 0, BASE_OCT},
		{"dce", BYTE_DCE, 0}};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!strcmp(word, words[i].word) && !*value) {
			if (!strcmp(word, "big")) // the later counts
				a->flags &= (uint16_t)~BYTE_LITTLE;
			a->flags |= words[i].flag;
			if (words[i].base)
				a->base = words[i].base;
			return true;
		}
	}
	if (!strcmp(word, "bitmask"))
		return read_bitmask(value, a);
	return false;
}

static bool read_place(struct rule_parser *ps, struct byte_op_args *a, const char *nbytes, const char *offset)
{
	int64_t n, o;
	bool nv, ov;
	if (!nbytes || !offset || !number_or_var(ps, nbytes, 0, 23, &n, &nv) ||
		!number_or_var(ps, offset, INT32_MIN, INT32_MAX, &o, &ov))
		return false;
	a->nbytes = (int32_t)n;
	a->offset = (int32_t)o;
	a->flags |= (uint16_t)((nv ? BYTE_NBYTES_VAR : 0) | (ov ? BYTE_OFFSET_VAR : 0));
	return true;
}

// Sizes that a number of this kind can have.
static int check_size(struct rule_parser *ps, const struct byte_op_args *a)
{
	int most = a->flags & BYTE_STRING ? 23 : 8;
	if (!(a->flags & BYTE_NBYTES_VAR) && a->nbytes > most)
		return parse_fail(ps, "expected at most %d bytes, found %d", most, a->nbytes);
	if (a->base != BASE_BINARY && !(a->flags & BYTE_STRING))
		return parse_fail(ps, "expected string beside hex, dec or oct");
	return 0;
}

static struct step *add(struct rule_parser *ps, enum step_kind kind, const struct byte_op_args *a)
{
	if (check_size(ps, a))
		return NULL;
	if (kind != STEP_BYTE_TEST && !(a->flags & BYTE_OFFSET_VAR) && (a->offset < -65535 || a->offset > 65535))
		return parse_fail(ps, "expected an offset of -65535 to 65535, found %d", a->offset), NULL;
	struct step *s = a->flags & BYTE_RELATIVE ? step_add_behind(ps, kind) : step_add(ps, kind);
	if (!s)
		return NULL;
	s->byte = *a;
	s->relative = (a->flags & BYTE_RELATIVE) != 0;
	if (a->flags & BYTE_DCE)
		if (!(ps->rs->detected >> APP_DCERPC & 1))
			rule_wait_for_protocol(ps, "dcerpc");
	return s;
}

// 64 bits, with or without a sign.
static bool test_value(struct rule_parser *ps, const char *s, int64_t *out, bool *is_var)
{
	uint64_t v;
	if (number_or_var(ps, s, INT64_MIN, INT64_MAX, out, is_var))
		return true;
	return lex_bytes(s, &v) && isdigit((unsigned char)s[strlen(s) - 1]) && (*out = (int64_t)v, true);
}

static int parse_byte_test(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct byte_op_args a = {.base = BASE_BINARY};
	char *rest = arg, *nbytes = lex_field(&rest, ','), *op = lex_field(&rest, ','), *value = lex_field(&rest, ','),
	     *offset = lex_field(&rest, ','), *word;
	bool negated, is_var;
	if (!op || !value || !offset)
		return parse_fail(ps, "expected %s, found fewer fields", kw->syntax);
	negated = *op == '!';
	op = lex_trim(op + negated);
	if (!*op && negated)
		op = (char *)"=";
	if (!read_op(op, &a.op) || a.op >= OP_ADD)
		return parse_fail(ps, "expected an operator of < > = <= >= & ^, found \"%.20s\"", op);
	if (!test_value(ps, value, &a.value, &is_var))
		return parse_fail(ps, "expected a number or a variable set before, found \"%.40s\"", value);
	if (!read_place(ps, &a, nbytes, offset))
		return parse_fail(ps, "expected bytes and offset, found \"%.20s\" and \"%.20s\"", nbytes, offset);
	a.flags |= (uint16_t)((negated ? BYTE_NEGATED_OP : 0) | (is_var ? BYTE_VALUE_VAR : 0));
	while ((word = lex_field(&rest, ','))) {
		const char *v = lex_value(word);
		if (!read_common(&a, word, v))
			return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, word);
	}
	return add(ps, STEP_BYTE_TEST, &a) ? 0 : -EINVAL;
}

static bool jump_word(struct rule_parser *ps, struct byte_op_args *a, const char *word, const char *v)
{
	int64_t n;
	if (!strcmp(word, "align") && !*v)
		return a->flags |= BYTE_ALIGN, true;
	if (!strcmp(word, "from_beginning") && !*v)
		return a->flags |= BYTE_FROM_BEGIN, !(a->flags & BYTE_FROM_END);
	if (!strcmp(word, "from_end") && !*v)
		return a->flags |= BYTE_FROM_END, !(a->flags & BYTE_FROM_BEGIN);
	if (!strcmp(word, "multiplier"))
		return lex_u32(v, 1, 65535, &a->multiplier);
	if (!strcmp(word, "post_offset")) {
		bool ok = lex_i64(v, -65535, 65535, &n);
		a->post_offset = ok ? (int32_t)n : 0;
		return ok;
	}
	return read_common(a, word, v);
}

static int parse_byte_jump(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct byte_op_args a = {.base = BASE_BINARY, .multiplier = 1};
	char *rest = arg, *nbytes = lex_field(&rest, ','), *offset = lex_field(&rest, ','), *word;
	if (!read_place(ps, &a, nbytes, offset))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	while ((word = lex_field(&rest, ','))) {
		const char *v = lex_value(word);
		if (!jump_word(ps, &a, word, v))
			return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, word);
	}
	return add(ps, STEP_BYTE_JUMP, &a) ? 0 : -EINVAL;
}

static int parse_byte_extract(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct byte_op_args a = {.base = BASE_BINARY, .multiplier = 1};
	char *rest = arg, *nbytes = lex_field(&rest, ','), *offset = lex_field(&rest, ','),
	     *name = lex_field(&rest, ','), *word;
	uint32_t align, orders = 0;
	if (!name || !read_place(ps, &a, nbytes, offset) || a.flags)
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	while ((word = lex_field(&rest, ','))) {
		const char *v = lex_value(word);
		bool ok;
		if (!strcmp(word, "multiplier")) {
			ok = lex_u32(v, 1, 65535, &a.multiplier);
		} else if (!strcmp(word, "bitmask")) {
			ok = false;
		} else if (!strcmp(word, "align")) {
			ok = lex_u32(v, 2, 4, &align) && align != 3;
			a.align = ok ? (uint8_t)align : 0;
			a.flags |= BYTE_ALIGN;
		} else {
			ok = read_common(&a, word, v);
			orders += !strcmp(word, "big") || !strcmp(word, "little") || !strcmp(word, "dce");
		}
		if (!ok)
			return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, word);
	}
	if (orders > 1)
		return parse_fail(ps, "expected one of big, little and dce");
	int var = var_add(ps, name);
	if (var < 0)
		return parse_fail(
			ps, "expected a variable name (at most %u a rule), found \"%.40s\"", RULE_MAX_VARS, name);
	a.result = (uint8_t)var;
	int digits = a.base == BASE_HEX ? 14 : a.base == BASE_DEC ? 20 : 23;
	if (a.flags & BYTE_STRING && a.nbytes > digits)
		return parse_fail(ps, "expected at most %d digits, found %d", digits, a.nbytes);
	return add(ps, STEP_BYTE_EXTRACT, &a) ? 0 : -EINVAL;
}

struct math_fields {
	const char *bytes, *offset, *rvalue, *result;
	bool has_op;
};

static bool math_word(struct byte_op_args *a, struct math_fields *f, const char *word, const char *v)
{
	const struct {
		const char *word, **value;
	} fields[] = {{"bytes", &f->bytes}, {"offset", &f->offset}, {"rvalue", &f->rvalue}, {"result", &f->result}};
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (!strcmp(word, fields[i].word))
			return !*fields[i].value && (*fields[i].value = v, true);
	if (!strcmp(word, "oper"))
		return f->has_op = read_op(v, &a->op) && a->op >= OP_ADD;
	if (!strcmp(word, "string") && a->base == BASE_BINARY)
		return a->flags |= BYTE_STRING, read_common(a, v, "") && a->base != BASE_BINARY;
	if (!strcmp(word, "endian"))
		return (!strcmp(v, "big") || !strcmp(v, "little")) && read_common(a, v, "");
	if (!strcmp(word, "big") || !strcmp(word, "little"))
		return false;
	return read_common(a, word, v);
}

static int parse_byte_math(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct byte_op_args a = {.base = BASE_BINARY};
	struct math_fields f = {0};
	char *rest = arg, *word;
	bool is_var;
	while ((word = lex_field(&rest, ','))) {
		const char *v = lex_value(word);
		if (!math_word(&a, &f, word, v))
			return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, word);
	}
	if (!f.has_op || !f.rvalue || !f.result || !read_place(ps, &a, f.bytes, f.offset) ||
		(a.flags & BYTE_OFFSET_VAR) || (!(a.flags & BYTE_NBYTES_VAR) && (a.nbytes < 1 || a.nbytes > 10)))
		return parse_fail(ps, "expected %s", kw->syntax);
	if (!number_or_var(ps, f.rvalue, 0, UINT32_MAX, &a.value, &is_var))
		return parse_fail(ps, "expected a number or a variable set before, found \"%.40s\"", f.rvalue);
	int var = var_add(ps, f.result);
	if (var < 0)
		return parse_fail(
			ps, "expected a variable name (at most %u a rule), found \"%.40s\"", RULE_MAX_VARS, f.result);
	a.flags |= is_var ? BYTE_VALUE_VAR : 0;
	a.result = (uint8_t)var;
	return add(ps, STEP_BYTE_MATH, &a) ? 0 : -EINVAL;
}

const struct keyword kw_byte_table[] = {
	{"byte_test", NULL, ARG_REQUIRED, parse_byte_test, 0,
		"bytes|var, [!]op, value|var, offset|var [, relative][, big|little][, string, hex|dec|oct][, dce][, "
		"bitmask m]",
		"byte_test:2,>,1000,4,relative;", "Compares a number in the buffer.", "same"},
	{"byte_jump", NULL, ARG_REQUIRED, parse_byte_jump, 0,
		"bytes|var, offset|var [, relative][, multiplier n][, big|little][, string, hex|dec|oct][, align][, "
		"from_beginning]"
		"[, from_end][, post_offset n][, dce][, bitmask m]",
		"byte_jump:4,8,relative,align;", "Moves on by a number in the buffer.", "same; bitmask as Suricata 8"},
	{"byte_extract", NULL, ARG_REQUIRED, parse_byte_extract, 0,
		"bytes, offset, name [, relative][, multiplier n][, big|little][, dce][, string, hex|dec|oct][, align "
		"2|4]",
		"byte_extract:1,0,len; content:\"x\"; depth:len;", "Keeps a number of the buffer in a variable.",
		"same"},
	{"byte_math", NULL, ARG_REQUIRED, parse_byte_math, 0,
		"bytes n|var, offset n, oper +|-|*|/|<<|>>, rvalue n|var, result name [, relative][, endian "
		"big|little]"
		"[, string hex|dec|oct][, dce][, bitmask m]",
		"byte_math:bytes 1, offset 0, oper +, rvalue 2, result total;",
		"Calculates with a number of the buffer.",
		"same; Suricata 7 takes bytes 5 to 8 without string, and never matches"},
	{0},
};
