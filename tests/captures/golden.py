#!/usr/bin/env python3
"""Runs one case: makes its capture with our generator, reads it with the sensor, compares what came out.

usage: golden.py TOCSIN GENERATOR CASE_DIR [--update]

CASE_DIR/case.json:
  about     one sentence
  generate  arguments of the generator ("@out" stands for the capture's path); the same arguments make the same bytes
  rules     a rule file in CASE_DIR (optional)
  args      further arguments of tocsin (optional)
CASE_DIR/expected.json: alerts by sid, findings by detector, victim and stage, anomalies by name, flows by
protocol, the loss ledger. --update writes it from what came out; read the difference before you commit it.
"""
import collections
import json
import os
import subprocess
import sys
import tempfile


def digest(path):
    """The parts of an eve.json that a person can check by hand."""
    out = {"alerts": collections.Counter(), "findings": collections.Counter(), "anomalies": collections.Counter(),
           "flows": collections.Counter(), "ledger": None}
    for line in open(path, encoding="utf-8"):
        e = json.loads(line)
        kind = e["event_type"]
        if kind == "alert" and "tocsin" in e:
            t = e["tocsin"]
            out["findings"]["%s %s %s" % (t["detector"], t.get("victim", "-"), t.get("stage", "-"))] += 1
        elif kind == "alert":
            out["alerts"][str(e["alert"]["signature_id"])] += 1
        elif kind == "anomaly":
            out["anomalies"][e["anomaly"]["event"]] += 1
        elif kind == "flow":
            out["flows"][e["proto"]] += 1
        elif kind == "stats":
            out["ledger"] = e["stats"]["tocsin"]["ledger"]
    return {k: dict(sorted(v.items())) if isinstance(v, collections.Counter) else v for k, v in out.items()}


def main():
    tocsin, generator, case_dir = sys.argv[1:4]
    case = json.load(open(os.path.join(case_dir, "case.json"), encoding="utf-8"))
    with tempfile.TemporaryDirectory() as tmp:
        capture = os.path.join(tmp, "case.pcap")
        subprocess.run([generator] + [capture if a == "@out" else a for a in case["generate"]], check=True,
                       stdout=subprocess.DEVNULL)
        cmd = [tocsin, "-q", "-r", capture, "-l", tmp] + case.get("args", [])
        if "rules" in case:
            cmd += ["-S", os.path.join(case_dir, case["rules"])]
        subprocess.run(cmd, check=True)
        got = digest(os.path.join(tmp, "eve.json"))
    expected_path = os.path.join(case_dir, "expected.json")
    if "--update" in sys.argv:
        with open(expected_path, "w", encoding="utf-8") as f:
            json.dump(got, f, indent=1, sort_keys=True)
            f.write("\n")
        return 0
    expected = json.load(open(expected_path, encoding="utf-8"))
    bad = [k for k in expected if expected[k] != got.get(k)]
    for k in bad:
        print("%s differ:\n  expected %s\n  got      %s" % (k, expected[k], got.get(k)))
    return 1 if bad else 0


sys.exit(main())
