// CPU lists to EAL lcore maps.
#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_lcore.h>

#include "ctl/sensor/ports.h"

// Takes "3" or "1-3" off the list. Returns false at the end or at something else (*bad set).
static bool next_range(const char **at, long *lo, long *hi, bool *bad)
{
	char *end;

	if (**at == '\0')
		return false;
	*bad = !isdigit((unsigned char)**at);
	*lo = *hi = *bad ? 0 : strtol(*at, &end, 10);
	if (!*bad && *end == '-') {
		*bad = !isdigit((unsigned char)end[1]);
		*hi = *bad ? 0 : strtol(end + 1, &end, 10);
	}
	*bad = *bad || *hi < *lo || *hi >= CPU_SETSIZE || (*end && *end != ',') || (*end == ',' && !end[1]);
	if (!*bad)
		*at = *end ? end + 1 : end;
	return !*bad;
}

int ports_lcore_map(const char *cpus, uint16_t workers, char *out, size_t size, struct live_error *why)
{
	cpu_set_t allowed;
	const char *at = cpus;
	size_t used = 0;
	unsigned int worker = 1;
	long lo = 0, hi = 0;
	bool bad = false;

	CPU_ZERO(&allowed);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	used += (size_t)snprintf(out, size, "0@(");
	for (int cpu = 0, n = 0; cpu < CPU_SETSIZE && used + 8 < size; cpu++)
		if (CPU_ISSET(cpu, &allowed))
			used += (size_t)snprintf(out + used, size - used, "%s%d", n++ ? "," : "", cpu);
	used += (size_t)snprintf(out + used, size - used, ")");
	while (next_range(&at, &lo, &hi, &bad)) {
		for (long cpu = lo; cpu <= hi && worker <= workers && used + 16 < size; cpu++) {
			if (!CPU_ISSET((int)cpu, &allowed)) {
				snprintf(why->text, sizeof(why->text),
					"threading.lcores %s: CPU %ld is not one this process may use", cpus, cpu);
				return -EINVAL;
			}
			used += (size_t)snprintf(out + used, size - used, ",%u@%ld", worker++, cpu);
		}
	}
	if (bad) {
		snprintf(why->text, sizeof(why->text), "threading.lcores %s: expected CPUs as in 1-3,6", cpus);
		return -EINVAL;
	}
	if (worker <= workers) {
		snprintf(why->text, sizeof(why->text), "threading.lcores %s: %u CPU%s for %u workers", cpus, worker - 1,
			worker == 2 ? "" : "s", workers);
		return -EINVAL;
	}
	return 0;
}

// Workers run on the lcores behind the main one, in order.
static unsigned int lcore_of(uint16_t worker)
{
	unsigned int lcore = rte_get_next_lcore(-1, 1, 0);

	for (; worker && lcore < RTE_MAX_LCORE; worker--)
		lcore = rte_get_next_lcore(lcore, 1, 0);
	return lcore;
}

int ports_worker_node(uint16_t i)
{
	unsigned int lcore = lcore_of(i);

	return lcore < RTE_MAX_LCORE ? (int)rte_lcore_to_socket_id(lcore) : -1;
}

const char *ports_worker_cpus(uint16_t i, char *out, size_t size)
{
	unsigned int lcore = lcore_of(i);
	size_t used = 0;

	out[0] = '\0';
	if (lcore >= RTE_MAX_LCORE)
		return out;
	rte_cpuset_t set = rte_lcore_cpuset(lcore);
	for (int cpu = 0; cpu < CPU_SETSIZE && used + 8 < size; cpu++)
		if (CPU_ISSET(cpu, &set))
			used += (size_t)snprintf(out + used, size - used, "%s%d", used ? "," : "", cpu);
	return out;
}
