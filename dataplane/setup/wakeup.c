// See wakeup.h. DPDK's interrupts are armed, looked past once more, waited for, and disarmed; a packet socket stays
// readable as long as its ring holds a frame.
#include "dataplane/setup/wakeup.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <rte_ethdev.h>

#include "dataplane/setup/packet_socket.h"

void wakeup_init(struct wakeup *w)
{
	*w = (struct wakeup){.epfd = epoll_create1(EPOLL_CLOEXEC)};
}

static bool add(struct wakeup *w, const struct port *port, uint16_t queue)
{
	struct rte_epoll_event *event = &w->item[w->count].event;
	int fd = port->wakes == PORT_WAKES_BY_SOCKET ? packet_socket_of(port->ifindex) : -1;

	if (w->count == WAKEUP_MAX)
		return false;
	w->item[w->count].port = port;
	w->item[w->count].queue = queue;
	if (port->wakes == PORT_WAKES_BY_DEVICE &&
		rte_eth_dev_rx_intr_ctl_q(port->id, queue, w->epfd, RTE_INTR_EVENT_ADD, NULL) != 0)
		return false;
	event->epdata.event = EPOLLIN;
	if (port->wakes == PORT_WAKES_BY_SOCKET && (fd < 0 || rte_epoll_ctl(w->epfd, EPOLL_CTL_ADD, fd, event) != 0))
		return false;
	w->count++;
	return port->wakes != PORT_WAKES_NOT;
}

void wakeup_add(struct wakeup *w, const struct port *port, uint16_t queue)
{
	if (w->epfd >= 0 && !add(w, port, queue))
		wakeup_close(w);
}

// A device that has no switch for its interrupt needs none (net_tap). Returns false when a frame is there already.
static bool arm(struct wakeup *w)
{
	bool empty = true;

	for (uint16_t i = 0; i < w->count; i++) {
		uint16_t id = w->item[i].port->id, queue = w->item[i].queue;

		if (w->item[i].port->wakes != PORT_WAKES_BY_DEVICE)
			continue;
		rte_eth_dev_rx_intr_enable(id, queue);
		// what came before the interrupt was on rings no bell
		empty &= rte_eth_rx_queue_count(id, queue) <= 0;
	}
	return empty;
}

static void disarm(struct wakeup *w)
{
	for (uint16_t i = 0; i < w->count; i++)
		if (w->item[i].port->wakes == PORT_WAKES_BY_DEVICE)
			rte_eth_dev_rx_intr_disable(w->item[i].port->id, w->item[i].queue);
}

bool wakeup_wait(struct wakeup *w, unsigned int ms)
{
	struct rte_epoll_event events[WAKEUP_MAX];

	if (w->epfd < 0)
		return false;
	if (arm(w))
		rte_epoll_wait(w->epfd, events, WAKEUP_MAX, (int)ms);
	disarm(w);
	return true;
}

void wakeup_close(struct wakeup *w)
{
	for (uint16_t i = 0; i < w->count; i++) {
		const struct port *p = w->item[i].port;

		if (p->wakes == PORT_WAKES_BY_DEVICE && p->running)
			rte_eth_dev_rx_intr_ctl_q(p->id, w->item[i].queue, w->epfd, RTE_INTR_EVENT_DEL, NULL);
	}
	w->count = 0;
	if (w->epfd >= 0)
		close(w->epfd);
	w->epfd = -1;
}
