// What each port counts, for EVE stats: stats.tocsin.ports.<name>.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include "ctl/eve/stats.h"
#include "ctl/sensor/ports.h"

#define XSTATS_A_PORT 64u // in a record

// Dots part the levels of a counter's name; a PCI address has one.
static void counter_name(const char *port, char *out, size_t size)
{
	snprintf(out, size, "%s", port);
	for (char *p = out; *p; p++)
		if (*p == '.')
			*p = '_';
}

void ports_each_xstat(const struct port *p, void (*visit)(void *arg, const char *name, uint64_t value), void *arg)
{
	int n = rte_eth_xstats_get(p->id, NULL, 0);
	struct rte_eth_xstat *values = n > 0 ? calloc((size_t)n, sizeof(*values)) : NULL;
	struct rte_eth_xstat_name *names = n > 0 ? calloc((size_t)n, sizeof(*names)) : NULL;

	if (values && names && rte_eth_xstats_get(p->id, values, (unsigned int)n) == n &&
		rte_eth_xstats_get_names(p->id, names, (unsigned int)n) == n)
		for (int i = 0; i < n; i++)
			visit(arg, names[i].name, values[i].value);
	free(values);
	free(names);
}

struct xstat_lines {
	struct stats_snapshot *stats;
	const char *port;
	unsigned int room;
};

// What the device's own counters have never counted is left out: a NIC has hundreds.
static void add_xstat(void *arg, const char *name, uint64_t value)
{
	struct xstat_lines *l = arg;
	char clean[64];

	if (!value || !l->room)
		return;
	l->room--;
	counter_name(name, clean, sizeof(clean));
	stats_add_name(l->stats, value, "tocsin.ports.%s.xstats.%s", l->port, clean);
}

static void add_queues(const struct port *p, const char *name, struct stats_snapshot *s)
{
	struct rte_eth_stats counts;

	if (rte_eth_stats_get(p->id, &counts) != 0)
		return;
	for (uint16_t q = 0; q < p->queues && q < RTE_ETHDEV_QUEUE_STAT_CNTRS; q++) {
		stats_add_name(s, counts.q_ipackets[q], "tocsin.ports.%s.queues.q%u.packets", name, q);
		stats_add_name(s, counts.q_errors[q], "tocsin.ports.%s.queues.q%u.errors", name, q);
	}
}

void ports_stats(struct live_ports *l, struct stats_snapshot *s)
{
	stats_add_name(s, port_send_attempts(), "tocsin.send_attempts");
	for (size_t i = 0; i < l->count; i++) {
		struct port *p = &l->port[i];
		struct port_stats counts;
		char name[64];

		counter_name(p->name, name, sizeof(name));
		port_stats(p, &counts);
		stats_add_name(s, counts.received, "tocsin.ports.%s.packets", name);
		stats_add_name(s, counts.bytes, "tocsin.ports.%s.bytes", name);
		stats_add_name(s, counts.missed, "tocsin.ports.%s.missed", name);
		stats_add_name(s, counts.errors, "tocsin.ports.%s.errors", name);
		stats_add_name(s, counts.no_buffer, "tocsin.ports.%s.no_buffer", name);
		stats_add_name(s, p->tx_queues, "tocsin.ports.%s.send_queues", name);
		stats_add_name(s, port_link_up(p), "tocsin.ports.%s.link_up", name);
		stats_add_name(s, p->counts_drops, "tocsin.ports.%s.counts_drops", name);
		add_queues(p, name, s);
		if (p->running)
			ports_each_xstat(p, add_xstat, &(struct xstat_lines){s, name, XSTATS_A_PORT});
	}
}
