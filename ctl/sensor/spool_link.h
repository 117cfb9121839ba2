// One spool on disk and its conversation with the daemon over a unix socket (ctl/eve/wire.h): hello, lines in
// order, acknowledgements. Never blocks; a daemon that is away or talks nonsense is tried again later and
// later, at most 10 s apart.
// Next: spool.h (the sink that fills one, and sends what earlier runs left).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/eve/sink.h"
#include "ctl/eve/wire.h"
#include "ctl/sensor/spool_disk.h"

#define SPOOL_SEND_BYTES (256u << 10)

enum spool_link_state {
	LINK_DOWN,
	LINK_HELLO, // connected, the daemon's hello is awaited
	LINK_UP,
};

struct spool_link {
	struct spool_disk *disk;
	struct eve_sink *say; // who reports what people should know; NULL: nobody, another link to the same daemon does
	char socket[108], id[WIRE_ID_BYTES], name[64];
	bool rerun;   // numbers are those of a deterministic run: what is spooled or stored is not added again
	bool greeted; // the daemon has said hello since the owner last cleared this
	bool disk_failing, link_said;
	uint64_t next_seq, have, acked, connects;
	enum spool_link_state state;
	int fd;
	uint64_t retry_ns, backoff_ns;
	size_t send_len, send_off, recv_len;
	char send[SPOOL_SEND_BYTES];
	char recv[WIRE_REPLY_MAX];
};

// socket, id, name and say are the caller's to fill in; the rest is zero.
void spool_link_init(struct spool_link *l, struct spool_disk *disk, bool rerun);
// Writes out what is buffered, connects when it is time, sends and receives what goes without waiting.
void spool_link_converse(struct spool_link *l);
// Everything spooled is stored by the daemon.
bool spool_link_arrived(const struct spool_link *l);
// Hangs up and closes the spool; deletes it when a deterministic run's has arrived in whole: nobody needs its numbers
// again.
void spool_link_close(struct spool_link *l);
