// What looking at ports and starting them share. Next: ports_check.c.
#pragma once

#include "ctl/sensor/ports.h"

#define JUMBO_MBUFS 160u // and as many again for each worker

// Writes why and returns rc.
int live_fail(struct live_error *why, int rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
// "net_memif0,...": a DPDK device made by name.
bool ports_is_vdev(const char *name);
// Bytes a packet buffer needs for frames of this MTU, a power of two.
uint32_t ports_frame_room(uint32_t mtu);
// Packet buffers the ports of a node and all workers need together.
uint32_t ports_mbufs(const struct live_ports *l, const struct tocsin_config *cfg);
