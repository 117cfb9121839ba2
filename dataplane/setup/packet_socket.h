// What the kernel's packet sockets know and DPDK's af_packet driver does not ask.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Frames the kernel dropped since the last call because this process' packet sockets on the interface were
// full (packet(7), PACKET_STATISTICS; reading clears them). 0 where there is no such socket.
uint64_t packet_socket_drops(int ifindex);

// The packet socket of this process on the interface (the first, if there are several), -1 without one.
int packet_socket_of(int ifindex);

// True while the kernel interface is there, up, and has a carrier.
bool packet_interface_up(int ifindex);
