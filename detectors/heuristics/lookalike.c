// When does a name look like a brand? See lookalike.h.
#include "detectors/heuristics/lookalike.h"

#include <string.h>

#define LABEL_MAX 64u

uint32_t punycode_decode(const char *in, uint32_t n, uint32_t *out, uint32_t max)
{
	uint32_t basic = 0, count = 0, code = 128, bias = 72, i = 0;
	for (uint32_t k = 0; k < n; k++)
		if (in[k] == '-')
			basic = k;
	for (; count < basic; count++) {
		if (count == max)
			return 0;
		out[count] = (uint8_t)in[count];
	}
	for (uint32_t at = basic ? basic + 1 : 0; at < n;) {
		uint32_t before = i, weight = 1;
		for (uint32_t k = 36;; k += 36) {
			if (at == n)
				return 0;
			char c = in[at++];
			uint32_t digit = c >= 'a' && c <= 'z'   ? (uint32_t)(c - 'a')
					 : c >= '0' && c <= '9' ? (uint32_t)(c - '0') + 26
								: 36;
			if (digit > 35 || digit > (UINT32_MAX - i) / weight)
				return 0;
			i += digit * weight;
			uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
			if (digit < t)
				break;
			if (weight > UINT32_MAX / (36 - t))
				return 0;
			weight *= 36 - t;
		}
		// section 6.1: the bias follows the deltas
		uint32_t delta = before == 0 ? (i - before) / 700 : (i - before) / 2, steps = 0;
		delta += delta / (count + 1);
		for (; delta > 455; steps += 36)
			delta /= 35;
		bias = steps + 36 * delta / (delta + 38);
		code += i / (count + 1);
		i %= count + 1;
		if (count == max || code > 0x10ffff)
			return 0;
		memmove(out + i + 1, out + i, (count - i) * sizeof(*out));
		out[i++] = code;
		count++;
	}
	return count;
}

// Letters of Cyrillic, Greek, Armenian and extended Latin that print like ASCII ones.
static const struct {
	uint16_t code;
	char ascii;
} alike[] = {{0xe0, 'a'}, {0xe1, 'a'}, {0xe2, 'a'}, {0xe3, 'a'}, {0xe4, 'a'}, {0xe5, 'a'}, {0xe7, 'c'}, {0xe8, 'e'},
	{0xe9, 'e'}, {0xea, 'e'}, {0xeb, 'e'}, {0xec, 'i'}, {0xed, 'i'}, {0xee, 'i'}, {0xef, 'i'}, {0xf1, 'n'},
	{0xf2, 'o'}, {0xf3, 'o'}, {0xf4, 'o'}, {0xf5, 'o'}, {0xf6, 'o'}, {0xf8, 'o'}, {0xf9, 'u'}, {0xfa, 'u'},
	{0xfb, 'u'}, {0xfc, 'u'}, {0xfd, 'y'}, {0xff, 'y'}, {0x101, 'a'}, {0x103, 'a'}, {0x105, 'a'}, {0x107, 'c'},
	{0x10d, 'c'}, {0x10f, 'd'}, {0x113, 'e'}, {0x117, 'e'}, {0x119, 'e'}, {0x11b, 'e'}, {0x11f, 'g'}, {0x123, 'g'},
	{0x12b, 'i'}, {0x12f, 'i'}, {0x131, 'i'}, {0x137, 'k'}, {0x13a, 'l'}, {0x13c, 'l'}, {0x142, 'l'}, {0x144, 'n'},
	{0x146, 'n'}, {0x148, 'n'}, {0x14d, 'o'}, {0x151, 'o'}, {0x155, 'r'}, {0x159, 'r'}, {0x15b, 's'}, {0x15f, 's'},
	{0x161, 's'}, {0x163, 't'}, {0x165, 't'}, {0x16b, 'u'}, {0x16f, 'u'}, {0x171, 'u'}, {0x173, 'u'}, {0x17a, 'z'},
	{0x17c, 'z'}, {0x17e, 'z'}, {0x1a1, 'o'}, {0x1b0, 'u'}, {0x251, 'a'}, {0x261, 'g'}, {0x269, 'i'}, {0x26a, 'i'},
	{0x28f, 'y'}, {0x3b1, 'a'}, {0x3b3, 'y'}, {0x3b9, 'i'}, {0x3ba, 'k'}, {0x3bd, 'v'}, {0x3bf, 'o'}, {0x3c1, 'p'},
	{0x3c3, 'o'}, {0x3c5, 'u'}, {0x3c9, 'w'}, {0x3f2, 'c'}, {0x3f3, 'j'}, {0x430, 'a'}, {0x433, 'r'}, {0x435, 'e'},
	{0x43a, 'k'}, {0x43e, 'o'}, {0x43f, 'n'}, {0x440, 'p'}, {0x441, 'c'}, {0x443, 'y'}, {0x445, 'x'}, {0x455, 's'},
	{0x456, 'i'}, {0x457, 'i'}, {0x458, 'j'}, {0x45b, 'h'}, {0x461, 'w'}, {0x475, 'v'}, {0x4bb, 'h'}, {0x4cf, 'l'},
	{0x501, 'd'}, {0x51b, 'q'}, {0x51d, 'w'}, {0x561, 'w'}, {0x563, 'q'}, {0x566, 'q'}, {0x570, 'h'}, {0x578, 'n'},
	{0x57d, 'u'}, {0x581, 'g'}, {0x585, 'o'}, {0x1ea1, 'a'}, {0x1eb9, 'e'}, {0x1ecb, 'i'}, {0x1ecd, 'o'},
	{0x1ee5, 'u'}};

static char look(uint32_t code)
{
	if (code < 128)
		return (char)code;
	uint32_t lo = 0, hi = sizeof(alike) / sizeof(alike[0]);
	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;
		if (alike[mid].code == code)
			return alike[mid].ascii;
		if (alike[mid].code < code)
			lo = mid + 1;
		else
			hi = mid;
	}
	return 0;
}

uint32_t lookalike_skeleton(const uint32_t *in, uint32_t n, char *out, uint32_t max)
{
	if (n > max)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		out[i] = look(in[i]);
		if (out[i] == 0)
			return 0;
	}
	return n;
}

// ASCII that looks like other ASCII: digits for letters, two letters for one.
static uint32_t fold(const char *in, uint32_t n, char *out)
{
	static const char digits[] = "ol2easgtbg"; // what 0 to 9 look like
	uint32_t len = 0;
	for (uint32_t i = 0; i < n; i++) {
		char c = in[i], next = i + 1 < n ? in[i + 1] : 0;
		if (c == 'r' && next == 'n') {
			c = 'm';
			i++;
		} else if (c == 'v' && next == 'v') {
			c = 'w';
			i++;
		} else if (c >= '0' && c <= '9') {
			c = digits[c - '0'];
		}
		out[len++] = c;
	}
	return len;
}

static bool same(const struct brand *b, const char *text, uint32_t n)
{
	return n == b->length && memcmp(text, b->name, n) == 0;
}

// One letter more, less or other, or two exchanged (Damerau 1964), the first letter being right.
static bool is_slip(const struct brand *b, const char *text, uint32_t n)
{
	const char *brand = b->name;
	uint32_t len = b->length, front = 0, back = 0;
	if (n + 1 < len || n > len + 1 || text[0] != brand[0])
		return false;
	while (front < n && front < len && text[front] == brand[front])
		front++;
	while (back < n - front && back < len - front && text[n - 1 - back] == brand[len - 1 - back])
		back++;
	uint32_t left = n - front - back, brand_left = len - front - back;
	if (left == 2 && brand_left == 2)
		return text[front] == brand[front + 1] && text[front + 1] == brand[front];
	return left <= 1 && brand_left <= 1 && left + brand_left >= 1;
}

static bool has_word(const struct brand *b, const char *label, uint32_t n)
{
	for (uint32_t at = 0; at < n;) {
		uint32_t len = 0;
		while (at + len < n && label[at + len] != '-')
			len++;
		if (same(b, label + at, len))
			return len != n;
		at += len + 1;
	}
	return false;
}

// "brand.com." in front of the registered domain.
static bool is_prefixed(const struct brand *b, const char *text, uint32_t at)
{
	uint32_t need = b->length + 5;
	for (uint32_t i = 0; i + need <= at; i++) {
		if (i && text[i - 1] != '.')
			continue;
		if (memcmp(text + i, b->name, b->length) == 0 && memcmp(text + i + b->length, ".com.", 5) == 0)
			return true;
	}
	return false;
}

static bool is_idn_alike(const struct brand *b, const char *label, uint32_t n)
{
	uint32_t codes[LABEL_MAX];
	char skeleton[LABEL_MAX], folded[LABEL_MAX];
	uint32_t count = punycode_decode(label + 4, n - 4, codes, LABEL_MAX);
	uint32_t len = count ? lookalike_skeleton(codes, count, skeleton, LABEL_MAX) : 0;
	return len && (same(b, skeleton, len) || same(b, folded, fold(skeleton, len, folded)));
}

const char *lookalike_judge(const struct brand *b, const char *text, uint32_t at, uint32_t len, uint8_t *confidence)
{
	char folded[LABEL_MAX];
	const char *label = text + at;
	if (len > 63 || same(b, label, len))
		return NULL;
	*confidence = 90;
	if (len > 4 && memcmp(label, "xn--", 4) == 0)
		return is_idn_alike(b, label, len) ? "an international name that prints like a brand's" : NULL;
	if (same(b, folded, fold(label, len, folded)))
		return "characters that look like a brand's";
	*confidence = 75;
	if (is_prefixed(b, text, at))
		return "a brand's domain in front of another";
	if (has_word(b, label, len))
		return "a brand as a word of another name";
	*confidence = 60;
	if (b->length >= 7 && is_slip(b, label, len))
		return "one letter away from a brand";
	return NULL;
}
