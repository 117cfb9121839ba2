// The first bytes of a direction are asked about as they grow, on any port and over either transport. Whatever they
// are, nothing reads past them, a probe that has said no is not asked again, and what is said with all patterns and
// probes asked does not change.
//
// Input: transport and direction, the step in which bytes come, two ports; then the bytes.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/app_detect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

// Every protocol on, those that are off by default too.
static const struct app_detector *detector(void)
{
	static struct app_detector *d;
	struct app_detect_config cfg;

	if (d)
		return d;
	app_detect_config_default(&cfg, parser_table);
	for (uint32_t p = 0; p < APP_PROTO_COUNT; p++)
		cfg.mode[p][APP_TCP] = cfg.mode[p][APP_UDP] = APP_MODE_YES;
	d = calloc(1, app_detector_size());
	MUST(d && app_detector_init(d, &cfg) == 0);
	return d;
}

// Bytes in memory of exactly that size.
static const struct parser *ask(struct app_asked *asked, struct app_question *q, const uint8_t *data, uint32_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	MUST(copy);
	memcpy(copy, data, len);
	q->data = copy;
	q->len = len;
	const struct parser *parser = app_detect(detector(), asked, q);
	free(copy);
	return parser;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct app_asked asked = {0}, before;

	if (size < 6)
		return 0;
	struct app_question q = {.transport = data[0] & 1,
		.dir = data[0] >> 1 & 1,
		.midstream = data[0] >> 2 & 1,
		.sport = (uint16_t)(data[2] << 8 | data[3]),
		.dport = (uint16_t)(data[4] << 8 | data[5])};
	uint32_t step = data[1] ? data[1] : 1, len = size - 6 < 4096 ? (uint32_t)size - 6 : 4096;
	for (uint32_t have = step < len ? step : len;; have = have + step < len ? have + step : len) {
		before = asked;
		const struct parser *parser = ask(&asked, &q, data + 6, have);
		MUST((before.refused & ~asked.refused) == 0);
		MUST(asked.patterns_done >= before.patterns_done && asked.probes_done >= before.probes_done);
		MUST(!parser || parser->over & 1u << q.transport);
		if (!parser && app_asked_all(&asked))
			MUST(!ask(&asked, &q, data + 6, have));
		if (parser || have == len)
			return 0;
	}
}
