// Any bytes as a rule file: read, ordered, grouped and compiled, or refused with a reason.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "detectors/signature/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	struct rule_report report;
	int fd = memfd_create("rules", MFD_CLOEXEC);
	if (fd < 0)
		return 0;
	if (write(fd, data, size) == (ssize_t)size) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		const char *files[] = {path};
		struct ruleset_config cfg = {.files = files, .file_count = 1, .data_dir = "/nonexistent"};
		struct ruleset *rs = ruleset_load(&cfg, &report);
		if (rs && ruleset_rule_count(rs) > 2 * (report.loaded + 1))
			abort();
		ruleset_free(rs);
		rule_report_free(&report);
	}
	close(fd);
	return 0;
}
