// Live ports of the sensor: names of the command line to DPDK ports that listen. Next: ports.c.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/config/tocsin_config.h"
#include "ctl/sensor/options.h"
#include "dataplane/pipeline.h"
#include "dataplane/run_capture.h"
#include "dataplane/setup/memory.h"
#include "dataplane/setup/port.h"
#include "dataplane/source.h"

struct rte_tel_data;
struct stats_snapshot;

// Packet buffers of one NUMA node.
struct node_pools {
	int node;
	struct mbuf_pools pools;
};

struct live_ports {
	size_t count;
	struct port port[PORT_MAX];
	size_t node_count;
	struct node_pools nodes[PORT_MAX]; // those that ports are on
	char allow[PORT_MAX][64];          // "--allow=0000:3b:00.0" for the EAL
	const char *devices[PORT_MAX];
	size_t device_count;
	bool hugepages;
	uint32_t frame_room; // bytes one packet buffer must hold
	bool spread;         // fewer queues than workers: one reader deals frames out
	uint16_t workers;
	bool down[PORT_MAX];                          // ports_watch has said so
	struct source *sources[PIPELINE_MAX_WORKERS]; // one a worker, or one that is spread
};

// Why something failed, in one line: what, and what to do.
struct live_error {
	char text[512];
};

// Before the EAL starts: looks at every -i and --port, and finds out about hugepages. Returns 0 or -errno.
int ports_prepare(
	struct live_ports *l, const struct options *o, const struct tocsin_config *cfg, struct live_error *why);
// After the EAL has started: probes devices, makes packet buffers on their NUMA nodes, starts ports, opens sources.
int ports_start(struct live_ports *l, const struct options *o, const struct tocsin_config *cfg, struct live_error *why);
// Reads until poll says stop. Returns as run_live or run_capture.
int ports_run(struct live_ports *l, struct pipeline *p, const struct tocsin_config *cfg, struct run_hooks *hooks);
// Says once when a link goes down or comes back.
void ports_watch(struct live_ports *l, void (*tell)(void *arg, const char *line), void *arg);
// One line a port: name, driver, queues, RSS, MTU, transmit queues, notes.
void ports_describe(const struct live_ports *l, size_t i, char *out, size_t size);
// One line on worker i: its CPUs and NUMA node, and the queues it reads; and one on the reader that deals frames out,
// where there is one (i = workers). Returns false when there is no such line.
bool ports_describe_worker(const struct live_ports *l, uint16_t i, char *out, size_t size);
// Adds every port's and queue's counters under tocsin.ports.<name>; a count the driver cannot take is unknown.
void ports_stats(struct live_ports *l, struct stats_snapshot *s);
// Tells visit each of the device's own counters.
void ports_each_xstat(const struct port *p, void (*visit)(void *arg, const char *name, uint64_t value), void *arg);
// The same for the telemetry socket, a line a port; or one port by its name, with the device's own counters.
void ports_answer(struct live_ports *l, struct rte_tel_data *d);
void ports_answer_one(struct live_ports *l, const char *name, struct rte_tel_data *d);
// Name of a port for EVE in_iface.
const char *ports_name(const struct live_ports *l, uint16_t iface);
// Stops and closes. Accepts what ports_prepare or ports_start left.
void ports_close(struct live_ports *l);

// The EAL's lcore map for a CPU list ("1-3,6") and this many workers: lcore 0 on every CPU the process may use, each
// worker on one of the list. Returns 0, or -EINVAL with why.
int ports_lcore_map(const char *cpus, uint16_t workers, char *out, size_t size, struct live_error *why);
// CPUs worker i may run on, as a list ("2" or "0,1"). Returns out. After the EAL has started.
const char *ports_worker_cpus(uint16_t i, char *out, size_t size);
// NUMA node of worker i's CPUs, -1 where it may run on several.
int ports_worker_node(uint16_t i);
