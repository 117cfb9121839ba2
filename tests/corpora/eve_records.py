#!/usr/bin/env python3
"""Compare EVE records of a protocol with those of Suricata 7, record by record, over captures.

usage: eve_records.py PROTO TOCSIN [--all] [--seconds N] [--seed N] [--only GLOB] [--keep DIR] [--ignore KEY,...] [-v]
PROTO is EVE's event_type: dns, tls, ssh, http, ... Captures: $TOCSIN_SHARED/corpora (else ../shared beside the
repository); without them, or without suricata, the run says so and exits 77. Without --all a sample is taken, in an
order fixed by --seed, until --seconds (default 40) are over. --keep has Suricata's records of a capture written to a
file there, and read from it the next time. --ignore leaves members out of the comparison.

Records of a capture are compared as a set with counts: ends of the flow, and the object named as the protocol. Prints
how many agree and, with -v, each that only one of the two has. Exits 0 when at least 99 in 100 agree.
"""
import argparse, collections, fnmatch, json, os, random, shutil, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SUFFIXES = ('.pcap', '.pcapng', '.cap')
KEPT = ('dns', 'tls', 'ssh', 'smtp', 'ftp', 'ftp_data', 'http', 'fileinfo', 'smb', 'dcerpc')
SURICATA = ['suricata', '-c', '/etc/suricata/suricata.yaml', '--runmode', 'single', '-S', '/dev/null', '-k', 'none',
            '--set', 'app-layer.protocols.tls.ja3-fingerprints=yes', '--set', 'app-layer.protocols.ssh.hassh=yes']


def captures(shared):
    found = []
    for folder, _, names in os.walk(os.path.join(shared, 'corpora')):
        found += [os.path.join(folder, n) for n in names if n.endswith(SUFFIXES)]
    return sorted(found)


def records(command, capture, folder):
    """The EVE records a sensor writes of a capture."""
    subprocess.run(command + ['-r', capture, '-l', folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=120, check=False)
    path = os.path.join(folder, 'eve.json')
    if not os.path.exists(path):
        return []
    with open(path, errors='replace') as f:
        return [r for r in map(json.loads, f) if r.get('event_type') in KEPT]


def oracle(capture, folder, keep):
    name = keep and os.path.join(keep, capture.replace(os.sep, '_') + '.json')
    if name and os.path.exists(name):
        with open(name) as f:
            return [json.loads(line) for line in f]
    found = records(SURICATA, capture, folder)
    if name:
        os.makedirs(keep, exist_ok=True)
        with open(name, 'w') as f:
            f.writelines(json.dumps(r) + '\n' for r in found)
    return found


def told(found, proto, ignored):
    """What is compared of the protocol's records."""
    out = collections.Counter()
    for r in found:
        if r['event_type'] == proto:
            body = {k: v for k, v in r.get(proto, {}).items() if k not in ignored}
            ends = [r.get(k) for k in ('src_ip', 'src_port', 'dest_ip', 'dest_port', 'proto')]
            out[json.dumps([ends, body], sort_keys=True)] += 1
    return out


def main():
    ap = argparse.ArgumentParser(usage=__doc__)
    ap.add_argument('proto')
    ap.add_argument('tocsin')
    ap.add_argument('--all', action='store_true')
    ap.add_argument('--seconds', type=float, default=40)
    ap.add_argument('--seed', type=int, default=1)
    ap.add_argument('--only', default='*')
    ap.add_argument('--keep')
    ap.add_argument('--ignore', default='')
    ap.add_argument('-v', action='store_true')
    a = ap.parse_args()
    paths = captures(os.environ.get('TOCSIN_SHARED') or os.path.join(ROOT, '../shared'))
    paths = [p for p in paths if fnmatch.fnmatch(p, '*' + a.only)]
    if not paths or not shutil.which('suricata'):
        print('eve_records.py: skipped: %s' % ('suricata is not installed' if paths else 'no captures'))
        sys.exit(77)
    random.Random(a.seed).shuffle(paths)
    start, looked, both, ours_only, theirs_only = time.monotonic(), 0, 0, 0, 0
    for path in paths:
        if not a.all and time.monotonic() - start > a.seconds:
            break
        with tempfile.TemporaryDirectory() as theirs, tempfile.TemporaryDirectory() as ours:
            ignored = set(filter(None, a.ignore.split(',')))
            want = told(oracle(path, theirs, a.keep), a.proto, ignored)
            got = told(records([a.tocsin, '-q', '-k', 'none'], path, ours), a.proto, ignored)
        looked += 1
        both += sum((want & got).values())
        ours_only += sum((got - want).values())
        theirs_only += sum((want - got).values())
        for sign, extra in (('+', got - want), ('-', want - got)):
            for record, count in sorted(extra.items()) if a.v else ():
                print('%s %s %dx %s' % (sign, os.path.basename(path), count, record))
    total = both + ours_only + theirs_only
    print('%s: %d captures, %d records agree, %d only here, %d only Suricata: %.2f %%' % (
        a.proto, looked, both, ours_only, theirs_only, 100.0 * both / total if total else 100.0))
    sys.exit(0 if total == 0 or both >= 0.99 * total else 1)


main()
