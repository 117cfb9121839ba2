// Ports for the telemetry socket: /tocsin/ports and /tocsin/ports,NAME.
#include <string.h>

#include "ctl/sensor/ports.h"
#include "ctl/sensor/telemetry.h"

static void add_port(struct port *p, struct rte_tel_data *d)
{
	struct port_stats counts;

	port_stats(p, &counts);
	rte_tel_data_add_dict_string(d, "name", p->name);
	rte_tel_data_add_dict_string(d, "driver", p->driver);
	rte_tel_data_add_dict_string(d, "link", port_link_up(p) ? "up" : "down");
	telemetry_count(d, "packets", counts.received);
	telemetry_count(d, "bytes", counts.bytes);
	telemetry_count(d, "missed", counts.missed);
	telemetry_count(d, "errors", counts.errors);
	telemetry_count(d, "no_buffer", counts.no_buffer);
	telemetry_count(d, "queues", p->queues);
	telemetry_count(d, "send_queues", p->tx_queues);
}

void ports_answer(struct live_ports *l, struct rte_tel_data *d)
{
	rte_tel_data_start_dict(d);
	for (size_t i = 0; i < l->count; i++) {
		struct rte_tel_data *row = telemetry_row(d, "%zu", i);

		if (row)
			add_port(&l->port[i], row);
	}
}

static void add_xstat(void *arg, const char *name, uint64_t value)
{
	telemetry_count(arg, name, value);
}

void ports_answer_one(struct live_ports *l, const char *name, struct rte_tel_data *d)
{
	struct rte_tel_data *more;
	struct port *p = NULL;

	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->port[i].name, name) == 0)
			p = &l->port[i];
	if (!p) {
		telemetry_error(d, "no port is called %.64s; /tocsin/ports lists all", name);
		return;
	}
	rte_tel_data_start_dict(d);
	add_port(p, d);
	telemetry_count(d, "mtu", p->mtu);
	telemetry_count(d, "descriptors", p->descriptors);
	rte_tel_data_add_dict_int(d, "numa_node", p->socket);
	rte_tel_data_add_dict_string(d, "note", p->note);
	more = telemetry_row(d, "xstats");
	if (more)
		ports_each_xstat(p, add_xstat, more);
}
