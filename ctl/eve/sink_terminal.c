// Alerts for people: one line each on a terminal.
//
//	2009-11-13 21:32:05.123  HIGH    1:2001219:20  ET SCAN Potential SSH Scan  TCP 10.0.0.1:3456 -> 10.0.0.2:22
//	2009-11-13 21:32:06.000  HIGH    901:9010001   SYN flood: 12000 packets/s, threshold 1000  10.9.9.9 -> 10.0.0.2
#include "ctl/eve/sink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/eve/text.h"
#include "dataplane/api/detector.h"

#define BUFFER_BYTES 16384u
#define LINE_MAX_BYTES 1024u

struct terminal_sink {
	struct eve_sink base;
	int fd;
	bool colour, gone;
	uint32_t max_lines; // a second; 0: no limit
	uint32_t lines;     // in this second
	uint64_t second, held_back;
	size_t len;
	char buf[BUFFER_BYTES];
};

// Bytes that could steer the terminal become dots.
static void clean(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '.';
}

static void endpoint(char *out, size_t size, const union ip_addr *a, uint8_t version, bool ports, uint16_t port)
{
	char text[INET6_ADDRSTRLEN] = "?";

	inet_ntop(version == 6 ? AF_INET6 : AF_INET, a->b, text, sizeof(text));
	if (!version)
		snprintf(out, size, "?");
	else if (!ports)
		snprintf(out, size, "%s", text);
	else
		snprintf(out, size, version == 6 ? "[%s]:%u" : "%s:%u", text, port);
}

static void who(char *out, size_t size, const struct event *ev)
{
	const struct event_tuple *t = &ev->tuple;
	char src[64], dst[64];
	bool ports = t->sport || t->dport;

	if (ev->kind == EVENT_FINDING && (ev->finding.attacker_version || ev->finding.victim_version)) {
		endpoint(src, sizeof(src), &ev->finding.attacker, ev->finding.attacker_version, false, 0);
		endpoint(dst, sizeof(dst), &ev->finding.victim, ev->finding.victim_version, false, 0);
		snprintf(out, size, "%s -> %s", src, dst);
		return;
	}
	if (!t->ip_version) {
		snprintf(out, size, "no IP");
		return;
	}
	endpoint(src, sizeof(src), &t->src, t->ip_version, ports, t->sport);
	endpoint(dst, sizeof(dst), &t->dst, t->ip_version, ports, t->dport);
	snprintf(out, size, "%s %s -> %s", text_ip_proto(t->proto), src, dst);
}

static void what(char *out, size_t size, const struct event *ev)
{
	const char *stage = ev->finding.stage;

	if (ev->kind == EVENT_ALERT) {
		snprintf(out, size, "%s", ev->alert.info->signature ? ev->alert.info->signature : "");
		return;
	}
	snprintf(out, size, "%s%s%s%s%s: %.6g %s, threshold %.6g", ev->finding.detector->title,
		ev->finding.what ? ", " : "", ev->finding.what ? ev->finding.what : "", stage ? " " : "",
		stage ? stage : "", ev->finding.observed, ev->finding.unit ? ev->finding.unit : "",
		ev->finding.threshold);
}

static uint8_t severity(const struct event *ev)
{
	if (ev->kind == EVENT_ALERT)
		return ev->alert.info->severity;
	return ev->finding.severity ? ev->finding.severity : ev->finding.detector->severity;
}

static void id(char *out, size_t size, const struct event *ev)
{
	if (ev->kind == EVENT_ALERT)
		snprintf(out, size, "%u:%u:%u", ev->alert.info->gid, ev->alert.info->sid, ev->alert.info->rev);
	else
		snprintf(out, size, "%u:%u", DETECTOR_GID, ev->finding.detector->sid);
}

static void write_out(struct terminal_sink *t)
{
	for (size_t done = 0; done < t->len && !t->gone;) {
		ssize_t n = write(t->fd, t->buf + done, t->len - done);
		if (n > 0)
			done += (size_t)n;
		else if (n < 0 && errno != EINTR)
			t->gone = true; // nobody looks: the records are in the other sinks
	}
	t->len = 0;
}

static void put(struct terminal_sink *t, const char *line, size_t n)
{
	if (t->len + n > sizeof(t->buf))
		write_out(t);
	memcpy(t->buf + t->len, line, n);
	t->len += n;
}

static void say_held_back(struct terminal_sink *t)
{
	char line[128];
	if (!t->held_back)
		return;
	int n = snprintf(line, sizeof(line), "... and %" PRIu64 " more alerts\n", t->held_back);
	put(t, line, (size_t)n);
	t->held_back = 0;
}

// True when this second has had its share of lines.
static bool too_many(struct terminal_sink *t)
{
	struct timespec now;

	if (!t->max_lines)
		return false;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if ((uint64_t)now.tv_sec != t->second) {
		say_held_back(t);
		t->second = (uint64_t)now.tv_sec;
		t->lines = 0;
	}
	if (t->lines++ < t->max_lines)
		return false;
	t->held_back++;
	return true;
}

static void terminal_write(
	struct eve_sink *s, const struct event *ev, unsigned int kind, const char *json, size_t json_len)
{
	static const char *const names[] = {"INFO", "HIGH", "MEDIUM", "LOW"};
	static const char *const colours[] = {"\033[2m", "\033[1;31m", "\033[33m", "\033[36m"};
	struct terminal_sink *t = (struct terminal_sink *)s;
	char line[LINE_MAX_BYTES], time[TIME_TEXT_BYTES], from[160], ids[48], text[512];

	if ((kind != EVENT_ALERT && kind != EVENT_FINDING) || t->gone || too_many(t))
		return;
	uint8_t level = severity(ev) <= 3 ? severity(ev) : 0;
	text_time(time, ev->ts_ns);
	time[10] = ' ';
	time[23] = 0; // milliseconds are enough for people
	who(from, sizeof(from), ev);
	what(text, sizeof(text), ev);
	clean(text);
	id(ids, sizeof(ids), ev);
	int n = snprintf(line, sizeof(line), "%s  %s%-6s%s  %-13s  %s  %s\n", time, t->colour ? colours[level] : "",
		names[level], t->colour ? "\033[0m" : "", ids, text, from);
	if (n >= (int)sizeof(line)) {
		n = sizeof(line) - 1;
		line[n - 1] = '\n';
	}
	put(t, line, (size_t)n);
	s->written[kind]++;
}

static void terminal_flush(struct eve_sink *s, uint64_t now_ns, bool now)
{
	struct terminal_sink *t = (struct terminal_sink *)s;
	if (now)
		say_held_back(t);
	write_out(t);
}

static uint64_t terminal_close(struct eve_sink *s)
{
	terminal_flush(s, 0, true);
	free(s);
	return 0; // a screen is not a record
}

static const struct eve_sink_ops terminal_ops = {
	.write = terminal_write, .flush = terminal_flush, .close = terminal_close};

struct eve_sink *sink_terminal_open(const struct eve_output_options *opt)
{
	struct terminal_sink *t = calloc(1, sizeof(*t));
	const char *no_color = getenv("NO_COLOR"); // no-color.org

	if (!t)
		return NULL;
	t->base = (struct eve_sink){.ops = &terminal_ops, .report = opt->report, .report_ctx = opt->report_ctx};
	t->fd = opt->terminal_fd;
	t->max_lines = opt->terminal_max;
	t->colour = isatty(t->fd) && !(no_color && *no_color);
	return &t->base;
}
