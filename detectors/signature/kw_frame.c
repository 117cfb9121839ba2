// frame: the bytes of what a protocol's own framing puts together, as its parser tells of it (app_frame).
#include <errno.h>
#include <string.h>

#include "detectors/signature/app_names.h"
#include "detectors/signature/rule_parse.h"

// What Suricata 7.0.10 knows and no parser here tells of yet.
static const char *const known[] = {"nfs.rpc.pdu", "nfs.rpc.hdr", "nfs.rpc.data", "nfs.rpc.creds", "nfs.nfs.pdu",
	"nfs.nfs.status", "nfs.nfs4.pdu", "nfs.nfs4.hdr", "nfs.nfs4.ops", "nfs.nfs4.status", "telnet.pdu", "telnet.ctl",
	"telnet.data"};

static bool is_known(const char *whole)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(known[i], whole))
			return true;
	return false;
}

// The protocol in front of the first dot, else the rule's; *name: what stands behind it. NULL: there is none.
static const char *protocol_of(struct rule_parser *ps, char *arg, const char **name)
{
	char *dot = strchr(arg, '.');
	*name = arg;
	for (size_t i = 0; dot && i < app_name_count(); i++) {
		const char *app = app_name_at(i);
		if (strlen(app) == (size_t)(dot - arg) && !strncmp(app, arg, (size_t)(dot - arg))) {
			*name = dot + 1;
			return app;
		}
	}
	return ps->rule->app;
}

// The type of a frame of one of these protocols that goes over what the rule asks for; -1: there is none.
static int type_of(const struct rule_parser *ps, const char *app, const char *name)
{
	uint8_t over = ps->rule->proto == PROTO_TCP ? OVER_TCP : ps->rule->proto == PROTO_UDP ? OVER_UDP : OVER_BOTH;
	for (const struct parser *const *p = ps->rs->parsers; *p; p++) {
		if (!(app_name_set(app) >> (*p)->proto & 1) || !((*p)->over & over))
			continue;
		if (!strcmp(name, "stream") && (*p)->over & over & OVER_TCP)
			return FRAME_STREAM;
		for (int i = 0; !strcmp(app, app_proto_name((*p)->proto)) && (*p)->frames && (*p)->frames[i]; i++)
			if (!strcmp((*p)->frames[i], name))
				return i;
	}
	return -1;
}

static struct buffer_test *frame_select(struct rule_parser *ps, uint64_t protos, uint8_t type, char *name)
{
	struct buffer_test **at = &ps->rule->buffers;
	for (; *at; at = &(*at)->next)
		if ((*at)->id == BUF_FRAME && (*at)->frame.protos == protos && (*at)->frame.type == type &&
			!(*at)->transforms)
			return *at;
	*at = rule_alloc(ps, sizeof(**at));
	if (*at) {
		(*at)->id = BUF_FRAME;
		(*at)->name = name;
		(*at)->frame.protos = protos;
		(*at)->frame.type = type;
	}
	return *at;
}

static int parse_frame(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	char whole[128];
	const char *name, *app = protocol_of(ps, arg, &name);
	enum rule_proto proto = (enum rule_proto)ps->rule->proto;
	if (proto != PROTO_APP && proto != PROTO_TCP && proto != PROTO_UDP && proto != PROTO_IP)
		return parse_fail(ps, "expected it in a rule for TCP, UDP or a protocol over them");
	if (!app)
		return parse_fail(ps, "expected %s in a rule that names no protocol, found \"%.60s\"", kw->syntax, arg);
	if (ps->rule->apps && !(app_name_set(app) & ps->rule->apps))
		return parse_fail(
			ps, "expected a frame of %s, the rule's protocol, found \"%.60s\"", ps->rule->app, arg);
	int type = type_of(ps, app, name);
	snprintf(whole, sizeof(whole), "%s.%s", app, name);
	if (type < 0 && !is_known(whole))
		return parse_fail(ps, "expected a frame of %s, found \"%.60s\"", app, name);
	if (buffer_leave(ps))
		return -EINVAL;
	char *copy = rule_strdup(ps, whole);
	if (type < 0 && copy)
		rule_wait_for(ps, copy);
	ps->buffer = copy ? frame_select(ps, app_name_set(app), (uint8_t)type, copy) : NULL;
	ps->buffer_empty = !ps->buffer || !ps->buffer->steps;
	ps->buffer_named = true;
	ps->rule->flags |= RULE_F_FRAME;
	return ps->buffer ? 0 : -ENOMEM;
}

int frame_check(struct rule_parser *ps)
{
	const struct rule *r = ps->rule;
	if (!(r->flags & RULE_F_FRAME))
		return 0;
	if (r->flags & RULE_F_TX)
		return parse_fail(ps, "expected no buffer, field or event of a protocol beside a frame");
	if (r->flags & (RULE_F_NEED_PACKET | RULE_F_DSIZE))
		return parse_fail(ps, "expected no test of packets beside a frame");
	for (const struct buffer_test *b = r->buffers; b; b = b->next)
		if (b->id == BUF_PAYLOAD)
			return parse_fail(ps, "expected no test of the payload beside a frame");
	return 0;
}

const struct keyword kw_frame_table[] = {
	{"frame", NULL, ARG_REQUIRED, parse_frame, 0, "[protocol.]frame",
		"frame:smb.nbss.hdr; content:\"|00|\"; startswith;",
		"What a protocol's own framing puts together (a PDU, its header), or a direction's stream, as sticky "
		"buffer.",
		"same; alerts show no frame, and of a long frame other pieces"},
	{0},
};
