// See spread_lane.h.
#include "dataplane/spread_lane.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <rte_cycles.h>
#include <rte_prefetch.h>

#include "dataplane/event_ring.h"
#include "dataplane/pipeline.h"

// Nothing in the ring. In interrupt mode the reader rings the bell; a frame it sent just before it could see that
// somebody sleeps is found in the ring.
static void rest(struct lane *l)
{
	struct pollfd p = {.fd = l->bell, .events = POLLIN};
	eventfd_t rings;

	if (!idle_turn(&l->idler))
		return;
	if (l->bell < 0) {
		rte_delay_us_sleep(IDLE_SLEEP_US);
		return;
	}
	atomic_store(&l->asleep, true);
	if (rte_ring_empty(l->ring) && poll(&p, 1, IDLE_WAIT_MS) == 1)
		eventfd_read(l->bell, &rings);
	atomic_store(&l->asleep, false);
}

// A capture can wait for the collector, and a live reader's frames wait in the device.
static void wait_for_room(const struct worker *w)
{
	struct idler i = {0};

	while (event_ring_free_slots(w->sink.ring) < PIPELINE_BURST_SLOTS)
		idle_turn(&i);
}

static void process(struct worker *w)
{
	if (!w->burst.n_frames)
		return;
	wait_for_room(w);
	worker_process(w);
}

static void add_frame(struct burst *b, const struct message *m)
{
	struct packet *p = &b->frames[b->n_frames++];

	packet_begin(p);
	p->data = m->data;
	rte_prefetch0(p->data);
	p->mbuf = m->mbuf;
	p->ts_ns = m->ts_ns;
	p->seq = m->seq;
	p->len = m->len;
	p->wire_len = m->wire_len;
	p->link_type = m->link_type;
	p->iface = m->iface;
	p->flags = 0;
}

static void control(struct lane *l, const struct message *m)
{
	bool (*pass)(struct worker *, uint64_t, uint64_t) = m->kind == MESSAGE_TICK ? worker_tick : worker_flush;
	struct idler waiting = {0};

	process(l->worker);
	if (m->kind == MESSAGE_REWIND)
		worker_rewind(l->worker);
	else if (m->kind != MESSAGE_END)
		while (!pass(l->worker, m->ts_ns, m->seq))
			idle_turn(&waiting);
}

int lane_main(void *arg)
{
	struct lane *l = arg;
	struct message m[PKT_BURST];

	for (;;) {
		unsigned int n = rte_ring_sc_dequeue_burst_elem(l->ring, m, sizeof(m[0]), PKT_BURST, NULL);
		if (n == 0) {
			rest(l);
			continue;
		}
		l->idler.turns = 0;
		for (unsigned int i = 0; i < n; i++) {
			if (m[i].kind == MESSAGE_FRAME) {
				add_frame(&l->worker->burst, &m[i]);
				continue;
			}
			control(l, &m[i]);
			if (m[i].kind == MESSAGE_END)
				return 0;
		}
		process(l->worker);
	}
}
