// Counts findings by signature, and the pairs behind each. Cold path, main lcore.
#include "ctl/sensor/summary.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/api/detector.h"

#define MAX_ROWS 4096u  // kinds of finding kept
#define ROW_SLOTS 8192u // hash slots, a power of two
#define PAIRS_A_ROW 4u  // pairs kept by the space-saving rule, the first is printed

struct pair {
	char who[INET6_ADDRSTRLEN], whom[INET6_ADDRSTRLEN];
	uint64_t count;
};

struct row {
	uint32_t gid, sid;
	uint8_t severity;
	uint64_t count;
	uint64_t pairs_seen; // times another pair took a slot: more pairs than are kept
	char what[96];
	struct pair pairs[PAIRS_A_ROW];
};

struct summary {
	uint64_t by_kind[EVENT_KIND_COUNT];
	uint64_t others; // findings of kinds that did not fit
	uint32_t count;
	uint16_t slots[ROW_SLOTS]; // 1 + index into rows, 0: free
	struct row rows[MAX_ROWS];
};

struct summary *summary_new(void)
{
	return calloc(1, sizeof(struct summary));
}

void summary_free(struct summary *s)
{
	free(s);
}

static struct row *row_of(struct summary *s, uint32_t gid, uint32_t sid)
{
	uint32_t at = (sid * 2654435761u ^ gid * 40503u) % ROW_SLOTS;

	while (s->slots[at]) {
		struct row *r = &s->rows[s->slots[at] - 1];
		if (r->gid == gid && r->sid == sid)
			return r;
		at = (at + 1) % ROW_SLOTS;
	}
	if (s->count == MAX_ROWS)
		return NULL;
	s->slots[at] = (uint16_t)++s->count;
	s->rows[s->count - 1] = (struct row){.gid = gid, .sid = sid};
	return &s->rows[s->count - 1];
}

static void format_ip(char *out, const union ip_addr *a, uint8_t version)
{
	snprintf(out, INET6_ADDRSTRLEN, "-");
	if (version == 4 || version == 6)
		inet_ntop(version == 4 ? AF_INET : AF_INET6, a->b, out, INET6_ADDRSTRLEN);
}

// Space-saving (Metwally et al. 2005): a new pair takes the place and the count of the least.
static void note_pair(struct row *r, const char *who, const char *whom)
{
	struct pair *least = &r->pairs[0];

	for (size_t i = 0; i < PAIRS_A_ROW; i++) {
		struct pair *p = &r->pairs[i];
		if (p->count && strcmp(p->who, who) == 0 && strcmp(p->whom, whom) == 0) {
			p->count++;
			return;
		}
		if (p->count < least->count)
			least = p;
	}
	r->pairs_seen++;
	least->count++;
	snprintf(least->who, sizeof(least->who), "%s", who);
	snprintf(least->whom, sizeof(least->whom), "%s", whom);
}

static void add_alert(struct summary *s, const struct event *ev)
{
	const struct alert_info *info = ev->alert.info;
	struct row *r = row_of(s, info->gid, info->sid);
	char who[INET6_ADDRSTRLEN], whom[INET6_ADDRSTRLEN];

	if (!r) {
		s->others++;
		return;
	}
	r->severity = info->severity;
	if (!r->count++)
		snprintf(r->what, sizeof(r->what), "%s", info->signature);
	format_ip(who, &ev->tuple.src, ev->tuple.ip_version);
	format_ip(whom, &ev->tuple.dst, ev->tuple.ip_version);
	note_pair(r, who, whom);
}

static void add_finding(struct summary *s, const struct event *ev)
{
	const struct detector *d = ev->finding.detector;
	struct row *r = row_of(s, DETECTOR_GID, d->sid);
	uint8_t severity = ev->finding.severity ? ev->finding.severity : d->severity;
	char who[INET6_ADDRSTRLEN], whom[INET6_ADDRSTRLEN];

	if (!r) {
		s->others++;
		return;
	}
	if (!r->count++ || severity < r->severity)
		r->severity = severity;
	snprintf(r->what, sizeof(r->what), "%s", ev->finding.what ? ev->finding.what : d->title);
	format_ip(who, &ev->finding.attacker, ev->finding.attacker_version);
	format_ip(whom, &ev->finding.victim, ev->finding.victim_version);
	// what has stages goes on for a while and without an attacker comes from many; else there is none to name
	note_pair(r, ev->finding.attacker_version ? who : ev->finding.stage ? "many" : "-", whom);
}

void summary_add(struct summary *s, const struct event *ev)
{
	s->by_kind[ev->kind]++;
	if (ev->kind == EVENT_ALERT)
		add_alert(s, ev);
	else if (ev->kind == EVENT_FINDING)
		add_finding(s, ev);
}

uint64_t summary_alerts(const struct summary *s)
{
	return s->by_kind[EVENT_ALERT] + s->by_kind[EVENT_FINDING];
}

uint64_t summary_events(const struct summary *s, enum event_kind kind)
{
	return s->by_kind[kind];
}

static int worse_first(const void *pa, const void *pb)
{
	const struct row *a = *(const struct row *const *)pa, *b = *(const struct row *const *)pb;

	if (a->severity != b->severity)
		return a->severity < b->severity ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->sid < b->sid ? -1 : a->sid > b->sid;
}

static int more_first(const void *pa, const void *pb)
{
	const struct pair *a = pa, *b = pb;

	return a->count > b->count ? -1 : a->count < b->count;
}

static const char *severity_name(uint8_t severity)
{
	static const char *const names[] = {"?", "high", "medium", "low"};

	return severity < 4 ? names[severity] : "info";
}

static const char *severity_colour(uint8_t severity)
{
	static const char *const codes[] = {"", "\033[1;31m", "\033[33m", "\033[36m"};

	return severity < 4 ? codes[severity] : "";
}

static void print_row(const struct row *r, FILE *out, bool colour)
{
	struct pair pairs[PAIRS_A_ROW];
	char who[2 * INET6_ADDRSTRLEN + 32];

	memcpy(pairs, r->pairs, sizeof(pairs));
	qsort(pairs, PAIRS_A_ROW, sizeof(pairs[0]), more_first);
	int at = snprintf(who, sizeof(who), "%s -> %s", pairs[0].who, pairs[0].whom);
	if (r->pairs_seen > 1 && at > 0 && (size_t)at < sizeof(who))
		snprintf(who + at, sizeof(who) - (size_t)at, " and others");
	fprintf(out, "  %s%-8s%s %8llu  %-60.60s  %s\n", colour ? severity_colour(r->severity) : "",
		severity_name(r->severity), colour ? "\033[0m" : "", (unsigned long long)r->count, r->what, who);
}

void summary_print(const struct summary *s, FILE *out, bool colour, size_t limit)
{
	const struct row **order = calloc(s->count + 1, sizeof(*order));

	if (!order)
		return;
	for (uint32_t i = 0; i < s->count; i++)
		order[i] = &s->rows[i];
	qsort(order, s->count, sizeof(order[0]), worse_first);
	fprintf(out, "  %-8s %8s  %-60s  %s\n", "severity", "times", "what", "who -> whom");
	for (uint32_t i = 0; i < s->count && i < limit; i++)
		print_row(order[i], out, colour);
	if (s->count > limit)
		fprintf(out, "  ... %llu more kinds: see eve.json\n", (unsigned long long)(s->count - limit));
	if (s->others)
		fprintf(out, "  ... %llu alerts of further kinds\n", (unsigned long long)s->others);
	free(order);
}
