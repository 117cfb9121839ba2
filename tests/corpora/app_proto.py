#!/usr/bin/env python3
"""Compare the application protocol of every flow of captures with Suricata's.

usage: app_proto.py TOCSIN [--all] [--seconds N] [--seed N] [--only GLOB] [--stock] [--cache DIR] [--oracle] [-v]
Captures: $TOCSIN_SHARED/corpora (else ../shared beside the repository), every folder of it; without them, or without
suricata, the run says so and exits 77. Without --all a sample is taken, in an order fixed by --seed, until --seconds
(default 40) are over. Protocols that are off by default are on in both, unless --stock.

Flows are matched by their tuple and, where one has several, by their start. Compared are app_proto, app_proto_ts,
app_proto_tc, app_proto_orig and app_proto_expected. Differences are printed with their counts, with -v each flow.
Differences with a reason stand in docs/parsers.md ("Where protocols differ from Suricata"): rows of `capture`, what
Suricata says, what Tocsin says. Exits 0 when at least 99 % of the flows agree and every other one has its reason.
--cache keeps what Suricata said; --oracle only fills it.
"""
import argparse, collections, fnmatch, hashlib, json, os, random, shutil, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SUFFIXES = ('.pcap', '.pcapng', '.cap')
MEMBERS = ('app_proto', 'app_proto_ts', 'app_proto_tc', 'app_proto_orig', 'app_proto_expected')
OFF = ('modbus', 'dnp3', 'enip', 'pgsql')
OUTPUTS = """outputs:
  - eve-log:
      enabled: yes
      filetype: regular
      filename: eve.json
      types:
        - flow
"""


def captures(shared):
    found = []
    for folder, _, names in os.walk(os.path.join(shared, 'corpora')):
        found += [os.path.join(folder, n) for n in names if n.endswith(SUFFIXES)]
    return sorted(found)


def oracle_config(folder):
    """Suricata's own configuration, writing flow records only."""
    path, keep, text = os.path.join(folder, 'suricata.yaml'), True, ''
    for line in open('/etc/suricata/suricata.yaml', encoding='utf-8'):
        if line.startswith('outputs:'):
            keep, text = False, text + OUTPUTS
        elif line.startswith('logging:'):
            keep = True
        if keep:
            text += line
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
    return path


def records(folder):
    path = os.path.join(folder, 'eve.json')
    found = collections.defaultdict(list)
    if not os.path.exists(path):
        return found
    for line in open(path, encoding='utf-8', errors='replace'):
        e = json.loads(line)
        if e.get('event_type') != 'flow':
            continue
        ends = sorted([(e.get('src_ip', ''), e.get('src_port', 0)), (e.get('dest_ip', ''), e.get('dest_port', 0))])
        key = '%s %s %s %s' % (e['proto'].lower(), ends[0], ends[1], e.get('vlan', ''))
        found[key].append((e['flow']['start'], ' '.join(
            '%s=%s' % (m[4:], e[m]) for m in MEMBERS if m in e)))
    for flows in found.values():
        flows.sort()
    return found


def run(args, folder):
    p = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300, check=False)
    if p.returncode != 0:
        raise RuntimeError('exit %d: %s' % (p.returncode, p.stderr.decode(errors='replace').strip()[-200:]))
    return records(folder)


def settings(opt):
    out = []
    for name in () if opt.stock else OFF:
        out += ['--set', 'app-layer.protocols.%s.enabled=yes' % name]
    return out


def suricata(path, config, opt):
    cached = opt.cache and os.path.join(opt.cache, hashlib.sha1(
        (path + str(opt.stock)).encode()).hexdigest() + '.json')
    if cached and os.path.exists(cached):
        return json.load(open(cached, encoding='utf-8'))
    with tempfile.TemporaryDirectory() as folder:
        found = run(['suricata', '-c', config, '--runmode', 'single', '-k', 'none', '-S', '/dev/null', '-l', folder,
                     '-r', path] + settings(opt), folder)
    if cached:
        with open(cached, 'w', encoding='utf-8') as f:
            json.dump(found, f)
    return found


def ours(tocsin, path, opt):
    with tempfile.TemporaryDirectory() as folder:
        return run([tocsin, '-q', '-r', path, '-l', folder, '-k', 'none', '-S', '/dev/null'] + settings(opt), folder)


def reasons():
    """{(capture, Suricata's, ours): text} of the table in docs/parsers.md."""
    rows, inside = {}, False
    for line in open(os.path.join(ROOT, 'docs/parsers.md'), encoding='utf-8'):
        if line.startswith('#'):
            inside = 'differ from Suricata' in line
        cells = [c.strip().strip('`') for c in line.strip().strip('|').split('|')]
        if inside and line.startswith('| `') and len(cells) == 4:
            rows[tuple(cells[:3])] = cells[3]
    return rows


class Tally:
    def __init__(self, known, verbose):
        self.known, self.verbose = known, verbose
        self.same = self.flows = self.alone = self.reasoned = 0
        self.different = collections.Counter()
        self.proto = collections.Counter()
        self.example = {}

    def differ(self, name, key, a, b):
        for row in ((name, a, b), ('*', a, b)):
            if row in self.known:
                self.reasoned += 1
                return
        self.different[a, b] += 1
        self.example.setdefault((a, b), '%s: %s' % (name, key))
        if self.verbose:
            print('%s: %s: suricata [%s] tocsin [%s]' % (name, key, a, b))

    def capture(self, name, theirs, our):
        for key in set(theirs) | set(our):
            a, b = theirs.get(key, []), our.get(key, [])
            if len(a) != len(b):
                self.alone += abs(len(a) - len(b))
            for (_, x), (_, y) in zip(a, b):
                self.flows += 1
                self.proto[x] += 1
                if x == y:
                    self.same += 1
                else:
                    self.differ(name, key, x, y)

    def verdict(self):
        print('%d flows compared, %d agree (%.3f %%), %d differ with a reason, %d without; %d flows that only one has' % (
            self.flows, self.same, 100.0 * self.same / max(self.flows, 1), self.reasoned,
            sum(self.different.values()), self.alone))
        for (a, b), n in self.different.most_common():
            print('%6d  suricata [%s] tocsin [%s], as %s' % (n, a, b, self.example[a, b]))
        return self.flows and self.same >= 0.99 * self.flows and not self.different


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('tocsin')
    ap.add_argument('--all', action='store_true')
    ap.add_argument('--seconds', type=float, default=40)
    ap.add_argument('--seed', type=int, default=1)
    ap.add_argument('--only', default='*')
    ap.add_argument('--stock', action='store_true')
    ap.add_argument('--cache')
    ap.add_argument('--oracle', action='store_true')
    ap.add_argument('--protocols', action='store_true', help='print how often Suricata says what')
    ap.add_argument('-v', action='store_true')
    opt = ap.parse_args()
    shared = os.environ.get('TOCSIN_SHARED', os.path.join(ROOT, '..', 'shared'))
    found = [c for c in captures(shared) if fnmatch.fnmatch(c, opt.only)]
    if not found or not shutil.which('suricata'):
        print('no captures, or no suricata')
        return 77
    random.Random(opt.seed).shuffle(found)
    tally, end = Tally({} if opt.oracle else reasons(), opt.v), time.monotonic() + opt.seconds
    with tempfile.TemporaryDirectory() as folder:
        config = oracle_config(folder)
        for n, path in enumerate(found):
            if not opt.all and time.monotonic() > end:
                print('%d of %d captures' % (n, len(found)))
                break
            try:
                theirs = suricata(path, config, opt)
                if not opt.oracle:
                    tally.capture(os.path.relpath(path, shared), theirs, ours(opt.tocsin, path, opt))
            except (RuntimeError, subprocess.TimeoutExpired) as e:
                print('%s: %s' % (path, e))
    if opt.protocols:
        for what, n in tally.proto.most_common():
            print('%6d %s' % (n, what))
    return 0 if opt.oracle or tally.verdict() else 1


sys.exit(main())
