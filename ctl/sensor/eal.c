// Derives EAL arguments: no hugepages, no PCI scan and no files unless they are asked for, so that
// reading a capture needs neither root nor set-up.
#include "ctl/sensor/eal.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#define EAL_MAX_ARGS 64
#define EAL_ARG_BYTES 1024

struct eal_args {
	int count;
	char *items[EAL_MAX_ARGS + 1];
};

static struct eal_args started; // the EAL keeps pointers into its arguments until it is stopped

static void add_arg(struct eal_args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add_arg(struct eal_args *a, const char *fmt, ...)
{
	char text[EAL_ARG_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (a->count < EAL_MAX_ARGS)
		a->items[a->count++] = strdup(text);
}

static void free_args(struct eal_args *a)
{
	while (a->count)
		free(a->items[--a->count]);
}

// Writes the CPUs this process may run on as a list ("0,2,3").
static void allowed_cpus(char *out, size_t size)
{
	cpu_set_t set;
	size_t at = 0;

	CPU_ZERO(&set);
	snprintf(out, size, "0");
	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE && at + 8 < size; cpu++)
		if (CPU_ISSET(cpu, &set))
			at += (size_t)snprintf(out + at, size - at, "%s%d", at ? "," : "", cpu);
}

static void add_lcores(struct eal_args *a, const struct eal_options *o)
{
	char cpus[EAL_ARG_BYTES / 2];

	if (o->lcores) {
		add_arg(a, "--lcores=%s", o->lcores);
		return;
	}
	// every lcore floats over all allowed CPUs: a capture may be read by more workers than there are cores
	allowed_cpus(cpus, sizeof(cpus));
	add_arg(a, "--lcores=(0-%u)@(%s)", o->workers, cpus);
}

static char said[256];

const char *eal_said(void)
{
	return said;
}

// Keeps the first line the EAL wrote into fd, without its prefix.
static void keep_words(int fd)
{
	static const char prefix[] = "EAL: ";
	char text[512];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	const char *line = text;

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (strncmp(line, prefix, sizeof(prefix) - 1) == 0)
		line += sizeof(prefix) - 1;
	snprintf(said, sizeof(said), "%.200s", line);
}

// The EAL writes errors to stderr, and pages of usage to stdout for an argument it does not know. Both go into a
// file in memory, so that one line can say what was wrong.
static int init_quietly(int argc, char **argv)
{
	int file = memfd_create("eal", MFD_CLOEXEC), out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO), rc;

	fflush(stdout);
	if (file >= 0 && out >= 0 && err >= 0) {
		dup2(file, STDOUT_FILENO);
		dup2(file, STDERR_FILENO);
	}
	rc = rte_eal_init(argc, argv);
	fflush(stdout);
	if (out >= 0 && err >= 0) {
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
	}
	if (rc < 0 && file >= 0)
		keep_words(file);
	close(out);
	close(err);
	close(file);
	return rc;
}

int eal_start(const struct eal_options *o)
{
	struct eal_args a = {0};
	int rc = 0;

	add_arg(&a, "tocsin");
	add_lcores(&a, o);
	if (o->hugepages) {
		add_arg(&a, "--in-memory");
	} else {
		// DPDK 22.11 runs no-huge in its legacy memory mode, which refuses --in-memory
		add_arg(&a, "--no-shconf");
		add_arg(&a, "--no-huge");
		add_arg(&a, "-m");
		add_arg(&a, "%llu", (unsigned long long)((o->memory_bytes + (1u << 20) - 1) >> 20));
	}
	if (o->file_prefix)
		add_arg(&a, "--file-prefix=%s", o->file_prefix);
	else
		add_arg(&a, "--no-telemetry");
	if (!o->verbose)
		add_arg(&a, "--log-level=*:error");
	bool pci = false;
	for (size_t i = 0; i < o->device_count; i++) {
		pci |= strncmp(o->devices[i], "--allow", 7) == 0;
		add_arg(&a, "%s", o->devices[i]);
	}
	if (!pci)
		add_arg(&a, "--no-pci");
	for (size_t i = 0; i < o->raw_count; i++)
		add_arg(&a, "%s", o->raw[i]);

	// the EAL permutes the array it is given, so it gets a copy
	char *argv[EAL_MAX_ARGS + 1];
	memcpy(argv, a.items, sizeof(argv));
	int used = o->verbose ? rte_eal_init(a.count, argv) : init_quietly(a.count, argv);
	if (used < 0) {
		rc = rte_errno ? -rte_errno : -EINVAL;
	} else if (used < a.count - 1) { // words that belong to no argument are moved behind, and ignored
		snprintf(said, sizeof(said), "expected arguments that begin with -, found \"%.100s\"", argv[used + 1]);
		rte_eal_cleanup();
		rc = -EINVAL;
	}
	if (rc == 0)
		started = a;
	else
		free_args(&a);
	return rc;
}

void eal_stop(void)
{
	rte_eal_cleanup();
	free_args(&started);
}
