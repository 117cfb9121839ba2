// MQTT 3.1, 3.1.1 and 5.0 (OASIS): what a flow and a transaction hold. A transaction is a message and what it is
// answered with, up to the last of a PUBLISH's four. Private to mqtt*.c: mqtt.c has the packets, mqtt_message.c reads
// one, mqtt_log.c has what rules and EVE are told.
#pragma once

#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"

// Control packet types, 5.0 section 2.1.2.
enum mqtt_type {
	MQTT_UNASSIGNED,
	MQTT_CONNECT,
	MQTT_CONNACK,
	MQTT_PUBLISH,
	MQTT_PUBACK,
	MQTT_PUBREC,
	MQTT_PUBREL,
	MQTT_PUBCOMP,
	MQTT_SUBSCRIBE,
	MQTT_SUBACK,
	MQTT_UNSUBSCRIBE,
	MQTT_UNSUBACK,
	MQTT_PINGREQ,
	MQTT_PINGRESP,
	MQTT_DISCONNECT,
	MQTT_AUTH,
};

// Of a CONNECT, 5.0 section 3.1.2.3.
enum mqtt_connect_flag {
	MQTT_CLEAN = 1u << 1,
	MQTT_WILL = 1u << 2,
	MQTT_WILL_RETAIN = 1u << 5,
	MQTT_PASSWORD = 1u << 6,
	MQTT_USERNAME = 1u << 7
};

#define MQTT_MESSAGE_MAX 65536u // bytes of a packet that are kept; what is behind is passed over
#define MQTT_ANSWERS_MAX 4u     // messages of a transaction
#define MQTT_TOPICS_MAX 64u     // topics and codes of a message that are looked at
#define MQTT_OPEN_MAX 64u       // transactions that wait for an answer; the oldest gives way

// Suricata's app-layer-event:mqtt.* names, in the order of parser->events.
enum mqtt_event {
	MQTT_E_MISSING_CONNECT,
	MQTT_E_MISSING_PUBLISH,
	MQTT_E_MISSING_SUBSCRIBE,
	MQTT_E_MISSING_UNSUBSCRIBE,
	MQTT_E_DOUBLE_CONNECT,
	MQTT_E_UNINTRODUCED,
	MQTT_E_INVALID_QOS,
	MQTT_E_MISSING_MSG_ID,
	MQTT_E_UNASSIGNED,
	MQTT_E_TOO_MANY,
	MQTT_E_MALFORMED,
};

// A part of a message's body; at 0 with len 0 behind `there` false: it has none.
struct mqtt_span {
	uint32_t at, len;
	bool there;
};

struct mqtt_message {
	struct app_text body; // variable header and payload
	uint8_t type;         // enum mqtt_type
	uint8_t flags;        // of the fixed header: retain 1, qos 2 bits, dup 8
	bool truncated, malformed;
	bool has_id, has_code;
	uint16_t id;
	uint8_t code;                   // return or reason
	uint8_t version, connect_flags; // of a CONNECT
	bool session_present;           // of a CONNACK
	bool property_list;             // it has a place for them (version 5)
	struct mqtt_span name;          // CONNECT: the protocol's; PUBLISH: the topic
	struct mqtt_span client_id, will_topic, will_message, username, password;
	struct mqtt_span properties, will_properties;
	struct mqtt_span payload; // of a PUBLISH; topics, reason codes
};

struct mqtt_tx {
	struct app_tx tx;
	struct mqtt_message msg[MQTT_ANSWERS_MAX];
	uint8_t count;
	uint8_t version; // of the connection, 0: no CONNECT was seen
	bool answered;   // the last answer has come; it waits for the other side to be shown whole
};

static inline uint8_t mqtt_qos(const struct mqtt_message *m)
{
	return m->flags >> 1 & 3;
}

static inline struct app_bytes mqtt_bytes(const struct mqtt_message *m, struct mqtt_span s)
{
	return s.there ? (struct app_bytes){m->body.at + s.at, s.len} : (struct app_bytes){NULL, 0};
}

// Reads m->body by its type; version: of the connection. False: it is malformed.
bool mqtt_read(struct mqtt_message *m, uint8_t version);
// A number of 7 bits a byte, at most four bytes (1.5.5). Returns the bytes it has, 0: more are needed, -1: it is none.
int mqtt_varint(const uint8_t *at, uint32_t len, uint32_t *out);
// The nth topic of a SUBSCRIBE (with its options) or UNSUBSCRIBE.
bool mqtt_topic(const struct mqtt_message *m, uint32_t nth, struct app_bytes *topic, uint8_t *options);

extern const struct parser_buffer mqtt_buffers[];
extern const struct parser_field mqtt_fields[];
bool mqtt_log(const struct app_tx *tx, struct app_log *l);
