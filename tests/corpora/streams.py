#!/usr/bin/env python3
"""Compare the streams of captures with those of tshark's "follow TCP stream".

usage: streams.py TOCSIN [--seconds N] [--seed N] [--only GLOB] [--all] [-v]
Captures: $TOCSIN_SHARED/corpora (else ../shared beside the repository), every folder of it; without
them the run says so and exits 77. Every flow that tshark calls complete (SYN, SYN/ACK, ACK and data
seen) and of which it misses no segment must have the same bytes in both directions.
--seconds bounds the run (default 120); captures are taken in a random order fixed by --seed.
Flows that differ for a reason we know by name are counted under that name (docs/streams.md).
Exits 0 when no flow differs without a name.
"""
import argparse, collections, fnmatch, os, random, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SUFFIXES = ('.pcap', '.pcapng', '.cap')
FIELDS = ('tcp.stream', 'frame.protocols', 'ip.src', 'ip.dst', 'ipv6.src', 'ipv6.dst', 'tcp.srcport', 'tcp.dstport',
          'tcp.completeness', 'tcp.analysis.lost_segment', 'tcp.analysis.ack_lost_segment', 'tcp.analysis.reused_ports',
          'tcp.flags', 'tcp.len', 'tcp.analysis.retransmission', 'tcp.analysis.out_of_order', 'tcp.seq_raw')


def captures(shared):
    found = []
    for folder, _, names in os.walk(os.path.join(shared, 'corpora')):
        found += [os.path.join(folder, n) for n in names if n.endswith(SUFFIXES)]
    return sorted(found)


def run(args, seconds=60):
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds, check=False)


def fields(path):
    """Rows of tshark's view, one a TCP packet; a packet within a packet has values separated by commas."""
    args = ['tshark', '-n', '-r', path, '-Y', 'tcp', '-T', 'fields', '-E', 'occurrence=f']
    for f in FIELDS:
        args += ['-e', f]
    for line in run(args).stdout.decode(errors='replace').splitlines():
        yield dict(zip(FIELDS, line.split('\t')))


def wanted(path):
    """The streams that must agree: {number: (client, server)}, endpoints as (address, port)."""
    streams, bad, complete = {}, collections.defaultdict(set), {}
    for r in fields(path):
        n = r['tcp.stream']
        if not n:
            continue
        src = (r['ip.src'] or r['ipv6.src'], r['tcp.srcport'])
        dst = (r['ip.dst'] or r['ipv6.dst'], r['tcp.dstport'])
        flags = int(r['tcp.flags'] or '0', 16)
        if flags & 0x12 == 0x02:
            streams.setdefault(n, (src, dst))
        if n not in streams:
            bad[n].add('begins in the middle')
        complete[n] = int(r['tcp.completeness'] or 0)
        if r['tcp.analysis.lost_segment'] or r['tcp.analysis.ack_lost_segment']:
            bad[n].add('segments are missing')
        if r['frame.protocols'].count(':ip') > 1 or ':icmp' in r['frame.protocols']:
            bad[n].add('within a tunnel or an ICMP error')
    return {n: e for n, e in streams.items() if not bad[n] and complete.get(n, 0) & 15 == 15}


def follow(path, numbers):
    """tshark's bytes: {number: (client's, server's)}."""
    out = {}
    for i in range(0, len(numbers), 64):
        args = ['tshark', '-n', '-q', '-r', path]
        for n in numbers[i:i + 64]:
            args += ['-z', 'follow,tcp,raw,' + n]
        number, client, server = None, None, None
        for line in run(args, 120).stdout.decode(errors='replace').splitlines():
            if line.startswith('Filter: tcp.stream eq '):
                number, client, server = line.rsplit(' ', 1)[1], bytearray(), bytearray()
                out[number] = (client, server)
            elif line.startswith('===') or line.startswith('Follow') or line.startswith('Node'):
                if line.startswith('==='):
                    number = number if client is not None and not client and not server else None
            elif number and line:
                text = line.strip()
                try:
                    (server if line.startswith('\t') else client).extend(bytes.fromhex(text))
                except ValueError:
                    out[number] = None
                    number = None
    return out


def ours(tocsin, path, folder):
    """Our bytes: {(client, server): [(start, to_server, to_client)]}."""
    dump = os.path.join(folder, 'streams')
    p = run([tocsin, '-q', '-r', path, '-l', folder, '-k', 'none', '--dump-streams', dump])
    if p.returncode != 0:
        raise RuntimeError('exit %d: %s' % (p.returncode, p.stderr.decode(errors='replace').strip()[-200:]))
    flows = {}
    with open(os.path.join(dump, 'streams.tsv')) as index:
        for line in index:
            flow, side, src, sport, dst, dport, start, _ = line.rstrip('\n').split('\t')
            a, b = (src, sport), (dst, dport)
            key = (int(start), flow) + ((a, b) if side == 'to_server' else (b, a))
            with open(os.path.join(dump, flow + '.' + side), 'rb') as f:
                flows.setdefault(key, {})[side] = f.read()
    by_pair = collections.defaultdict(list)
    for (start, _, client, server), sides in sorted(flows.items()):
        by_pair[client, server].append((sides.get('to_server', b''), sides.get('to_client', b'')))
    return by_pair


def reason(mine, theirs):
    """A name for a difference we know, or None (see docs/streams.md)."""
    named = set()
    for a, b in zip(mine, theirs):
        if a == b:
            continue
        if b.startswith(a) or a.startswith(b):
            named.add('one ends earlier')
        elif len(a) == len(b):
            named.add('same length, other bytes')
        else:
            named.add('other bytes')
    return ', '.join(sorted(named))


KNOWN = {}


def load_known():
    """Rows '| capture | flow | name |' of docs/streams.md: differences that have been looked at."""
    path = os.path.join(ROOT, 'docs', 'streams.md')
    if os.path.exists(path):
        for line in open(path):
            cells = [c.strip() for c in line.strip().strip('|').split('|')]
            if len(cells) >= 3 and cells[0].endswith(SUFFIXES):
                KNOWN[cells[0], cells[1]] = cells[2]


def compare(tocsin, path, tally, verbose):
    flows = wanted(path)
    if not flows:
        return
    theirs = follow(path, sorted(flows, key=int))
    with tempfile.TemporaryDirectory() as folder:
        mine = ours(tocsin, path, folder)
    for n, pair in flows.items():
        t = theirs.get(n)
        if t is None:
            tally['not followed by tshark'] += 1
            continue
        t = (bytes(t[0]), bytes(t[1]))
        candidates = mine.get(pair, []) or [(b'', b'')]
        if t in candidates:
            tally['equal'] += 1
            tally['bytes'] += len(t[0]) + len(t[1])
            continue
        name = KNOWN.get((os.path.basename(path), n))
        tally['known: ' + name if name else 'DIFFERENT'] += 1
        if verbose or not name:
            best = candidates[0]
            print('%s stream %s %s:%s > %s:%s: ours %s, tshark %s bytes (%s)' % (os.path.basename(path), n, *pair[0],
                  *pair[1], [len(x) for x in best], [len(x) for x in t], name or reason(best, t)), flush=True)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('tocsin')
    ap.add_argument('--seconds', type=float, default=120)
    ap.add_argument('--seed', type=int, default=1)
    ap.add_argument('--only', default='*')
    ap.add_argument('--all', action='store_true')
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
            tally['not compared, tshark takes too long' if e.cmd[0] == 'tshark' else 'FAILED'] += 1
        except RuntimeError as e:
            tally['FAILED'] += 1
            print('%s: %s' % (os.path.basename(path), e), flush=True)
    print('%d of %d captures, %.0f s: %s' % (looked, len(files), time.monotonic() - start,
          ', '.join('%s %d' % i for i in sorted(tally.items()))))
    return 1 if tally['DIFFERENT'] or tally['FAILED'] or not tally['equal'] else 0


if __name__ == '__main__':
    sys.exit(main())
