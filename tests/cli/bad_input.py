#!/usr/bin/env python3
"""What goes wrong is said in one clear line with the right exit code, and nothing already found is lost.

usage: bad_input.py TOCSIN [CASE...]
"""
import os
import signal
import subprocess
import time

from sensor import RULE, expect, expect_line, main, pcap, session


def cli_a_good_run_finds_both_alerts_and_says_nothing_on_stderr(s):
    run = s.run("-r", s.capture, "-S", s.rules, "-l", s.dir)
    expect(run.returncode == 0, "exit code %d: %s" % (run.returncode, run.err))
    expect(run.err == "", run.err)
    expect([a["alert"]["signature_id"] for a in s.alerts()] == [1000001, 1000001], "two alerts of sid 1000001")


def cli_a_profile_that_cannot_be_written_is_named_before_anything_is_read(s):
    run = s.run("-r", s.capture, "-S", s.rules, "-l", s.dir, "--rule-profile", s.path("none/profile.json"))
    expect_line(run, 1, "none/profile.json", "No such file", "--rule-profile")
    expect("Read" not in run.out, run.out)


def cli_a_missing_capture_is_named(s):
    expect_line(s.run("-r", s.path("nowhere.pcap"), "-l", s.dir), 1, "nowhere.pcap", "No such file")


def cli_an_unreadable_capture_is_named(s):
    os.chmod(s.capture, 0)
    if os.access(s.capture, os.R_OK):  # root reads everything; a directory without entries is unreadable to all
        os.mkdir(s.path("empty.d"))
        expect_line(s.run("-r", s.path("empty.d"), "-l", s.dir), 1, "empty.d", "no files")
        return
    expect_line(s.run("-r", s.capture, "-l", s.dir), 1, "good.pcap", "Permission denied")


def cli_a_file_that_is_no_capture_is_named(s):
    s.write("text.pcap", "this is a text file, not a capture\n" * 10)
    expect_line(s.run("-r", s.path("text.pcap"), "-l", s.dir), 1, "text.pcap", "not a capture", "expected pcap or pcapng")


def cli_a_file_of_zero_bytes_is_no_capture(s):
    s.write("zero.pcap", b"")
    expect_line(s.run("-r", s.path("zero.pcap"), "-l", s.dir), 1, "zero.pcap", "not a capture", "empty")


def cli_an_empty_capture_is_clean_with_a_warning(s):
    expect_line(s.run("-r", s.empty, "-l", s.dir), 0, "empty.pcap", "no packets")


def cli_a_capture_cut_short_is_read_to_its_last_whole_packet(s):
    whole = pcap(session(0) + session(1))
    s.write("cut.pcap", whole[:-10])
    run = s.run("-r", s.path("cut.pcap"), "-S", s.rules, "-l", s.dir)
    expect_line(run, 0, "cut.pcap", "cut short", "5 packets")
    expect(len(s.alerts()) == 1, "the alert before the cut")


def cli_a_bad_capture_among_good_ones_in_a_directory_is_passed_over(s):
    os.mkdir(s.path("caps"))
    s.write("caps/a.pcap", pcap(session(0)))
    s.write("caps/b.pcap", "no capture at all, but long enough to be read")
    s.write("caps/c.pcap", pcap(session(1)))
    run = s.run("-r", s.path("caps"), "-S", s.rules, "-l", s.dir)
    expect_line(run, 0, "b.pcap", "not a capture")
    expect(len(s.alerts()) == 2, "alerts of both good captures")


def cli_a_directory_without_captures_is_refused(s):
    os.mkdir(s.path("texts"))
    s.write("texts/a.txt", "no capture at all, but long enough to be read")
    expect_line(s.run("-r", s.path("texts"), "-S", s.rules, "-l", s.dir), 1, "texts", "no file of the directory is a capture", "pcap")


def cli_a_capture_that_came_through_a_pipe_is_read(s):
    with open(s.capture, "rb") as pipe:
        run = s.run("-r", "-", "-S", s.rules, "-l", s.dir, stdin=pipe)
    expect(run.returncode == 0 and len(s.alerts()) == 2, run.err)


def cli_a_pipe_that_brings_no_capture_is_an_error(s):
    run = s.run("-r", "-", "-l", s.dir)
    expect_line(run, 1, "-: not a capture")


def cli_a_rule_that_does_not_parse_is_named_and_the_others_go_on(s):
    rules = s.write("mixed.rules", RULE % 5 + 'alert tcp any any -> any any (msg:"broken"; contant:"x"; sid:6;)\n' + RULE % 7)
    run = s.run("-r", s.capture, "-S", rules, "-l", s.dir)
    expect(run.returncode == 0, run.err)
    expect("mixed.rules:2:" in run.err, run.err)
    expect(len(run.err.splitlines()) == 1, run.err)
    expect(sorted({a["alert"]["signature_id"] for a in s.alerts()}) == [5, 7], "alerts of both good rules")


def cli_test_mode_ends_with_one_when_a_rule_is_bad(s):
    rules = s.write("bad.rules", "alert tcp any any -> any any (msg:\"x\"; content:\"y; sid:1;)\n")
    run = s.run("-T", "-S", rules)
    expect(run.returncode == 1 and "bad.rules:1:" in run.err, run.err)
    good = s.run("-T", "-S", s.rules)
    expect(good.returncode == 0 and good.err == "" and "1 loaded" in good.out, good.err + good.out)


def cli_a_missing_rule_file_is_named(s):
    expect_line(s.run("-r", s.capture, "-S", s.path("no.rules"), "-l", s.dir), 1, "no.rules", "No such file")


def cli_an_unknown_key_names_the_nearest(s):
    s.write("t.yaml", "%YAML 1.1\n---\nstream:\n  midstrem: yes\n")
    expect_line(s.run("-c", s.path("t.yaml"), "-r", s.capture, "-l", s.dir), 1, "t.yaml:4:", 'unknown key "stream.midstrem"',
                'nearest known key: "stream.midstream"')


def cli_a_value_out_of_range_names_the_range(s):
    s.write("t.yaml", "threading:\n  workers: 1000\n")
    expect_line(s.run("-c", s.path("t.yaml"), "-r", s.capture, "-l", s.dir), 1, "t.yaml:2:", "threading.workers",
                "1000 is out of range: 0 to 64 workers")
    expect_line(s.run("--workers", "1000", "-r", s.capture, "-l", s.dir), 1, "--workers", "out of range")


def cli_a_bad_set_and_a_missing_configuration_are_named(s):
    expect_line(s.run("--set", "stats.intervall=5", "-r", s.capture, "-l", s.dir), 1, "--set",
                'nearest known key: "stats.interval"')
    expect_line(s.run("-c", s.path("no.yaml"), "-r", s.capture), 1, "no.yaml", "No such file")


def cli_a_bad_option_names_the_nearest(s):
    expect_line(s.run("--workres", "2"), 1, "unknown option --workres; nearest known option: --workers")
    expect_line(s.run(), 1, "nothing to read")


def cli_an_undefined_variable_is_named_with_where_it_was_set(s):
    s.write("t.yaml", "vars:\n  address-groups:\n    HOME_NET: \"$OFFICE\"\n")
    expect_line(s.run("-c", s.path("t.yaml"), "-r", s.capture, "-l", s.dir), 1, "t.yaml:2:", "$OFFICE", "not defined")


def cli_a_configuration_of_suricata_is_taken(s):
    s.write("t.yaml", "%YAML 1.1\n---\nvars:\n  address-groups:\n    HOME_NET: \"[10.0.0.0/8]\"\noutputs:\n  - eve-log:\n"
            "      enabled: yes\naf-packet:\n  - interface: eth0\nstream:\n  memcap: 64mb\n  reassembly:\n    depth: 1mb\n")
    run = s.run("-c", s.path("t.yaml"), "-r", s.capture, "-S", s.rules, "-l", s.dir)
    expect(run.returncode == 0 and len(s.alerts()) == 2, run.err)
    expect(run.err.count("warning") == 2, run.err)


def cli_the_dumped_configuration_is_read_back(s):
    dump = s.run("--dump-config")
    expect(dump.returncode == 0 and dump.err == "", dump.err)
    run = s.run("-c", s.write("dump.yaml", dump.out), "-T", "-S", s.rules)
    expect(run.returncode == 0 and run.err == "", run.err)


def cli_a_full_disk_is_said_and_ends_with_two(s):
    run = s.run("-q", "-r", s.capture, "-S", s.rules, "--set", "eve-log.filename=/dev/full")
    expect(run.returncode == 2, "exit code %d: %s" % (run.returncode, run.err))
    expect("/dev/full" in run.err and "No space left on device" in run.err, run.err)
    expect("2 alert" in run.err, "how many alerts were not written: " + run.err)


def cli_a_closed_stdout_is_said_and_ends_with_two(s):
    read, write = os.pipe()
    os.close(read)
    try:
        run = s.run("-r", s.capture, "-S", s.rules, "--stdout", stdout=write)
    finally:
        os.close(write)
    expect(run.returncode == 2 and "stdout" in run.err and "Broken pipe" in run.err, run.err)


def cli_an_unwritable_log_directory_is_named(s):
    s.write("file", "in the way")
    expect_line(s.run("-r", s.capture, "-l", s.path("file/logs")), 1, "file/logs", "Not a directory", "-l")
    expect_line(s.run("-r", s.capture, "-l", s.path("a/b/c")), 1, "a/b/c", "No such file")


def wait_until_signals_are_caught(pid, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with open("/proc/%d/status" % pid, encoding="ascii") as f:
            caught = next(int(line.split()[1], 16) for line in f if line.startswith("SigCgt"))
        if caught >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.05)


def cli_a_run_ended_by_a_signal_keeps_what_was_found(s):
    env = dict(os.environ, XDG_CACHE_HOME=s.dir)
    child = subprocess.Popen([s.program, "-r", "-", "-S", s.rules, "-l", s.dir], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    child.stdin.write(pcap(session(0)))
    child.stdin.flush()
    wait_until_signals_are_caught(child.pid)
    time.sleep(1)
    child.send_signal(signal.SIGTERM)
    try:
        _, err = child.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        child.kill()
        raise
    expect(child.returncode == 2, "exit code %d: %s" % (child.returncode, err.decode()))
    expect("ended by a signal" in err.decode(), err.decode())
    expect(len(s.alerts()) == 1, "the alert found before the signal")
    expect(any(e["event_type"] == "stats" for e in s.events()), "the stats record")


def cli_the_loss_ledger_adds_up(s):
    s.run("-r", s.capture, "-S", s.rules, "-l", s.dir)
    stats = [e for e in s.events() if e["event_type"] == "stats"]
    expect(len(stats) == 1, "one stats record")
    expect(stats[0]["stats"]["decoder"]["pkts"] == 6, "six packets were offered: %s" % stats[0]["stats"]["decoder"])


def cli_several_workers_write_the_same_events(s):
    frames = [f for i in range(50) for f in session(i)]
    big = s.write("big.pcap", pcap(frames))
    results = []
    for workers in ("1", "2", "4"):
        run = s.run("-q", "-r", big, "-S", s.rules, "-l", s.dir, "--workers", workers, "--set",
                    "eve-log.filename=w%s.json" % workers)
        expect(run.returncode == 0, run.err)
        results.append([e for e in s.events("w%s.json" % workers) if e["event_type"] != "stats"])
    expect(results[0] and results[0] == results[1] == results[2], "the same events for 1, 2 and 4 workers")


main(__name__)
