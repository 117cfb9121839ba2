// Which kind of capture this is. Next: capture_pcap.c and capture_pcapng.c.
#include "dataplane/capture.h"

#include <string.h>

// pcapng begins with a section header block, whose type reads the same in both byte orders.
static const uint8_t pcapng_magic[4] = {0x0a, 0x0d, 0x0d, 0x0a};

static enum capture_result first_frame(struct capture *c, struct capture_frame *out)
{
	const uint8_t *magic = capture_bytes_peek(&c->bytes, 4);
	enum capture_result result = CAPTURE_NOT_ONE;

	if (!magic)
		return c->bytes.state == BYTES_AGAIN || c->bytes.state == BYTES_ERROR ? capture_stopped(c, true)
										      : CAPTURE_NOT_ONE;
	if (memcmp(magic, pcapng_magic, sizeof(pcapng_magic)) == 0)
		result = capture_pcapng_begin(c);
	else if (capture_pcap_magic(magic))
		result = capture_pcap_begin(c);
	if (result != CAPTURE_FRAME)
		return result;
	return c->next(c, out);
}

void capture_begin(struct capture *c)
{
	c->next = first_frame;
	c->swapped = false;
	c->interface_count = 0;
	c->record_at = 0;
	c->why = "";
}

enum capture_result capture_stopped(const struct capture *c, bool at_boundary)
{
	const struct capture_bytes *b = &c->bytes;

	if (b->state == BYTES_AGAIN)
		return CAPTURE_AGAIN;
	if (b->state == BYTES_ERROR)
		return CAPTURE_CUT;
	return at_boundary && b->skip == 0 && b->pos == b->end ? CAPTURE_END : CAPTURE_CUT;
}
