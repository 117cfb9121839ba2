// Exfiltration: one connection that carries far more out than in; random bytes in TLS records.
#include <string.h>

#include "perf/generate/generate.h"
#include "perf/generate/tls.h"

#define RECORD_BYTES 16000u

void attack_exfiltration(struct generator *g, const struct attack_args *a)
{
	struct endpoint far = at_port(attack_source(g, a, 0), a->victim.port),
			client = at_port(a->victim, client_port(g));
	static uint8_t record[5 + RECORD_BYTES] = {0x17, 3, 3, RECORD_BYTES >> 8, RECORD_BYTES & 0xff};
	uint64_t end_ns = a->start_ns + a->duration_ns, gap_ns = (uint64_t)(RECORD_BYTES * 1e9 / (a->rate * 1000));
	struct conversation c;

	conversation_begin(&c, g, &client, &far, a->start_ns);
	conversation_open(&c);
	tls_session(&c, "storage.example.org", 0);
	for (uint64_t at = c.now_ns; at < end_ns; at += gap_ns) {
		rng_bytes(&g->rng, record + 5, RECORD_BYTES);
		if (c.now_ns < at)
			c.now_ns = at;
		conversation_send(&c, CLIENT, record, sizeof(record));
	}
	conversation_close(&c, CLIENT);
}
