// MQTT (OASIS 5.0, 3.1.1): packets, and the transactions they belong to. See mqtt.h. Next: mqtt_message.c.
#include "dataplane/parsers/mqtt.h"

// Progress of a transaction's direction.
enum { MQTT_BEGUN = 1, MQTT_DONE };
enum { FRAME_PDU, FRAME_HEADER, FRAME_DATA }; // in the order of frames

struct mqtt_state {
	uint64_t skip[2]; // bytes of a packet that is too long
	uint8_t version;  // of the connection, 0: no CONNECT was seen
};

struct mqtt_run {
	struct app_run *run;
	struct app_session *session;
	struct mqtt_state *state;
	uint8_t dir;
};

static struct mqtt_tx *tx_of(struct app_tx *tx)
{
	return (struct mqtt_tx *)(void *)tx;
}

static void note(struct mqtt_run *r, struct mqtt_tx *tx, enum mqtt_event e)
{
	app_event(r->run, r->session, &tx->tx, (uint8_t)e);
}

static void done(struct mqtt_tx *tx, uint8_t dir)
{
	if (tx->tx.dirs >> dir & 1)
		tx->tx.progress[dir] = MQTT_DONE;
	else
		tx->answered = true; // its own direction is shown the answer once that is heard of again
}

// A message that another direction's answer has ended is shown whole.
static void show_answered(struct mqtt_run *r)
{
	for (struct app_tx *tx = app_tx_first(r->session); tx; tx = tx->next)
		if (tx_of(tx)->answered && tx->dirs >> r->dir & 1)
			tx->progress[r->dir] = MQTT_DONE;
}

static bool is_open(const struct app_tx *tx)
{
	uint8_t dir = tx->dirs >> DIR_TO_CLIENT & 1;

	return !tx->stopped && tx->progress[dir] < MQTT_DONE && !((const struct mqtt_tx *)(const void *)tx)->answered;
}

// The oldest that waits gives way where there are too many.
static void make_room(struct mqtt_run *r)
{
	struct app_tx *oldest = NULL;
	uint32_t open = 0;

	for (struct app_tx *tx = app_tx_first(r->session); tx; tx = tx->next)
		if (!tx->stopped) {
			oldest = oldest ? oldest : tx;
			open++;
		}
	if (open < MQTT_OPEN_MAX)
		return;
	note(r, tx_of(oldest), MQTT_E_TOO_MANY);
	oldest->stopped = true;
}

static struct mqtt_tx *begin(struct mqtt_run *r)
{
	make_room(r);
	struct mqtt_tx *tx = tx_of(app_tx_new(r->run, r->session));
	if (!tx)
		return NULL;
	tx->tx.dirs = (uint8_t)(1u << r->dir);
	tx->tx.progress[r->dir] = MQTT_BEGUN;
	tx->version = r->state->version;
	return tx;
}

// The transaction that began with such a message, id and direction (id only where the message has one).
static struct mqtt_tx *begun_with(struct mqtt_run *r, uint8_t type, const struct mqtt_message *m, uint8_t dir)
{
	for (struct app_tx *tx = app_tx_first(r->session); tx; tx = tx->next) {
		struct mqtt_tx *t = tx_of(tx);
		if (is_open(tx) && t->msg[0].type == type && tx->dirs >> dir & 1 && t->msg[0].id == m->id &&
			t->count < MQTT_ANSWERS_MAX)
			return t;
	}
	return NULL;
}

// What a message answers: the type it wants, and the event when there is none. MQTT_UNASSIGNED: nothing.
static enum mqtt_type answers(uint8_t type, enum mqtt_event *missing)
{
	static const struct {
		uint8_t to, missing;
	} rows[] = {[MQTT_CONNACK] = {MQTT_CONNECT, MQTT_E_MISSING_CONNECT},
		[MQTT_PUBACK] = {MQTT_PUBLISH, MQTT_E_MISSING_PUBLISH},
		[MQTT_PUBREC] = {MQTT_PUBLISH, MQTT_E_MISSING_PUBLISH},
		[MQTT_PUBREL] = {MQTT_PUBLISH, MQTT_E_MISSING_PUBLISH},
		[MQTT_PUBCOMP] = {MQTT_PUBLISH, MQTT_E_MISSING_PUBLISH},
		[MQTT_SUBACK] = {MQTT_SUBSCRIBE, MQTT_E_MISSING_SUBSCRIBE},
		[MQTT_UNSUBACK] = {MQTT_UNSUBSCRIBE, MQTT_E_MISSING_UNSUBSCRIBE}};

	if (type >= sizeof(rows) / sizeof(*rows))
		return MQTT_UNASSIGNED;
	*missing = (enum mqtt_event)rows[type].missing;
	return (enum mqtt_type)rows[type].to;
}

// Whether a transaction waits for more after its first message.
static bool waits(const struct mqtt_message *m)
{
	return m->type == MQTT_CONNECT || m->type == MQTT_SUBSCRIBE || m->type == MQTT_UNSUBSCRIBE ||
	       (m->type == MQTT_PUBLISH && (mqtt_qos(m) == 1 || mqtt_qos(m) == 2));
}

static bool ends(const struct mqtt_message *m)
{
	return m->type != MQTT_PUBREC && m->type != MQTT_PUBREL;
}

static void note_first(struct mqtt_run *r, struct mqtt_tx *tx, const struct mqtt_message *m)
{
	enum mqtt_event missing;

	if (m->type == MQTT_UNASSIGNED)
		note(r, tx, MQTT_E_UNASSIGNED);
	else if (answers(m->type, &missing) != MQTT_UNASSIGNED)
		note(r, tx, missing);
	else if (m->type == MQTT_CONNECT && r->state->version)
		note(r, tx, MQTT_E_DOUBLE_CONNECT);
	else if (m->type != MQTT_CONNECT && !r->state->version)
		note(r, tx, MQTT_E_UNINTRODUCED);
	if (mqtt_qos(m) == 3)
		note(r, tx, MQTT_E_INVALID_QOS);
}

// The transaction of a message, made where it begins one.
static struct mqtt_tx *belong(struct mqtt_run *r, const struct mqtt_message *m)
{
	enum mqtt_event missing;
	enum mqtt_type to = answers(m->type, &missing);
	uint8_t from = m->type == MQTT_PUBREL ? r->dir : !r->dir; // who has asked
	struct mqtt_tx *tx = to != MQTT_UNASSIGNED ? begun_with(r, (uint8_t)to, m, from) : NULL;

	if (tx)
		return tx;
	tx = begin(r);
	if (tx)
		note_first(r, tx, m);
	return tx;
}

// False: nothing behind can be read.
static bool take_message(struct mqtt_run *r, struct mqtt_message *m)
{
	bool good = mqtt_read(m, r->state->version);
	struct mqtt_tx *tx;

	if (!good && !m->truncated) {
		m->type = MQTT_UNASSIGNED;
		m->malformed = true;
		tx = begin(r);
	} else {
		tx = belong(r, m);
	}
	if (!tx) {
		app_text_free(r->run, &m->body);
		return false;
	}
	if (m->malformed)
		note(r, tx, MQTT_E_MALFORMED);
	else if (m->type == MQTT_CONNECT && !r->state->version)
		tx->version = r->state->version = m->version;
	bool first = tx->count == 0;
	tx->msg[tx->count++] = *m;
	if (first ? !waits(m) || (m->type == MQTT_CONNECT && tx->tx.event_count) : ends(m))
		done(tx, r->dir);
	return !m->malformed;
}

// Suricata 7.0.10 places the header and data of every packet at the first one that came with it, and rules are written
// and tuned there.
static void tell_frames(
	struct mqtt_run *r, const struct app_input *in, const uint8_t *at, uint32_t header, uint32_t data)
{
	app_frame(r->run, r->session, in, FRAME_PDU, at, header + data);
	app_frame(r->run, r->session, in, FRAME_HEADER, in->data, header);
	app_frame(r->run, r->session, in, FRAME_DATA, in->data + header, data);
}

// The packet at the front. Returns 0: it is not whole, -1: what is behind cannot be read.
static int next_packet(struct mqtt_run *r, const struct app_input *in, struct cursor *c)
{
	struct mqtt_message m = {0};
	uint32_t left = (uint32_t)cursor_left(c), len;
	int n = left < 2 ? 0 : mqtt_varint(c->at + 1, left - 1, &len);

	if (n == 0)
		return 0;
	if (n < 0) {
		struct mqtt_tx *tx = begin(r);
		if (tx) {
			note(r, tx, MQTT_E_MALFORMED);
			done(tx, r->dir);
		}
		return -1;
	}
	uint32_t want = len < MQTT_MESSAGE_MAX ? len : MQTT_MESSAGE_MAX;
	if (left < 1 + (uint32_t)n + want)
		return 0;
	tell_frames(r, in, c->at, 1 + (uint32_t)n, len);
	m.type = c->at[0] >> 4;
	m.flags = c->at[0] & 15;
	m.truncated = want < len;
	cursor_skip(c, 1 + (size_t)n);
	if (want && !app_text_add(r->run, &m.body, c->at, want, MQTT_MESSAGE_MAX)) {
		app_text_free(r->run, &m.body);
		return -1;
	}
	cursor_skip(c, want);
	r->state->skip[r->dir] = len - want;
	show_answered(r);
	return take_message(r, &m) ? 1 : -1;
}

static enum parse_answer parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	struct mqtt_run r = {.run = run, .session = s, .state = state, .dir = in->dir};
	struct cursor c = cursor_of(in->data, in->len);
	uint64_t *skip = &r.state->skip[in->dir];
	int rc = 1;

	if (in->gap > *skip)
		return PARSE_STOP; // where the next packet begins is not known
	*skip -= in->gap;
	while (rc > 0) {
		size_t n = *skip < cursor_left(&c) ? *skip : cursor_left(&c);
		cursor_skip(&c, n);
		*skip -= n;
		rc = next_packet(&r, in, &c);
	}
	in->used = (uint32_t)(c.at - in->data);
	return rc < 0 ? PARSE_STOP : PARSE_OK;
}

static void free_tx(struct app_run *run, struct app_tx *tx)
{
	for (uint8_t i = 0; i < tx_of(tx)->count; i++)
		app_text_free(run, &tx_of(tx)->msg[i].body);
}

static enum probe_answer probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	uint32_t n;

	if (!(data[0] >> 4))
		return PROBE_NO; // packet type 0 is reserved
	int size = mqtt_varint(data + 1, len - 1, &n);
	return size == 0 ? PROBE_MORE : size > 0 ? PROBE_YES : PROBE_NO;
}

// In the order of enum mqtt_event.
static const char *const events[] = {"missing_connect", "missing_publish", "missing_subscribe", "missing_unsubscribe",
	"double_connect", "unintroduced_message", "invalid_qos_level", "missing_msg_id", "unassigned_msg_type",
	"too_many_transactions", "malformed_traffic", NULL};

static const char *const frames[] = {"pdu", "header", "data", NULL};

const struct parser parser_mqtt = {
	.name = "mqtt",
	.proto = APP_MQTT,
	.over = OVER_TCP,
	.tcp_ports = "1883",
	.probe = probe,
	.state_size = sizeof(struct mqtt_state),
	.tx_size = sizeof(struct mqtt_tx),
	.complete = {MQTT_DONE, MQTT_DONE},
	.parse = parse,
	.free_tx = free_tx,
	.buffers = mqtt_buffers,
	.fields = mqtt_fields,
	.events = events,
	.frames = frames,
	.log = mqtt_log,
	.log_as_sent = true,
};
