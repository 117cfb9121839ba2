// Numbers in a buffer: read one, then test it, jump by it, keep it or calculate with it.
// Every place is checked against the buffer before it is read.
#include <stdlib.h>
#include <string.h>

#include "detectors/signature/match_runtime.h"

#define DIGITS_MAX 23 // of a number in digits

struct number {
	uint64_t value;
	uint32_t at;  // where it stands
	uint32_t end; // behind it
};

static int64_t field(const struct match_ctx *m, int64_t v, bool is_var)
{
	return is_var ? (int64_t)(m->vars[v] & INT64_MAX) : v;
}

// Digits as strtoull takes them: white space, sign, prefix. Returns bytes used, 0: no number.
static uint32_t read_digits(const uint8_t *p, uint32_t n, int base, uint64_t *out)
{
	char text[DIGITS_MAX + 1], *end;
	memcpy(text, p, n);
	text[n] = 0;
	*out = strtoull(text, &end, base);
	return (uint32_t)(end - text);
}

static bool read_number(const struct match_ctx *m, const struct byte_op_args *a, uint32_t at, struct number *out)
{
	int64_t n = field(m, a->nbytes, a->flags & BYTE_NBYTES_VAR),
		off = field(m, a->offset, a->flags & BYTE_OFFSET_VAR);
	int64_t from = (a->flags & BYTE_RELATIVE ? (int64_t)at : 0) + off;
	if (a->flags & BYTE_STRING && n == 0 && from >= 0 && from <= m->len)
		n = m->len - from < DIGITS_MAX ? m->len - from : DIGITS_MAX;
	if (n < 0 || n > (a->flags & BYTE_STRING ? DIGITS_MAX : 8) || from < 0 || from > m->len || m->len - from < n)
		return false;
	const uint8_t *p = m->buf + from;
	out->at = (uint32_t)from;
	out->value = 0;
	if (a->flags & BYTE_STRING) {
		uint32_t used = read_digits(p, (uint32_t)n, a->base, &out->value);
		out->end = out->at + used;
		return used > 0;
	}
	for (int64_t i = 0; i < n; i++)
		out->value = out->value << 8 | p[a->flags & BYTE_LITTLE ? n - 1 - i : i];
	out->end = out->at + (uint32_t)n;
	return true;
}

static uint64_t masked(const struct byte_op_args *a, uint64_t v)
{
	return a->bitmask ? (v & a->bitmask) >> a->bitmask_shift : v;
}

bool byte_test_match(struct match_ctx *m, const struct byte_op_args *a, uint32_t at)
{
	struct number num;
	bool holds = false;
	if (!read_number(m, a, at, &num))
		return false;
	uint64_t v = masked(a, num.value), want = a->flags & BYTE_VALUE_VAR ? m->vars[a->value] : (uint64_t)a->value;
	switch (a->op) {
	case OP_LT:
		holds = v < want;
		break;
	case OP_GT:
		holds = v > want;
		break;
	case OP_EQ:
		holds = v == want;
		break;
	case OP_LE:
		holds = v <= want;
		break;
	case OP_GE:
		holds = v >= want;
		break;
	case OP_AND:
		holds = (v & want) != 0;
		break;
	case OP_OR:
		holds = (v ^ want) != 0;
		break;
	default:
		return false;
	}
	return holds != !!(a->flags & BYTE_NEGATED_OP);
}

// A jump may lead to the end of the buffer; one to before its beginning leads to the beginning. Without bytes to read
// the number is 0, as digits it is all there are.
bool byte_jump_match(struct match_ctx *m, const struct byte_op_args *a, uint32_t at, uint32_t *next)
{
	struct number num;
	if (!read_number(m, a, at, &num))
		return false;
	// a text may say "-5", which is a way back
	int64_t v = (int64_t)(masked(a, num.value) * a->multiplier);
	if (v > INT32_MAX || v < (a->flags & BYTE_STRING ? INT32_MIN : 0))
		return false;
	if (a->flags & BYTE_ALIGN)
		v = (v + 3) & ~(int64_t)3;
	int64_t to = v + a->post_offset;
	if (a->flags & BYTE_FROM_END)
		to += m->len;
	else if (!(a->flags & BYTE_FROM_BEGIN))
		to += num.end;
	if (to > m->len)
		return false;
	*next = to < 0 ? 0 : (uint32_t)to;
	return true;
}

bool byte_extract_match(struct match_ctx *m, const struct byte_op_args *a, uint32_t at, uint32_t *next)
{
	struct number num;
	if (!read_number(m, a, at, &num))
		return false;
	uint64_t v = masked(a, num.value) * a->multiplier;
	if (a->flags & BYTE_ALIGN)
		v = (v + a->align - 1u) & ~(uint64_t)(a->align - 1u);
	m->vars[a->result] = v;
	*next = num.end;
	return true;
}

bool byte_math_match(struct match_ctx *m, const struct byte_op_args *a, uint32_t at, uint32_t *next)
{
	struct number num;
	if (!read_number(m, a, at, &num) || num.end == num.at)
		return false;
	uint64_t v = num.value, r = a->flags & BYTE_VALUE_VAR ? m->vars[a->value] : (uint64_t)a->value;
	switch (a->op) {
	case OP_ADD:
		v += r;
		break;
	case OP_SUB:
		v -= r;
		break;
	case OP_MUL:
		v *= r;
		break;
	case OP_DIV:
		if (!r)
			return false;
		v /= r;
		break;
	case OP_LSHIFT:
		v = r < 64 ? v << r : 0;
		break;
	default:
		v = r < 64 ? v >> r : 0;
	}
	m->vars[a->result] = masked(a, v);
	*next = num.end;
	return true;
}
