// What the kernel's packet sockets know and DPDK's af_packet driver does not ask.
#pragma once

#include <stdint.h>

// Frames the kernel dropped since the last call because this process' packet sockets on the interface were
// full (packet(7), PACKET_STATISTICS; reading clears them). 0 where there is no such socket.
uint64_t packet_socket_drops(int ifindex);
