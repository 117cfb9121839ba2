// Runs decode over frames of a test: one decoder, one burst, both static because they are large.
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dataplane/decode.h"
#include "tests/unit/build_packet.h"

static struct decoder run_decoder;
static struct burst run_burst;

static inline void run_start(void)
{
	decode_init(&run_decoder, NULL);
	memset(&run_burst, 0, sizeof(run_burst));
}

// Adds a frame to the burst. The bytes are borrowed.
static inline void run_add(uint16_t link_type, const uint8_t *bytes, uint32_t len)
{
	struct packet *p = &run_burst.frames[run_burst.n_frames++];
	p->data = bytes;
	p->len = p->wire_len = len;
	p->link_type = link_type;
	p->seq = run_burst.n_frames;
	p->ts_ns = 1700000000000000000u + run_burst.n_frames;
}

// Decodes one frame alone. Returns how many packets came out: run_burst.list[0..n).
static inline uint16_t run_one(uint16_t link_type, const uint8_t *bytes, uint32_t len)
{
	memset(&run_burst, 0, sizeof(run_burst));
	run_add(link_type, bytes, len);
	decode_burst(&run_decoder, &run_burst);
	return run_burst.n;
}

static inline uint16_t run_built(uint16_t link_type, const struct build *b)
{
	return run_one(link_type, b->data, b->len);
}

static inline uint32_t run_count_event(uint16_t reason)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < run_burst.n; i++) {
		for (uint32_t k = 0; k < run_burst.list[i]->event_count; k++)
			n += run_burst.list[i]->events[k] == reason;
	}
	return n;
}

static inline uint32_t run_count_events(void)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < run_burst.n; i++)
		n += run_burst.list[i]->event_count;
	return n;
}
