// Reads /sys and asks the kernel with ioctls. Next: ports.c.
#include "ctl/sensor/interface.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "ctl/config/nearest.h"

void read_line(const char *path, char *out, size_t size)
{
	FILE *f = fopen(path, "re");

	out[0] = '\0';
	if (!f)
		return;
	if (!fgets(out, (int)size, f))
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	fclose(f);
}

static bool ethtool_value(int fd, const struct ifreq *req, uint32_t command, uint32_t bit)
{
	struct ethtool_value value = {.cmd = command};
	struct ifreq ask = *req;

	ask.ifr_data = (char *)&value;
	return ioctl(fd, SIOCETHTOOL, &ask) == 0 && (value.data & bit);
}

// The last part of where a /sys link points to ("driver", "device"), "" without one.
static void link_name(const char *name, const char *link, char *out, size_t size)
{
	char path[128], target[512];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, link);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	snprintf(out, size, "%s", n > 0 && strrchr(target, '/') ? strrchr(target, '/') + 1 : "");
}

int interface_read(const char *name, struct interface *out)
{
	struct ifreq req = {0};
	int fd, rc = 0;

	*out = (struct interface){0};
	if (strlen(name) >= sizeof(req.ifr_name))
		return -ENODEV;
	snprintf(out->name, sizeof(out->name), "%s", name);
	memcpy(req.ifr_name, name, strlen(name));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCGIFFLAGS, &req) != 0)
		rc = errno == ENODEV || errno == ENXIO ? -ENODEV : -errno;
	out->up = req.ifr_flags & IFF_UP;
	if (rc == 0 && ioctl(fd, SIOCGIFMTU, &req) == 0)
		out->mtu = (uint32_t)req.ifr_mtu;
	if (rc == 0) {
		out->gro = ethtool_value(fd, &req, ETHTOOL_GGRO, 1);
		out->lro = ethtool_value(fd, &req, ETHTOOL_GFLAGS, ETH_FLAG_LRO);
		link_name(name, "device/driver", out->driver, sizeof(out->driver));
		link_name(name, "device", out->pci, sizeof(out->pci));
		if (strlen(out->pci) != strlen("0000:3b:00.0") || out->pci[4] != ':')
			out->pci[0] = '\0';
	}
	close(fd);
	return rc;
}

size_t interface_list(char (*names)[32], size_t max)
{
	struct if_nameindex *all = if_nameindex();
	size_t n = 0;

	for (struct if_nameindex *i = all; i && i->if_index && n < max; i++)
		snprintf(names[n++], sizeof(names[0]), "%s", i->if_name);
	if_freenameindex(all);
	return n;
}

const char *interface_nearest(const char *name)
{
	static char found[32];
	char names[64][32];
	size_t count = interface_list(names, 64);
	struct nearest n;

	nearest_begin(&n, name);
	for (size_t i = 0; i < count; i++)
		nearest_offer(&n, names[i]);
	if (!nearest_found(&n))
		return NULL;
	snprintf(found, sizeof(found), "%s", n.best);
	return found;
}

bool has_capability(int capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}, {0}};

	if (syscall(SYS_capget, &header, data) != 0)
		return false;
	return data[capability / 32].effective & 1u << capability % 32;
}

uint64_t hugepages_free_bytes(void)
{
	static const struct {
		const char *kb;
		uint64_t bytes;
	} sizes[] = {{"2048", 2ull << 20}, {"1048576", 1ull << 30}};
	uint64_t sum = 0;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char path[96], line[32];

		snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%skB/free_hugepages", sizes[i].kb);
		read_line(path, line, sizeof(line));
		sum += strtoull(line, NULL, 10) * sizes[i].bytes;
	}
	return sum;
}
