// See reload.h. Next: rules_stats.c.
#include "ctl/sensor/reload.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <rte_lcore.h>

#include "ctl/sensor/sensor.h"
#include "dataplane/api/clock.h"

struct reload {
	struct reload_status status;
	pthread_t loader;
	const struct sensor *sensor;
	atomic_bool loaded; // the loader has finished; next, error and report are the main lcore's again
	struct ruleset *next, *old;
	struct rule_report report;
	int error;
	uint64_t began_ns;
	uint64_t last_seq; // no event names the old set behind this ordinal
	bool seq_known;
};

static volatile sig_atomic_t asked;

void reload_ask(void)
{
	asked = 1;
}

static void *load(void *arg)
{
	struct reload *r = arg;

	// one thread: the cores belong to the workers
	r->next = load_rules(r->sensor, r->sensor->rules, 1, &r->report);
	r->error = errno;
	atomic_store_explicit(&r->loaded, true, memory_order_release);
	return NULL;
}

static void refuse(struct reload *r, const char *why)
{
	snprintf(r->status.why, sizeof(r->status.why), "%s", why);
	say("the rules stay as they are: %s", why);
	ruleset_free(r->next);
	rule_report_free(&r->report);
	r->next = NULL;
	r->status.refused++;
	r->status.state = RELOAD_IDLE;
}

static void begin(struct sensor *s)
{
	struct reload *r = s->reload;

	r->status.asked++;
	r->began_ns = clock_now_ns(CLOCK_MONOTONIC);
	r->sensor = s;
	atomic_store(&r->loaded, false);
	if (!s->rules) {
		refuse(r, "the sensor was started without rules, so its workers look for none; start it anew with -S");
		return;
	}
	int rc = rte_ctrl_thread_create(&r->loader, "tocsin-rules", NULL, load, r);
	if (rc != 0)
		refuse(r, "no thread to load them");
	else
		r->status.state = RELOAD_LOADING;
}

static const struct rule_problem *first_rejected(const struct rule_report *report)
{
	for (size_t i = 0; i < report->problem_count; i++)
		if (report->problems[i].verdict == RULE_REJECTED)
			return &report->problems[i];
	return NULL;
}

// A set that loads may still be worse than the one that runs: it rejects rules where the other did not.
static bool is_bad(const struct sensor *s, const struct reload *r, char *why, size_t size)
{
	const struct rule_problem *p = first_rejected(&r->report);

	if (r->next && r->report.rejected <= s->report.rejected)
		return false;
	if (!p)
		snprintf(why, size, "%s", strerror(r->error));
	else if (!r->next || !p->line)
		snprintf(why, size, "%s: %s", p->file, p->text);
	else
		snprintf(why, size, "%u rules are rejected, %u were before; the first is %s:%u: %s", r->report.rejected,
			s->report.rejected, p->file, p->line, p->text);
	return true;
}

static void offer(struct sensor *s)
{
	struct reload *r = s->reload;
	char why[sizeof(r->status.why)];

	pthread_join(r->loader, NULL);
	r->status.load_ns = clock_now_ns(CLOCK_MONOTONIC) - r->began_ns;
	if (is_bad(s, r, why, sizeof(why))) {
		refuse(r, why);
		return;
	}
	int rc = signature_swap_begin((struct signature_worker *const *)s->signature, s->workers, r->next);
	if (rc != 0) {
		refuse(r, strerror(-rc));
		return;
	}
	r->status.state = RELOAD_SWAPPING;
}

static void change_over(struct sensor *s)
{
	struct reload *r = s->reload;

	if (!signature_swap_done((struct signature_worker *const *)s->signature, s->workers))
		return;
	r->status.swap_ns = clock_now_ns(CLOCK_MONOTONIC) - r->began_ns - r->status.load_ns;
	r->old = s->rules;
	s->rules = r->next;
	r->next = NULL;
	rule_report_free(&s->report);
	s->report = r->report;
	memset(&r->report, 0, sizeof(r->report));
	alert_gate_rules_changed(s->gate, s->rules);
	r->seq_known = false;
	r->status.why[0] = 0;
	r->status.done++;
	r->status.state = RELOAD_RETIRING;
	if (!s->opt.quiet)
		say("rules reloaded: %u loaded, %u waiting for a parser, %u rejected; %.0f ms to load, %.1f ms to "
		    "change "
		    "over",
			s->report.loaded, s->report.waiting, s->report.rejected, (double)r->status.load_ns / 1e6,
			(double)r->status.swap_ns / 1e6);
}

// Events made under the old set are in the merge by the next poll; once they are out nothing names it.
static void retire(struct sensor *s)
{
	struct reload *r = s->reload;
	const struct event_merge_stats *m = pipeline_event_stats(s->pipeline);

	if (!r->seq_known) {
		r->seq_known = true;
		r->last_seq = m->taken_seq;
		return;
	}
	if (m->out_seq < r->last_seq)
		return;
	ruleset_free(r->old);
	r->old = NULL;
	r->status.state = RELOAD_IDLE;
}

void reload_poll(struct sensor *s)
{
	struct reload *r = s->reload;

	if (!r && !asked)
		return;
	if (!r && !(r = s->reload = calloc(1, sizeof(*r))))
		return;
	switch (r->status.state) {
	case RELOAD_IDLE:
		if (asked) {
			asked = 0;
			begin(s);
		}
		break;
	case RELOAD_LOADING:
		if (atomic_load_explicit(&r->loaded, memory_order_acquire))
			offer(s);
		break;
	case RELOAD_SWAPPING:
		change_over(s);
		break;
	case RELOAD_RETIRING:
		retire(s);
		break;
	}
}

void reload_status(const struct sensor *s, struct reload_status *out)
{
	*out = s->reload ? s->reload->status : (struct reload_status){0};
	if (asked && out->state == RELOAD_IDLE)
		out->state = RELOAD_LOADING;
}

void reload_undo(struct sensor *s)
{
	struct reload *r = s->reload;

	if (!r)
		return;
	if (r->status.state == RELOAD_LOADING)
		pthread_join(r->loader, NULL);
	ruleset_free(r->next);
	ruleset_free(r->old);
	rule_report_free(&r->report);
	free(r);
	s->reload = NULL;
}
