// Findings and their text, see finding.h.
#include "detectors/heuristics/finding.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

void text_add(struct text *t, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	size_t room = sizeof(t->buf) - t->len;
	int n = vsnprintf(t->buf + t->len, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room)
		t->cut = true;
	else
		t->len += (uint32_t)n;
}

void text_member(struct text *t, const char *name)
{
	text_add(t, "%s\"%s\":", t->len ? "," : "", name);
}

// Text of a member is built in one buffer of its own, so that a member is added whole or not at all.
static uint32_t json_escape(char *out, uint32_t max, const uint8_t *in, uint32_t n)
{
	uint32_t len = 0;
	for (uint32_t i = 0; i < n && len + 7 < max; i++) {
		uint8_t c = in[i];
		if (c == '"' || c == '\\') {
			out[len++] = '\\';
			out[len++] = (char)c;
		} else if (c >= 0x20 && c < 0x7f) {
			out[len++] = (char)c;
		} else {
			len += (uint32_t)snprintf(out + len, max - len, "\\u%04x", c);
		}
	}
	out[len] = 0;
	return len;
}

void text_json_string(struct text *t, const void *bytes, uint32_t n)
{
	char escaped[1024];
	json_escape(escaped, sizeof(escaped), bytes, n);
	text_add(t, "\"%s\"", escaped);
}

void text_number(struct text *t, const char *name, double value)
{
	if (value == (double)(int64_t)value)
		text_add(t, "%s\"%s\":%lld", t->len ? "," : "", name, (long long)value);
	else
		text_add(t, "%s\"%s\":%.2f", t->len ? "," : "", name, value);
}

void text_string(struct text *t, const char *name, const char *value)
{
	char escaped[1024];
	uint32_t n = 0;
	while (n < 512 && value[n])
		n++;
	json_escape(escaped, sizeof(escaped), (const uint8_t *)value, n);
	text_add(t, "%s\"%s\":\"%s\"", t->len ? "," : "", name, escaped);
}

void text_address(struct text *t, const char *name, const union ip_addr *addr, uint8_t version)
{
	char a[INET6_ADDRSTRLEN];
	text_string(t, name, address_text(a, addr, version));
}

const char *address_text(char *out, const union ip_addr *addr, uint8_t version)
{
	out[0] = '?';
	out[1] = 0;
	if (version != 0)
		inet_ntop(version == 4 ? AF_INET : AF_INET6, addr->b, out, INET6_ADDRSTRLEN);
	return out;
}

bool address_is_group(const union ip_addr *addr, uint8_t version)
{
	if (version == 6)
		return addr->b[0] == 0xff || (addr->d[0] == 0 && addr->d[1] == 0);
	// 0.0.0.0/8, 224.0.0.0/4 and limited broadcast
	return addr->b[0] == 0 || addr->b[0] >= 224;
}

static void fill_tuple(struct event_tuple *t, const struct finding *f)
{
	t->src = f->attacker;
	t->dst = f->victim;
	t->sport = f->sport;
	t->dport = f->dport;
	t->proto = f->proto;
	t->ip_version = f->victim_version ? f->victim_version : f->attacker_version;
}

void finding_emit(struct detector_run *run, const struct finding *f)
{
	struct event *ev = event_begin(run->sink, EVENT_FINDING, NULL, f->text.len);
	if (!ev)
		return;
	ev->seq = run->seq;
	ev->ts_ns = run->now_ns;
	fill_tuple(&ev->tuple, f);
	ev->finding.detector = f->detector;
	ev->finding.victim = f->victim;
	ev->finding.attacker = f->attacker;
	ev->finding.victim_version = f->victim_version;
	ev->finding.attacker_version = f->attacker_version;
	ev->finding.severity = f->severity;
	ev->finding.confidence = f->confidence;
	ev->finding.observed = f->observed;
	ev->finding.threshold = f->threshold;
	ev->finding.unit = f->unit;
	ev->finding.stage = f->stage;
	ev->finding.what = f->what;
	ev->finding.window_ms = f->window_ms;
	ev->finding.sample = f->sample;
	ev->aux_len = f->text.len;
	memcpy(event_aux(ev), f->text.buf, f->text.len);
	event_commit(run->sink);
}
