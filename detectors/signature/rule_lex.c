// Text into pieces: rule files into rules, keyword arguments into fields and numbers.
// Next: rule_header.c.
#include "detectors/signature/rule_parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define LARGE_TEXT (1u << 20)

static void text_free(char *text, size_t cap)
{
	if (cap >= LARGE_TEXT)
		huge_free(text, cap);
	else
		free(text);
}

// Room for cap bytes, with the first n of those before.
static int text_grow(struct rule_source *src, size_t cap, size_t n)
{
	char *more = cap >= LARGE_TEXT ? huge_alloc(cap) : malloc(cap);
	if (!more)
		return -ENOMEM;
	if (n)
		memcpy(more, src->text, n);
	text_free(src->text, src->cap);
	src->text = more;
	src->cap = cap;
	return 0;
}

int rule_source_open(struct rule_source *src, const char *path)
{
	struct stat st;
	FILE *f = fopen(path, "rbe");
	memset(src, 0, sizeof(*src));
	if (!f)
		return -errno;
	if (fstat(fileno(f), &st) || S_ISDIR(st.st_mode)) {
		fclose(f);
		return -EISDIR;
	}
	size_t n = 0, got;
	int rc = text_grow(src, st.st_size > 0 ? (size_t)st.st_size + 2 : 65536, 0);
	// A byte is left for the zero at the end.
	while (!rc && (got = fread(src->text + n, 1, src->cap - 1 - n, f)) > 0) {
		n += got;
		if (n == src->cap - 1)
			rc = text_grow(src, src->cap * 2, n);
	}
	if (!rc && ferror(f))
		rc = -EIO;
	fclose(f);
	if (rc) {
		rule_source_close(src);
		return rc;
	}
	src->text[n] = 0;
	src->at = src->text;
	src->end = src->text + n;
	src->next_line = 1;
	return 0;
}

// Length of the logical line at src->at: physical lines that end in a backslash are joined in place.
static char *take_line(struct rule_source *src, bool *binary)
{
	char *start = src->at, *out = src->at;
	src->line = src->next_line;
	for (;;) {
		char *nl = memchr(src->at, '\n', (size_t)(src->end - src->at));
		char *stop = nl ? nl : src->end;
		size_t n = (size_t)(stop - src->at);
		if (out != src->at) // behind a joined line
			memmove(out, src->at, n);
		out += n;
		src->at = nl ? nl + 1 : src->end;
		src->next_line++;
		if (out > start && out[-1] == '\r')
			out--;
		if (out == start || out[-1] != '\\' || !nl)
			break;
		out--;
	}
	*binary = memchr(start, 0, (size_t)(out - start)) != NULL;
	*out = 0;
	return start;
}

char *rule_source_next(struct rule_source *src, bool *too_long, bool *binary)
{
	while (src->at < src->end) {
		char *line = take_line(src, binary);
		if (strnlen(line, RULE_LINE_MAX + 1) > RULE_LINE_MAX) {
			*too_long = true;
			line[RULE_LINE_MAX] = 0;
			return line;
		}
		*too_long = false;
		line = lex_trim(line);
		if (*binary || (*line && *line != '#'))
			return line;
	}
	return NULL;
}

void rule_source_close(struct rule_source *src)
{
	text_free(src->text, src->cap);
	memset(src, 0, sizeof(*src));
}

// Cuts the white space off both ends of what lies before `end`.
static char *trim(char *s, char *end)
{
	while (s < end && lex_space(*s))
		s++;
	while (end > s && lex_space(end[-1]))
		end--;
	*end = 0;
	return s;
}

char *lex_trim(char *s)
{
	return trim(s, s + strlen(s));
}

char *lex_field(char **cursor, char sep)
{
	char *start = *cursor, *s = start;
	int depth = 0;
	bool quoted = false;
	if (!start)
		return NULL;
	s += strcspn(s, (const char[]){sep, '"', '[', ']', 0}); // most fields have nothing that hides a separator
	for (; *s; s++) {
		if (*s == '"' && (s == start || s[-1] != '\\'))
			quoted = !quoted;
		else if (!quoted && *s == '[')
			depth++;
		else if (!quoted && *s == ']')
			depth--;
		else if (!quoted && depth <= 0 && *s == sep)
			break;
	}
	*cursor = *s ? s + 1 : NULL;
	return trim(start, s);
}

bool lex_i64(const char *s, int64_t lo, int64_t hi, int64_t *out)
{
	char *end;
	if (!*s || isspace((unsigned char)*s))
		return false;
	errno = 0;
	long long v = strtoll(s, &end, s[0] == '0' && (s[1] | 32) == 'x' ? 16 : 10);
	if (errno || *end || v < lo || v > hi)
		return false;
	*out = v;
	return true;
}

bool lex_u32(const char *s, uint32_t lo, uint32_t hi, uint32_t *out)
{
	int64_t v;
	if (!lex_i64(s, lo, hi, &v))
		return false;
	*out = (uint32_t)v;
	return true;
}

bool lex_bytes(const char *s, uint64_t *out)
{
	static const struct {
		const char *name;
		uint64_t n;
	} units[] = {{"", 1}, {"b", 1}, {"kb", 1024}, {"kib", 1024}, {"mb", 1 << 20}, {"mib", 1 << 20}, {"gb", 1 << 30},
		{"gib", 1 << 30}};
	char *end;
	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	unsigned long long v = strtoull(s, &end, s[0] == '0' && (s[1] | 32) == 'x' ? 16 : 10);
	while (isspace((unsigned char)*end))
		end++;
	for (size_t i = 0; !errno && i < sizeof(units) / sizeof(*units); i++) {
		if (!strcasecmp(end, units[i].name) && v <= UINT64_MAX / units[i].n) {
			*out = v * units[i].n;
			return true;
		}
	}
	return false;
}

// What lies between the two numbers around `gap` (of `width` characters), the numbers left out.
static bool lex_between(char *s, char *gap, int width, uint64_t max, struct range *out)
{
	*gap = 0;
	out->op = RANGE_IN;
	if (!lex_bytes(lex_trim(s), &out->lo) || !lex_bytes(lex_trim(gap + width), &out->hi) || out->hi > max ||
		out->hi < 2 || out->lo > out->hi - 2)
		return false;
	out->lo++;
	out->hi--;
	return true;
}

bool lex_range(const char *text, uint64_t max, struct range *out)
{
	static const struct {
		const char *text;
		uint8_t op;
	} ops[] = {{"<=", RANGE_LE}, {">=", RANGE_GE}, {"!=", RANGE_NE}, {"!", RANGE_NE}, {"<", RANGE_LT},
		{">", RANGE_GT}, {"=", RANGE_EQ}};
	char copy[64], *s = copy;
	if ((size_t)snprintf(copy, sizeof(copy), "%s", text) >= sizeof(copy))
		return false;
	char *gap = strstr(s, "<>"), *dash = strchr(s, '-');
	if (gap || dash)
		return lex_between(s, gap ? gap : dash, gap ? 2 : 1, max, out);
	s = lex_trim(s);
	out->op = RANGE_EQ;
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		size_t n = strlen(ops[i].text);
		if (!strncmp(s, ops[i].text, n)) {
			out->op = ops[i].op;
			s += n;
			break;
		}
	}
	if (!lex_bytes(lex_trim(s), &out->lo) || out->lo > max)
		return false;
	return (out->op != RANGE_LT || out->lo) && (out->op != RANGE_GT || out->lo < max); // else nothing could match
}

char *lex_value(char *field)
{
	char *space = field + strcspn(field, " \t");
	if (!*space)
		return space;
	*space = 0;
	return lex_trim(space + 1);
}

bool lex_unquote(char **s)
{
	size_t n = strlen(*s);
	if (n < 2 || (*s)[0] != '"' || (*s)[n - 1] != '"')
		return false;
	(*s)[n - 1] = 0;
	(*s)++;
	return true;
}

int lex_hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

int lex_content(const char *s, uint8_t *out, int cap, const char **why)
{
	bool hex = false;
	int n = 0, high = -1;
	for (; *s; s++) {
		int byte = (uint8_t)*s;
		if (*s == '|') {
			if (high >= 0)
				return *why = "pairs of hex digits between '|'", -1;
			hex = !hex;
			continue;
		}
		if (hex) {
			int v = lex_hex(*s);
			if (*s == ' ' || *s == ',')
				continue;
			if (v < 0)
				return *why = "hex digits between '|'", -1;
			if (high < 0) {
				high = v;
				continue;
			}
			byte = high << 4 | v;
			high = -1;
		} else if (*s == '\\') {
			s++;
			if (!*s || !strchr(";\":\\|", *s))
				return *why = "one of ; \" : \\ | behind a backslash", -1;
			byte = (uint8_t)*s;
		} else if (*s == '"') {
			return *why = "a backslash before a quote within the text or a ; behind it", -1;
		}
		if (n == cap)
			return *why = "at most 4096 bytes of content", -1;
		out[n++] = (uint8_t)byte;
	}
	if (hex)
		return *why = "a closing '|'", -1;
	return n;
}
