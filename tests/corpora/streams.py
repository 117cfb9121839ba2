#!/usr/bin/env python3
"""Compare the streams of captures with those of two independent tools.

usage: streams.py TOCSIN [--all] [--seconds N] [--seed N] [--only GLOB] [--table] [-v]
Captures: $TOCSIN_SHARED/corpora (else ../shared beside the repository), every folder of it; without
them the run says so and exits 77. Without --all a sample is taken, in an order fixed by --seed, until
--seconds (default 40) are over.

Each direction with bytes is compared with tcpflow's file of it. Where they differ, tshark says whether
the connection is complete (SYN, SYN/ACK, ACK and data seen) and has all its segments. If it has not, the
difference is counted under tshark's reason; if it has, our bytes must be those of tshark's "follow TCP
stream", or the direction must have its own row in docs/streams.md. Captures whose link type tcpflow
cannot read are compared with tshark alone. --table prints the counts as rows of docs/streams.md.
Exits 0 when no direction differs without a name.
"""
import argparse, collections, fnmatch, os, random, re, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SUFFIXES = ('.pcap', '.pcapng', '.cap')
FIELDS = ('tcp.stream', 'frame.protocols', 'ip.src', 'ip.dst', 'ipv6.src', 'ipv6.dst', 'tcp.srcport', 'tcp.dstport',
          'tcp.completeness', 'tcp.analysis.lost_segment', 'tcp.analysis.ack_lost_segment', 'tcp.flags', 'tcp.len',
          'tcp.analysis.retransmission', 'tcp.analysis.out_of_order', 'frame.cap_len', 'frame.len',
          'frame.time_epoch', 'vlan.id')
IDLE_SECONDS = 600  # flow-timeouts.tcp.established
KNOWN = {}  # (capture, tshark's stream): name, from docs/streams.md


def captures(shared):
    found = []
    for folder, _, names in os.walk(os.path.join(shared, 'corpora')):
        found += [os.path.join(folder, n) for n in names if n.endswith(SUFFIXES)]
    return sorted(found)


def run(args, seconds=120):
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds, check=False)


def address(text):
    """tcpflow pads IPv4 with zeros; everybody writes IPv6 in their own way."""
    if ':' in text:
        import ipaddress
        return str(ipaddress.ip_address(text))
    return '.'.join(str(int(n)) for n in text.split('.'))


def ours(tocsin, path, folder):
    """Our bytes: {(sender, receiver): [bytes]}, endpoints as (address, port), directions without bytes left out."""
    dump = os.path.join(folder, 'ours')
    p = run([tocsin, '-q', '-r', path, '-l', folder, '-k', 'none', '--dump-streams', dump])
    if p.returncode != 0:
        raise RuntimeError('exit %d: %s' % (p.returncode, p.stderr.decode(errors='replace').strip()[-200:]))
    streams = collections.defaultdict(list)
    with open(os.path.join(dump, 'streams.tsv')) as index:
        for line in index:
            flow, side, src, sport, dst, dport, _ = line.rstrip('\n').split('\t', 6)
            with open(os.path.join(dump, flow + '.' + side), 'rb') as f:
                data = f.read()
            if data:
                streams[(address(src), sport), (address(dst), dport)].append(data)
    return streams


def tcpflow(path, folder):
    """tcpflow's bytes, or None where it cannot read the capture."""
    out = os.path.join(folder, 'tcpflow')
    os.mkdir(out)
    p = run(['tcpflow', '-q', '-r', path, '-o', out, '-T', '%A_%a_%B_%b_%#', '-S', 'enable_report=NO', '-x', 'http'])
    if p.returncode != 0 or b'data link type' in p.stderr:
        return None
    streams = collections.defaultdict(list)
    for name in os.listdir(out):
        m = re.fullmatch(r'([0-9a-fA-F.:]+)_(\d+)_([0-9a-fA-F.:]+)_(\d+)_\d+', name)
        if not m:
            continue
        with open(os.path.join(out, name), 'rb') as f:
            data = f.read()
        src, sport, dst, dport = m.groups()
        if data:
            streams[(address(src), str(int(sport))), (address(dst), str(int(dport)))].append(data)
    return streams


class Stream:
    """What tshark says of one connection."""

    def __init__(self):
        self.pair = None  # (client, server) by the SYN
        self.ends = set()
        self.reason = None
        self.completeness = 0
        self.retransmitted = self.reset = self.silent = False
        self.last = None
        self.vlans = collections.defaultdict(set)  # by direction
        self.after_reset = collections.Counter()  # payload bytes by direction

    def add(self, src, dst, r):
        flags, now = int(r['tcp.flags'] or '0', 16), float(r['frame.time_epoch'])
        self.ends |= {(src, dst), (dst, src)}
        if flags & 0x12 == 0x02 and not self.pair:
            self.pair = (src, dst)
        self.completeness = int(r['tcp.completeness'] or 0)
        self.retransmitted |= bool(r['tcp.analysis.retransmission'] or r['tcp.analysis.out_of_order'])
        self.reset |= bool(flags & 0x04)
        self.silent |= self.last is not None and abs(now - self.last) > IDLE_SECONDS
        self.last = now
        self.vlans[src, dst].add(r['vlan.id'])
        if self.reset:
            self.after_reset[src, dst] += int(r['tcp.len'] or 0)
        if r['tcp.analysis.lost_segment'] or r['tcp.analysis.ack_lost_segment']:
            self.reason = 'segments are missing'
        if r['frame.cap_len'] != r['frame.len']:
            self.reason = 'frames are cut off'
        if ':icmp' in r['frame.protocols']:
            self.reason = 'within an ICMP error'

    def why_not(self):
        """Why nothing can be said of it, None for a complete connection."""
        if not self.pair:
            return 'begins in the middle'
        if self.reason:
            return self.reason
        return None if self.completeness & 15 == 15 else 'the handshake is not complete'

    def why_shorter(self, key, mine, want):
        """Why a direction may be shorter than what was sent, None where we know of no reason."""
        if len(set(map(frozenset, self.vlans.values()))) > 1:
            return 'the directions are in different VLANs'
        if not want.startswith(mine):
            return None
        if self.silent:
            return 'silent for longer than flow-timeouts.tcp.established'
        if len(want) - len(mine) <= self.after_reset[key]:
            return 'sent after a reset, or in one'
        return None


def dissect(path):
    """tshark's view: {stream number: Stream}."""
    args = ['tshark', '-n', '-r', path, '-Y', 'tcp', '-T', 'fields', '-E', 'occurrence=l']
    streams = collections.defaultdict(Stream)
    for f in FIELDS:
        args += ['-e', f]
    for line in run(args).stdout.decode(errors='replace').splitlines():
        r = dict(zip(FIELDS, line.split('\t')))
        if not r['tcp.stream']:
            continue
        ipv6 = r['frame.protocols'].rfind(':ipv6:') > r['frame.protocols'].rfind(':ip:')
        src, dst = (r['ipv6.src'], r['ipv6.dst']) if ipv6 else (r['ip.src'], r['ip.dst'])
        streams[r['tcp.stream']].add((address(src), r['tcp.srcport']), (address(dst), r['tcp.dstport']), r)
    return streams


def follow(path, numbers):
    """tshark's bytes: {number: {(sender, receiver): bytes}}."""
    out = {}
    for i in range(0, len(numbers), 64):
        args = ['tshark', '-n', '-q', '-r', path]
        for n in numbers[i:i + 64]:
            args += ['-z', 'follow,tcp,raw,' + n]
        number, nodes = None, {}
        for line in run(args).stdout.decode(errors='replace').splitlines():
            if line.startswith('Filter: tcp.stream eq '):
                number, nodes = line.rsplit(' ', 1)[1], {}
            elif line.startswith('Node '):
                host, port = line.split(': ', 1)[1].rsplit(':', 1)
                nodes[line[5]] = (address(host.strip('[]')), port)
                if len(nodes) == 2:
                    out[number] = {(nodes['0'], nodes['1']): bytearray(), (nodes['1'], nodes['0']): bytearray()}
            elif number in out and re.fullmatch(r'\t?[0-9a-f]+', line):
                way = ('1', '0') if line.startswith('\t') else ('0', '1')
                out[number][nodes[way[0]], nodes[way[1]]].extend(bytes.fromhex(line.strip()))
    return out


def load_known():
    """Rows '| capture | stream | name |' of docs/streams.md: differences that have been looked at."""
    for line in open(os.path.join(ROOT, 'docs', 'streams.md')):
        cells = [c.strip() for c in line.strip().strip('|').split('|')]
        if len(cells) >= 3 and cells[0].endswith(SUFFIXES):
            KNOWN[cells[0], cells[1]] = cells[2]


def differing(a, b):
    """Directions whose streams are not the same in both, and how many are."""
    keys, same = [], 0
    for key in set(a) | set(b):
        mine, theirs = collections.Counter(a.get(key, [])), collections.Counter(b.get(key, []))
        same += sum((mine & theirs).values())
        if mine != theirs:
            keys.append(key)
    return keys, same


def tcpflows_way(want, files, stream):
    """How tcpflow's files of a direction differ from what tshark and we agree on."""
    if not files:
        return 'it has none'
    if any(f.startswith(want) and len(f) - len(want) <= 16 or f.endswith(want) for f in files):
        return 'it takes padding and trailers of frames for data'
    if stream.retransmitted:
        return 'retransmitted or out of order'
    if b''.join(files) == want or any(len(f) < len(want) and want.startswith(f) for f in files):
        return 'it ends earlier'
    return 'otherwise'


def judge(path, keys, mine, theirs, tally, verbose):
    """Asks tshark about the directions in keys."""
    streams = dissect(path)
    numbers = sorted((n for n, s in streams.items() if s.ends & set(keys)), key=int)
    sure = [n for n in numbers if not streams[n].why_not()]
    followed = follow(path, sure)
    for n in numbers:
        s = streams[n]
        for key in sorted(s.ends & set(keys)):
            why = s.why_not()
            if why:
                tally[why] += 1
                continue
            want = bytes(followed.get(n, {}).get(key, b''))
            if want in mine.get(key, []) or (not want and not mine.get(key)):
                tally['equal to tshark, not to tcpflow: ' + tcpflows_way(want, theirs.get(key, []), s)] += 1
                continue
            name = KNOWN.get((os.path.basename(path), n))
            for candidate in mine.get(key, [b'']):
                name = name or s.why_shorter(key, candidate, want)
            tally['known: ' + name if name else 'DIFFERENT'] += 1
            if verbose or not name:
                print('%s stream %s %s:%s > %s:%s: ours %s, tshark %d bytes (%s)' % (os.path.basename(path), n,
                      *key[0], *key[1], [len(x) for x in mine.get(key, [])], len(want), name), flush=True)
    for key in sorted(set(keys) - {k for s in streams.values() for k in s.ends}):
        tally['tshark sees no such connection'] += 1
        if verbose:
            print('%s: tshark sees no connection %s:%s > %s:%s' % (os.path.basename(path), *key[0], *key[1]), flush=True)


def compare(tocsin, path, tally, verbose):
    with tempfile.TemporaryDirectory() as folder:
        mine = ours(tocsin, path, folder)
        theirs = tcpflow(path, folder)
    if theirs is None:
        tally['captures that tcpflow cannot read'] += 1
        theirs = {}
    keys, same = differing(mine, theirs)
    tally['captures with TCP bytes'] += bool(mine or theirs)
    tally['equal to tcpflow'] += same
    if keys:
        judge(path, keys, mine, theirs, tally, verbose)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('tocsin')
    ap.add_argument('--all', action='store_true')
    ap.add_argument('--seconds', type=float, default=40)
    ap.add_argument('--seed', type=int, default=1)
    ap.add_argument('--only', default='*')
    ap.add_argument('--table', action='store_true')
    ap.add_argument('-v', action='store_true')
    a = ap.parse_args()
    shared = os.environ.get('TOCSIN_SHARED') or os.path.join(ROOT, '..', 'shared')
    files = [f for f in captures(shared) if fnmatch.fnmatch(os.path.basename(f), a.only)]
    if not files:
        print('SKIPPED: no captures under %s (set TOCSIN_SHARED)' % shared)
        return 77
    load_known()
    random.Random(a.seed).shuffle(files)
    tally, looked, start = collections.Counter(), 0, time.monotonic()
    for path in files:
        if not a.all and time.monotonic() - start > a.seconds:
            break
        looked += 1
        try:
            compare(a.tocsin, path, tally, a.v)
        except subprocess.TimeoutExpired as e:
            tally['captures too long for ' + e.cmd[0] if e.cmd[0] in ('tshark', 'tcpflow') else 'FAILED'] += 1
        except RuntimeError as e:
            tally['FAILED'] += 1
            print('%s: %s' % (os.path.basename(path), e), flush=True)
    print('%d of %d captures, %.0f s' % (looked, len(files), time.monotonic() - start))
    for name, count in sorted(tally.items()):
        if count:
            print('| %s | %d |' % (name, count) if a.table else '  %7d  %s' % (count, name))
    return 1 if tally['DIFFERENT'] or tally['FAILED'] or not tally['equal to tcpflow'] else 0


if __name__ == '__main__':
    sys.exit(main())
