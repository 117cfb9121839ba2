// Keeps the kernel from changing what -i sees. DPDK 22.11's af_packet device puts every socket into a fan-out group,
// even one alone, with PACKET_FANOUT_FLAG_DEFRAG: the kernel then puts fragments together by a policy of its own, and
// the sensor sees neither them nor what they hide (packet(7)). The device has no argument against it, so the sensor
// answers that call itself; the device is linked at run time and finds this function before the C library's.
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// setsockopt(2), but for PACKET_FANOUT, which succeeds and does nothing: each interface has one socket, so there is
// nobody to share its frames with.
__attribute__((visibility("default"))) int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (level == SOL_PACKET && name == PACKET_FANOUT)
		return 0;
	return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}
