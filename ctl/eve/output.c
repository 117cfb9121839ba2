// One event in, every sink served. Next: sink.h, sink_file.c.
#include "ctl/eve/output.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <inttypes.h>

#include "ctl/eve/sink.h"
#include "ctl/eve/stats.h"
#include "dataplane/api/clock.h"

#define MAX_SINKS 8u

struct eve_output {
	struct eve eve;
	struct json_out line;
	uint32_t kinds;
	struct eve_sink *sinks[MAX_SINKS];
	uint32_t sink_count;
	bool wants_json;
	struct eve_output_stats stats;
	uint64_t unformatted[SINK_KINDS]; // no memory for the line
};

static void report_stderr(void *ctx, bool error, const char *line)
{
	fprintf(stderr, "tocsin: %s\n", line);
}

void sink_report(struct eve_sink *s, bool error, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	(s->report ? s->report : report_stderr)(s->report_ctx, error, line);
}

uint64_t sink_count_text(const uint64_t counts[SINK_KINDS], char *out, size_t size)
{
	static const char *const names[SINK_KINDS] = {"alert", "finding", "anomaly", "flow", "tick", "stats"};
	uint64_t sum = 0;
	size_t n = 0;

	*out = 0;
	for (unsigned int k = 0; k < SINK_KINDS; k++) {
		if (!counts[k])
			continue;
		sum += counts[k];
		if (n < size)
			n += (size_t)snprintf(
				out + n, size - n, "%s%" PRIu64 " %s", n ? ", " : "", counts[k], names[k]);
	}
	return sum;
}

void eve_output_add(struct eve_output *out, struct eve_sink *sink)
{
	if (out->sink_count == MAX_SINKS) {
		sink_report(sink, true, "more than %u event outputs: the last is not used", MAX_SINKS);
		sink->ops->close(sink);
		return;
	}
	out->sinks[out->sink_count++] = sink;
	out->wants_json |= sink->ops->json;
}

static bool add_opened(struct eve_output *out, struct eve_sink *sink)
{
	if (sink)
		eve_output_add(out, sink);
	return sink != NULL;
}

// A pipe whose reader leaves must be an error of write(), not the end of the process.
struct eve_output *eve_output_open(const struct eve_output_options *opt)
{
	struct eve_output *out = calloc(1, sizeof(*out));
	struct eve_sink say = {.report = opt->report, .report_ctx = opt->report_ctx};

	signal(SIGPIPE, SIG_IGN);
	if (!out || eve_init(&out->eve, &opt->eve)) {
		sink_report(&say, true, "no memory for the event output");
		free(out);
		return NULL;
	}
	out->kinds = opt->kinds ? opt->kinds : UINT32_MAX;
	if ((opt->path && !add_opened(out, sink_file_open(opt))) ||
		(opt->to_stdout && !add_opened(out, sink_fd_open(opt, STDOUT_FILENO, "stdout"))) ||
		(opt->terminal_fd >= 0 && !add_opened(out, sink_terminal_open(opt)))) {
		eve_close(out);
		return NULL;
	}
	return out;
}

static void to_sinks(struct eve_output *out, const struct event *ev, unsigned int kind)
{
	bool whole = !out->line.failed;

	if (!whole) { // the next record begins with the buffer as it was: nothing is half written
		out->unformatted[kind]++;
		out->line.failed = false;
	}
	for (uint32_t i = 0; i < out->sink_count; i++) {
		struct eve_sink *s = out->sinks[i];
		if (whole || !s->ops->json)
			s->ops->write(s, ev, kind, out->line.buf, out->line.len);
	}
}

void eve_write_event(struct eve_output *out, const struct event *ev)
{
	if (ev->kind >= EVENT_TICK || !(out->kinds & 1u << ev->kind))
		return;
	out->line.len = 0;
	if (out->wants_json) {
		eve_format(&out->eve, &out->line, ev);
		if (!out->line.len)
			return;
	}
	to_sinks(out, ev, ev->kind);
}

void eve_write_event_fn(void *ctx, const struct event *ev)
{
	eve_write_event(ctx, ev);
}

void eve_write_stats(struct eve_output *out, struct stats_snapshot *stats, uint64_t ts_ns)
{
	out->line.len = 0;
	eve_format_stats(&out->eve, &out->line, stats, ts_ns);
	to_sinks(out, NULL, SINK_STATS);
}

void eve_tick(struct eve_output *out, uint64_t now_ns)
{
	for (uint32_t i = 0; i < out->sink_count; i++)
		out->sinks[i]->ops->flush(out->sinks[i], now_ns, false);
}

void eve_flush(struct eve_output *out)
{
	uint64_t now_ns = clock_now_ns(CLOCK_REALTIME);

	for (uint32_t i = 0; i < out->sink_count; i++)
		out->sinks[i]->ops->flush(out->sinks[i], now_ns, true);
}

void eve_reopen(struct eve_output *out)
{
	for (uint32_t i = 0; i < out->sink_count; i++)
		if (out->sinks[i]->ops->reopen)
			out->sinks[i]->ops->reopen(out->sinks[i]);
}

const struct eve_output_stats *eve_output_stats(const struct eve_output *out)
{
	struct eve_output_stats *st = (struct eve_output_stats *)&out->stats;

	*st = (struct eve_output_stats){0};
	for (uint32_t i = 0; i < out->sink_count; i++) {
		const struct eve_sink *s = out->sinks[i];
		for (unsigned int k = 0; k < SINK_KINDS; k++) {
			if (s->ops->json)
				st->written[k] += s->written[k];
			st->not_written[k] += s->not_written[k];
		}
		st->bytes += s->bytes;
		st->rotations += s->rotations;
	}
	for (unsigned int k = 0; k < SINK_KINDS; k++)
		st->not_written[k] += out->unformatted[k];
	return st;
}

int eve_close(struct eve_output *out)
{
	uint64_t lost = 0;

	if (!out)
		return 0;
	eve_flush(out);
	for (uint32_t i = 0; i < out->sink_count; i++)
		lost += out->sinks[i]->ops->close(out->sinks[i]);
	for (unsigned int k = 0; k < SINK_KINDS; k++)
		lost += out->unformatted[k];
	eve_fini(&out->eve);
	jout_free(&out->line);
	free(out);
	return lost ? -EIO : 0;
}
