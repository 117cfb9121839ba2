// dataset, datarep: a sticky buffer looked up in a set of values. iprep and geoip: what is known of an address.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detectors/signature/dataset.h"
#include "detectors/signature/match_runtime.h"
#include "detectors/signature/reputation.h"
#include "detectors/signature/rule_parse.h"

static const char *const types[] = {"string", "md5", "sha256", "ip", "ipv4"};

void rule_locate(const struct rule_parser *ps, const char *name, char *out, size_t cap)
{
	const char *dir = ps->rs->cfg->data_dir, *slash = strrchr(ps->rule->file, '/');
	if (*name == '/')
		snprintf(out, cap, "%s", name);
	else if (dir)
		snprintf(out, cap, "%s/%s", dir, name);
	else
		snprintf(out, cap, "%.*s%s", slash ? (int)(slash - ps->rule->file + 1) : 0, ps->rule->file, name);
}

static bool read_field(struct rule_parser *ps, struct dataset_spec *spec, const char *field, const char *value)
{
	if (!strcmp(field, "type")) {
		for (int i = 0; i < DATASET_TYPES; i++)
			if (!strcmp(types[i], value)) {
				spec->type = i;
				return spec->typed = true;
			}
		return false;
	}
	if (!strcmp(field, "load") || !strcmp(field, "state"))
		rule_locate(ps, value, spec->load, sizeof(spec->load));
	if (!strcmp(field, "save") || !strcmp(field, "state"))
		rule_locate(ps, value, spec->save, sizeof(spec->save));
	if (!strcmp(field, "load") || !strcmp(field, "save") || !strcmp(field, "state"))
		return *value != 0;
	if (!strcmp(field, "memcap"))
		return lex_bytes(value, &spec->memcap);
	return !strcmp(field, "hashsize") && lex_u32(value, 1, 1u << 25, &spec->hashsize);
}

static int add_set(struct rule_parser *ps, const struct keyword *kw, struct dataset_spec *spec, uint8_t command,
	uint16_t value, char *rest)
{
	char err[256], *field;
	while ((field = lex_field(&rest, ','))) {
		const char *said = lex_value(field);
		if (!read_field(ps, spec, field, said))
			return parse_fail(ps, "expected %s, found \"%.20s %.40s\"", kw->syntax, field, said);
	}
	if (!ps->buffer)
		return parse_fail(ps, "expected a sticky buffer before it");
	struct dataset *set = dataset_open(ps->rs, spec, err, sizeof(err));
	if (!set)
		return parse_fail(ps, "%s", err);
	struct step *s = step_add(ps, kw->data ? STEP_DATAREP : STEP_DATASET);
	if (!s)
		return -EINVAL;
	s->dataset = (struct dataset_args){set, command, value};
	return 0;
}

static int parse_dataset(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const char *const commands[] = {"isset", "isnotset", "set", "unset"};
	struct dataset_spec spec = {0};
	char *rest = arg, *command = lex_field(&rest, ',');
	uint8_t i = 0;
	while (i < 4 && strcmp(command, commands[i]))
		i++;
	spec.name = lex_field(&rest, ',');
	if (i == 4 || !spec.name || !*spec.name || strlen(spec.name) > DATASET_NAME_MAX)
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, command);
	spec.grows = i == 2;
	return add_set(ps, kw, &spec, i, 0, rest);
}

static int parse_datarep(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const struct {
		const char *text;
		uint8_t op;
	} ops[] = {{"<", RANGE_LT}, {">", RANGE_GT}, {"==", RANGE_EQ}};
	struct dataset_spec spec = {.reputation = true};
	char *rest = arg;
	uint32_t value, i = 0;
	spec.name = lex_field(&rest, ',');
	const char *op = lex_field(&rest, ','), *number = lex_field(&rest, ',');
	while (op && i < 3 && strcmp(op, ops[i].text))
		i++;
	if (!*spec.name || !number || i == 3 || !lex_u32(number, 0, 65535, &value))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, op ? op : arg);
	return add_set(ps, kw, &spec, ops[i].op, (uint16_t)value, rest);
}

enum sides { SIDE_ANY, SIDE_SRC, SIDE_DST, SIDE_BOTH };
static const char *const side_names[] = {"any", "src", "dst", "both"};

static int side_of(const char *name)
{
	for (int i = 0; i < 4; i++)
		if (!strcmp(name, side_names[i]))
			return i;
	return -1;
}

// Asks of one address of the packet, of either, or of both.
static bool sides_hold(const struct match_ctx *m, uint8_t sides, const void *args,
	bool (*holds)(const struct match_ctx *, const void *, const union ip_addr *))
{
	bool src = sides != SIDE_DST && holds(m, args, &m->p->src);
	if (sides == SIDE_SRC || (sides == SIDE_ANY && src) || (sides == SIDE_BOTH && !src))
		return src;
	return holds(m, args, &m->p->dst);
}

struct iprep_args {
	uint8_t sides, category;
	enum { IPREP_SCORE, IPREP_ISSET, IPREP_ISNOTSET } what;
	struct range score;
};

static bool iprep_holds(const struct match_ctx *m, const void *args, const union ip_addr *addr)
{
	const struct iprep_args *a = args;
	int score = reputation_score(m->rs, a->category, addr, m->p->flags & PKT_IPV4 ? 4 : 6);
	if (a->what == IPREP_ISNOTSET) // of both sides Suricata asks more: neither is listed
		return a->sides == SIDE_BOTH ? score < 0 : score <= 0;
	return score >= 0 && (a->what == IPREP_ISSET || range_has(&a->score, (uint64_t)score));
}

static bool match_iprep(const struct match_ctx *m, const void *args)
{
	return m->p->flags & PKT_IP && sides_hold(m, ((const struct iprep_args *)args)->sides, args, iprep_holds);
}

static bool read_score(struct iprep_args *a, const char *op, const char *score)
{
	static const struct {
		const char *text;
		uint8_t op;
	} ops[] = {{"<", RANGE_LT}, {">", RANGE_GT}, {"=", RANGE_EQ}, {"<=", RANGE_LE}, {">=", RANGE_GE}};
	uint32_t v = 0;
	if (!strcmp(op, "isset") || !strcmp(op, "isnotset")) {
		a->what = op[2] == 's' ? IPREP_ISSET : IPREP_ISNOTSET;
		return !score;
	}
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (!strcmp(op, ops[i].text)) {
			a->score.op = ops[i].op;
			bool ok = score && lex_u32(score, 0, 127, &v);
			a->score.lo = v;
			return ok;
		}
	return false;
}

static int parse_iprep(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct iprep_args *a = rule_alloc(ps, sizeof(*a));
	char *rest = arg, *side = lex_field(&rest, ','), *category = lex_field(&rest, ','), *op = lex_field(&rest, ','),
	     *score = lex_field(&rest, ',');
	if (!a)
		return -ENOMEM;
	if (!op || side_of(side) < 0 || !*category || !read_score(a, op, score))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, side);
	if (!ps->rs->reputation) {
		rule_wait_for(ps, kw->name);
		return 0;
	}
	a->sides = (uint8_t)side_of(side);
	a->category = reputation_category(ps->rs, category);
	if (!a->category)
		return parse_fail(ps, "expected a category of reputation-categories-file, found \"%.40s\"", category);
	return test_add(ps, match_iprep, a);
}

#define COUNTRIES_MAX 64

struct geoip_args {
	uint8_t sides, n;
	bool negated;
	char countries[COUNTRIES_MAX][2];
};

static bool geoip_holds(const struct match_ctx *m, const void *args, const union ip_addr *addr)
{
	const struct geoip_args *a = args;
	char code[2];
	if (!geoip_country(m->rs, addr, m->p->flags & PKT_IPV4 ? 4 : 6, code))
		return false;
	for (uint8_t i = 0; i < a->n; i++)
		if (!memcmp(a->countries[i], code, 2))
			return !a->negated;
	return a->negated;
}

static bool match_geoip(const struct match_ctx *m, const void *args)
{
	return m->p->flags & PKT_IP && sides_hold(m, ((const struct geoip_args *)args)->sides, args, geoip_holds);
}

static int parse_geoip(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct geoip_args *a = rule_alloc(ps, sizeof(*a));
	char *rest = arg, *word;
	if (!a)
		return -ENOMEM;
	for (bool first = true; (word = lex_field(&rest, ',')); first = false) {
		const char *name = word + (*word == '!');
		if (first && side_of(word) >= 0) {
			a->sides = (uint8_t)side_of(word);
			continue;
		}
		if (strlen(name) != 2 || a->n == COUNTRIES_MAX)
			return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, word);
		a->negated |= *word == '!';
		for (int i = 0; i < 2; i++)
			a->countries[a->n][i] = (char)toupper((unsigned char)name[i]);
		a->n++;
	}
	if (!a->n)
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	if (!ps->rs->geoip) {
		rule_wait_for(ps, kw->name);
		return 0;
	}
	return test_add(ps, match_geoip, a);
}

const struct keyword kw_dataset_table[] = {
	{"dataset", NULL, ARG_REQUIRED, parse_dataset, 0,
		"isset|isnotset|set|unset, name[, type string|md5|sha256|ip|ipv4][, load file][, save file][, state "
		"file]"
		"[, memcap size][, hashsize n]",
		"ip.src; dataset:isset,bad-hosts,type ip;", "The buffer is (not) in a set, or is put into it.",
		"same, and a set of type ip takes IPv4 addresses of packets; Suricata leaves them out"},
	{"datarep", NULL, ARG_REQUIRED, parse_datarep, 1, "name, <|>|==, value[, type t][, load file]",
		"ip.src; datarep:scores,>,100,type ip;", "The reputation that a set gives the buffer.", "same"},
	{"iprep", NULL, ARG_REQUIRED, parse_iprep, 0,
		"any|src|dst|both, category, <|>|=|>=|<=, score | isset | isnotset", "iprep:src,CnC,>,30;",
		"The reputation of an address.", "same; waits without reputation-categories-file"},
	{"geoip", NULL, ARG_REQUIRED, parse_geoip, 0, "[src|dst|both|any,] [!]country[, ...]", "geoip:src,RU;",
		"The country of an address.",
		"same, and for IPv6; lower case and blanks are taken, too; waits without geoip-database"},
	{0},
};
