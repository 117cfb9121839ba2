// Port lists of rule headers: "80", "[80,443,8000:8100,!8080]", "!$HTTP_PORTS", "1024:".
// Built through a bitmap of all ports, since a list is short and the domain small.
#include "detectors/signature/rule_parse.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PORTS 65536u
#define NEST_MAX 16

struct port_parser {
	const char *s;
	const struct config_map *vars;
	char *err;
	size_t err_len;
	int depth;
};

struct port_bits {
	uint64_t w[PORTS / 64];
};

static int port_fail(struct port_parser *p, const char *expected, const char *found)
{
	snprintf(p->err, p->err_len, "expected %s, found \"%.60s\"", expected, found);
	return -1;
}

static void bits_fill(struct port_bits *bits, uint32_t lo, uint32_t hi)
{
	for (uint32_t i = lo >> 6; i <= hi >> 6; i++) {
		uint64_t from = i == lo >> 6 ? UINT64_MAX << (lo & 63) : UINT64_MAX;
		uint64_t to = i == hi >> 6 ? UINT64_MAX >> (63 - (hi & 63)) : UINT64_MAX;
		bits->w[i] |= from & to;
	}
}

static const char *map_find(const struct config_map *vars, const char *name)
{
	for (size_t i = 0; vars && i < vars->count; i++)
		if (!strcmp(vars->pairs[i].name, name))
			return vars->pairs[i].value;
	return NULL;
}

static int port_list(struct port_parser *p, struct port_bits *out, char close);

static int port_item(struct port_parser *p, char *word, struct port_bits *out)
{
	uint32_t lo, hi;
	char *colon = strchr(word, ':');
	if (!strcasecmp(word, "any"))
		return bits_fill(out, 0, PORTS - 1), 0;
	if (!colon) {
		if (!lex_u32(word, 0, PORTS - 1, &lo))
			return port_fail(p, "a port of 0-65535, a range low:high or any", word);
		return bits_fill(out, lo, lo), 0;
	}
	*colon = 0;
	char *a = lex_trim(word), *b = lex_trim(colon + 1);
	lo = 0;
	hi = PORTS - 1;
	if ((*a && !lex_u32(a, 0, PORTS - 1, &lo)) || (*b && !lex_u32(b, 0, PORTS - 1, &hi)) || lo > hi)
		return port_fail(p, "a port range low:high", b);
	return bits_fill(out, lo, hi), 0;
}

static int port_element(struct port_parser *p, struct port_bits *out)
{
	char word[64];
	size_t n = strcspn(p->s, ",]");
	if (*p->s == '[') {
		p->s++;
		return port_list(p, out, ']');
	}
	while (n && isspace((unsigned char)p->s[n - 1]))
		n--;
	if (n == 0 || n >= sizeof(word))
		return port_fail(p, "a port", p->s);
	memcpy(word, p->s, n);
	word[n] = 0;
	p->s += n;
	if (word[0] != '$')
		return port_item(p, word, out);
	const char *value = map_find(p->vars, word + 1);
	if (!value)
		return port_fail(p, "a port variable of vars.port-groups", word);
	struct port_parser sub = {value, p->vars, p->err, p->err_len, p->depth + 1};
	return port_list(&sub, out, 0);
}

static int port_list(struct port_parser *p, struct port_bits *out, char close)
{
	struct port_bits *sets = calloc(3, sizeof(*sets)); // plain, negated, one element
	bool any_plain = false;
	int rc = !sets || ++p->depth > NEST_MAX ? port_fail(p, "at most 16 levels of lists and variables", p->s) : 0;
	while (!rc) {
		bool negated = false;
		for (; *p->s == '!' || isspace((unsigned char)*p->s); p->s++)
			negated ^= *p->s == '!';
		memset(&sets[2], 0, sizeof(sets[2]));
		rc = port_element(p, &sets[2]);
		for (size_t i = 0; i < PORTS / 64; i++)
			sets[negated].w[i] |= sets[2].w[i];
		any_plain |= !negated;
		while (isspace((unsigned char)*p->s))
			p->s++;
		if (rc || *p->s != ',')
			break;
		p->s++;
		if (close && p->s[strspn(p->s, " \t")] == close) { // "[80,]", as in Suricata
			p->s += strspn(p->s, " \t");
			break;
		}
	}
	if (!rc && *p->s != close)
		rc = port_fail(p, close ? "',' or ']'" : "',' or the end of the port list", p->s);
	if (!rc && close)
		p->s++;
	for (size_t i = 0; !rc && i < PORTS / 64; i++)
		out->w[i] |= (any_plain ? sets[0].w[i] : UINT64_MAX) & ~sets[1].w[i];
	p->depth--;
	free(sets);
	return rc;
}

// The first port from `at` on whose bit is `want`, PORTS when there is none.
static uint32_t next_port(const struct port_bits *bits, uint32_t at, bool want)
{
	while (at < PORTS) {
		uint64_t word = (want ? bits->w[at >> 6] : ~bits->w[at >> 6]) >> (at & 63);
		if (word)
			return at + (uint32_t)__builtin_ctzll(word);
		at = (at | 63) + 1;
	}
	return PORTS;
}

static struct port_set *freeze(struct arena *a, const struct port_bits *bits)
{
	uint32_t n = 0, i = 0;
	for (uint32_t lo = next_port(bits, 0, true); lo < PORTS; lo = next_port(bits, next_port(bits, lo, false), true))
		n++;
	struct port_set *s = arena_alloc(a, sizeof(*s) + n * sizeof(s->at[0]));
	if (!s)
		return NULL;
	s->n = n;
	for (uint32_t lo = next_port(bits, 0, true); lo < PORTS; i++) {
		uint32_t end = next_port(bits, lo, false);
		s->at[i] = (struct port_range){(uint16_t)lo, (uint16_t)(end - 1)};
		s->covered += end - lo;
		lo = next_port(bits, end, true);
	}
	return s;
}

const struct port_set *port_set_parse(struct ruleset *rs, const char *text, char *err, size_t err_len, bool *is_any)
{
	struct port_parser p = {text, &rs->port_vars, err, err_len, 0};
	struct port_bits *bits = calloc(1, sizeof(*bits));
	struct port_set *s = NULL;
	if (bits && port_list(&p, bits, 0) == 0) {
		s = freeze(&rs->arena, bits);
		if (s && !s->covered) {
			port_fail(&p, "a list that leaves at least one port", text);
			s = NULL;
		}
	}
	*is_any = s && s->covered == PORTS;
	free(bits);
	return s;
}
