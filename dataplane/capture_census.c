// The packets of a capture file, counted by decoding its frames, see capture_census.h.
//
// Headers are all that is looked at, which costs a tenth of what reading the capture costs afterwards.
#include "dataplane/capture_census.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_ip.h>
#include <rte_udp.h>

#include "dataplane/capture.h"
#include "dataplane/decode.h"

#define ZIP_BYTES (UINT64_C(1) << 20) // of a compressed file: inflating it is most of the work
#define LOOK_FRAMES 8192u             // between two looks at how it goes
#define LEAST_PACKET_BYTES (sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr)) // with a flow of its own

struct census {
	struct capture capture;
	struct decoder decoder;
	struct burst burst;
};

static void count_frame(struct census *c, const struct capture_frame *f)
{
	struct burst *b = &c->burst;
	struct packet *p = &b->frames[0];

	packet_begin(p);
	p->data = f->data;
	p->mbuf = NULL;
	p->ts_ns = f->ts_ns;
	p->seq = 1;
	p->len = f->len;
	p->wire_len = f->wire_len;
	p->link_type = f->link_type;
	p->iface = f->iface;
	p->flags = 0;
	b->n_frames = 1;
	b->n = b->n_extra = b->n_extra_mbufs = 0;
	decode_burst(&c->decoder, b);
}

// Each fragment may be the one that completes a datagram, with as much in it as a frame.
static uint64_t count_file(struct census *c, uint64_t size, uint64_t enough)
{
	const struct capture_bytes *bytes = &c->capture.bytes;
	uint64_t packets = 0;
	struct capture_frame f;

	for (uint64_t frames = 1; capture_next(&c->capture, &f) == CAPTURE_FRAME; frames++) {
		if (bytes->zip && size > ZIP_BYTES)
			return CENSUS_UNKNOWN;
		count_frame(c, &f);
		packets += c->burst.n;
		if (frames % LOOK_FRAMES == 0 &&
			(double)packets * (double)size / (double)bytes->raw_read > (double)enough)
			return bytes->zip ? CENSUS_UNKNOWN : size / LEAST_PACKET_BYTES;
	}
	return packets + c->decoder.counters.fragments * PKT_MAX_DEPTH;
}

uint64_t capture_census(const char *path, uint64_t size, const struct decode_config *decode, uint64_t enough)
{
	struct census *c = calloc(1, sizeof(*c));
	int fd = c ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	uint64_t packets = CENSUS_UNKNOWN;

	if (fd >= 0 && capture_bytes_open(&c->capture.bytes, fd, false) == 0) {
		capture_begin(&c->capture);
		decode_init(&c->decoder, decode);
		packets = count_file(c, size, enough);
		capture_bytes_close(&c->capture.bytes);
	}
	free(c);
	return packets;
}
