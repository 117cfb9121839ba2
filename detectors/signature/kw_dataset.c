// dataset, datarep: a sticky buffer looked up in a set of values. iprep and geoip: what is known of an address.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detectors/signature/dataset.h"
#include "detectors/signature/rule_parse.h"

static const char *const types[] = {"string", "md5", "sha256", "ip", "ipv4"};

// A file named relative is beside the rule file, or where the configuration says.
static void locate(const struct rule_parser *ps, const char *name, char *out, size_t cap)
{
	const char *dir = ps->rs->cfg->data_dir, *slash = strrchr(ps->rule->file, '/');
	if (*name == '/')
		snprintf(out, cap, "%s", name);
	else if (dir)
		snprintf(out, cap, "%s/%s", dir, name);
	else
		snprintf(out, cap, "%.*s%s", slash ? (int)(slash - ps->rule->file + 1) : 0, ps->rule->file, name);
}

static bool read_field(struct rule_parser *ps, struct dataset_spec *spec, char *field)
{
	char *value = field + strcspn(field, " \t");
	if (*value) {
		*value = 0;
		value = lex_trim(value + 1);
	}
	if (!strcmp(field, "type")) {
		for (int i = 0; i < DATASET_TYPES; i++)
			if (!strcmp(types[i], value)) {
				spec->type = i;
				return true;
			}
		return false;
	}
	if (!strcmp(field, "load") || !strcmp(field, "state"))
		locate(ps, value, spec->load, sizeof(spec->load));
	if (!strcmp(field, "save") || !strcmp(field, "state"))
		locate(ps, value, spec->save, sizeof(spec->save));
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
	while ((field = lex_field(&rest, ',')))
		if (!read_field(ps, spec, field))
			return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, field);
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
	if (i == 4 || !spec.name || !*spec.name)
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, command);
	spec.grows = i == 2;
	return add_set(ps, kw, &spec, i, 0, rest);
}

static int parse_datarep(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const struct {
		const char *text;
		uint8_t op;
	} ops[] = {{"<", RANGE_LT}, {">", RANGE_GT}, {"==", RANGE_EQ}, {"=", RANGE_EQ}};
	struct dataset_spec spec = {.reputation = true};
	char *rest = arg;
	uint32_t value, i = 0;
	spec.name = lex_field(&rest, ',');
	const char *op = lex_field(&rest, ','), *number = lex_field(&rest, ',');
	while (op && i < 4 && strcmp(op, ops[i].text))
		i++;
	if (!*spec.name || !number || i == 4 || !lex_u32(number, 0, 65535, &value))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, op ? op : arg);
	return add_set(ps, kw, &spec, ops[i].op, (uint16_t)value, rest);
}

static int parse_iprep(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	char *rest = arg, *side = lex_field(&rest, ','), *category = lex_field(&rest, ','), *op = lex_field(&rest, ','),
	     *score = lex_field(&rest, ',');
	uint32_t v = 0;
	if (!op || (strcmp(side, "any") && strcmp(side, "src") && strcmp(side, "dst") && strcmp(side, "both")) ||
		!*category ||
		(strcmp(op, "isset") && strcmp(op, "isnotset") && (!score || !lex_u32(score, 0, 127, &v))))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, side);
	rule_wait_for(ps, kw->name);
	return 0;
}

static int parse_geoip(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	char *rest = arg, *country;
	while ((country = lex_field(&rest, ','))) {
		const char *name = country + (*country == '!');
		if (strlen(name) != 2 && strcmp(name, "src") && strcmp(name, "dst") && strcmp(name, "both") &&
			strcmp(name, "any"))
			return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, country);
	}
	rule_wait_for(ps, kw->name);
	return 0;
}

const struct keyword kw_dataset_table[] = {
	{"dataset", NULL, ARG_REQUIRED, parse_dataset, 0,
		"isset|isnotset|set|unset, name[, type string|md5|sha256|ip|ipv4][, load file][, save file][, state "
		"file]"
		"[, memcap size][, hashsize n]",
		"ip.src; dataset:isset,bad-hosts,type ip;", "The buffer is (not) in a set, or is put into it.", "same"},
	{"datarep", NULL, ARG_REQUIRED, parse_datarep, 1, "name, <|>|==, value[, type t][, load file]",
		"ip.src; datarep:scores,>,100,type ip;", "The reputation that a set gives the buffer.", "same"},
	{"iprep", NULL, ARG_REQUIRED, parse_iprep, 0,
		"any|src|dst|both, category, <|>|=|>=|<=, score | isset | isnotset", "iprep:src,CnC,>,30;",
		"The reputation of an address.", "read as Suricata 7; waits for reputation files"},
	{"geoip", NULL, ARG_REQUIRED, parse_geoip, 0, "[src|dst|both|any,] [!]country[, ...]", "geoip:src,RU;",
		"The country of an address.", "read as Suricata 7; waits for a country database"},
	{0},
};
