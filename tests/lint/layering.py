#!/usr/bin/env python3
"""Who may include whom: ctl -> detectors -> dataplane/api; sensor and daemon meet only in ctl/eve.

Also: project headers are named by their path from the root.
"""
import os
import re

from common import ROOT, c_files, finish, read

# The longest matching folder decides what a file may include; a name that ends in "/" is a folder.
ALLOWED = {
    "dataplane/api/": ["dataplane/api/", "dataplane/drops.def"],
    "dataplane/": ["dataplane/"],
    "detectors/": ["detectors/", "dataplane/api/"],
    "detectors/sketch/": ["detectors/sketch/", "dataplane/api/"],
    "detectors/heuristics/": ["detectors/heuristics/", "detectors/sketch/", "dataplane/api/"],
    "detectors/signature/": ["detectors/signature/", "detectors/sketch/", "dataplane/api/"],
    "ctl/config/": ["ctl/config/", "dataplane/api/"],
    "ctl/eve/": ["ctl/eve/", "dataplane/api/", "dataplane/counters.def", "dataplane/drops.def"],
    "ctl/sensor/": ["ctl/sensor/", "ctl/eve/", "ctl/config/", "detectors/", "dataplane/"],
    "ctl/daemon/": ["ctl/daemon/", "ctl/eve/", "ctl/config/", "dataplane/api/clock.h"],
    "ctl/cli/": ["ctl/cli/", "ctl/eve/", "ctl/config/", "dataplane/api/clock.h"],
    "perf/": ["perf/", "tests/unit/decode_rows.h", "ctl/eve/", "ctl/config/", "ctl/sensor/", "detectors/", "dataplane/"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def rule_for(name):
    best = max((k for k in ALLOWED if name.startswith(k)), key=len, default=None)
    return best, ALLOWED.get(best, [])


def main():
    problems, checked = [], 0
    for name in c_files():
        folder, allowed = rule_for(name)
        if not folder:
            problems.append("%s: no rule says what this folder may include (tests/lint/layering.py)" % name)
            continue
        for match in INCLUDE.finditer(read(name)):
            target, line = match.group(1), read(name)[:match.start()].count("\n") + 1
            checked += 1
            if not os.path.exists(os.path.join(ROOT, target)):
                problems.append('%s:%d: "%s" is not a path from the root of the tree' % (name, line, target))
            elif not any(target == a or (a.endswith("/") and target.startswith(a)) for a in allowed):
                problems.append("%s:%d: %s may not include %s" % (name, line, folder, target))
    finish(problems, "%d includes" % checked)


main()
