// Buffers of protocol parsers. A rule that uses one which no parser offers is read and checked whole, then waits for
// the parser, by name; nothing of it is lost. Next: kw_app_fields.c.
#include <errno.h>
#include <string.h>

#include "detectors/signature/rule_parse.h"

#define PARITY "same"
#define EACH 1 // as a keyword's data: named again, it is about another one of its values
#define WAITS "read, not looked into; waits for its parser"

static int parse_sticky(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	if (buffer_leave(ps))
		return -EINVAL;
	ps->buffer = kw->data == EACH ? buffer_app_new(ps, kw->name) : buffer_app(ps, kw->name);
	ps->buffer_empty = !ps->buffer || !ps->buffer->steps;
	ps->buffer_named = true;
	ps->rule->flags |= RULE_F_TX;
	return ps->buffer ? 0 : -ENOMEM;
}

// http_uri and its kin: the older spelling, behind the content. http_raw_uri stands for http.uri.raw.
static int parse_modifier(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const struct {
		const char *from, *to;
	} names[] = {
		{"http_cookie", "http.cookie"},
		{"http_method", "http.method"},
		{"http_client_body", "http.request_body"},
		{"http_server_body", "http.response_body"},
		{"http_header", "http.header"},
		{"http_raw_header", "http.header.raw"},
		{"http_uri", "http.uri"},
		{"http_raw_uri", "http.uri.raw"},
		{"http_stat_msg", "http.stat_msg"},
		{"http_stat_code", "http.stat_code"},
		{"http_user_agent", "http.user_agent"},
		{"http_host", "http.host"},
		{"http_raw_host", "http.host.raw"},
	};
	if (!ps->last_content)
		return parse_fail(ps, "expected a content before it");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i].from, kw->name)) {
			ps->rule->flags |= RULE_F_TX;
			return step_move(ps, ps->last_content, buffer_app(ps, names[i].to));
		}
	return parse_fail(ps, "expected a buffer of HTTP");
}

static int parse_uricontent(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	const struct keyword *content = keyword_find("content");
	struct buffer_test *now = ps->buffer;
	ps->buffer = buffer_app(ps, "http.uri");
	ps->rule->flags |= RULE_F_TX;
	int rc = ps->buffer ? content->parse(ps, content, arg) : -ENOMEM;
	ps->buffer = now;
	return rc;
}

static int parse_urilen(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	char *rest = arg, *range = lex_field(&rest, ',');
	const char *which = rest ? lex_trim(rest) : "norm";
	struct range r;
	if (!lex_range(range, 65535, &r) || (strcmp(which, "raw") && strcmp(which, "norm")))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, range);
	struct step *s =
		step_add_to(ps, buffer_app(ps, strcmp(which, "raw") ? "http.uri" : "http.uri.raw"), STEP_BSIZE);
	if (!s)
		return -EINVAL;
	s->range = r;
	ps->rule->flags |= RULE_F_TX;
	return 0;
}

static int parse_field(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	rule_wait_for(ps, kw->name);
	ps->rule->flags |= RULE_F_TX;
	ps->buffer_empty = false;
	return 0;
}

// clang-format off
const struct keyword kw_app_table[] = {
	{"uricontent", NULL, ARG_REQUIRED, parse_uricontent, 0, "[!]\"text\"", "uricontent:\"/a\";", "A content of http.uri.", PARITY},
	{"tls_store", NULL, ARG_OPTIONAL, parse_field, 0, "as Suricata 7", "tls_store;", "A field of tls.", WAITS},
	{"http_cookie", NULL, ARG_NONE, parse_modifier, 0, "", "content:\"a\"; http_cookie;", "The content before is looked for in http.cookie.", PARITY},
	{"http.cookie", NULL, ARG_NONE, parse_sticky, 0, "", "http.cookie; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http_method", NULL, ARG_NONE, parse_modifier, 0, "", "content:\"a\"; http_method;", "The content before is looked for in http.method.", PARITY},
	{"http.method", NULL, ARG_NONE, parse_sticky, 0, "", "http.method; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http.protocol", "http_protocol", ARG_NONE, parse_sticky, 0, "", "http.protocol; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http.start", "http_start", ARG_NONE, parse_sticky, 0, "", "http.start; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"urilen", NULL, ARG_REQUIRED, parse_urilen, 0, "n | <n | >n | a<>b[, norm|raw]", "urilen:>100;", "The length of the URI.", PARITY},
	{"http_client_body", NULL, ARG_NONE, parse_modifier, 0, "", "content:\"a\"; http_client_body;", "The content before is looked for in http.request_body.", PARITY},
	{"http.request_body", NULL, ARG_NONE, parse_sticky, 0, "", "http.request_body; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http_server_body", NULL, ARG_NONE, parse_modifier, 0, "", "content:\"a\"; http_server_body;", "The content before is looked for in http.response_body.", PARITY},
	{"http.response_body", NULL, ARG_NONE, parse_sticky, 0, "", "http.response_body; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http_header", NULL, ARG_NONE, parse_modifier, 0, "", "content:\"a\"; http_header;", "The content before is looked for in http.header.", PARITY},
	{"http.header", NULL, ARG_NONE, parse_sticky, 0, "", "http.header; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http.header_names", "http_header_names", ARG_NONE, parse_sticky, 0, "", "http.header_names; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http.accept", "http_accept", ARG_NONE, parse_sticky, 0, "", "http.accept; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http.accept_lang", "http_accept_lang", ARG_NONE, parse_sticky, 0, "", "http.accept_lang; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http.accept_enc", "http_accept_enc", ARG_NONE, parse_sticky, 0, "", "http.accept_enc; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http.connection", "http_connection", ARG_NONE, parse_sticky, 0, "", "http.connection; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http.content_len", "http_content_len", ARG_NONE, parse_sticky, 0, "", "http.content_len; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http.content_type", "http_content_type", ARG_NONE, parse_sticky, 0, "", "http.content_type; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http.location", NULL, ARG_NONE, parse_sticky, 0, "", "http.location; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http.server", NULL, ARG_NONE, parse_sticky, 0, "", "http.server; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http.referer", "http_referer", ARG_NONE, parse_sticky, 0, "", "http.referer; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http_raw_header", NULL, ARG_NONE, parse_modifier, 0, "", "content:\"a\"; http_raw_header;", "The content before is looked for in http.header.raw.", PARITY},
	{"http.header.raw", NULL, ARG_NONE, parse_sticky, 0, "", "http.header.raw; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http_uri", NULL, ARG_NONE, parse_modifier, 0, "", "content:\"a\"; http_uri;", "The content before is looked for in http.uri.", PARITY},
	{"http.uri", NULL, ARG_NONE, parse_sticky, 0, "", "http.uri; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http.uri.raw", NULL, ARG_NONE, parse_sticky, 0, "", "http.uri.raw; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http_raw_uri", NULL, ARG_NONE, parse_modifier, 0, "", "content:\"a\"; http_raw_uri;", "The content before is looked for in http.uri.raw.", PARITY},
	{"http_stat_msg", NULL, ARG_NONE, parse_modifier, 0, "", "content:\"a\"; http_stat_msg;", "The content before is looked for in http.stat_msg.", PARITY},
	{"http.stat_msg", NULL, ARG_NONE, parse_sticky, 0, "", "http.stat_msg; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http_stat_code", NULL, ARG_NONE, parse_modifier, 0, "", "content:\"a\"; http_stat_code;", "The content before is looked for in http.stat_code.", PARITY},
	{"http.stat_code", NULL, ARG_NONE, parse_sticky, 0, "", "http.stat_code; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http_user_agent", NULL, ARG_NONE, parse_modifier, 0, "", "content:\"a\"; http_user_agent;", "The content before is looked for in http.user_agent.", PARITY},
	{"http.user_agent", NULL, ARG_NONE, parse_sticky, 0, "", "http.user_agent; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http_host", NULL, ARG_NONE, parse_modifier, 0, "", "content:\"a\"; http_host;", "The content before is looked for in http.host.", PARITY},
	{"http.host", NULL, ARG_NONE, parse_sticky, 0, "", "http.host; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http_raw_host", NULL, ARG_NONE, parse_modifier, 0, "", "content:\"a\"; http_raw_host;", "The content before is looked for in http.host.raw.", PARITY},
	{"http.host.raw", NULL, ARG_NONE, parse_sticky, 0, "", "http.host.raw; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http.request_line", "http_request_line", ARG_NONE, parse_sticky, 0, "", "http.request_line; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http.response_line", "http_response_line", ARG_NONE, parse_sticky, 0, "", "http.response_line; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"nfs_procedure", NULL, ARG_OPTIONAL, parse_field, 0, "as Suricata 7", "nfs_procedure:...;", "A field of nfs.", WAITS},
	{"nfs.version", "nfs_version", ARG_OPTIONAL, parse_field, 0, "as Suricata 7", "nfs.version:...;", "A field of nfs.", WAITS},
	{"ssh.proto", "ssh_proto", ARG_NONE, parse_sticky, 0, "", "ssh.proto; content:\"a\";", "Sticky buffer of SSH.", PARITY},
	{"ssh.protoversion", NULL, ARG_OPTIONAL, parse_field, 0, "as Suricata 7", "ssh.protoversion:...;", "A field of SSH.", WAITS},
	{"ssh.software", "ssh_software", ARG_NONE, parse_sticky, 0, "", "ssh.software; content:\"a\";", "Sticky buffer of SSH.", PARITY},
	{"ssh.softwareversion", NULL, ARG_OPTIONAL, parse_field, 0, "as Suricata 7", "ssh.softwareversion:...;", "A field of SSH.", WAITS},
	{"ssh.hassh", "ssh-hassh", ARG_NONE, parse_sticky, 0, "", "ssh.hassh; content:\"a\";", "Sticky buffer of SSH.", PARITY},
	{"ssh.hassh.server", "ssh-hassh-server", ARG_NONE, parse_sticky, 0, "", "ssh.hassh.server; content:\"a\";", "Sticky buffer of SSH.", PARITY},
	{"ssh.hassh.string", "ssh-hassh-string", ARG_NONE, parse_sticky, 0, "", "ssh.hassh.string; content:\"a\";", "Sticky buffer of SSH.", PARITY},
	{"ssh.hassh.server.string", "ssh-hassh-server-string", ARG_NONE, parse_sticky, 0, "", "ssh.hassh.server.string; content:\"a\";", "Sticky buffer of SSH.", PARITY},
	{"file.data", "file_data", ARG_NONE, parse_sticky, 0, "", "file.data; content:\"a\";", "Sticky buffer of files.", PARITY},
	{"http2.header_name", NULL, ARG_NONE, parse_sticky, EACH, "", "http2.header_name; content:\"a\";", "Sticky buffer of HTTP/2.", PARITY},
	{"http.request_header", NULL, ARG_NONE, parse_sticky, EACH, "", "http.request_header; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"http.response_header", NULL, ARG_NONE, parse_sticky, EACH, "", "http.response_header; content:\"a\";", "Sticky buffer of HTTP.", PARITY},
	{"dcerpc.stub_data", "dce_stub_data", ARG_NONE, parse_sticky, 0, "", "dcerpc.stub_data; content:\"a\";", "Sticky buffer of DCE/RPC.", PARITY},
	{"smb.named_pipe", "smb_named_pipe", ARG_NONE, parse_sticky, 0, "", "smb.named_pipe; content:\"a\";", "Sticky buffer of SMB.", PARITY},
	{"smb.share", "smb_share", ARG_NONE, parse_sticky, 0, "", "smb.share; content:\"a\";", "Sticky buffer of SMB.", PARITY},
	{"smb.ntlmssp_user", NULL, ARG_NONE, parse_sticky, 0, "", "smb.ntlmssp_user; content:\"a\";", "Sticky buffer of SMB.", PARITY},
	{"smb.ntlmssp_domain", NULL, ARG_NONE, parse_sticky, 0, "", "smb.ntlmssp_domain; content:\"a\";", "Sticky buffer of SMB.", PARITY},
	{"config", NULL, ARG_OPTIONAL, parse_field, 0, "as Suricata 7", "config:...;", "A field of config.", WAITS},
	{"file.name", NULL, ARG_NONE, parse_sticky, 0, "", "file.name; content:\"a\";", "Sticky buffer of files.", PARITY},
	{"file.magic", NULL, ARG_NONE, parse_sticky, 0, "", "file.magic; content:\"a\";", "Sticky buffer of files.", PARITY},
	{"lua", NULL, ARG_OPTIONAL, parse_field, 0, "as Suricata 7", "lua:...;", "A field of lua.", WAITS},
	{"dns.query", "dns_query", ARG_NONE, parse_sticky, 0, "", "dns.query; content:\"a\";", "Sticky buffer of DNS.", PARITY},
	{"tls.sni", "tls_sni", ARG_NONE, parse_sticky, 0, "", "tls.sni; content:\"a\";", "Sticky buffer of TLS.", PARITY},
	{"tls.certs", NULL, ARG_NONE, parse_sticky, 0, "", "tls.certs; content:\"a\";", "Sticky buffer of TLS.", PARITY},
	{"tls.cert_issuer", "tls_cert_issuer", ARG_NONE, parse_sticky, 0, "", "tls.cert_issuer; content:\"a\";", "Sticky buffer of TLS.", PARITY},
	{"tls.cert_subject", "tls_cert_subject", ARG_NONE, parse_sticky, 0, "", "tls.cert_subject; content:\"a\";", "Sticky buffer of TLS.", PARITY},
	{"tls.cert_serial", "tls_cert_serial", ARG_NONE, parse_sticky, 0, "", "tls.cert_serial; content:\"a\";", "Sticky buffer of TLS.", PARITY},
	{"tls.cert_fingerprint", "tls_cert_fingerprint", ARG_NONE, parse_sticky, 0, "", "tls.cert_fingerprint; content:\"a\";", "Sticky buffer of TLS.", PARITY},
	{"tls.random_time", NULL, ARG_NONE, parse_sticky, 0, "", "tls.random_time; content:\"a\";", "Sticky buffer of TLS.", PARITY},
	{"tls.random_bytes", NULL, ARG_NONE, parse_sticky, 0, "", "tls.random_bytes; content:\"a\";", "Sticky buffer of TLS.", PARITY},
	{"tls.random", NULL, ARG_NONE, parse_sticky, 0, "", "tls.random; content:\"a\";", "Sticky buffer of TLS.", PARITY},
	{"ja3.hash", "ja3_hash", ARG_NONE, parse_sticky, 0, "", "ja3.hash; content:\"a\";", "Sticky buffer of JA3.", PARITY},
	{"ja3.string", "ja3_string", ARG_NONE, parse_sticky, 0, "", "ja3.string; content:\"a\";", "Sticky buffer of JA3.", PARITY},
	{"ja3s.hash", "ja3s_hash", ARG_NONE, parse_sticky, 0, "", "ja3s.hash; content:\"a\";", "Sticky buffer of JA3S.", PARITY},
	{"ja3s.string", NULL, ARG_NONE, parse_sticky, 0, "", "ja3s.string; content:\"a\";", "Sticky buffer of JA3S.", PARITY},
	{"modbus", NULL, ARG_OPTIONAL, parse_field, 0, "as Suricata 7", "modbus:...;", "A field of modbus.", WAITS},
	{"dnp3.data", "dnp3_data", ARG_NONE, parse_sticky, 0, "", "dnp3.data; content:\"a\";", "Sticky buffer of DNP3.", PARITY},
	{"dnp3_func", NULL, ARG_OPTIONAL, parse_field, 0, "as Suricata 7", "dnp3_func:...;", "A field of dnp3.", WAITS},
	{"dnp3_ind", NULL, ARG_OPTIONAL, parse_field, 0, "as Suricata 7", "dnp3_ind:...;", "A field of dnp3.", WAITS},
	{"dnp3_obj", NULL, ARG_OPTIONAL, parse_field, 0, "as Suricata 7", "dnp3_obj:...;", "A field of dnp3.", WAITS},
	{"krb5.cname", "krb5_cname", ARG_NONE, parse_sticky, 0, "", "krb5.cname; content:\"a\";", "Sticky buffer of Kerberos.", PARITY},
	{"krb5.sname", "krb5_sname", ARG_NONE, parse_sticky, 0, "", "krb5.sname; content:\"a\";", "Sticky buffer of Kerberos.", PARITY},
	{"krb5.ticket_encryption", NULL, ARG_OPTIONAL, parse_field, 0, "as Suricata 7", "krb5.ticket_encryption:...;", "A field of Kerberos.", WAITS},
	{"sip.method", NULL, ARG_NONE, parse_sticky, 0, "", "sip.method; content:\"a\";", "Sticky buffer of SIP.", PARITY},
	{"sip.uri", NULL, ARG_NONE, parse_sticky, 0, "", "sip.uri; content:\"a\";", "Sticky buffer of SIP.", PARITY},
	{"sip.protocol", NULL, ARG_NONE, parse_sticky, 0, "", "sip.protocol; content:\"a\";", "Sticky buffer of SIP.", PARITY},
	{"sip.stat_code", NULL, ARG_NONE, parse_sticky, 0, "", "sip.stat_code; content:\"a\";", "Sticky buffer of SIP.", PARITY},
	{"sip.stat_msg", NULL, ARG_NONE, parse_sticky, 0, "", "sip.stat_msg; content:\"a\";", "Sticky buffer of SIP.", PARITY},
	{"sip.request_line", NULL, ARG_NONE, parse_sticky, 0, "", "sip.request_line; content:\"a\";", "Sticky buffer of SIP.", PARITY},
	{"sip.response_line", NULL, ARG_NONE, parse_sticky, 0, "", "sip.response_line; content:\"a\";", "Sticky buffer of SIP.", PARITY},
	{"rfb.name", NULL, ARG_NONE, parse_sticky, 0, "", "rfb.name; content:\"a\";", "Sticky buffer of RFB.", PARITY},
	{"snmp.usm", NULL, ARG_NONE, parse_sticky, 0, "", "snmp.usm; content:\"a\";", "Sticky buffer of SNMP.", PARITY},
	{"snmp.community", NULL, ARG_NONE, parse_sticky, 0, "", "snmp.community; content:\"a\";", "Sticky buffer of SNMP.", PARITY},
	{"mqtt.connect.clientid", NULL, ARG_NONE, parse_sticky, 0, "", "mqtt.connect.clientid; content:\"a\";", "Sticky buffer of MQTT.", PARITY},
	{"mqtt.connect.username", NULL, ARG_NONE, parse_sticky, 0, "", "mqtt.connect.username; content:\"a\";", "Sticky buffer of MQTT.", PARITY},
	{"mqtt.connect.password", NULL, ARG_NONE, parse_sticky, 0, "", "mqtt.connect.password; content:\"a\";", "Sticky buffer of MQTT.", PARITY},
	{"mqtt.connect.willtopic", NULL, ARG_NONE, parse_sticky, 0, "", "mqtt.connect.willtopic; content:\"a\";", "Sticky buffer of MQTT.", PARITY},
	{"mqtt.connect.willmessage", NULL, ARG_NONE, parse_sticky, 0, "", "mqtt.connect.willmessage; content:\"a\";", "Sticky buffer of MQTT.", PARITY},
	{"mqtt.publish.topic", NULL, ARG_NONE, parse_sticky, 0, "", "mqtt.publish.topic; content:\"a\";", "Sticky buffer of MQTT.", PARITY},
	{"mqtt.publish.message", NULL, ARG_NONE, parse_sticky, 0, "", "mqtt.publish.message; content:\"a\";", "Sticky buffer of MQTT.", PARITY},
	{"mqtt.subscribe.topic", NULL, ARG_NONE, parse_sticky, EACH, "", "mqtt.subscribe.topic; content:\"a\";", "Sticky buffer of MQTT.", PARITY},
	{"mqtt.unsubscribe.topic", NULL, ARG_NONE, parse_sticky, EACH, "", "mqtt.unsubscribe.topic; content:\"a\";", "Sticky buffer of MQTT.", PARITY},
	{"quic.version", NULL, ARG_NONE, parse_sticky, 0, "", "quic.version; content:\"a\";", "Sticky buffer of QUIC.", PARITY},
	{"quic.sni", NULL, ARG_NONE, parse_sticky, 0, "", "quic.sni; content:\"a\";", "Sticky buffer of QUIC.", PARITY},
	{"quic.ua", NULL, ARG_NONE, parse_sticky, 0, "", "quic.ua; content:\"a\";", "Sticky buffer of QUIC.", PARITY},
	{"quic.cyu.hash", NULL, ARG_NONE, parse_sticky, 0, "", "quic.cyu.hash; content:\"a\";", "Sticky buffer of QUIC.", PARITY},
	{"quic.cyu.string", NULL, ARG_NONE, parse_sticky, 0, "", "quic.cyu.string; content:\"a\";", "Sticky buffer of QUIC.", PARITY},
	{"ike.init_spi", NULL, ARG_NONE, parse_sticky, 0, "", "ike.init_spi; content:\"a\";", "Sticky buffer of IKE.", PARITY},
	{"ike.resp_spi", NULL, ARG_NONE, parse_sticky, 0, "", "ike.resp_spi; content:\"a\";", "Sticky buffer of IKE.", PARITY},
	{"ike.vendor", NULL, ARG_NONE, parse_sticky, EACH, "", "ike.vendor; content:\"a\";", "Sticky buffer of IKE.", PARITY},
	{"ike.nonce_payload", NULL, ARG_NONE, parse_sticky, 0, "", "ike.nonce_payload; content:\"a\";", "Sticky buffer of IKE.", PARITY},
	{"ike.key_exchange_payload", NULL, ARG_NONE, parse_sticky, 0, "", "ike.key_exchange_payload; content:\"a\";", "Sticky buffer of IKE.", PARITY},
	{"ja4.hash", NULL, ARG_NONE, parse_sticky, 0, "", "ja4.hash; content:\"a\";", "Sticky buffer of JA4.", PARITY},
	{"http2.header", NULL, ARG_NONE, parse_sticky, EACH, "", "http2.header; content:\"a\";", "Sticky buffer of HTTP/2.", PARITY},
	{"dns.answer.name", NULL, ARG_NONE, parse_sticky, 0, "", "dns.answer.name; content:\"a\";", "Sticky buffer of DNS.", PARITY},
	{"dns.query.name", NULL, ARG_NONE, parse_sticky, 0, "", "dns.query.name; content:\"a\";", "Sticky buffer of DNS.", PARITY},
	{"dns.response.rrname", NULL, ARG_NONE, parse_sticky, 0, "", "dns.response.rrname; content:\"a\";", "Sticky buffer of DNS.", PARITY},
	{"dns.queries.rrname", NULL, ARG_NONE, parse_sticky, 0, "", "dns.queries.rrname; content:\"a\";", "Sticky buffer of DNS.", PARITY},
	{"dns.answers.rrname", NULL, ARG_NONE, parse_sticky, 0, "", "dns.answers.rrname; content:\"a\";", "Sticky buffer of DNS.", PARITY},
	{"dns.authorities.rrname", NULL, ARG_NONE, parse_sticky, 0, "", "dns.authorities.rrname; content:\"a\";", "Sticky buffer of DNS.", PARITY},
	{"dns.additionals.rrname", NULL, ARG_NONE, parse_sticky, 0, "", "dns.additionals.rrname; content:\"a\";", "Sticky buffer of DNS.", PARITY},
	{"tls.alpn", NULL, ARG_NONE, parse_sticky, 0, "", "tls.alpn; content:\"a\";", "Sticky buffer of TLS.", PARITY},
	{"tls.subjectaltname", NULL, ARG_NONE, parse_sticky, 0, "", "tls.subjectaltname; content:\"a\";", "Sticky buffer of TLS.", PARITY},
	{"smtp.helo", NULL, ARG_NONE, parse_sticky, 0, "", "smtp.helo; content:\"a\";", "Sticky buffer of smtp.", PARITY},
	{"smtp.mail_from", NULL, ARG_NONE, parse_sticky, 0, "", "smtp.mail_from; content:\"a\";", "Sticky buffer of smtp.", PARITY},
	{"smtp.rcpt_to", NULL, ARG_NONE, parse_sticky, 0, "", "smtp.rcpt_to; content:\"a\";", "Sticky buffer of smtp.", PARITY},
	{"ftp.command", NULL, ARG_NONE, parse_sticky, 0, "", "ftp.command; content:\"a\";", "Sticky buffer of ftp.", PARITY},
	{"ftp.reply", NULL, ARG_NONE, parse_sticky, 0, "", "ftp.reply; content:\"a\";", "Sticky buffer of ftp.", PARITY},
	{"email.from", NULL, ARG_NONE, parse_sticky, 0, "", "email.from; content:\"a\";", "Sticky buffer of email.", PARITY},
	{"email.subject", NULL, ARG_NONE, parse_sticky, 0, "", "email.subject; content:\"a\";", "Sticky buffer of email.", PARITY},
	{"email.to", NULL, ARG_NONE, parse_sticky, 0, "", "email.to; content:\"a\";", "Sticky buffer of email.", PARITY},
	{"websocket.payload", NULL, ARG_NONE, parse_sticky, 0, "", "websocket.payload; content:\"a\";", "Sticky buffer of websocket.", PARITY},
	{"ldap.request.dn", NULL, ARG_NONE, parse_sticky, 0, "", "ldap.request.dn; content:\"a\";", "Sticky buffer of ldap.", PARITY},
	{0},
};
