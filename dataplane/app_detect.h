// Which protocol do these bytes speak? Patterns near the start of a direction first, then the probes of the protocols
// that live on the flow's ports: Suricata's order. Tables are made once and read by every worker. Next: app_layer.h.
#pragma once

#include "dataplane/api/parser.h"

enum { APP_TCP, APP_UDP, APP_TRANSPORTS };

// Of the configuration: app-layer.protocols.
struct app_detect_config {
	const struct parser *const *parsers;                // ends with NULL, at most 64
	uint8_t mode[APP_PROTO_COUNT][APP_TRANSPORTS];      // enum app_mode
	const char *ports[APP_PROTO_COUNT][APP_TRANSPORTS]; // "53,5353,8000-8010", "any"; NULL: the parser's own
};

struct app_detector;

// Every protocol as its parser has it.
void app_detect_config_default(struct app_detect_config *cfg, const struct parser *const *parsers);
size_t app_detector_size(void);
// Fills zeroed memory of app_detector_size(). Returns 0, -EINVAL (ports that are none), or -ENOSPC (too many patterns
// or port groups).
int app_detector_init(struct app_detector *d, const struct app_detect_config *cfg);
// True where the text is a list of ports and ranges.
bool app_ports_valid(const char *text);

// What has been asked of one direction.
struct app_asked {
	uint64_t refused; // bit a parser whose probe has said no
	uint8_t patterns_done;
	uint8_t probes_done;
};

struct app_question {
	const uint8_t *data; // all bytes of this direction so far
	uint32_t len;
	uint16_t sport, dport; // of the flow: client's, server's
	uint8_t dir;
	uint8_t transport; // APP_TCP or APP_UDP
	bool midstream;    // the client may be the flow's server
	bool reversed;     // out: it is
};

// The parser that knows these bytes, NULL: none so far (asked says whether more bytes could help).
const struct parser *app_detect(const struct app_detector *d, struct app_asked *asked, struct app_question *q);
// enum app_mode of a protocol.
uint8_t app_detector_mode(const struct app_detector *d, uint16_t proto, uint8_t transport);
// The parser of a protocol, NULL: none.
const struct parser *app_detector_parser(const struct app_detector *d, uint16_t proto);

static inline bool app_asked_all(const struct app_asked *a)
{
	return a->patterns_done && a->probes_done;
}
