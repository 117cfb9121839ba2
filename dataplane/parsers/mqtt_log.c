// What rules read of MQTT's transactions, and EVE's mqtt record. See mqtt.h.
#include "dataplane/parsers/mqtt.h"

static const struct mqtt_tx *tx_of(const struct app_tx *tx)
{
	return (const struct mqtt_tx *)(const void *)tx;
}

// The transaction's message of this type; NULL: none, or it goes the other way.
static const struct mqtt_message *find(const struct app_tx *tx, uint8_t dir, enum mqtt_type type)
{
	const struct mqtt_tx *t = tx_of(tx);

	for (uint8_t i = 0; tx->dirs >> dir & 1 && i < t->count; i++)
		if (t->msg[i].type == type)
			return &t->msg[i];
	return NULL;
}

#define TEXT_GETTER(name, type, span)                                                                     \
	static bool get_##name(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out) \
	{                                                                                                 \
		const struct mqtt_message *m = find(tx, dir, type);                                       \
		if (nth || !m || !m->span.there)                                                          \
			return false;                                                                     \
		*out = mqtt_bytes(m, m->span);                                                            \
		return out->len > 0;                                                                      \
	}

TEXT_GETTER(client_id, MQTT_CONNECT, client_id)
TEXT_GETTER(username, MQTT_CONNECT, username)
TEXT_GETTER(password, MQTT_CONNECT, password)
TEXT_GETTER(will_topic, MQTT_CONNECT, will_topic)
TEXT_GETTER(will_message, MQTT_CONNECT, will_message)
TEXT_GETTER(topic, MQTT_PUBLISH, name)
TEXT_GETTER(message, MQTT_PUBLISH, payload)

static bool get_subscribed(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct mqtt_message *m = find(tx, dir, MQTT_SUBSCRIBE);

	return m && nth < MQTT_TOPICS_MAX && mqtt_topic(m, nth, out, NULL);
}

static bool get_unsubscribed(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct mqtt_message *m = find(tx, dir, MQTT_UNSUBSCRIBE);

	return m && nth < MQTT_TOPICS_MAX && mqtt_topic(m, nth, out, NULL);
}

#define CLIENT (1u << DIR_TO_SERVER)
#define SERVER (1u << DIR_TO_CLIENT)
// clang-format off
#define BEGUN {1, 1}

const struct parser_buffer mqtt_buffers[] = {
	{"mqtt.connect.clientid", CLIENT, BEGUN, get_client_id, false},
	{"mqtt.connect.username", CLIENT, BEGUN, get_username, false},
	{"mqtt.connect.password", CLIENT, BEGUN, get_password, false},
	{"mqtt.connect.willtopic", CLIENT, BEGUN, get_will_topic, false},
	{"mqtt.connect.willmessage", CLIENT, BEGUN, get_will_message, false},
	{"mqtt.publish.topic", CLIENT | SERVER, BEGUN, get_topic, false},
	{"mqtt.publish.message", CLIENT, BEGUN, get_message, false},
	{"mqtt.subscribe.topic", CLIENT | SERVER, BEGUN, get_subscribed, false},
	{"mqtt.unsubscribe.topic", CLIENT | SERVER, BEGUN, get_unsubscribed, false},
	{0},
};
// clang-format on

// The nth message that was read; NULL: there are not so many.
static const struct mqtt_message *message(const struct app_tx *tx, uint8_t dir, uint32_t nth)
{
	const struct mqtt_tx *t = tx_of(tx);

	return tx->dirs >> dir & 1 && nth < t->count && !t->msg[nth].malformed ? &t->msg[nth] : NULL;
}

static bool types(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	const struct mqtt_message *m = message(tx, dir, nth);

	*out = m ? m->type : 0;
	return m;
}

static bool flags(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	const struct mqtt_message *m = message(tx, dir, nth);

	*out = m ? m->flags : 0;
	return m;
}

static bool levels(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	const struct mqtt_message *m = message(tx, dir, nth);

	*out = m ? mqtt_qos(m) : 0;
	return m;
}

static bool version(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	*out = tx_of(tx)->version;
	return nth == 0 && tx->dirs >> dir & 1;
}

static bool connect_flags(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	const struct mqtt_message *m = find(tx, dir, MQTT_CONNECT);

	*out = m ? m->connect_flags : 0;
	return nth == 0 && m;
}

static bool session_present(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	const struct mqtt_message *m = find(tx, dir, MQTT_CONNACK);

	*out = m && m->session_present;
	return nth == 0 && m;
}

// How many reason codes a message lists behind its identifier.
static uint32_t listed(const struct mqtt_message *m)
{
	uint32_t n = m->payload.len < MQTT_TOPICS_MAX ? m->payload.len : MQTT_TOPICS_MAX;

	return m->type == MQTT_SUBACK || (m->type == MQTT_UNSUBACK && m->property_list) ? n : 0;
}

static bool codes(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	const struct mqtt_message *m;

	for (uint32_t i = 0; (m = message(tx, dir, i)); i++) {
		uint32_t n = m->has_code ? 1 : listed(m);
		if (nth < n) {
			*out = m->has_code ? m->code : m->body.at[m->payload.at + nth];
			return true;
		}
		nth -= n;
	}
	return false;
}

const struct parser_field mqtt_fields[] = {
	{"mqtt.type", CLIENT | SERVER, {1, 1}, types},
	{"mqtt.flags", CLIENT, {1, 1}, flags},
	{"mqtt.qos", CLIENT, {1, 1}, levels},
	{"mqtt.protocol_version", CLIENT, {1, 1}, version},
	{"mqtt.reason_code", CLIENT | SERVER, {1, 1}, codes},
	{"mqtt.connect.flags", CLIENT, {1, 1}, connect_flags},
	{"mqtt.connack.session_present", SERVER, {1, 1}, session_present},
	{0},
};

static void log_span(struct app_log *l, const char *name, const struct mqtt_message *m, struct mqtt_span s)
{
	if (s.there)
		log_text(l, name, mqtt_bytes(m, s));
}

enum kind { KIND_U8 = 1, KIND_U16 = 2, KIND_U32 = 4, KIND_VARINT, KIND_TEXT, KIND_PAIR };

// 5.0 section 2.2.2.2
static const struct {
	const char *name;
	uint8_t kind;
} properties[] = {[1] = {"payload_format_indicator", KIND_U8},
	[2] = {"message_expiry_interval", KIND_U32},
	[3] = {"content_type", KIND_TEXT},
	[8] = {"response_topic", KIND_TEXT},
	[9] = {"correlation_data", KIND_TEXT},
	[11] = {"subscription_identifier", KIND_VARINT},
	[17] = {"session_expiry_interval", KIND_U32},
	[18] = {"assigned_client_identifier", KIND_TEXT},
	[19] = {"server_keep_alive", KIND_U16},
	[21] = {"authentication_method", KIND_TEXT},
	[22] = {"authentication_data", KIND_TEXT},
	[23] = {"request_problem_information", KIND_U8},
	[24] = {"will_delay_interval", KIND_U32},
	[25] = {"request_response_information", KIND_U8},
	[26] = {"response_information", KIND_TEXT},
	[28] = {"server_reference", KIND_TEXT},
	[31] = {"reason_string", KIND_TEXT},
	[33] = {"receive_maximum", KIND_U16},
	[34] = {"topic_alias_maximum", KIND_U16},
	[35] = {"topic_alias", KIND_U16},
	[36] = {"maximum_qos", KIND_U8},
	[37] = {"retain_available", KIND_U8},
	[38] = {NULL, KIND_PAIR},
	[39] = {"maximum_packet_size", KIND_U32},
	[40] = {"wildcard_subscription_available", KIND_U8},
	[41] = {"subscription_identifiers_available", KIND_U8},
	[42] = {"shared_subscription_available", KIND_U8}};

static bool take_text(struct cursor *c, struct app_bytes *out)
{
	uint16_t len;

	if (!cursor_be16(c, &len) || cursor_left(c) < len)
		return false;
	*out = (struct app_bytes){cursor_take(c, len), len};
	return true;
}

// The value of a property, written down: of user properties or of all others. False: it is none.
static bool log_property(struct app_log *l, const char *name, uint8_t kind, bool users, struct cursor *c)
{
	struct app_bytes text, value;
	bool told = users == (kind == KIND_PAIR);
	uint32_t number = 0;
	int n = kind;

	switch ((enum kind)kind) {
	case KIND_U8:
	case KIND_U16:
	case KIND_U32:
		for (const uint8_t *at = cursor_peek(c, kind); at && n; n--)
			number = number << 8 | *at++;
		if (told)
			log_uint(l, name, number);
		return cursor_skip(c, kind);
	case KIND_VARINT:
		n = mqtt_varint(c->at, (uint32_t)cursor_left(c), &number);
		if (told)
			log_uint(l, name, number);
		return n > 0 && cursor_skip(c, (size_t)n);
	case KIND_TEXT:
		if (!take_text(c, &text))
			return false;
		if (told)
			log_text(l, name, text);
		return true;
	default:
		if (!take_text(c, &text) || !take_text(c, &value))
			return false;
		if (told) {
			log_object(l, NULL);
			log_text(l, "name", text);
			log_text(l, "value", value);
			log_close(l);
		}
		return true;
	}
}

// True: there are user properties.
static bool walk_properties(struct app_log *l, const struct mqtt_message *m, struct mqtt_span list, bool users)
{
	struct cursor c = cursor_of(m->body.at + list.at, list.len);
	bool found = false;
	uint8_t id;

	while (cursor_u8(&c, &id) && id < sizeof(properties) / sizeof(*properties) && properties[id].kind) {
		found |= properties[id].kind == KIND_PAIR;
		if (!log_property(l, properties[id].name, properties[id].kind, users, &c))
			break;
	}
	return found;
}

static void log_properties(struct app_log *l, const struct mqtt_message *m, struct mqtt_span list)
{
	if (!list.there || !list.len)
		return;
	log_object(l, "properties");
	if (walk_properties(l, m, list, false)) {
		log_list(l, "user_properties"); // Suricata makes each a member of its own
		walk_properties(l, m, list, true);
		log_close(l);
	}
	log_close(l);
}

static void log_connect(struct app_log *l, const struct mqtt_message *m)
{
	log_span(l, "protocol_string", m, m->name);
	log_uint(l, "protocol_version", m->version);
	log_span(l, "client_id", m, m->client_id);
	log_object(l, "flags");
	log_bool(l, "username", m->connect_flags & MQTT_USERNAME);
	log_bool(l, "password", m->connect_flags & MQTT_PASSWORD);
	log_bool(l, "will_retain", m->connect_flags & MQTT_WILL_RETAIN);
	log_bool(l, "will", m->connect_flags & MQTT_WILL);
	log_bool(l, "clean_session", m->connect_flags & MQTT_CLEAN);
	log_close(l);
	if (m->will_topic.there) {
		log_object(l, "will");
		log_span(l, "topic", m, m->will_topic);
		log_span(l, "message", m, m->will_message);
		log_properties(l, m, m->will_properties);
		log_close(l);
	}
	log_span(l, "username", m, m->username);
	log_span(l, "password", m, m->password);
}

static void log_topics(struct app_log *l, const struct mqtt_message *m)
{
	struct app_bytes topic;
	uint8_t options;

	log_list(l, "topics");
	for (uint32_t i = 0; i < MQTT_TOPICS_MAX && mqtt_topic(m, i, &topic, &options); i++) {
		if (m->type == MQTT_UNSUBSCRIBE) {
			log_text(l, NULL, topic);
			continue;
		}
		log_object(l, NULL);
		log_text(l, "topic", topic);
		log_uint(l, "qos", options);
		log_close(l);
	}
	log_close(l);
}

static void log_codes(struct app_log *l, const struct mqtt_message *m)
{
	if (m->type == MQTT_CONNACK)
		log_bool(l, "session_present", m->session_present);
	if (m->has_code)
		log_uint(l, m->type == MQTT_CONNACK ? "return_code" : "reason_code", m->code);
	if (!listed(m))
		return;
	log_list(l, m->type == MQTT_SUBACK ? "qos_granted" : "reason_codes");
	for (uint32_t i = 0; i < listed(m); i++)
		log_uint(l, NULL, m->body.at[m->payload.at + i]);
	log_close(l);
}

static void log_message(struct app_log *l, const struct mqtt_message *m)
{
	static const char *const names[] = {NULL, "connect", "connack", "publish", "puback", "pubrec", "pubrel",
		"pubcomp", "subscribe", "suback", "unsubscribe", "unsuback", "pingreq", "pingresp", "disconnect",
		"auth"};

	if (!names[m->type])
		return;
	log_object(l, names[m->type]);
	log_uint(l, "qos", mqtt_qos(m));
	log_bool(l, "retain", m->flags & 1);
	log_bool(l, "dup", m->flags & 8);
	if (m->type == MQTT_CONNECT)
		log_connect(l, m);
	if (m->type == MQTT_PUBLISH)
		log_span(l, "topic", m, m->name);
	if (m->has_id)
		log_uint(l, "message_id", m->id);
	if (m->type == MQTT_PUBLISH)
		log_span(l, "message", m, m->payload);
	if (m->type == MQTT_SUBSCRIBE || m->type == MQTT_UNSUBSCRIBE)
		log_topics(l, m);
	log_codes(l, m);
	log_properties(l, m, m->properties);
	log_close(l);
}

bool mqtt_log(const struct app_tx *tx, struct app_log *l)
{
	for (uint8_t i = 0; i < tx_of(tx)->count; i++)
		log_message(l, &tx_of(tx)->msg[i]);
	return true;
}
