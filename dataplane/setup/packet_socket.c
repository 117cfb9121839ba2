// Finds the packet sockets the af_packet driver has opened among our own descriptors.
#include "dataplane/setup/packet_socket.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static bool is_bound_to(int fd, int ifindex)
{
	struct sockaddr_ll addr = {0};
	socklen_t len = sizeof(addr);
	int domain = 0;
	socklen_t domain_len = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_len) == 0 && domain == AF_PACKET &&
	       getsockname(fd, (struct sockaddr *)&addr, &len) == 0 && addr.sll_ifindex == ifindex;
}

static uint64_t drops_of(int fd)
{
	struct tpacket_stats stats = {0};
	socklen_t len = sizeof(stats);

	return getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0 ? stats.tp_drops : 0;
}

// Tells each packet socket on the interface to visit, until it says stop.
static void each_socket(int ifindex, bool (*visit)(int fd, void *arg), void *arg)
{
	DIR *dir = opendir("/proc/self/fd");
	bool go_on = dir != NULL;

	for (struct dirent *e; go_on && (e = readdir(dir));) {
		int fd = atoi(e->d_name);

		if (e->d_name[0] != '.' && is_bound_to(fd, ifindex))
			go_on = visit(fd, arg);
	}
	if (dir)
		closedir(dir);
}

static bool add_drops(int fd, void *arg)
{
	*(uint64_t *)arg += drops_of(fd);
	return true;
}

uint64_t packet_socket_drops(int ifindex)
{
	uint64_t drops = 0;

	each_socket(ifindex, add_drops, &drops);
	return drops;
}

static bool take_first(int fd, void *arg)
{
	*(int *)arg = fd;
	return false;
}

int packet_socket_of(int ifindex)
{
	int fd = -1;

	each_socket(ifindex, take_first, &fd);
	return fd;
}

bool packet_interface_up(int ifindex)
{
	struct ifreq req = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up = fd >= 0 && if_indextoname((unsigned int)ifindex, req.ifr_name) &&
		  ioctl(fd, SIOCGIFFLAGS, &req) == 0 && (req.ifr_flags & IFF_UP) && (req.ifr_flags & IFF_RUNNING);

	if (fd >= 0)
		close(fd);
	return up;
}
