#!/usr/bin/env python3
"""What -T and --engine-analysis say of rules.

usage: rule_report.py TOCSIN [CASE...]
"""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sensor import expect, main  # noqa: E402

RULES = """alert tcp any any -> any 80 (msg:"used"; content:"abc"; sid:1;)
alert nfs any any -> any any (msg:"procedure"; nfs_procedure:1; sid:2;)
alert quic any any -> any any (msg:"buffer"; quic.version; content:"abc"; sid:3;)
alert tcp any any -> any any (msg:"broken"; dsize:x; sid:4;)
"""


def cli_rules_that_cannot_be_used_are_listed_and_counted_by_protocol_and_keyword(s):
    run = s.run("-T", "-S", s.write("r.rules", RULES))
    expect(run.returncode == 1, "exit code %d" % run.returncode)
    for line in ("keyword nfs_procedure", "keyword quic.version", "keyword dsize"):
        expect(any(" ".join(have.split()).startswith(line) for have in run.out.splitlines()), "no %r: %s" % (line, run.out))
    expect(run.out.splitlines()[-1] == "rules: 1 loaded, 2 waiting for a parser, 1 rejected", run.out)
    for line in (2, 3, 4):
        expect("r.rules:%d:" % line in run.err, run.err)


def cli_engine_analysis_writes_every_rule_to_rules_json(s):
    rules = s.write("r.rules", RULES)
    run = s.run("--engine-analysis", "-S", rules, "-l", s.path("logs"))
    expect(run.returncode == 0 and "rules.json" in run.out, run.out + run.err)
    with open(s.path("logs/rules.json")) as f:
        found = {r["id"]: r for r in map(json.loads, f)}
    expect(sorted(found) == [1, 2, 3], "%s" % found)
    expect(all(r["type"] and r["group"] for r in found.values()), "%s" % found)
    expect(found[1]["fast_pattern"]["pattern"] == "abc" and found[3]["waiting"] == "quic.version", "%s" % found)
    run = s.run("--engine-analysis", "-S", rules, "-l", s.path("absent/logs"))
    expect(run.returncode == 1 and "absent/logs" in run.err, run.err)
    run = s.run("--engine-analysis", "-l", s.dir)
    expect(run.returncode == 1 and "-S" in run.err, run.err)


main(__name__)
