// Instructions by stage, counted by single-stepping a child: exact, the same on a busy machine as on an idle
// one, and possible on VMs whose processor counters are hidden. A `rep` instruction counts once a turn.
// Next: peers.c.
#include "perf/perf.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define STAGE_OFF UINT32_MAX
#define MAX_STEPS 200000000u // a runaway child ends

void *stages_shared(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

static _Noreturn void be_child(volatile uint32_t *stage, void (*fn)(void *arg), void *arg)
{
	uint32_t first = *stage;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		_exit(1);
	*stage = STAGE_OFF;
	raise(SIGSTOP);
	*stage = first;
	fn(arg);
	*stage = STAGE_OFF;
	_exit(0);
}

static bool step_through(pid_t child, const volatile uint32_t *stage, uint64_t count[PERF_MAX_STAGES])
{
	int status;

	for (uint32_t i = 0; i < MAX_STEPS; i++) {
		if (waitpid(child, &status, 0) != child)
			return false;
		if (WIFEXITED(status))
			return WEXITSTATUS(status) == 0;
		if (!WIFSTOPPED(status) || (WSTOPSIG(status) != SIGTRAP && WSTOPSIG(status) != SIGSTOP))
			break;
		if (*stage < PERF_MAX_STAGES)
			count[*stage]++;
		if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0)
			break;
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return false;
}

bool stages_count(volatile uint32_t *stage, void (*fn)(void *arg), void *arg, uint64_t count[PERF_MAX_STAGES])
{
	memset(count, 0, PERF_MAX_STAGES * sizeof(*count));
	pid_t child = fork();
	if (child < 0)
		return false;
	if (child == 0)
		be_child(stage, fn, arg);
	return step_through(child, stage, count);
}
