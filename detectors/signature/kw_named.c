// Numbers of protocols that have names: types of HTTP/2 frames, flags of MQTT, results of RFB. Next: app_names.h.
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "detectors/signature/match_runtime.h"
#include "detectors/signature/rule_parse.h"

static struct step *add_step(struct rule_parser *ps, const struct keyword *kw, enum step_kind kind)
{
	struct step *s = step_add_to(ps, buffer_app_new(ps, kw->name), kind);
	ps->rule->flags |= RULE_F_TX;
	return s;
}

static int add_range(struct rule_parser *ps, const struct keyword *kw, struct range r)
{
	struct step *s = add_step(ps, kw, STEP_NUMBER);
	if (!s)
		return -ENOMEM;
	s->range = r;
	return 0;
}

// A name of the list, whose index is the number, or the number.
static int parse_named(
	struct rule_parser *ps, const struct keyword *kw, char *arg, const char *const *names, uint32_t n)
{
	uint64_t v = 0;
	arg = lex_trim(arg);
	while (v < n && strcasecmp(names[v], arg))
		v++;
	if (v == n && (!lex_bytes(arg, &v) || v > kw->data))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	return add_range(ps, kw, (struct range){.op = RANGE_EQ, .lo = v});
}

// RFC 9113 6, in Suricata's spelling.
static int parse_frametype(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const char *const names[] = {"DATA", "HEADERS", "PRIORITY", "RSTSTREAM", "SETTINGS", "PUSHPROMISE",
		"PING", "GOAWAY", "WINDOWUPDATE", "CONTINUATION"};
	return parse_named(ps, kw, arg, names, sizeof(names) / sizeof(*names));
}

// RFC 9113 7
static int parse_errorcode(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const char *const names[] = {"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR",
		"SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL",
		"COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"};
	return parse_named(ps, kw, arg, names, sizeof(names) / sizeof(*names));
}

static int parse_range(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct range r;
	if (!lex_range(arg, kw->data ? kw->data : UINT64_MAX, &r))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	return add_range(ps, kw, r);
}

struct setting_args {
	uint32_t id;
	bool ranged;
	struct range range;
};

// The number of the parser's field: identifier and value, of 32 bits each.
static bool setting_holds(const struct match_ctx *m, const void *args)
{
	const struct setting_args *a = args;
	return m->number >> 32 == a->id && (!a->ranged || range_has(&a->range, (uint32_t)m->number));
}

// RFC 9113 6.5.2
static int parse_settings(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const char *const names[] = {"SETTINGS_HEADER_TABLE_SIZE", "SETTINGS_ENABLE_PUSH",
		"SETTINGS_MAX_CONCURRENT_STREAMS", "SETTINGS_INITIAL_WINDOW_SIZE", "SETTINGS_MAX_FRAME_SIZE",
		"SETTINGS_MAX_HEADER_LIST_SIZE"};
	const uint32_t n = sizeof(names) / sizeof(*names);
	struct setting_args *a = rule_alloc(ps, sizeof(*a));
	size_t len = 0;
	if (!a)
		return -ENOMEM;
	arg = lex_trim(arg);
	for (; a->id < n; a->id++) {
		len = strlen(names[a->id]);
		if (!strncasecmp(names[a->id], arg, len))
			break;
	}
	char *value = a->id < n ? lex_trim(arg + len) : arg;
	a->ranged = *value && strcmp(value, "=") != 0;
	if (a->id++ == n || (a->ranged && !lex_range(value, UINT32_MAX, &a->range)))
		return parse_fail(ps, "expected %s, found \"%.60s\"", kw->syntax, arg);
	struct step *s = add_step(ps, kw, STEP_CHECK);
	if (!s)
		return -ENOMEM;
	s->check = (struct check_args){setting_holds, a};
	return 0;
}

// Control packets of MQTT, 5.0 section 2.1.2.
static int parse_mqtt_type(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const char *const names[] = {"", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL",
		"PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT",
		"AUTH"};
	return parse_named(ps, kw, arg, names, sizeof(names) / sizeof(*names));
}

static int parse_yes(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const char *const names[] = {"no", "yes", "false", "true"};
	uint32_t i = 0;
	while (i < 4 && strcmp(names[i], arg))
		i++;
	if (i == 4)
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	return add_range(ps, kw, (struct range){.op = RANGE_EQ, .lo = i & 1});
}

struct flag_args {
	uint32_t named, set; // bits of the parser's field
};

static bool flags_hold(const struct match_ctx *m, const void *args)
{
	const struct flag_args *a = args;
	return (m->number & a->named) == a->set;
}

struct flag_name {
	const char *name;
	uint8_t bit;
};

// "dup,!retain": each as it says.
static int parse_flags(struct rule_parser *ps, const struct keyword *kw, char *arg, const struct flag_name *names)
{
	struct flag_args *a = rule_alloc(ps, sizeof(*a));
	char *field;
	if (!a)
		return -ENOMEM;
	while ((field = lex_field(&arg, ','))) {
		char *word = lex_trim(field);
		bool negated = *word == '!';
		const struct flag_name *n = names;
		while (n->name && strcmp(n->name, word + negated))
			n++;
		if (!n->name || a->named & n->bit)
			return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, word);
		a->named |= n->bit;
		a->set |= negated ? 0 : n->bit;
	}
	struct step *s = add_step(ps, kw, STEP_CHECK);
	if (!s)
		return -ENOMEM;
	s->check = (struct check_args){flags_hold, a};
	return 0;
}

static int parse_mqtt_flags(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const struct flag_name names[] = {{"retain", 1}, {"dup", 8}, {0}};
	return parse_flags(ps, kw, arg, names);
}

static int parse_connect_flags(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const struct flag_name names[] = {
		{"clean_session", 2}, {"will", 4}, {"will_retain", 32}, {"password", 64}, {"username", 128}, {0}};
	return parse_flags(ps, kw, arg, names);
}

// A number in digits, of at most kw->data.
static int parse_plain(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	uint32_t v;
	if (!lex_u32(lex_trim(arg), 0, (uint32_t)kw->data, &v))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	return add_range(ps, kw, (struct range){.op = RANGE_EQ, .lo = v});
}

// RFC 6143 7.1.3, and Suricata's word for anything else.
static int parse_secresult(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const char *const names[] = {"ok", "fail", "toomany", "unknown"};
	uint32_t i = 0;
	while (i < 4 && strcasecmp(names[i], arg))
		i++;
	if (i == 4)
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	return add_range(ps, kw, (struct range){.op = RANGE_EQ, .lo = i});
}

struct attribute_args {
	uint64_t both; // type and value, of 32 bits each, as the parser's field has them
};

static bool attribute_is(const struct match_ctx *m, const void *args)
{
	return m->number == ((const struct attribute_args *)args)->both;
}

// Attributes of IKEv1, RFC 2409 appendix A.
static int parse_attribute(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const struct {
		const char *name;
		uint16_t type;
	} names[] = {{"alg_enc", 1}, {"alg_hash", 2}, {"alg_auth", 3}, {"alg_dh", 4}, {"alg_prf", 13},
		{"sa_group_type", 5}, {"sa_life_type", 11}, {"sa_life_duration", 12}, {"sa_key_length", 14},
		{"sa_field_size", 15}};
	struct attribute_args *a = rule_alloc(ps, sizeof(*a));
	char *name = lex_field(&arg, '=');
	uint32_t value;
	if (!a)
		return -ENOMEM;
	for (size_t i = 0; name && i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i].name, lex_trim(name)) && arg && lex_u32(lex_trim(arg), 0, UINT32_MAX, &value)) {
			a->both = (uint64_t)names[i].type << 32 | value;
			struct step *s = add_step(ps, kw, STEP_CHECK);
			if (!s)
				return -ENOMEM;
			s->check = (struct check_args){attribute_is, a};
			return 0;
		}
	return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, name ? name : "");
}

#define SAME "same"
#define NUMBER "[!]n | <n | >n | a-b"

const struct keyword kw_named_table[] = {
	{"http2.frametype", NULL, ARG_REQUIRED, parse_frametype, 255, "n | name", "http2.frametype:GOAWAY;",
		"The type of a frame of HTTP/2.", SAME},
	{"http2.errorcode", NULL, ARG_REQUIRED, parse_errorcode, UINT32_MAX, "n | name", "http2.errorcode:CANCEL;",
		"The error a stream or a connection of HTTP/2 ends with.",
		"same; of a GOAWAY the first four bytes are tested, as in Suricata"},
	{"http2.priority", NULL, ARG_REQUIRED, parse_range, 255, NUMBER, "http2.priority:>100;",
		"The weight of a stream of HTTP/2.", SAME},
	{"http2.window", NULL, ARG_REQUIRED, parse_range, UINT32_MAX, NUMBER, "http2.window:<5;",
		"By how much a window of HTTP/2 grows.", "same; the latest four of a stream"},
	{"http2.size_update", NULL, ARG_REQUIRED, parse_range, 0, NUMBER, "http2.size_update:>4096;",
		"A new size of HTTP/2's table of fields.", SAME},
	{"http2.settings", NULL, ARG_REQUIRED, parse_settings, 0, "name [=n | <n | >n | a-b]",
		"http2.settings:SETTINGS_ENABLE_PUSH=0;", "A setting of HTTP/2, and its value.", SAME},
	{"mqtt.type", NULL, ARG_REQUIRED, parse_mqtt_type, 0, "name", "mqtt.type:SUBSCRIBE;",
		"The type of a control packet of MQTT.", SAME},
	{"mqtt.flags", NULL, ARG_REQUIRED, parse_mqtt_flags, 0, "[!]dup|retain, ...", "mqtt.flags:retain,!dup;",
		"Flags of a control packet's header.", SAME},
	{"mqtt.qos", NULL, ARG_REQUIRED, parse_plain, 2, "0 | 1 | 2", "mqtt.qos:2;", "The quality of service of MQTT.",
		SAME},
	{"mqtt.protocol_version", NULL, ARG_REQUIRED, parse_range, 255, NUMBER, "mqtt.protocol_version:5;",
		"The version of MQTT that a client connects with.", SAME},
	{"mqtt.reason_code", "mqtt.connack.return_code", ARG_REQUIRED, parse_plain, 255, "n", "mqtt.reason_code:135;",
		"A return or reason code of MQTT.", SAME},
	{"mqtt.connect.flags", NULL, ARG_REQUIRED, parse_connect_flags, 0,
		"[!]username|password|will|will_retain|clean_session, ...", "mqtt.connect.flags:username,!password;",
		"Flags of a CONNECT of MQTT.", SAME},
	{"mqtt.connack.session_present", NULL, ARG_REQUIRED, parse_yes, 0, "yes | no",
		"mqtt.connack.session_present:yes;", "Whether the server of MQTT goes on with a session.", SAME},
	{"rfb.sectype", NULL, ARG_REQUIRED, parse_range, UINT32_MAX, NUMBER, "rfb.sectype:2;",
		"The kind of security a client of RFB takes.", SAME},
	{"rfb.secresult", NULL, ARG_REQUIRED, parse_secresult, 0, "ok | fail | toomany | unknown",
		"rfb.secresult:fail;", "What a server of RFB says of the client's security.", SAME},
	{"ike.exchtype", NULL, ARG_REQUIRED, parse_range, 255, NUMBER, "ike.exchtype:34;",
		"The exchange of an IKE message.", SAME},
	{"ike.chosen_sa_attribute", NULL, ARG_REQUIRED, parse_attribute, 0, "name=n",
		"ike.chosen_sa_attribute:alg_enc=5;", "An attribute that the responder of IKEv1 has chosen.", SAME},
	{"ike.key_exchange_payload_length", NULL, ARG_REQUIRED, parse_range, UINT32_MAX, NUMBER,
		"ike.key_exchange_payload_length:>132;", "Bytes of IKEv1's key exchange.", SAME},
	{"ike.nonce_payload_length", NULL, ARG_REQUIRED, parse_range, UINT32_MAX, NUMBER,
		"ike.nonce_payload_length:<16;", "Bytes of IKEv1's nonce.", SAME},
	{0},
};
