// From names that have been looked at to listening ports.
// Next: ports_lcores.c, dataplane/run_live.c.
#include "ctl/sensor/ports_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_log.h>

#include "ctl/sensor/interface.h"
#include "dataplane/run_live.h"
#include "dataplane/source_ethdev.h"

#define SOCKET_RING_BYTES (32u << 20) // of the kernel's ring behind one interface
#define SOCKET_BLOCK_BYTES 65536u

static int add_interface(const char *name, size_t index, uint16_t *id, struct live_error *why)
{
	struct interface i;
	char device[32], args[256];
	int rc = interface_read(name, &i);
	uint32_t room = ports_frame_room(i.mtu);

	if (rc)
		return live_fail(why, rc, "-i %s: the interface is gone", name);
	snprintf(device, sizeof(device), "net_af_packet%zu", index);
	snprintf(args, sizeof(args), "iface=%s,qpairs=1,framesz=%u,blocksz=%u,framecnt=%u", name, room,
		RTE_MAX(room, SOCKET_BLOCK_BYTES), SOCKET_RING_BYTES / room);
	rc = rte_eal_hotplug_add("vdev", device, args);
	if (rc == 0)
		rc = rte_eth_dev_get_port_by_name(device, id);
	return rc ? live_fail(why, rc, "-i %s: DPDK's af_packet device does not start: %s; -vv shows what it says",
			    name, strerror(-rc))
		  : 0;
}

static int add_port(const char *spec, uint16_t *id, struct live_error *why)
{
	char name[64];
	const char *args = strchr(spec, ',');
	size_t len = args ? (size_t)(args - spec) : strlen(spec);
	int rc = 0;

	if (len >= sizeof(name))
		return live_fail(why, -EINVAL, "--port %.40s...: the device's name is too long", spec);
	snprintf(name, sizeof(name), "%.*s", (int)len, spec);
	if (ports_is_vdev(spec))
		rc = rte_eal_hotplug_add("vdev", name, args ? args + 1 : "");
	else if (strlen(name) < 12)
		snprintf(name, sizeof(name), "0000:%s", spec);
	if (rc == 0)
		rc = rte_eth_dev_get_port_by_name(name, id);
	if (rc == -ENODEV && !ports_is_vdev(spec))
		return live_fail(why, rc,
			"--port %s: no DPDK driver took the device; bind it with dpdk-devbind.py -b vfio-pci %s", spec,
			name);
	return rc ? live_fail(why, rc,
			    "--port %s: DPDK cannot make this device; are name and arguments right? -vv shows what it "
			    "says",
			    spec)
		  : 0;
}

// The packet buffers of the NUMA node a device is on, made when it is the first there. NULL with why.
static const struct mbuf_pools *pools_near(
	struct live_ports *l, uint16_t id, const struct tocsin_config *cfg, struct live_error *why)
{
	int node = rte_eth_dev_socket_id(id);
	char name[16];
	struct mbuf_pools_config pools = {.name = name,
		.small_count = ports_mbufs(l, cfg),
		.jumbo_count = JUMBO_MBUFS * (l->workers + 1u),
		.small_room = l->frame_room,
		.socket = node};

	for (size_t i = 0; i < l->node_count; i++)
		if (l->nodes[i].node == node)
			return &l->nodes[i].pools;
	snprintf(name, sizeof(name), "tocsin%d", node);
	int rc = mbuf_pools_create(&l->nodes[l->node_count].pools, &pools);
	if (rc == 0) {
		l->nodes[l->node_count].node = node;
		return &l->nodes[l->node_count++].pools;
	}
	live_fail(why, rc,
		"no memory for %u packet buffers of %u bytes on NUMA node %d: %s; dpdk.mempool-size asks for less",
		pools.small_count, pools.small_room, node, strerror(-rc));
	return NULL;
}

static int start_one(struct live_ports *l, const char *name, bool interface, uint16_t id,
	const struct tocsin_config *cfg, struct live_error *why)
{
	const struct mbuf_pools *pools = pools_near(l, id, cfg, why);

	if (!pools)
		return -ENOMEM;
	struct port_config port = {
		.id = id,
		.name = name,
		.kernel_name = interface ? name : NULL,
		.queues = l->workers,
		.descriptors = (uint16_t)cfg->capture.rx_descriptors,
		.mtu = (uint16_t)cfg->capture.mtu,
		.promiscuous = cfg->capture.promiscuous,
		.interrupts = cfg->workers.idle == IDLE_INTERRUPT,
		.checksum_offload = cfg->capture.checksum_offload,
		.mbuf_room = l->frame_room,
		.pool = pools->small,
	};
	int rc = port_open(&l->port[l->count], &port, why->text, sizeof(why->text));

	if (rc == 0)
		l->count++;
	return rc;
}

// Worker i reads queue i of every port: with one key on all of them, a tap's two directions meet in one worker.
static int open_sources(struct live_ports *l, struct live_error *why)
{
	uint16_t queues = UINT16_MAX, readers;
	int rc = 0;

	for (size_t i = 0; i < l->count; i++) {
		queues = RTE_MIN(queues, l->port[i].queues);
		l->spread |= l->port[i].rss == PORT_RSS_REFUSED;
		// the two directions of a tap would part
		l->spread |= l->count > 1 && l->port[i].rss == PORT_RSS_SYMMETRIC && !l->port[i].common_table;
	}
	l->spread |= queues < l->workers;
	readers = l->spread ? 1 : l->workers;
	for (uint16_t r = 0; rc == 0 && r < readers; r++) {
		struct ethdev_queues q = {0};

		// one reader takes every queue there is
		for (size_t i = 0; i < l->count; i++)
			for (uint16_t k = l->spread ? 0 : r; k < (l->spread ? l->port[i].queues : r + 1); k++)
				if (q.count < ETHDEV_MAX_QUEUES)
					q.item[q.count++] = (struct ethdev_queue){&l->port[i], k, (uint16_t)i};
		rc = source_ethdev_open(&l->sources[r], &q, l->nodes[0].pools.jumbo, r ? l->sources[0] : NULL);
	}
	return rc ? live_fail(why, rc, "no memory for the live sources") : 0;
}

static int start_all(
	struct live_ports *l, const struct options *o, const struct tocsin_config *cfg, struct live_error *why)
{
	uint16_t id = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < o->interfaces.count; i++) {
		rc = add_interface(o->interfaces.items[i], i, &id, why);
		if (rc == 0)
			rc = start_one(l, o->interfaces.items[i], true, id, cfg, why);
	}
	for (size_t i = 0; rc == 0 && i < o->ports.count; i++) {
		rc = add_port(o->ports.items[i], &id, why);
		if (rc == 0)
			rc = start_one(l, o->ports.items[i], false, id, cfg, why);
	}
	return rc;
}

int ports_start(struct live_ports *l, const struct options *o, const struct tocsin_config *cfg, struct live_error *why)
{
	uint32_t level = rte_log_get_global_level();
	int rc;

	// one clear line is ours to say; DPDK's own are for -vv
	if (o->verbose < 2)
		rte_log_set_global_level(RTE_LOG_EMERG);
	rc = start_all(l, o, cfg, why);
	if (rc == 0)
		rc = open_sources(l, why);
	rte_log_set_global_level(level);
	return rc;
}

int ports_run(struct live_ports *l, struct pipeline *p, const struct tocsin_config *cfg, struct run_hooks *hooks)
{
	static const enum live_idle idle[] = {[IDLE_BUSY] = LIVE_BUSY,
		[IDLE_PAUSE] = LIVE_PAUSE,
		[IDLE_SLEEP] = LIVE_SLEEP,
		[IDLE_INTERRUPT] = LIVE_INTERRUPT};

	hooks->idle = idle[cfg->workers.idle];
	return l->spread ? run_capture(p, l->sources[0], hooks) : run_live(p, l->sources, hooks);
}

void ports_watch(struct live_ports *l, void (*tell)(void *arg, const char *line), void *arg)
{
	for (size_t i = 0; i < l->count; i++) {
		bool now = !port_link_up(&l->port[i]);
		char line[160];

		if (now == l->down[i])
			continue;
		l->down[i] = now;
		snprintf(line, sizeof(line), "%s: the link is %s", l->port[i].name, now ? "down" : "up again");
		tell(arg, line);
	}
}

void ports_describe(const struct live_ports *l, size_t i, char *out, size_t size)
{
	static const char *const rss[] = {
		[PORT_RSS_NONE] = "", [PORT_RSS_SYMMETRIC] = ", symmetric RSS", [PORT_RSS_REFUSED] = ", no RSS"};
	static const char *const wakes[] = {[PORT_WAKES_NOT] = "polled",
		[PORT_WAKES_BY_DEVICE] = "woken by interrupt",
		[PORT_WAKES_BY_SOCKET] = "woken by the kernel's socket"};
	const struct port *p = &l->port[i];

	snprintf(out, size,
		"%s: %s, %u receive queue%s of %u%s, %s, %u send queues%s, MTU %u, NUMA node %d, drops %s%s%s", p->name,
		p->driver, p->queues, p->queues == 1 ? "" : "s", p->descriptors, rss[p->rss], wakes[p->wakes],
		p->tx_queues, p->tx_queues ? " (the driver wants them; nothing can reach them)" : "", p->mtu, p->socket,
		p->counts_drops ? "counted" : "not counted by this driver", p->note[0] ? "; " : "", p->note);
}

bool ports_describe_worker(const struct live_ports *l, uint16_t i, char *out, size_t size)
{
	char cpus[256];
	bool reader = i == l->workers;
	int used;

	if (i > l->workers || (reader && !l->spread))
		return false;
	if (reader)
		used = snprintf(out, size, "reader: deals frames out by address pair; reads");
	else
		used = snprintf(out, size, "worker %u: CPU %s, NUMA node %d; reads%s", i,
			ports_worker_cpus(i, cpus, sizeof(cpus)), ports_worker_node(i),
			l->spread ? " what it is dealt" : "");
	for (size_t p = 0; p < l->count && reader == l->spread; p++) {
		uint16_t from = reader ? 0 : i, to = reader ? l->port[p].queues : i + 1u;

		for (uint16_t q = from; q < to && used > 0 && (size_t)used + 96 < size; q++)
			used += snprintf(out + used, size - (size_t)used, "%s %s queue %u", p || q > from ? "," : "",
				l->port[p].name, q);
	}
	return true;
}

const char *ports_name(const struct live_ports *l, uint16_t iface)
{
	return iface < l->count ? l->port[iface].name : NULL;
}

void ports_close(struct live_ports *l)
{
	for (size_t i = 0; i < PIPELINE_MAX_WORKERS; i++) {
		if (l->sources[i])
			l->sources[i]->ops->close(l->sources[i]);
		l->sources[i] = NULL;
	}
	for (size_t i = 0; i < l->count; i++)
		port_close(&l->port[i]);
	l->count = 0;
	while (l->node_count)
		mbuf_pools_free(&l->nodes[--l->node_count].pools);
}
