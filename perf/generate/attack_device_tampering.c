// Device tampering (TA18-106A): a router is asked for its configuration over TFTP (RFC 1350), and refuses. Near: a
// telephone asks for its own.
#include "perf/generate/generate.h"

static void one(struct generator *g, const struct attack_args *a, uint32_t i, uint64_t ts_ns)
{
	static const char ask[] = "\0\1startup-config\0octet", phone[] = "\0\1SEP02000A14.cnf.xml\0octet",
			  refuse[] = "\0\5\0\2access violation";
	struct endpoint from = at_port(attack_source(g, a, i), client_port(g)),
			answer = at_port(a->victim, client_port(g));

	emit_udp(g, ts_ns, &from, &a->victim, a->near ? phone : ask, a->near ? sizeof(phone) : sizeof(ask));
	emit_udp(g, ts_ns + 4 * GEN_MS, &answer, &from, refuse, sizeof(refuse));
}

void attack_device_tampering(struct generator *g, const struct attack_args *a)
{
	attack_events(g, a, one);
}
