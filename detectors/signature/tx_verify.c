// A rule against a transaction: each of its tests finds its value where the protocol's parser keeps it. A test whose
// value is not there yet waits; one that has held need not be asked again. Next: tx_raw.c.
#include "detectors/signature/packet_fields.h"
#include "detectors/signature/tx_runtime.h"

// Suricata's defaults for bodies, by direction: a body is looked at once this many bytes of it are there (or all), then
// as a window that moves with it.
static const struct {
	uint64_t least, window;
} bodies[2] = {{32768, 4096}, {40960, 16384}};

bool tx_has(const struct tx_run *r, const struct tx_source *s)
{
	uint8_t need = s->buffer ? s->buffer->progress[r->dir] : s->field->progress[r->dir];
	return r->complete || r->tx->progress[r->dir] >= need;
}

// New bytes with at least a quarter of a window in front of them; a short piece is filled up to a window.
static uint64_t window_start(uint64_t seen, uint64_t len, uint8_t dir)
{
	uint64_t window = bodies[dir].window, fresh = len - seen;
	if (seen <= bodies[dir].least)
		return 0;
	uint64_t before = fresh < window ? window - fresh : window / 4;
	return before < seen ? seen - before : 0;
}

bool tx_window(const struct tx_run *r, const struct tx_source *s, struct app_bytes *part, uint64_t *offset)
{
	uint64_t seen = r->state ? r->state->seen[r->dir][s->grow] : 0;
	struct app_bytes second;
	*offset = 0;
	if (!tx_has(r, s) || !s->buffer->get(r->tx, r->dir, 0, part))
		return false;
	if (!r->complete && (part->len < bodies[r->dir].least || part->len <= seen))
		return false;
	if (s->buffer->get(r->tx, r->dir, 1, &second)) // several: each is looked at whole once they are complete
		return r->complete;
	*offset = window_start(seen < part->len ? seen : part->len, part->len, r->dir);
	part->at += *offset;
	part->len -= (uint32_t)*offset;
	return true;
}

static enum tx_answer answer(const struct tx_run *r, const struct tx_source *s, bool holds)
{
	bool final = r->complete || !(s->buffer && s->buffer->grows);
	return holds ? TX_YES : final ? TX_NO : TX_LATER;
}

static enum tx_answer ask_growing(struct tx_run *r, const struct tx_source *s, const struct buffer_test *b)
{
	struct match_ctx *m = &r->w->ctx;
	struct app_bytes part;
	uint64_t offset;
	bool holds = false;
	if (!tx_window(r, s, &part, &offset))
		return r->complete ? TX_NO : TX_LATER;
	holds = verify_buffer(m, b, part.at, part.len);
	for (uint32_t nth = 1;
		!holds && r->complete && nth < TX_VALUES_MAX && s->buffer->get(r->tx, r->dir, nth, &part); nth++)
		holds = verify_buffer(m, b, part.at, part.len);
	return answer(r, s, holds);
}

static enum tx_answer ask_buffer(struct tx_run *r, const struct tx_source *s, const struct buffer_test *b)
{
	struct app_bytes v;
	bool holds = false;
	for (uint32_t nth = 0; !holds && nth < TX_VALUES_MAX && s->buffer->get(r->tx, r->dir, nth, &v); nth++)
		holds = verify_buffer(&r->w->ctx, b, v.at, v.len);
	return answer(r, s, holds);
}

static enum tx_answer ask_field(struct tx_run *r, const struct tx_source *s, const struct buffer_test *b)
{
	struct match_ctx *m = &r->w->ctx;
	bool holds = false;
	for (uint32_t nth = 0; !holds && nth < TX_VALUES_MAX && s->field->get(r->tx, r->dir, nth, &m->number); nth++)
		holds = verify_chain(m, b->steps);
	return answer(r, s, holds);
}

// Bytes outside any buffer: of the stream, as it was inspected, or of the datagram.
static enum tx_answer ask_raw(struct tx_run *r, const struct buffer_test *b)
{
	struct match_ctx *m = &r->w->ctx;
	bool holds;
	if (r->p->flags & PKT_TCP)
		holds = tx_raw_has(m, r->dir);
	else
		holds = packet_rule_payload_len(r->p) &&
			verify_buffer(m, b, packet_payload(r->p), packet_rule_payload_len(r->p));
	return holds ? TX_YES : r->complete ? TX_NO : TX_LATER;
}

static enum tx_answer ask(struct tx_run *r, const struct buffer_test *b)
{
	const struct tx_source *s = tx_source_of(r->proto, b);
	const uint8_t *buf;
	uint32_t len;
	if (b->id == BUF_PAYLOAD)
		return ask_raw(r, b);
	if (!s)
		return header_buffer(r->p, b->id, &buf, &len) && verify_buffer(&r->w->ctx, b, buf, len) ? TX_YES
													: TX_NO;
	if (s->file)
		return ask_files(r, s, b);
	if (!tx_has(r, s))
		return TX_LATER;
	return !s->buffer ? ask_field(r, s, b) : s->buffer->grows ? ask_growing(r, s, b) : ask_buffer(r, s, b);
}

// The place of an event among those of a transaction, -1: it has none.
static int noted(const struct app_tx *tx, uint8_t index)
{
	uint8_t n = tx->event_count < sizeof(tx->events) ? tx->event_count : sizeof(tx->events);
	for (uint8_t i = 0; i < n; i++)
		if (tx->events[i] == index + 1)
			return i;
	return -1;
}

static enum tx_answer ask_events(const struct tx_run *r, const struct rule *rule)
{
	bool is_new = !rule->app_events;
	for (const struct app_event_test *e = rule->app_events; e; e = e->next) {
		int at = noted(r->tx, e->index);
		if (at < 0)
			return r->complete ? TX_NO : TX_LATER;
		is_new |= at >= r->known_events;
	}
	return is_new ? TX_YES : TX_NO;
}

enum tx_answer tx_verify(struct tx_run *r, const struct rule *rule, uint32_t *held)
{
	enum tx_answer all = ask_events(r, rule);
	uint32_t bit = 1;
	if (rule->n_vars) // variables are set by tests that have to be walked again
		*held = 0;
	for (const struct buffer_test *b = rule->buffers; b && all != TX_NO; b = b->next, bit <<= 1) {
		if (bit && *held & bit)
			continue;
		const struct tx_source *s = tx_source_of(r->proto, b);
		// the last of the rule's tests, and dear
		enum tx_answer a = s && s->file == TX_FILE_MAGIC && all != TX_YES ? TX_LATER : ask(r, b);
		if (a == TX_YES)
			*held |= bit;
		else
			all = a;
	}
	return all;
}
