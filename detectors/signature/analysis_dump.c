// rules.json: what the engine made of each rule, one object a line, for people who write rules.
#include <ctype.h>
#include <string.h>

#include "detectors/signature/group.h"
#include "detectors/signature/rule_parse.h"

static void put_text(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 32 || c > 126)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void put_pattern(FILE *out, const uint8_t *b, uint32_t n)
{
	bool hex = false;
	fputc('"', out);
	for (uint32_t i = 0; i < n; i++) {
		bool plain = isprint(b[i]) && !strchr("\"\\|;:", b[i]);
		if (plain == hex)
			fputc('|', out);
		else if (hex)
			fputc(' ', out);
		hex = !plain;
		if (plain)
			fputc(b[i], out);
		else
			fprintf(out, "%02X", b[i]);
	}
	fputs(hex ? "|\"" : "\"", out);
}

// The kinds Suricata's analysis names.
static const char *rule_type(const struct rule *r)
{
	uint32_t views = r->flags & (RULE_F_NEED_PACKET | RULE_F_NEED_STREAM);
	if (r->flags & RULE_F_TX)
		return "app_tx";
	if (r->flags & RULE_F_FRAME)
		return "frame";
	if (r->flags & RULE_F_IP_ONLY)
		return "ip_only";
	if (r->flags & RULE_F_DECODE_EVENT)
		return "de_only";
	if (r->flags & RULE_F_IPONLY_LIKE)
		return "like_ip_only";
	if (views == RULE_F_NEED_STREAM)
		return "stream";
	if (views == (RULE_F_NEED_PACKET | RULE_F_NEED_STREAM) || r->flags & RULE_F_EITHER_VIEW)
		return "pkt_stream";
	return r->app && !r->tests && !r->buffers ? "pd_only" : "pkt";
}

static void put_buffers(FILE *out, const struct rule *r)
{
	const char *sep = "";
	fputs(",\"buffers\":[", out);
	for (const struct buffer_test *b = r->buffers; b; b = b->next) {
		fputs(sep, out);
		put_text(out, b->name);
		sep = ",";
	}
	fputs("],\"tests\":[", out);
	sep = "";
	for (const struct packet_test *t = r->tests; t; t = t->next) {
		fputs(sep, out);
		put_text(out, t->name);
		sep = ",";
	}
	fputc(']', out);
}

static void put_ports(FILE *out, const char *side, const struct port_set *set)
{
	const char *sep = " ";
	fprintf(out, ", %s", side);
	for (uint32_t i = 0; i < set->n; i++, sep = ",")
		if (set->at[i].lo == set->at[i].hi)
			fprintf(out, "%s%u", sep, set->at[i].lo);
		else
			fprintf(out, "%s%u-%u", sep, set->at[i].lo, set->at[i].hi);
}

// Which packets or bytes the rule is looked for in, as the groups are made (group_compile.c).
static void put_group(FILE *out, const struct rule *r)
{
	static const char *const protos[] = {[PROTO_IP] = "ip",
		[PROTO_TCP] = "tcp",
		[PROTO_UDP] = "udp",
		[PROTO_ICMPV4] = "icmp",
		[PROTO_ICMPV6] = "icmp",
		[PROTO_ICMP] = "icmp",
		[PROTO_SCTP] = "ip",
		[PROTO_PKTHDR] = "ip"};
	uint32_t dirs = r->flags & (RULE_F_TO_SERVER | RULE_F_TO_CLIENT);
	if (r->flags & (RULE_F_IP_ONLY | RULE_F_DECODE_EVENT)) {
		fprintf(out, ",\"group\":\"%s\"", r->flags & RULE_F_IP_ONLY ? "addresses" : "events");
		return;
	}
	fprintf(out, ",\"group\":\"%s %s, ", r->app ? r->app : protos[r->proto],
		dirs == RULE_F_TO_SERVER   ? "to server"
		: dirs == RULE_F_TO_CLIENT ? "to client"
					   : "both ways");
	if (r->flags & RULE_F_TX)
		fputs("transactions", out);
	else if (r->flags & RULE_F_FRAME)
		fputs("frames", out);
	else if (!(r->flags & RULE_F_PAYLOAD))
		fputs("fields", out);
	else
		fprintf(out, "%s%s%s", r->flags & RULE_F_NEED_PACKET ? "packets" : "",
			r->flags & RULE_F_NEED_PACKET && r->flags & RULE_F_NEED_STREAM ? " and " : "",
			r->flags & RULE_F_NEED_STREAM ? "streams" : "");
	enum rule_ports ports = r->flags & (RULE_F_TX | RULE_F_FRAME) ? PORTS_ANY
				: r->waiting                          ? rule_ports(r)
								      : (enum rule_ports)r->ports;
	if (ports == PORTS_ANY)
		fputs(", any port", out);
	else
		put_ports(out, ports == PORTS_DST ? "dst" : "src", ports == PORTS_DST ? r->dport : r->sport);
	fputc('"', out);
}

static void put_fast(FILE *out, const struct rule *r)
{
	const struct content *c = r->fast ? &r->fast->content : &r->fast_raw->content;
	bool chop = c->flags & CONTENT_FP_CHOP;
	fputs(",\"fast_pattern\":{\"buffer\":", out);
	put_text(out, r->fast ? r->fast_buffer->name : "payload");
	fputs(",\"pattern\":", out);
	put_pattern(out, chop ? c->bytes + c->fp_off : c->bytes, chop ? c->fp_len : c->len);
	fprintf(out, ",\"nocase\":%s}", c->flags & CONTENT_NOCASE ? "true" : "false");
}

static void put_rule(FILE *out, const struct rule *r)
{
	fputs("{\"raw\":", out);
	put_text(out, r->text ? r->text : "");
	fprintf(out, ",\"id\":%u,\"gid\":%u,\"rev\":%u,\"msg\":", r->info.sid, r->info.gid, r->info.rev);
	put_text(out, r->info.signature);
	fputs(",\"file\":", out);
	put_text(out, r->file);
	fprintf(out, ",\"line\":%u,\"type\":\"%s\"", r->line, rule_type(r));
	if (r->app) {
		fputs(",\"app_proto\":", out);
		put_text(out, r->app);
	}
	put_buffers(out, r);
	if (r->fast || r->fast_raw)
		put_fast(out, r);
	put_group(out, r);
	if (r->waiting) {
		fputs(",\"waiting\":", out);
		put_text(out, r->waiting);
	}
	fputs("}\n", out);
}

void ruleset_analysis_dump(const struct ruleset *rs, FILE *out)
{
	for (const struct rule *r = rs->first; r; r = r->next)
		if (!r->replaced)
			put_rule(out, r);
}
