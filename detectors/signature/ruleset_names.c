// Numbered names and the stock values of what a rule set may leave unsaid: variables, classes, references.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "detectors/signature/ruleset_load.h"

static uint32_t text_hash(const char *s)
{
	uint32_t h = 2166136261u;
	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h;
}

static bool name_grow(struct name_table *t)
{
	uint32_t cap = t->cap ? t->cap * 2 : 256;
	struct name_slot *slots = calloc(cap, sizeof(*slots));
	const char **names = realloc(t->names, cap * sizeof(*names));
	if (names)
		t->names = names;
	if (!slots || !names) {
		free(slots);
		return false;
	}
	for (uint32_t i = 0; i < t->n; i++) {
		uint32_t at = text_hash(t->names[i]) & (cap - 1);
		while (slots[at].name)
			at = (at + 1) & (cap - 1);
		slots[at] = (struct name_slot){t->names[i], i};
	}
	free(t->slots);
	t->slots = slots;
	t->cap = cap;
	return true;
}

uint32_t name_intern(struct arena *a, struct name_table *t, const char *name)
{
	if (t->n * 2 >= t->cap && !name_grow(t))
		return NAME_NONE;
	uint32_t at = text_hash(name) & (t->cap - 1);
	for (; t->slots[at].name; at = (at + 1) & (t->cap - 1))
		if (!strcmp(t->slots[at].name, name))
			return t->slots[at].id;
	const char *copy = t->n < NAME_NONE ? arena_strdup(a, name) : NULL;
	if (!copy)
		return NAME_NONE;
	t->slots[at] = (struct name_slot){copy, t->n};
	t->names[t->n] = copy;
	return t->n++;
}

int name_table_copy(struct arena *a, struct name_table *t, const struct name_table *from)
{
	for (uint32_t i = 0; i < from->n; i++)
		if (name_intern(a, t, from->names[i]) != i)
			return -ENOMEM;
	return 0;
}

void name_table_free(struct name_table *t)
{
	free(t->slots);
	free(t->names);
	memset(t, 0, sizeof(*t));
}

static const char *const stock_addresses[][2] = {{"HOME_NET", "[192.168.0.0/16,10.0.0.0/8,172.16.0.0/12]"},
	{"EXTERNAL_NET", "!$HOME_NET"}, {"HTTP_SERVERS", "$HOME_NET"}, {"SMTP_SERVERS", "$HOME_NET"},
	{"SQL_SERVERS", "$HOME_NET"}, {"DNS_SERVERS", "$HOME_NET"}, {"TELNET_SERVERS", "$HOME_NET"},
	{"AIM_SERVERS", "$EXTERNAL_NET"}, {"DC_SERVERS", "$HOME_NET"}, {"DNP3_SERVER", "$HOME_NET"},
	{"DNP3_CLIENT", "$HOME_NET"}, {"MODBUS_CLIENT", "$HOME_NET"}, {"MODBUS_SERVER", "$HOME_NET"},
	{"ENIP_CLIENT", "$HOME_NET"}, {"ENIP_SERVER", "$HOME_NET"}, {NULL, NULL}};
static const char *const stock_ports[][2] = {{"HTTP_PORTS", "80"}, {"SHELLCODE_PORTS", "!80"}, {"ORACLE_PORTS", "1521"},
	{"SSH_PORTS", "22"}, {"DNP3_PORTS", "20000"}, {"MODBUS_PORTS", "502"},
	{"FILE_DATA_PORTS", "[$HTTP_PORTS,110,143]"}, {"FTP_PORTS", "21"}, {"GENEVE_PORTS", "6081"},
	{"VXLAN_PORTS", "4789"}, {"TEREDO_PORTS", "3544"}, {NULL, NULL}};

// given, then each stock value whose name is not in it.
static int fill_vars(
	struct ruleset *rs, struct config_map *out, const struct config_map *given, const char *const stock[][2])
{
	size_t n = given ? given->count : 0, extra = 0;
	while (stock[extra][0])
		extra++;
	out->pairs = arena_alloc(&rs->arena, (n + extra) * sizeof(*out->pairs));
	if (!out->pairs)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		out->pairs[i].name = arena_strdup(&rs->arena, given->pairs[i].name);
		out->pairs[i].value = arena_strdup(&rs->arena, given->pairs[i].value);
	}
	out->count = n;
	for (size_t s = 0; s < extra; s++) {
		size_t i = 0;
		while (i < n && strcmp(out->pairs[i].name, stock[s][0]))
			i++;
		if (i == n) {
			out->pairs[out->count].name = (char *)(uintptr_t)stock[s][0];
			out->pairs[out->count++].value = (char *)(uintptr_t)stock[s][1];
		}
	}
	return 0;
}

int ruleset_set_vars(struct ruleset *rs, const struct ruleset_config *cfg)
{
	int rc = fill_vars(rs, &rs->addr_vars, cfg->address_groups, stock_addresses);
	return rc ? rc : fill_vars(rs, &rs->port_vars, cfg->port_groups, stock_ports);
}

// The classes rules name, with their customary priorities; classification.config gives other texts.
static const struct {
	const char *name, *text;
	uint8_t priority;
} stock_classes[] = {
	{"not-suspicious", "Ordinary traffic", 3},
	{"unknown", "Traffic of no known kind", 3},
	{"bad-unknown", "Traffic that may be bad", 2},
	{"attempted-recon", "Try to gather information", 2},
	{"successful-recon-limited", "Information was gathered", 2},
	{"successful-recon-largescale", "Information was gathered on a large scale", 2},
	{"attempted-dos", "Try to deny a service", 2},
	{"successful-dos", "A service was denied", 2},
	{"attempted-user", "Try to gain a user's rights", 1},
	{"unsuccessful-user", "Failed try to gain a user's rights", 1},
	{"successful-user", "A user's rights were gained", 1},
	{"attempted-admin", "Try to gain administrator rights", 1},
	{"successful-admin", "Administrator rights were gained", 1},
	{"rpc-portmap-decode", "RPC port mapper query", 2},
	{"shellcode-detect", "Machine code in traffic", 1},
	{"string-detect", "Suspicious text", 3},
	{"suspicious-filename-detect", "Suspicious file name", 2},
	{"suspicious-login", "Login with a suspicious user name", 2},
	{"system-call-detect", "System call in traffic", 2},
	{"tcp-connection", "TCP connection", 4},
	{"trojan-activity", "Traffic of a trojan", 1},
	{"unusual-client-port-connection", "Client on an unusual port", 2},
	{"network-scan", "Network scan", 3},
	{"denial-of-service", "Denial of service", 2},
	{"non-standard-protocol", "Protocol or event out of the ordinary", 2},
	{"protocol-command-decode", "Protocol command", 3},
	{"web-application-activity", "Access to a web application that may be vulnerable", 2},
	{"web-application-attack", "Attack on a web application", 1},
	{"misc-activity", "Other activity", 3},
	{"misc-attack", "Other attack", 2},
	{"icmp-event", "ICMP event", 3},
	{"inappropriate-content", "Content out of place", 1},
	{"policy-violation", "Possible breach of policy", 1},
	{"default-login-attempt", "Login with a default name and password", 2},
	{"targeted-activity", "Activity aimed at this target", 1},
	{"exploit-kit", "Traffic of an exploit kit", 1},
	{"external-ip-check", "A device looked up its outside address", 2},
	{"domain-c2", "Domain used for command and control", 1},
	{"pup-activity", "Program that may be unwanted", 2},
	{"credential-theft", "Credentials were stolen", 1},
	{"social-engineering", "Possible social engineering", 2},
	{"coin-mining", "Mining of crypto currency", 2},
	{"command-and-control", "Command and control of malware", 1},
};

static const char *const stock_refs[][2] = {{"url", "http://"},
	{"cve", "http://cve.mitre.org/cgi-bin/cvename.cgi?name="}, {"bugtraq", "http://www.securityfocus.com/bid/"},
	{"bid", "http://www.securityfocus.com/bid/"}, {"arachnids", ""},
	{"md5", "http://www.threatexpert.com/report.aspx?md5="},
	{"nessus", "http://cgi.nessus.org/plugins/dump.php3?id="}, {"osvdb", "http://osvdb.org/show/osvdb/"},
	{"exploitdb", "http://www.exploit-db.com/exploits/"}, {"et", ""}, {"etpro", ""}, {"mcafee", ""},
	{"secunia", ""}, {"telus", ""}, {"system", ""}, {"threatexpert", ""}, {"openpacket", ""},
	{"securitytracker", ""}, {"xforce", ""}, {"msft", "http://technet.microsoft.com/security/bulletin/"}};

static int add_class(struct ruleset *rs, const char *name, const char *text, uint8_t priority)
{
	struct class_info *c = arena_alloc(&rs->arena, sizeof(*c));
	if (!c)
		return -ENOMEM;
	*c = (struct class_info){rs->classes, name, text, priority};
	rs->classes = c;
	return 0;
}

static int add_ref(struct ruleset *rs, const char *name, const char *url)
{
	struct ref_info *r = arena_alloc(&rs->arena, sizeof(*r));
	if (!r)
		return -ENOMEM;
	*r = (struct ref_info){rs->refs, name, url};
	rs->refs = r;
	return 0;
}

// "config classification: name,text,priority" and "config reference: name url"
static int config_line(struct ruleset *rs, char *line)
{
	char *rest = strchr(line, ':');
	uint32_t priority;
	if (strncmp(line, "config ", 7) || !rest)
		return -EINVAL;
	bool class = !strncmp(lex_trim(line + 7), "classification", 14);
	rest = arena_strdup(&rs->arena, lex_trim(rest + 1));
	if (!rest)
		return -ENOMEM;
	if (!class) {
		char *space = rest + strcspn(rest, " \t");
		if (*space)
			*space++ = 0;
		return add_ref(rs, rest, lex_trim(space));
	}
	char *name = lex_field(&rest, ','), *text = lex_field(&rest, ','), *number = lex_field(&rest, ',');
	if (!text || !number || !lex_u32(number, 1, 255, &priority))
		return -EINVAL;
	return add_class(rs, name, text, (uint8_t)priority);
}

static int config_file(struct ruleset *rs, struct report *rep, const char *path, const char *what)
{
	struct rule_source src;
	bool too_long, binary;
	char *line;
	int rc = rule_source_open(&src, path);
	if (rc) {
		report_add(rep, path, 0, 0, RULE_REJECTED, "expected a readable file, found: %s", strerror(-rc));
		return rc;
	}
	while ((line = rule_source_next(&src, &too_long, &binary)))
		if (too_long || binary || config_line(rs, line))
			report_add(rep, path, src.line, 0, RULE_REJECTED, "expected \"config %s\"", what);
	rule_source_close(&src);
	return 0;
}

int ruleset_set_classes(struct ruleset *rs, const struct ruleset_config *cfg, struct report *rep)
{
	int rc = 0;
	for (size_t i = 0; !rc && i < sizeof(stock_classes) / sizeof(*stock_classes); i++)
		rc = add_class(rs, stock_classes[i].name, stock_classes[i].text, stock_classes[i].priority);
	for (size_t i = 0; !rc && i < sizeof(stock_refs) / sizeof(*stock_refs); i++)
		rc = add_ref(rs, stock_refs[i][0], stock_refs[i][1]);
	if (!rc && cfg->classification_file && *cfg->classification_file)
		rc = config_file(rs, rep, cfg->classification_file, "classification: name,text,priority");
	if (!rc && cfg->reference_file && *cfg->reference_file)
		rc = config_file(rs, rep, cfg->reference_file, "reference: name url");
	return rc;
}
