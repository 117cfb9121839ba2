// Capture files, pcap and pcapng, from memory: whatever the bytes, reading ends and every frame lies within them.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "dataplane/capture.h"
#include "dataplane/setup/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct capture c;
	struct capture_frame frame;
	uint64_t before = 0;

	capture_bytes_memory(&c.bytes, data, size);
	capture_begin(&c);
	while (capture_next(&c, &frame) == CAPTURE_FRAME) {
		uint64_t at = capture_bytes_tell(&c.bytes);
		if (frame.len > FRAME_MAX_BYTES || frame.wire_len < frame.len || at <= before)
			abort();
		if (frame.data < data || frame.data + frame.len > data + size)
			abort();
		before = at;
	}
	return 0;
}
