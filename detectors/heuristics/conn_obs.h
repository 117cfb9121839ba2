// Connections as observations: who tried to reach whom, and what came of it. Next: fan.h.
//
// Every record is told from the side that began: src asks, dst is asked, whoever's packet it was.
#pragma once

#include "dataplane/api/detector.h"
#include "detectors/heuristics/obslog.h"

enum conn_kind {
	CONN_TRY,    // a flow's first packet that asks for something
	CONN_OPEN,   // its first answer: SYN-ACK, a datagram, an echo reply
	CONN_CLOSED, // a reset or ICMP unreachable in answer
};

enum conn_probe {
	PROBE_SYN = 1u << 0,
	PROBE_FIN = 1u << 1,
	PROBE_NULL = 1u << 2,
	PROBE_XMAS = 1u << 3,
	PROBE_ACK = 1u << 4,
	PROBE_MAIMON = 1u << 5, // FIN and ACK (Uriel Maimon, Phrack 49)
	PROBE_UDP = 1u << 6,
	PROBE_SCTP = 1u << 7,
	PROBE_ICMP = 1u << 8,
};

// Kinds of packets that say something about connections. Detectors that ask alike are shown the same list.
#define CONN_KINDS (DET_TCP | DET_UDP | DET_ICMP | DET_OTHER)
#define CONN_SEQ_IS_DST 1u // obs.flags: the SYN's sequence number is its destination address (Mirai's scanner)
#define CONN_LOG 4096u     // records a worker and tick
#define CONN_QUEUE 65536u  // records a tick, all workers

// Notes what the packets say about connections. obs.a: enum conn_probe bits; obs.flags: CONN_SEQ_IS_DST.
void conn_note(struct obslog *log, struct packet *const *pkts, uint32_t n);

// What a probe of these bits is called, for people.
const char *conn_probe_name(uint32_t probes);
