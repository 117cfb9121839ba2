// Protocol detection: the tables and the questions. Next: app_layer.c.
#include "dataplane/app_detect.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATTERNS 192u
#define PORT_CLASSES 256u
#define NONE 0xffu

// Patterns of one direction. Those at offset 0 are found by their first byte, the few others are all tried.
struct pattern_set {
	uint8_t first[256]; // index into item, NONE: no pattern begins so
	uint8_t loose;      // the first of those that do not begin at 0
	uint16_t most;      // bytes beyond which no pattern can be found
	uint8_t count;
	struct pattern_item {
		struct parser_pattern p;
		uint8_t parser;
		uint8_t next;
	} item[PATTERNS];
};

struct app_detector {
	const struct parser *parser[64];
	uint8_t parsers;
	uint8_t mode[APP_PROTO_COUNT][APP_TRANSPORTS];
	uint8_t by_proto[APP_PROTO_COUNT]; // index of its parser + 1
	uint64_t either;                   // bit a parser with either_port
	struct pattern_set patterns[APP_TRANSPORTS][2];
	uint8_t class[APP_TRANSPORTS][65536]; // of ports: same class, same parsers
	uint64_t probes[APP_TRANSPORTS][PORT_CLASSES];
	uint16_t classes[APP_TRANSPORTS];
};

size_t app_detector_size(void)
{
	return sizeof(struct app_detector);
}

void app_detect_config_default(struct app_detect_config *cfg, const struct parser *const *parsers)
{
	*cfg = (struct app_detect_config){.parsers = parsers};
	for (; *parsers; parsers++)
		for (uint32_t t = 0; t < APP_TRANSPORTS; t++)
			cfg->mode[(*parsers)->proto][t] = (*parsers)->off ? APP_MODE_NO : APP_MODE_YES;
}

static uint8_t pattern_byte(const struct parser_pattern *p, uint32_t i, bool upper)
{
	uint8_t c = (uint8_t)p->bytes[i];

	return p->nocase ? (uint8_t)(upper ? toupper(c) : tolower(c)) : c;
}

static void chain(struct pattern_set *s, uint8_t *head, uint8_t item)
{
	while (*head != NONE)
		head = &s->item[*head].next;
	*head = item;
}

// A pattern that may begin with either case stands in the set twice.
static int add_pattern(struct pattern_set *s, const struct parser_pattern *p, uint8_t parser)
{
	bool anchored = p->offset == 0 && p->depth == p->len,
	     cases = anchored && pattern_byte(p, 0, false) != pattern_byte(p, 0, true);

	if (p->depth > s->most)
		s->most = p->depth;
	for (uint32_t i = 0; i < (cases ? 2u : 1u); i++) {
		if (s->count == PATTERNS)
			return -ENOSPC;
		s->item[s->count] = (struct pattern_item){.p = *p, .parser = parser, .next = NONE};
		chain(s, anchored ? &s->first[pattern_byte(p, 0, i)] : &s->loose, s->count);
		s->count++;
	}
	return 0;
}

static int add_patterns(struct app_detector *d, uint8_t index)
{
	const struct parser *parser = d->parser[index];
	int rc = 0;

	for (const struct parser_pattern *p = parser->patterns; p && p->bytes && rc == 0; p++)
		for (uint8_t t = 0; t < APP_TRANSPORTS && rc == 0; t++)
			if ((p->over ? p->over : parser->over) & 1u << t && d->mode[parser->proto][t] != APP_MODE_NO)
				rc = add_pattern(&d->patterns[t][p->dir], p, index);
	return rc;
}

// One port or range at the front of *text, with the comma behind it. False: it is none.
static bool take_range(const char **text, uint32_t *from, uint32_t *to)
{
	const char *at = *text;
	char *end;

	while (*at == ' ')
		at++;
	if (strncmp(at, "any", 3) == 0) {
		*from = 0;
		*to = 65535;
		end = (char *)(uintptr_t)at + 3;
	} else {
		if (!isdigit((unsigned char)*at))
			return false;
		unsigned long low = strtoul(at, &end, 10), high = low;
		if ((*end == '-' || *end == ':') && isdigit((unsigned char)end[1]))
			high = strtoul(end + 1, &end, 10);
		if (low > high || high > 65535)
			return false;
		*from = (uint32_t)low;
		*to = (uint32_t)high;
	}
	while (*end == ' ')
		end++;
	if (*end != ',' && *end)
		return false;
	*text = *end ? end + 1 : end;
	return true;
}

bool app_ports_valid(const char *text)
{
	uint32_t from, to;

	while (*text)
		if (!take_range(&text, &from, &to))
			return false;
	return true;
}

static int class_of(struct app_detector *d, uint8_t transport, uint64_t mask)
{
	for (uint16_t c = 0; c < d->classes[transport]; c++)
		if (d->probes[transport][c] == mask)
			return c;
	if (d->classes[transport] == PORT_CLASSES)
		return -1;
	d->probes[transport][d->classes[transport]] = mask;
	return d->classes[transport]++;
}

static int add_ports(struct app_detector *d, uint8_t transport, const char *text, uint8_t index)
{
	uint32_t from, to;

	while (*text) {
		if (!take_range(&text, &from, &to))
			return -EINVAL;
		for (uint32_t port = from; port <= to; port++) {
			uint8_t *class = &d->class[transport][port];
			int now = class_of(d, transport, d->probes[transport][*class] | 1ull << index);
			if (now < 0)
				return -ENOSPC;
			*class = (uint8_t)now;
		}
	}
	return 0;
}

static int add_parser(struct app_detector *d, const struct app_detect_config *cfg, const struct parser *parser)
{
	const char *own[APP_TRANSPORTS] = {parser->tcp_ports, parser->udp_ports};
	uint8_t index = d->parsers++;
	int rc;

	d->parser[index] = parser;
	d->by_proto[parser->proto] = (uint8_t)(index + 1);
	if (parser->either_port)
		d->either |= 1ull << index;
	rc = add_patterns(d, index);
	for (uint8_t t = 0; t < APP_TRANSPORTS && rc == 0; t++) {
		const char *ports = cfg->ports[parser->proto][t] ? cfg->ports[parser->proto][t] : own[t];
		if (parser->probe && ports && parser->over & 1u << t && d->mode[parser->proto][t] != APP_MODE_NO)
			rc = add_ports(d, t, ports, index);
	}
	return rc;
}

int app_detector_init(struct app_detector *d, const struct app_detect_config *cfg)
{
	int rc = 0;

	memcpy(d->mode, cfg->mode, sizeof(d->mode));
	for (uint32_t t = 0; t < APP_TRANSPORTS; t++) {
		d->classes[t] = 1; // of ports that nobody lives on
		for (uint32_t dir = 0; dir < 2; dir++) {
			memset(d->patterns[t][dir].first, NONE, sizeof(d->patterns[t][dir].first));
			d->patterns[t][dir].loose = NONE;
		}
	}
	for (const struct parser *const *p = cfg->parsers; *p && rc == 0; p++)
		rc = d->parsers == 64 ? -ENOSPC : add_parser(d, cfg, *p);
	return rc;
}

uint8_t app_detector_mode(const struct app_detector *d, uint16_t proto, uint8_t transport)
{
	return d->mode[proto][transport];
}

const struct parser *app_detector_parser(const struct app_detector *d, uint16_t proto)
{
	return proto < APP_PROTO_COUNT && d->by_proto[proto] ? d->parser[d->by_proto[proto] - 1] : NULL;
}

static bool equal(const struct parser_pattern *p, const uint8_t *at)
{
	if (!p->nocase)
		return memcmp(at, p->bytes, p->len) == 0;
	for (uint32_t i = 0; i < p->len; i++)
		if ((uint8_t)tolower(at[i]) != (uint8_t)tolower((uint8_t)p->bytes[i]))
			return false;
	return true;
}

static bool found(const struct parser_pattern *p, const struct app_question *q)
{
	uint32_t end = q->len < p->depth ? q->len : p->depth;

	for (uint32_t at = p->offset; at + p->len <= end; at++)
		if (equal(p, q->data + at))
			return true;
	return false;
}

// The first pattern of a chain that these bytes hold and whose check agrees.
static const struct parser *walk(
	const struct app_detector *d, const struct pattern_set *s, uint8_t item, struct app_question *q, uint8_t dir)
{
	for (; item != NONE; item = s->item[item].next) {
		const struct parser_pattern *p = &s->item[item].p;
		enum probe_answer answer = PROBE_YES;
		if (!found(p, q))
			continue;
		if (p->check)
			answer = p->check(q->data, q->len, dir, (uint8_t)(1u << q->transport));
		if (answer < PROBE_YES)
			continue;
		q->reversed = (answer == PROBE_YES_REVERSED) != (dir != q->dir);
		return d->parser[s->item[item].parser];
	}
	return NULL;
}

static const struct parser *ask_patterns(const struct app_detector *d, struct app_question *q, uint8_t dir)
{
	const struct pattern_set *s = &d->patterns[q->transport][dir];
	const struct parser *parser = walk(d, s, s->first[q->data[0]], q, dir);

	return parser ? parser : walk(d, s, s->loose, q, dir);
}

static const struct parser *ask_probes(
	const struct app_detector *d, struct app_asked *asked, struct app_question *q, uint64_t mask)
{
	for (uint64_t left = mask & ~asked->refused; left; left &= left - 1) {
		uint32_t i = (uint32_t)__builtin_ctzll(left);
		enum probe_answer answer = d->parser[i]->probe(q->data, q->len, q->dir, (uint8_t)(1u << q->transport));
		if (answer >= PROBE_YES) {
			q->reversed = answer == PROBE_YES_REVERSED;
			return d->parser[i];
		}
		if (answer == PROBE_NO)
			asked->refused |= 1ull << i;
	}
	asked->probes_done = !(mask & ~asked->refused);
	return NULL;
}

// Whose probes are asked: of the server's port, and of the client's where a protocol lives on either.
static uint64_t probes_of(const struct app_detector *d, const struct app_question *q)
{
	const uint64_t *probes = d->probes[q->transport];
	const uint8_t *class = d->class[q->transport];
	uint64_t client = probes[class[q->sport]];

	return probes[class[q->dport]] | (q->midstream && q->transport == APP_TCP ? client : client & d->either);
}

const struct parser *app_detect(const struct app_detector *d, struct app_asked *asked, struct app_question *q)
{
	const struct parser *parser = NULL;

	q->reversed = false;
	if (!q->len)
		return NULL;
	if (!asked->patterns_done) {
		parser = ask_patterns(d, q, q->dir);
		if (!parser && q->midstream)
			parser = ask_patterns(d, q, !q->dir);
		asked->patterns_done = q->len >= d->patterns[q->transport][q->dir].most;
	}
	if (!parser && !asked->probes_done)
		parser = ask_probes(d, asked, q, probes_of(d, q));
	return parser;
}
