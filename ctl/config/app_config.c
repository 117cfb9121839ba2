// app-layer.*: which protocols are looked for, and what their parsers may spend. Suricata's keys and defaults.
// Next: suricata_keys.c.
#include <stddef.h>

#include "ctl/config/config_rows.h"

static const char *const mode_choices[] = {"no", "yes", "detection-only", NULL};
static const char *const tls_choices[] = {"track-only", "bypass", "full", NULL};
static const char *const auto_choices[] = {"auto", "yes", "no", NULL};

#define F(member) offsetof(struct app_config, member)

static const struct config_row mode_rows[] = {
#define X(name, proto, over, def)                                                                            \
	ROW_ENUM(name ".enabled", (2 * APP_##proto + ((over) == OVER_UDP)) * sizeof(int), mode_choices, def, \
		"Look for it and read it; detection-only: do not read it."),
	CONFIG_APP_PROTOS(X)
#undef X
		CONFIG_END,
};

static const struct config_row protocol_rows[] = {
	ROW_SIZE("http.libhtp.default-config.request-body-limit", F(http_request_body_limit), 0, 1e12, "100kb",
		"Bytes of a request body that are inspected; 0: all."),
	ROW_SIZE("http.libhtp.default-config.response-body-limit", F(http_response_body_limit), 0, 1e12, "100kb",
		"Bytes of a response body that are inspected; 0: all."),
	ROW_UINT("http.libhtp.default-config.response-body-decompress-layer-limit", F(http_decompress_layers), "layers",
		0, 16, "2", "Layers of Content-Encoding that are undone; 0: none."),
	ROW_BOOL("http.libhtp.default-config.lzma-enabled", F(http_lzma), "no", "Undo LZMA Content-Encoding."),
	ROW_SIZE("http.libhtp.default-config.compression-bomb-limit", F(http_compression_bomb_limit), 0, 1e10, "1mb",
		"A body that grows past this and 2048 times its size is given up."),
	ROW_ENUM("tls.encryption-handling", F(tls_encryption), tls_choices, "track-only",
		"After the handshake: count only, let go, or inspect the ciphertext."),
	ROW_ENUM("tls.ja3-fingerprints", F(tls_ja3), auto_choices, "auto",
		"Compute JA3; auto: when a rule asks for it."),
	ROW_ENUM("tls.ja4-fingerprints", F(tls_ja4), auto_choices, "auto",
		"Compute JA4; auto: when a rule asks for it."),
	ROW_LIST("dns.tcp.detection-ports.dp", F(dns_tcp_ports), "TCP ports", "53", "Where DNS is expected."),
	ROW_LIST("dns.udp.detection-ports.dp", F(dns_udp_ports), "UDP ports", "53", "Where DNS is expected."),
	ROW_LIST("tls.detection-ports.dp", F(tls_ports), "TCP ports", "443", "Where TLS is expected."),
	ROW_LIST("smb.detection-ports.dp", F(smb_ports), "TCP ports", "139, 445", "Where SMB is expected."),
	ROW_LIST("modbus.detection-ports.dp", F(modbus_ports), "TCP ports", "502", "Where Modbus is expected."),
	ROW_LIST("dnp3.detection-ports.dp", F(dnp3_ports), "TCP ports", "20000", "Where DNP3 is expected."),
	ROW_LIST("enip.detection-ports.dp", F(enip_ports), "ports", "44818", "Where EtherNet/IP is expected."),
	ROW_LIST("rfb.detection-ports.dp", F(rfb_ports), "TCP ports", "5900-5909", "Where RFB (VNC) is expected."),

	ROW_IGNORED("http2.http1-rules", "http.* rules see HTTP/2 in any case"),
	ROW_IGNORED("http.libhtp.server-config", "one HTTP personality serves every server"),
	ROW_IGNORED("http.libhtp.default-config.personality", ""),
	ROW_IGNORED("http.libhtp.default-config.lzma-memlimit", "an LZMA body gets a dictionary of 64 KiB"),
	ROW_IGNORED("http.libhtp.default-config.request-body-minimal-inspect-size", ""),
	ROW_IGNORED("http.libhtp.default-config.request-body-inspect-window", ""),
	ROW_IGNORED("http.libhtp.default-config.response-body-minimal-inspect-size", ""),
	ROW_IGNORED("http.libhtp.default-config.response-body-inspect-window", ""),
	ROW_IGNORED("http.libhtp.default-config.http-body-inline", ""),
	ROW_IGNORED("http.libhtp.default-config.swf-decompression", ""),
	ROW_IGNORED("http.libhtp.default-config.randomize-inspection-sizes", ""),
	ROW_IGNORED("http.libhtp.default-config.randomize-inspection-range", ""),
	ROW_IGNORED("http.libhtp.default-config.decompression-time-limit", ""),
	ROW_IGNORED("http.libhtp.default-config.max-tx", ""),
	ROW_IGNORED("http.libhtp.default-config.headers-limit", ""),
	ROW_IGNORED("http.libhtp.default-config.meta-field-limit", ""),
	ROW_IGNORED("http.libhtp.default-config.double-decode-path", ""),
	ROW_IGNORED("http.libhtp.default-config.double-decode-query", ""),
	ROW_IGNORED("http.libhtp.default-config.uri-include-all", ""),
	ROW_IGNORED("http.libhtp.default-config.query-plusspace-decode", ""),
	ROW_IGNORED("http.memcap", ""),
	ROW_IGNORED("smtp.raw-extraction", ""),
	ROW_IGNORED("smtp.mime", ""),
	ROW_IGNORED("smtp.inspected-tracker", ""),
	ROW_IGNORED("pgsql.stream-depth", ""),
	ROW_IGNORED("modbus.stream-depth", ""),
	ROW_IGNORED("modbus.request-flood", ""),
	ROW_IGNORED("enip.detection-ports.sp", ""),
	ROW_IGNORED("smb.stream-depth", ""),
	ROW_IGNORED("ssh.hassh", ""),
	ROW_IGNORED("mqtt.max-msg-length", ""),
	CONFIG_END,
};

static const struct config_row memory_rows[] = {
	ROW_SIZE("memory", F(memory), 1 << 20, 1e12, "64mb", "Memory of all protocol parsers together."),
	ROW_SIZE("flow-memory", F(flow_memory), 65536, 1e9, "1mb", "Memory that the parser of one flow may take."),
	ROW_UINT("max-tx", F(max_tx), "transactions", 1, 65536, "512",
		"Open transactions of a flow; a flow with more is read no further."),
	CONFIG_END,
};

int app_config_add(struct config *c, struct app_config *cfg)
{
	int rc = config_add_part(c, "app-layer.protocols", mode_rows, cfg->mode);

	if (rc == 0)
		rc = config_add_part(c, "app-layer.protocols", protocol_rows, cfg);
	return rc ? rc : config_add_part(c, "app-layer", memory_rows, cfg);
}
