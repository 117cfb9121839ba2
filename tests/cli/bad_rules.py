#!/usr/bin/env python3
"""Rule files nobody should have written: a clear word or a bounded cost, never a crash or a hang.

usage: bad_rules.py TOCSIN [CASE...]

Every run has 3 GB of address space and a minute, which is far more than each needs.
"""
import os
import random
import resource
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sensor import expect, main, pcap, tcp_frame  # noqa: E402

SPACE = 3 << 30
RULE = 'alert tcp any any -> any any (msg:"r"; %s sid:%d;)\n'


def bounded():
    resource.setrlimit(resource.RLIMIT_AS, (SPACE, SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def check(s, rules, *more):
    """-T on a rule file: the run, and the numbers of its last line."""
    run = s.run("-T", "-S", rules, "--set", "detect.sgh-mpm-caching-path=none", *more, preexec_fn=bounded)
    expect(run.returncode in (0, 1), "exit code %d: %s" % (run.returncode, run.err[-500:]))
    last = run.out.strip().splitlines()[-1:]
    expect(last and last[0].startswith("rules: "), "no last line: %s %s" % (run.out[-200:], run.err[-300:]))
    words = last[0].split()
    run.loaded, run.waiting, run.rejected = int(words[1]), int(words[3]), int(words[8])
    return run


def cli_a_hundred_megabytes_of_rules_load(s):
    with open(s.path("big.rules"), "w") as f:
        for i in range(50000):
            f.write(RULE % ('content:"pattern%d"; reference:url,%s;' % (i, "a" * 1950), i + 1))
    expect(os.path.getsize(s.path("big.rules")) > 100e6, "the file has 100 MB")
    run = check(s, s.path("big.rules"))
    expect(run.loaded == 50000 and run.rejected == 0, run.out)


def cli_a_hundred_megabytes_of_bad_rules_are_counted_and_listed_up_to_a_limit(s):
    with open(s.path("bad.rules"), "w") as f:
        f.write('alert tcp any any -> any any (msg:"broken\n' * 2400000)
    run = check(s, s.path("bad.rules"))
    expect(run.loaded == 0 and run.rejected == 2400000, run.out)
    expect("2300000 more that are not listed" in run.err, run.err[-300:])


def cli_a_hundred_thousand_rules_on_ports_of_their_own_load(s):
    rnd = random.Random(1)
    with open(s.path("many.rules"), "w") as f:
        for i in range(100000):
            word = "".join(rnd.choice("abcdefghijklmnop") for _ in range(8))
            f.write('alert tcp any any -> any %d (content:"%s"; sid:%d;)\n' % (1 + rnd.randrange(65535), word, i + 1))
    expect(check(s, s.path("many.rules")).loaded == 100000, "every rule loads")


def cli_a_megabyte_in_one_line_is_refused_and_the_next_rule_read(s):
    run = check(s, s.write("line.rules", RULE % ('content:"%s";' % ("a" * (1 << 20)), 1) + RULE % ("", 2)))
    expect(run.loaded == 1 and run.rejected == 1 and "line.rules:1" in run.err and "65536 bytes" in run.err, run.err[:300])


def cli_binary_junk_is_refused_line_by_line(s):
    rnd = random.Random(2)
    run = check(s, s.write("junk.rules", bytes(rnd.getrandbits(8) for _ in range(1 << 20))))
    expect(run.loaded == 0 and run.rejected > 100 and "junk.rules:" in run.err, run.err[:300])


def cli_a_rule_with_a_thousand_contents_is_bounded(s):
    # each content is everywhere, so a walk that tried every combination would not end
    rules = s.write("thousand.rules", RULE % ('content:"a"; ' * 1000, 1) +
                    RULE % ('content:"a"; ' + 'content:"a"; distance:0; ' * 999 + 'content:"b"; distance:0;', 2))
    expect(check(s, rules).loaded == 2, "a rule may have a thousand contents")
    path = s.write("a.pcap", pcap([tcp_frame(b"a" * 1400, 1000 + i, 80) for i in range(200)]))
    run = s.run("-q", "-r", path, "-S", rules, "-l", s.dir, preexec_fn=bounded)
    expect(run.returncode == 0, run.err)
    expect(sum(a["alert"]["signature_id"] == 2 for a in s.alerts()) == 0, "the second rule has no end to find")


def cli_an_expression_that_backtracks_for_ever_is_stopped_counted_and_named(s):
    rules = s.write("pcre.rules", RULE % ('content:"aaa"; pcre:"/^(a+)+$/";', 77))
    path = s.write("a.pcap", pcap([tcp_frame(b"a" * 1000 + b"!", 1000 + i, 80) for i in range(50)]))
    run = s.run("-q", "-r", path, "-S", rules, "-l", s.dir, preexec_fn=bounded)
    expect(run.returncode == 0, run.err)
    detect = [e for e in s.events() if e["event_type"] == "stats"][-1]["stats"]["detect"]
    expect(detect["pcre_match_limit"] == 50, "%s" % detect)
    run = s.run("-r", path, "-S", rules, "-l", s.dir, preexec_fn=bounded)
    expect("sid 77" in run.err and "pcre.match-limit" in run.err, run.err)


def cli_a_sid_that_is_taken_is_refused_with_both_lines(s):
    run = check(s, s.write("twice.rules", RULE % ("", 5) + RULE % ('content:"x";', 5)))
    expect(run.loaded == 1 and run.rejected == 1 and "twice.rules:2" in run.err and "line 1" in run.err, run.err)


def cli_a_dataset_of_a_million_values_is_looked_up(s):
    with open(s.path("million.lst"), "w") as f:
        f.writelines("%d.%d.%d.%d\n" % (11 + (i >> 24), i >> 16 & 255, i >> 8 & 255, i & 255) for i in range(1000000))
    rules = s.write("set.rules", "alert ip any any -> any any (ip.src; dataset:isset,million,type ip,load %s; sid:1;)\n" %
                    s.path("million.lst"))
    path = s.write("ips.pcap", pcap([tcp_frame(b"x", 1000, 80, src=ip) for ip in ("11.15.66.63", "12.0.0.1", "11.0.0.0")]))
    run = s.run("-q", "-r", path, "-S", rules, "-l", s.dir, preexec_fn=bounded)
    expect(run.returncode == 0, run.err)
    got = sorted(a["src_ip"] for a in s.alerts() if a["alert"]["gid"] == 1)
    expect(got == ["11.0.0.0", "11.15.66.63"], "%s" % got)


def cli_files_that_are_missing_are_named(s):
    run = s.run("-T", "-S", s.path("none.rules"))
    expect(run.returncode == 1 and "none.rules" in run.err, run.err)
    config = s.write("c.yaml", "%YAML 1.1\n---\ninclude: missing.yaml\n")
    run = s.run("-T", "-c", config, "-S", s.rules)
    expect(run.returncode == 1 and "missing.yaml" in run.err, run.err)
    rules = s.write("set.rules", "alert ip any any -> any any (ip.src; dataset:isset,m,type ip,load nowhere.lst; sid:1;)\n")
    run = check(s, rules)
    expect(run.rejected == 1 and "nowhere.lst" in run.err and "set.rules:1" in run.err, run.err)


main(__name__)
