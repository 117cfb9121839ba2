// What the stream engine hands to parsers and detectors: contiguous TCP bytes, in the order the end
// host reads them. The engine is dataplane/tcp_stream.c; next: parser.h.
//
// Bytes are borrowed. In-order payload is handed over where it lies in the packet, at once, as an
// end host's socket would get it; what arrived early is held and handed over when the hole before
// it closes. A consumer that wants to see bytes again together with what follows leaves them unused:
// the engine keeps them (bounded by STREAM_KEEP_MAX) and puts them in front of the next bytes.
// A consumer that never leaves bytes unused never causes a copy.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/detector.h"
#include "dataplane/api/flow.h"
#include "dataplane/api/packet.h"

struct tcp_streams;

#define STREAM_MAX_CONSUMERS 3u
#define STREAM_KEEP_MAX 65536u // bytes of one direction a consumer can leave unused

enum stream_view_flag {
	STREAM_START = 1u << 0,     // the first call of this direction
	STREAM_FIN = 1u << 1,       // the sender has closed; nothing follows
	STREAM_RST = 1u << 2,       // the connection was reset; nothing follows
	STREAM_FLOW_END = 1u << 3,  // the flow ended (time-out, shutdown, eviction, reuse); nothing follows
	STREAM_DEPTH = 1u << 4,     // the depth limit is reached; nothing follows
	STREAM_MIDSTREAM = 1u << 5, // the beginning was not seen: offset 0 is the first byte seen
	STREAM_KEPT = 1u << 6,      // data begins with bytes that this consumer left unused before
	STREAM_FORCED = 1u << 7,    // on_data: there was no room for what this consumer left unused: it is part of gap;
				    // on_unused: there is none, and what is not used now is lost
	STREAM_EARLY = 1u << 8,     // the bytes were held for a while: they are not part of `packet`
	STREAM_LAST = STREAM_FIN | STREAM_FLOW_END | STREAM_DEPTH, // no further bytes
};

// Some bytes of one direction. len may be 0 when only an end or a gap is to be told.
struct stream_view {
	struct flow *flow;
	struct flow_cold *cold;
	// The packet that made these bytes available: it carries them, fills the hole before them,
	// acknowledges past a hole, closes or resets. NULL when the flow ends without a packet.
	const struct packet *packet;
	const uint8_t *data;
	uint32_t len;
	uint32_t gap;    // bytes of the stream missing right before data; what was left unused before is gone then
	uint64_t offset; // of data[0] in the stream; the first byte after the SYN is 0
	uint64_t acked;  // stream offset that the receiver has acknowledged, as far as seen
	uint16_t flags;  // enum stream_view_flag
	uint8_t dir;     // enum packet_dir
	struct detector_run *run;
	// Out, set to len before the call: how many bytes from the front the consumer is finished with.
	// The rest comes back (STREAM_KEPT) in front of the next bytes. Ignored with STREAM_LAST (but see on_unused).
	uint32_t used;
	// Out, zero before the call, with on_unused: it need not be asked before so many bytes of data are
	// acknowledged, but with each packet once the connection closes and with a RST.
	uint32_t patience;
};

enum stream_verdict {
	STREAM_MORE = 0, // goes on
	STREAM_DONE,     // this consumer wants no more bytes of this direction of this flow
	STREAM_DONE_BOTH // nor of the other
};

// Someone who wants bytes. When every consumer is done with a direction its memory goes back and
// the direction is only counted; when both are done the flow is FLOW_BYTES_DONE.
// Consumers are asked in the order in which they were added: parsers before detectors.
struct stream_consumer {
	const char *name;
	void *arg;
	// Bytes, a gap or an end. Must not block or allocate. Packet order across all flows of the
	// worker: the calls of a packet come before those of the next packet of the burst.
	enum stream_verdict (*on_data)(void *arg, struct stream_view *v);
	// Optional: what this consumer has left unused of a direction, with every packet of that direction (whether it
	// carries anything or not; but see patience), between on_data and on_packet of the packet; and before it would
	// be lost (STREAM_FORCED; then the packet may be another, or none). v->used is in and out, as in on_data. Who
	// has this may answer STREAM_FIN with STREAM_MORE and go on with what is left until the flow ends
	// (STREAM_FLOW_END).
	enum stream_verdict (*on_unused)(void *arg, struct stream_view *v);
	// Optional: every packet of the burst in order (not only TCP; also PKT_INVALID ones), right
	// after on_data has had what this packet made available. State that packets and stream bytes
	// share is therefore changed in packet order, whatever the size of a burst.
	void (*on_packet)(void *arg, struct packet *p, struct detector_run *run);
	bool worker_shows; // where no other consumer has on_packet, the worker itself shows packets to this one
};

// Adds a consumer; before the first packet. Returns 0 or -ENOSPC. The struct is copied.
int tcp_stream_add_consumer(struct tcp_streams *ts, const struct stream_consumer *c);

// For consumers, during on_data: sets how many bytes of this direction are reassembled (0: no limit);
// Suricata's protocols do so (smb: no limit). Without effect once the limit has been reached.
void tcp_stream_set_depth(struct tcp_streams *ts, struct flow_cold *cold, uint8_t dir, uint64_t depth_bytes);

// For the first consumer, during on_data of the other direction: what it has left unused of this one. NULL: nothing.
const uint8_t *tcp_stream_left(const struct tcp_streams *ts, const struct flow_cold *cold, uint8_t dir, uint32_t *len);
// `used` of those bytes are finished with; done: and it wants no more of that direction.
void tcp_stream_take_left(struct flow_cold *cold, uint8_t dir, uint32_t used, bool done);

// Stream bytes seen in order so far in a direction (also those nobody wanted); 0 without a session.
uint64_t tcp_stream_offset(const struct flow_cold *cold, uint8_t dir);
// Of these, how many the other side has acknowledged as far as seen; 0 without a session.
uint64_t tcp_stream_acked(const struct flow_cold *cold, uint8_t dir);
