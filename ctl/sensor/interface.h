// Kernel network interfaces and this process' rights over them, as Linux tells. Cold.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct interface {
	char name[32];
	bool up;
	uint32_t mtu;
	bool gro, lro;   // the kernel glues packets together before a packet socket sees them
	char driver[32]; // "" for virtual ones
	char pci[32];    // "0000:3b:00.0", "" where it is no PCI device
};

// Returns 0, or -ENODEV where no interface has this name, or -errno.
int interface_read(const char *name, struct interface *out);
// The name nearest to one that does not exist, or NULL; the text is static.
const char *interface_nearest(const char *name);
// Names of all interfaces, at most max. Returns how many.
size_t interface_list(char (*names)[32], size_t max);

// True when this process holds the capability (linux/capability.h) now.
bool has_capability(int capability);
// Hugepages of 2 MiB and 1 GiB that are free, in bytes.
uint64_t hugepages_free_bytes(void);
// First line of a file without its newline; "" when it cannot be read.
void read_line(const char *path, char *out, size_t size);
