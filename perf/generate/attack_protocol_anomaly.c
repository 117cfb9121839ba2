// A protocol where it does not belong: SSH on the web's port.
#include "perf/generate/generate.h"
#include "perf/generate/ssh.h"

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	struct endpoint client = at_port(a->victim, client_port(g)),
			far = at_port(attack_source(g, a, i), a->victim.port);
	struct conversation c;

	conversation_begin(&c, g, &client, &far, ts_ns);
	conversation_open(&c);
	ssh_handshake(&c);
	conversation_close(&c, CLIENT);
}

void attack_protocol_anomaly(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
