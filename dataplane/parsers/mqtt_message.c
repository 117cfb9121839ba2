// One message of MQTT: its variable header and payload, see mqtt.h. Next: mqtt_log.c.
#include "dataplane/parsers/mqtt.h"

int mqtt_varint(const uint8_t *at, uint32_t len, uint32_t *out)
{
	*out = 0;
	for (uint32_t i = 0; i < 4; i++) {
		if (i == len)
			return 0;
		*out |= (uint32_t)(at[i] & 0x7f) << 7 * i;
		if (!(at[i] & 0x80))
			return (int)i + 1;
	}
	return -1;
}

static struct mqtt_span span_of(const struct mqtt_message *m, const uint8_t *at, uint32_t len)
{
	return (struct mqtt_span){(uint32_t)(at - m->body.at), len, true};
}

// A string or binary data of 16 bits of length.
static bool take_text(const struct mqtt_message *m, struct cursor *c, struct mqtt_span *out)
{
	struct cursor text;
	uint16_t len;

	if (!cursor_be16(c, &len) || !cursor_sub(c, len, &text))
		return false;
	*out = span_of(m, text.at, len);
	return true;
}

static bool take_properties(const struct mqtt_message *m, struct cursor *c, struct mqtt_span *out)
{
	struct cursor list;
	uint32_t len;
	int n = mqtt_varint(c->at, (uint32_t)cursor_left(c), &len);

	if (n <= 0 || !cursor_skip(c, (size_t)n) || !cursor_sub(c, len, &list))
		return false;
	*out = span_of(m, list.at, len);
	return true;
}

static bool take_id(struct mqtt_message *m, struct cursor *c)
{
	m->has_id = cursor_be16(c, &m->id);
	return m->has_id;
}

static void take_rest(struct mqtt_message *m, struct cursor *c)
{
	m->payload = span_of(m, c->at, (uint32_t)cursor_left(c));
}

// 3.1
static bool read_connect(struct mqtt_message *m, struct cursor *c)
{
	if (!take_text(m, c, &m->name) || !cursor_u8(c, &m->version) || !cursor_u8(c, &m->connect_flags) ||
		!cursor_skip(c, 2))
		return false;
	if (m->version == 5 && !take_properties(m, c, &m->properties))
		return false;
	if (!take_text(m, c, &m->client_id))
		return false;
	if (m->connect_flags & MQTT_WILL) {
		if (m->version == 5 && !take_properties(m, c, &m->will_properties))
			return false;
		if (!take_text(m, c, &m->will_topic) || !take_text(m, c, &m->will_message))
			return false;
	}
	if (m->connect_flags & MQTT_USERNAME && !take_text(m, c, &m->username))
		return false;
	return !(m->connect_flags & MQTT_PASSWORD) || take_text(m, c, &m->password);
}

// 3.2
static bool read_connack(struct mqtt_message *m, struct cursor *c, bool v5)
{
	uint8_t flags;

	m->has_code = cursor_u8(c, &flags) && cursor_u8(c, &m->code);
	m->session_present = m->has_code && flags & 1;
	return m->has_code && (!v5 || take_properties(m, c, &m->properties));
}

// 3.3
static bool read_publish(struct mqtt_message *m, struct cursor *c, bool v5)
{
	if (!take_text(m, c, &m->name) || (mqtt_qos(m) && !take_id(m, c)) ||
		(v5 && !take_properties(m, c, &m->properties)))
		return false;
	take_rest(m, c);
	return true;
}

// A reason and properties that are left out when they say nothing: 3.4, 3.14, 3.15.
static bool read_reason(struct mqtt_message *m, struct cursor *c, bool v5)
{
	if (!v5)
		return true;
	m->has_code = cursor_u8(c, &m->code);
	if (!m->has_code && !m->has_id) // DISCONNECT, AUTH: 0
		m->has_code = true;
	return !cursor_left(c) || take_properties(m, c, &m->properties);
}

bool mqtt_read(struct mqtt_message *m, uint8_t version)
{
	struct cursor c = cursor_of(m->body.at, m->body.len);
	bool v5 = version == 5;

	m->property_list = v5;
	switch ((enum mqtt_type)m->type) {
	case MQTT_CONNECT:
		return read_connect(m, &c);
	case MQTT_CONNACK:
		return read_connack(m, &c, v5);
	case MQTT_PUBLISH:
		return read_publish(m, &c, v5);
	case MQTT_PUBACK:
	case MQTT_PUBREC:
	case MQTT_PUBREL:
	case MQTT_PUBCOMP:
		return take_id(m, &c) && read_reason(m, &c, v5);
	case MQTT_SUBSCRIBE:
	case MQTT_UNSUBSCRIBE:
	case MQTT_SUBACK:
	case MQTT_UNSUBACK:
		if (!take_id(m, &c) || (v5 && !take_properties(m, &c, &m->properties)))
			return false;
		take_rest(m, &c);
		return m->type == MQTT_SUBACK || m->type == MQTT_UNSUBACK || mqtt_topic(m, 0, NULL, NULL);
	case MQTT_DISCONNECT:
		return read_reason(m, &c, v5);
	case MQTT_AUTH:
		return read_reason(m, &c, true);
	default:
		return true;
	}
}

bool mqtt_topic(const struct mqtt_message *m, uint32_t nth, struct app_bytes *topic, uint8_t *options)
{
	struct cursor c = cursor_of(m->body.at + m->payload.at, m->payload.there ? m->payload.len : 0);
	struct mqtt_span span;
	uint8_t option = 0;

	do {
		if (!take_text(m, &c, &span) || (m->type == MQTT_SUBSCRIBE && !cursor_u8(&c, &option)))
			return false;
	} while (nth--);
	if (topic)
		*topic = mqtt_bytes(m, span);
	if (options)
		*options = option;
	return true;
}
