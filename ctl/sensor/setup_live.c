// The live half of setup_pipeline.c: ports instead of captures. Next: ports.c.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_memory.h>

#include "ctl/sensor/eal.h"
#include "ctl/sensor/ports.h"
#include "ctl/sensor/sensor.h"

#define EAL_MEMORY_BYTES (96ull << 20) // without hugepages: device queues, rings, pool headers

static int start_eal(struct sensor *s, struct live_error *why)
{
	const struct live_ports *l = s->live;
	char map[4096];
	bool pinned = s->cfg.workers.lcores[0];
	struct eal_options o = {
		.workers = s->workers,
		.lcores = pinned ? map : NULL,
		.memory_bytes = EAL_MEMORY_BYTES,
		.hugepages = l->hugepages,
		.file_prefix = s->cfg.telemetry.enabled ? s->cfg.telemetry.file_prefix : NULL,
		.verbose = s->opt.verbose > 1,
		.devices = l->devices,
		.device_count = l->device_count,
		.raw = (const char *const *)s->cfg.memory.eal_args.items,
		.raw_count = s->cfg.memory.eal_args.count,
	};
	int rc = pinned ? ports_lcore_map(s->cfg.workers.lcores, s->workers, map, sizeof(map), why) : 0;

	if (rc != 0)
		return rc;
	rc = eal_start(&o);
	if (rc != 0)
		snprintf(why->text, sizeof(why->text),
			"DPDK did not start: %s; -vv shows more, tocsin --doctor what this box lacks",
			eal_said()[0] ? eal_said() : strerror(-rc));
	s->eal_started = rc == 0;
	return rc;
}

int setup_live(struct sensor *s)
{
	struct live_error why = {""};
	char line[512];
	int rc;

	s->live = calloc(1, sizeof(*s->live));
	if (!s->live) {
		say("no memory for the ports");
		return EXIT_BAD_INPUT;
	}
	rc = ports_prepare(s->live, &s->opt, &s->cfg, &why);
	if (rc == 0)
		rc = start_eal(s, &why);
	if (rc == 0)
		rc = ports_start(s->live, &s->opt, &s->cfg, &why);
	if (rc != 0) {
		say("%s", why.text);
		return EXIT_BAD_INPUT;
	}
	mem_fault_at_once(true); // the workers' tables come next
	s->source = s->live->sources[0];
	for (size_t i = 0; i < s->live->count && !s->opt.quiet; i++) {
		const struct port *p = &s->live->port[i];
		bool polled = s->cfg.workers.idle == IDLE_INTERRUPT && p->wakes == PORT_WAKES_NOT;

		ports_describe(s->live, i, line, sizeof(line));
		if (s->opt.verbose || !p->counts_drops || p->tx_queues || polled)
			say("%s", line);
		if (polled)
			say("%s: %s has no receive interrupts; idle workers sleep some 100 us at a time", p->name,
				p->driver);
	}
	for (uint16_t i = 0; s->opt.verbose && ports_describe_worker(s->live, i, line, sizeof(line)); i++)
		say("%s", line);
	return EXIT_CLEAN;
}

void undo_live(struct sensor *s)
{
	if (!s->live)
		return;
	ports_close(s->live);
	s->source = NULL; // it was one of theirs
	free(s->live);
	s->live = NULL;
}
