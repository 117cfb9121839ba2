// tocsin --doctor: what this box has for listening, what it lacks, and the command that mends it. A line
// begins with "ok", "missing" (needed) or "advice" (works without, better with).
#include "ctl/sensor/doctor.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>
#include <rte_cpuflags.h>

#include "ctl/sensor/interface.h"

struct doctor {
	FILE *out;
	unsigned int missing, advice;
};

static void line(struct doctor *d, const char *mark, const char *fmt, va_list ap)
{
	fprintf(d->out, "%-8s ", mark);
	vfprintf(d->out, fmt, ap);
	fputc('\n', d->out);
}

__attribute__((format(printf, 2, 3))) static void ok(struct doctor *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line(d, "ok", fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 2, 3))) static void missing(struct doctor *d, const char *fmt, ...)
{
	va_list ap;

	d->missing++;
	va_start(ap, fmt);
	line(d, "missing", fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 2, 3))) static void advise(struct doctor *d, const char *fmt, ...)
{
	va_list ap;

	d->advice++;
	va_start(ap, fmt);
	line(d, "advice", fmt, ap);
	va_end(ap);
}

static void check_cpu(struct doctor *d)
{
	char clock[64];

#ifdef RTE_ARCH_X86
	if (rte_cpu_get_flag_enabled(RTE_CPUFLAG_SSE4_2) == 1)
		ok(d, "CPU: SSE4.2%s%s", rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX2) == 1 ? ", AVX2" : "",
			rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512F) == 1 ? ", AVX-512" : "");
	else
		missing(d, "CPU: SSE4.2, which DPDK and Hyperscan need; no command mends it");
#endif
	ok(d, "CPUs: %ld online", sysconf(_SC_NPROCESSORS_ONLN));
	read_line("/sys/devices/system/clocksource/clocksource0/current_clocksource", clock, sizeof(clock));
	if (strcmp(clock, "tsc") == 0 || strcmp(clock, "kvm-clock") == 0 || strcmp(clock, "arch_sys_counter") == 0)
		ok(d, "clock: %s, read without a system call", clock);
	else
		advise(d,
			"clock: %s makes each reading a system call; "
			"echo tsc >/sys/devices/system/clocksource/clocksource0/current_clocksource",
			clock[0] ? clock : "unknown");
}

static void check_memory(struct doctor *d)
{
	uint64_t bytes = hugepages_free_bytes();
	char line_text[128];

	if (bytes)
		ok(d, "hugepages: %llu MiB free", (unsigned long long)(bytes >> 20));
	else
		advise(d, "hugepages: none free; -i works without, PCI ports need them; echo 512 "
			  ">/proc/sys/vm/nr_hugepages");
	read_line("/sys/kernel/mm/transparent_hugepage/enabled", line_text, sizeof(line_text));
	if (strstr(line_text, "[never]") || !line_text[0])
		advise(d, "transparent hugepages: off; echo madvise >/sys/kernel/mm/transparent_hugepage/enabled");
	else
		ok(d, "transparent hugepages: %s", strstr(line_text, "[always]") ? "always" : "on request");
}

static void check_rights(struct doctor *d)
{
	if (has_capability(CAP_NET_RAW))
		ok(d, "rights: CAP_NET_RAW, for -i");
	else
		missing(d, "rights: CAP_NET_RAW, for -i; run as root, or setcap cap_net_raw,cap_net_admin=ep $(command "
			   "-v tocsin)");
	if (has_capability(CAP_NET_ADMIN))
		ok(d, "rights: CAP_NET_ADMIN, for promiscuous mode");
	else
		advise(d, "rights: without CAP_NET_ADMIN promiscuous mode must be set before: ip link set IFACE "
			  "promisc on");
}

// What the kernel glues together or checks in hardware is not what was on the wire.
static void check_interface(struct doctor *d, const char *name)
{
	struct interface i;

	if (strcmp(name, "lo") == 0 || interface_read(name, &i) != 0)
		return;
	if (!i.up)
		advise(d, "interface %s: down; ip link set %s up", name, name);
	else if (i.gro || i.lro)
		advise(d,
			"interface %s: packets are glued together before they are seen; ethtool -K %s gro off lro off",
			name, name);
	else
		ok(d, "interface %s: up, MTU %u%s%s%s%s", name, i.mtu, i.driver[0] ? ", driver " : "", i.driver,
			i.pci[0] ? ", PCI " : "", i.pci);
}

static void check_interfaces(struct doctor *d)
{
	char names[64][32];
	size_t n = interface_list(names, 64);

	for (size_t i = 0; i < n; i++)
		check_interface(d, names[i]);
}

static bool has_entries(const char *path)
{
	DIR *dir = opendir(path);
	bool found = false;

	for (struct dirent *e; dir && !found && (e = readdir(dir));)
		found = e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return found;
}

static void check_drivers(struct doctor *d)
{
	if (access("/dev/vfio/vfio", F_OK) == 0)
		ok(d, "drivers: vfio, for PCI ports");
	else
		advise(d, "drivers: vfio is not loaded; PCI ports need it: modprobe vfio-pci, then dpdk-devbind.py -b "
			  "vfio-pci ADDRESS");
	if (has_entries("/sys/class/iommu"))
		ok(d, "IOMMU: present");
	else
		advise(d,
			"IOMMU: none; vfio then needs echo 1 >/sys/module/vfio/parameters/enable_unsafe_noiommu_mode");
}

int doctor_run(FILE *out)
{
	struct doctor d = {.out = out};

	check_cpu(&d);
	check_memory(&d);
	check_rights(&d);
	check_interfaces(&d);
	check_drivers(&d);
	fprintf(out, "%u missing, %u advice\n", d.missing, d.advice);
	return d.missing ? -1 : 0;
}
