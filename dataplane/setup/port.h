// A network port set up to listen: DPDK device, receive queues, counters. Cold but for port_rx_queues.
// Next: dataplane/source_ethdev.h.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_mempool.h>

#define PORT_MAX 16u

struct port_config {
	uint16_t id;             // DPDK's
	const char *name;        // for messages: "eth0", "0000:3b:00.0"
	const char *kernel_name; // network interface behind an af_packet device, NULL: none
	uint16_t queues;         // receive queues wanted, at least 1
	uint16_t descriptors;    // of each queue; brought into the device's limits
	uint16_t mtu;            // 0: the largest up to 9000 that fits mbuf_room
	bool promiscuous;
	bool interrupts;       // where the device has them, so that who waits for frames can sleep
	bool checksum_offload; // let the device judge checksums
	uint32_t mbuf_room;    // bytes of a frame one mbuf of the pool holds
	struct rte_mempool *pool;
};

enum port_rss {
	PORT_RSS_NONE,      // one queue, nothing to spread
	PORT_RSS_SYMMETRIC, // both directions of a pair meet on one queue
	PORT_RSS_REFUSED,   // the device spreads in a way of its own: its queues must be dealt out anew
};

enum port_wakes {
	PORT_WAKES_NOT,       // must be polled
	PORT_WAKES_BY_DEVICE, // has receive interrupts
	PORT_WAKES_BY_SOCKET, // an af_packet device: the kernel's socket can be waited on
};

struct port {
	uint16_t id;
	char name[64];
	char driver[32];
	uint16_t queues;    // receive queues that run
	uint16_t tx_queues; // 0, or more where the driver needs them to start or connect; nothing has a handle on them
	uint16_t mtu;
	uint16_t descriptors;
	int socket; // NUMA node, SOCKET_ID_ANY where it has none
	enum port_rss rss;
	bool common_table; // with symmetric RSS: a hash has the same queue as on other ports (port_queue_of_hash)
	enum port_wakes wakes;
	bool counts_drops; // the device (or the kernel socket behind it) tells what it lost
	bool running;
	int ifindex;           // of the kernel interface, 0: none
	uint64_t kernel_drops; // of the packet socket, summed up: the kernel clears them when read
	char note[160];        // what is not as asked ("mtu 1500: the device takes no more"), "" else
};

// Hardware's counters. UINT64_MAX: the device cannot tell.
struct port_stats {
	uint64_t received, bytes, missed, errors, no_buffer;
};

// Configures and starts a port: receive queues only, symmetric RSS where there are several, promiscuous.
// Returns 0 or -errno; why then says in one line what failed and what helps.
int port_open(struct port *p, const struct port_config *cfg, char *why, size_t why_size);
// Stops and closes. Accepts a port that is not running.
void port_close(struct port *p);

// Frames that something in this process tried to send over any port since the start; none has left. 0 in a sound
// sensor.
uint64_t port_send_attempts(void);
void port_stats(struct port *p, struct port_stats *out);
// Link state as the device sees it now; a device without link state is up.
bool port_link_up(const struct port *p);

// A key under which RSS maps (a, b) and (b, a) to one queue: a period of 16 bits (Woo, Park:
// "Scalable TCP Session Monitoring with Symmetric Receive-side Scaling", 2012).
#define PORT_RSS_KEY_BYTES 52u
extern const uint8_t port_rss_key[PORT_RSS_KEY_BYTES];

// The queue of a hash under the redirection table that ports are given: entry e of every table is queue e % 128 %
// queues, so a table of 128 entries or a multiple gives all hashes the same queue.
#define PORT_TABLE_PERIOD 128u
static inline uint16_t port_queue_of_hash(uint32_t hash, uint16_t queues)
{
	return (uint16_t)(hash % PORT_TABLE_PERIOD % queues);
}
