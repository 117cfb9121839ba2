// Every -i and --port looked at before the EAL starts. What is wrong is said before DPDK has a chance to say it worse.
// Next: ports.c.
#include "ctl/sensor/ports_internal.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>
#include <rte_common.h>

#include "ctl/sensor/interface.h"

#define FRAME_ROOM_MIN 2048u
#define FRAME_ROOM_MAX 32768u              // an mbuf's lengths have 16 bits
#define PACKET_OVERHEAD 128u               // tpacket2 header, its alignment, Ethernet and two VLAN tags
#define MBUF_HEADER_BYTES 320u             // struct rte_mbuf, headroom, the mempool's own
#define HUGEPAGES_BASE_BYTES (24ull << 20) // of the EAL, rings and queues

int live_fail(struct live_error *why, int rc, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return rc;
}

// "0000:3b:00.0" or "3b:00.0".
static bool is_pci(const char *name)
{
	static const char *const shapes[] = {"hhhh:hh:hh.h", "hh:hh.h"};

	for (size_t s = 0; s < 2; s++) {
		size_t i = 0;

		while (shapes[s][i] &&
			(shapes[s][i] == 'h' ? isxdigit((unsigned char)name[i]) : name[i] == shapes[s][i]))
			i++;
		if (!shapes[s][i] && !name[i])
			return true;
	}
	return false;
}

bool ports_is_vdev(const char *name)
{
	return strncmp(name, "net_", 4) == 0;
}

uint32_t ports_frame_room(uint32_t mtu)
{
	uint32_t room = FRAME_ROOM_MIN;

	while (room < mtu + PACKET_OVERHEAD && room < FRAME_ROOM_MAX)
		room *= 2;
	return room;
}

static int check_interface(struct live_ports *l, const char *name, struct live_error *why)
{
	struct interface i;
	int rc = interface_read(name, &i);

	if (rc == -ENODEV) {
		const char *near = interface_nearest(name);

		return live_fail(why, rc, "-i %s: no interface has this name%s%s; ip link lists all", name,
			near ? "; nearest: " : "", near ? near : "");
	}
	if (rc)
		return live_fail(why, rc, "-i %s: cannot ask the kernel about it: %s", name, strerror(-rc));
	if (!i.up)
		return live_fail(why, -ENETDOWN, "-i %s: the interface is down; ip link set %s up", name, name);
	if (!has_capability(CAP_NET_RAW))
		return live_fail(why, -EPERM,
			"-i %s: listening needs CAP_NET_RAW: run as root, or setcap cap_net_raw,cap_net_admin=ep "
			"on the program",
			name);
	l->frame_room = RTE_MAX(l->frame_room, ports_frame_room(i.mtu));
	return 0;
}

static int check_port(struct live_ports *l, const char *name, struct live_error *why)
{
	char path[96];

	if (ports_is_vdev(name))
		return 0;
	if (!is_pci(name))
		return live_fail(why, -EINVAL,
			"--port %s: expected a PCI address (0000:3b:00.0) or a DPDK device (net_memif0,role=client); "
			"-i takes "
			"interfaces",
			name);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s%s", strlen(name) < 12 ? "0000:" : "", name);
	if (access(path, F_OK) != 0)
		return live_fail(why, -ENODEV, "--port %s: no PCI device has this address; lspci -D lists all", name);
	if (!l->hugepages)
		return live_fail(why, -ENOMEM,
			"--port %s: a PCI device needs hugepages; echo 512 >/proc/sys/vm/nr_hugepages", name);
	snprintf(l->allow[l->device_count], sizeof(l->allow[0]), "--allow=%s", name);
	l->devices[l->device_count] = l->allow[l->device_count];
	l->device_count++;
	return 0;
}

static int check_twice(const struct option_list *list, size_t at, const char *option, struct live_error *why)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(list->items[i], list->items[at]) == 0)
			return live_fail(why, -EEXIST, "%s %s is given twice", option, list->items[at]);
	return 0;
}

uint32_t ports_mbufs(const struct live_ports *l, const struct tocsin_config *cfg)
{
	uint32_t need = 4096u + 1024u * l->workers;

	if (cfg->memory.mbufs)
		return (uint32_t)cfg->memory.mbufs;
	return need + (uint32_t)cfg->capture.rx_descriptors * l->workers * PORT_MAX / 4;
}

// Hugepages too few for the packet buffers of one node are left alone, unless they were asked for or a device needs
// them.
static int decide_on_hugepages(struct live_ports *l, const struct tocsin_config *cfg, struct live_error *why)
{
	uint64_t bytes = hugepages_free_bytes();
	uint64_t need = HUGEPAGES_BASE_BYTES + (uint64_t)ports_mbufs(l, cfg) * (l->frame_room + MBUF_HEADER_BYTES) +
			(uint64_t)JUMBO_MBUFS * (l->workers + 1u) * (FRAME_MAX_BYTES + MBUF_HEADER_BYTES);

	if (!l->hugepages || bytes >= need)
		return 0;
	l->hugepages = false;
	if (cfg->memory.hugepages != HUGE_YES && l->device_count == 0)
		return 0;
	return live_fail(why, -ENOMEM,
		"dpdk.hugepages: %" PRIu64 " MiB are free, about %" PRIu64 " MiB are needed; echo %" PRIu64
		" >/proc/sys/vm/nr_hugepages, or a smaller dpdk.mempool-size",
		bytes >> 20, (need >> 20) + 1, (need >> 21) + 1);
}

int ports_prepare(
	struct live_ports *l, const struct options *o, const struct tocsin_config *cfg, struct live_error *why)
{
	int rc = 0;

	*l = (struct live_ports){.frame_room = FRAME_ROOM_MIN,
		.hugepages = cfg->memory.hugepages == HUGE_YES ||
			     (cfg->memory.hugepages == HUGE_AUTO && hugepages_free_bytes() > 0)};
	l->workers = cfg->workers.count ? (uint16_t)cfg->workers.count : 1;
	if (o->interfaces.count + o->ports.count > PORT_MAX)
		return live_fail(why, -E2BIG, "%zu ports: at most %u are read by one sensor",
			o->interfaces.count + o->ports.count, PORT_MAX);
	for (size_t i = 0; rc == 0 && i < o->interfaces.count; i++) {
		rc = check_twice(&o->interfaces, i, "-i", why);
		if (rc == 0)
			rc = check_interface(l, o->interfaces.items[i], why);
	}
	for (size_t i = 0; rc == 0 && i < o->ports.count; i++) {
		rc = check_twice(&o->ports, i, "--port", why);
		if (rc == 0)
			rc = check_port(l, o->ports.items[i], why);
	}
	if (cfg->capture.mtu)
		l->frame_room = RTE_MAX(l->frame_room, ports_frame_room((uint32_t)cfg->capture.mtu));
	return rc ? rc : decide_on_hugepages(l, cfg, why);
}
