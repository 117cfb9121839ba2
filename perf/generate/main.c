// tocsin-generate: writes a capture of ordinary traffic with attacks among it.
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perf/generate/generate.h"

#define MAX_ATTACKS 64u
#define FIRST_SECOND UINT64_C(1735689600) // 2025-01-01T00:00:00Z

struct wanted {
	const struct attack *kind;
	bool starts; // args.start_ns was given
	struct attack_args args;
};

struct options {
	const char *output;
	uint64_t seed;
	double duration_s;
	uint32_t flows;
	bool quiet;
	size_t attacks;
	struct wanted attack[MAX_ATTACKS];
};

static void print_help(FILE *to)
{
	fputs("Usage: tocsin-generate [options] -o FILE\n"
	      "Writes a capture (pcap, nanoseconds) of ordinary traffic of a small site with attacks among it, to "
	      "test\n"
	      "and show detection. Nothing in it works as an attack: rates and shapes are real, payloads are not.\n\n"
	      "  -o, --output FILE      where to write; - is standard output\n"
	      "  -a, --attack SPEC      an attack to put in; may be given several times (see below)\n"
	      "  -d, --duration SECONDS length of the ordinary traffic, 1..86400 (default 120)\n"
	      "  -f, --flows N          ordinary flows, 0..1000000 (default 600)\n"
	      "  -s, --seed N           another seed gives other traffic, the same one the same bytes (default 1)\n"
	      "  -q, --quiet            do not print what was written\n"
	      "  -l, --list             print the kinds of traffic and exit\n"
	      "  -h, --help             print this and exit\n\n"
	      "SPEC is NAME[:KEY=VALUE]...[,NAME...]; the name all means every attack there is. Keys:\n"
	      "  rate      events a second (what counts as one is in the list)\n"
	      "  start     seconds from the beginning (default: attacks are spread evenly over the run)\n"
	      "  duration  seconds\n"
	      "  sources   how many addresses it comes from; 0: each packet from another, spoofed one\n"
	      "  victim    address under attack, IPv4, or IPv6 in brackets\n"
	      "  port      port under attack\n"
	      "  vlan      802.1Q tag of the victim's frames\n"
	      "  near      1: not the attack but something honest that looks like it (kinds marked 'near')\n\n"
	      "Example:\n"
	      "  tocsin-generate -o demo.pcap -a syn_flood:rate=5000:start=30:duration=10,port_scan\n\n"
	      "Exit status: 0 written, 1 bad arguments or the file cannot be written.\n",
		to);
}

static void print_list(void)
{
	puts("ordinary traffic (share of --flows):");
	for (const struct ordinary *o = ordinary_table; o->name; o++)
		printf("  %-22s %3.0f%%  %s\n", o->name, o->share * 100, o->help);
	puts("\nattacks (defaults):");
	for (const struct attack *a = attack_table; a->name; a++) {
		printf("  %-22s %s\n", a->name, a->help);
		printf("  %-22s   rate=%g (%s) duration=%g sources=%u victim=%s", "", a->rate, a->rate_unit,
			a->duration_s, a->sources, a->victim);
		if (a->port)
			printf(" port=%u", a->port);
		puts(a->has_near ? " (near)" : "");
	}
}

static int complain(const char *what, const char *value, const char *expected)
{
	fprintf(stderr, "tocsin-generate: %s '%s': expected %s; see --help\n", what, value, expected);
	return -1;
}

static int parse_number(const char *what, const char *text, double min, double max, double *out)
{
	char *end, expected[96];
	double v = strtod(text, &end);

	if (end != text && *end == '\0' && v >= min && v <= max) {
		*out = v;
		return 0;
	}
	snprintf(expected, sizeof(expected), "a number from %.10g to %.10g", min, max);
	return complain(what, text, expected);
}

static int set_key(struct wanted *w, const char *key, const char *value)
{
	struct attack_args *a = &w->args;
	double v = 0;

	if (strcmp(key, "victim") == 0) {
		uint16_t port = a->victim.port;
		char text[64];
		snprintf(text, sizeof(text), "%s", value + (*value == '['));
		text[strcspn(text, "]")] = '\0';
		if (!site_parse(text, &a->victim))
			return complain("victim", value, "an IPv4 address, or an IPv6 address in brackets");
		a->victim.port = port;
		return 0;
	}
	if (strcmp(key, "rate") == 0)
		return parse_number(key, value, 0.001, 10e6, &a->rate);
	static const struct {
		const char *key;
		double max;
	} limits[] = {{"port", 65535}, {"sources", 60000}, {"vlan", 4094}, {"near", 1}};
	double max = 86400;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		max = strcmp(key, limits[i].key) == 0 ? limits[i].max : max;
	if (parse_number(key, value, 0, max, &v) < 0)
		return -1;
	if (strcmp(key, "start") == 0) {
		a->start_ns = FIRST_SECOND * GEN_SECOND + (uint64_t)(v * 1e9);
		w->starts = true;
	} else if (strcmp(key, "duration") == 0)
		a->duration_ns = (uint64_t)(v * 1e9);
	else if (strcmp(key, "sources") == 0)
		a->sources = (uint32_t)v;
	else if (strcmp(key, "port") == 0)
		a->victim.port = (uint16_t)v;
	else if (strcmp(key, "vlan") == 0)
		a->victim.vlan = (uint16_t)v;
	else if (strcmp(key, "near") == 0 && (w->kind->has_near || v == 0))
		a->near = v != 0;
	else
		return complain("attack key", key,
			"rate, start, duration, sources, victim, port, vlan, or near where --list says so");
	return 0;
}

static const struct attack *find_attack(const char *name)
{
	const struct attack *a = attack_table;

	while (a->name && strcmp(a->name, name) != 0)
		a++;
	return a->name ? a : NULL;
}

// Cuts the next field off at a colon that is not within brackets. NULL at the end.
static char *next_field(char **rest)
{
	char *field = *rest, *at = field;
	bool inside = false;

	if (!field)
		return NULL;
	for (; *at && (inside || *at != ':'); at++)
		inside = *at == '[' || (inside && *at != ']');
	*rest = *at ? at + 1 : NULL;
	*at = '\0';
	return field;
}

static int want_attack(struct options *o, const struct attack *kind)
{
	if (o->attacks == MAX_ATTACKS)
		return complain("attack", kind->name, "at most 64 attacks");
	struct wanted *w = &o->attack[o->attacks++];
	*w = (struct wanted){.kind = kind};
	w->args.rate = kind->rate;
	w->args.duration_ns = (uint64_t)(kind->duration_s * 1e9);
	w->args.sources = kind->sources;
	site_parse(kind->victim, &w->args.victim);
	w->args.victim.port = kind->port;
	return 0;
}

static int want_all(struct options *o)
{
	for (const struct attack *a = attack_table; a->name; a++)
		if (want_attack(o, a) < 0)
			return -1;
	return 0;
}

// One NAME[:KEY=VALUE]...
static int add_attack(struct options *o, char *spec)
{
	char *rest = spec, *name = next_field(&rest), *pair;
	const struct attack *kind = find_attack(name);

	if (strcmp(name, "all") == 0 && !rest)
		return want_all(o);
	if (!kind)
		return complain("attack", name, "one of the names that --list prints, or all");
	if (want_attack(o, kind) < 0)
		return -1;
	while ((pair = next_field(&rest)) != NULL) {
		char *value = strchr(pair, '=');
		if (!value)
			return complain("attack key", pair, "KEY=VALUE");
		*value++ = '\0';
		if (set_key(&o->attack[o->attacks - 1], pair, value) < 0)
			return -1;
	}
	return 0;
}

// Attacks that do not say when they start: spread over the run, from a tenth of it to nine tenths.
static void place_attacks(struct options *o)
{
	size_t open = 0, at = 0;

	for (size_t i = 0; i < o->attacks; i++)
		open += !o->attack[i].starts;
	for (size_t i = 0; i < o->attacks; i++) {
		if (o->attack[i].starts)
			continue;
		double share = 0.1 + 0.8 * (double)at++ / (double)open;
		o->attack[i].args.start_ns = FIRST_SECOND * GEN_SECOND + (uint64_t)(share * o->duration_s * 1e9);
	}
}

static int add_attacks(struct options *o, char *list)
{
	char *spec;

	while ((spec = strsep(&list, ",")) != NULL)
		if (add_attack(o, spec) < 0)
			return -1;
	return 0;
}

static int parse_option(struct options *o, int option)
{
	double v = 0;
	int rc = 0;

	switch (option) {
	case 'o':
		o->output = optarg;
		return 0;
	case 'a':
		return add_attacks(o, optarg);
	case 'd':
		return parse_number("--duration", optarg, 1, 86400, &o->duration_s);
	case 'f':
		rc = parse_number("--flows", optarg, 0, 1e6, &v);
		o->flows = (uint32_t)v;
		return rc;
	case 's':
		rc = parse_number("--seed", optarg, 0, 9e15, &v);
		o->seed = (uint64_t)v;
		return rc;
	case 'q':
		o->quiet = true;
		return 0;
	default:
		return -1;
	}
}

// Returns 0 to run, 1 when help was asked for and given, -1 on a mistake.
static int parse_options(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {{"output", required_argument, NULL, 'o'},
		{"attack", required_argument, NULL, 'a'}, {"duration", required_argument, NULL, 'd'},
		{"flows", required_argument, NULL, 'f'}, {"seed", required_argument, NULL, 's'},
		{"quiet", no_argument, NULL, 'q'}, {"list", no_argument, NULL, 'l'}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "o:a:d:f:s:qlh", names, NULL)) != -1) {
		if (option == 'h') {
			print_help(stdout);
			return 1;
		}
		if (option == 'l') {
			print_list();
			return 1;
		}
		if (parse_option(o, option) < 0)
			return -1;
	}
	if (optind < argc)
		return complain("argument", argv[optind], "options only");
	if (!o->output)
		return complain("--output", "", "a file to write");
	return 0;
}

static void generate(struct generator *g, const struct options *o)
{
	for (const struct ordinary *kind = ordinary_table; kind->name; kind++) {
		g->rng = rng_named(o->seed, kind->name);
		kind->run(g, (uint32_t)(kind->share * o->flows + 0.5));
	}
	for (size_t i = 0; i < o->attacks; i++) {
		char name[64];
		snprintf(name, sizeof(name), "%s %zu", o->attack[i].kind->name, i);
		g->rng = rng_named(o->seed, name);
		o->attack[i].kind->run(g, &o->attack[i].args);
	}
}

int main(int argc, char **argv)
{
	static struct options o = {.seed = 1, .duration_s = 120, .flows = 600};
	int rc = parse_options(&o, argc, argv);

	if (rc != 0)
		return rc < 0;
	place_attacks(&o);
	struct generator g = {.out = timeline_new(),
		.start_ns = FIRST_SECOND * GEN_SECOND,
		.duration_ns = (uint64_t)(o.duration_s * 1e9)};
	generate(&g, &o);
	rc = timeline_write(g.out, o.output);
	if (rc == 0 && !o.quiet)
		fprintf(stderr, "%s: %zu packets, %.1f MB\n", o.output, timeline_frames(g.out),
			(double)timeline_bytes(g.out) / 1e6);
	timeline_free(g.out);
	return rc < 0;
}
