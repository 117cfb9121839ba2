#!/usr/bin/env python3
"""Compare our EVE http records with Suricata's, record by record, over captures.

usage: eve_http.py TOCSIN [CAPTURE | DIRECTORY ...] [-v] [-j N]
Without captures: every capture below the shared corpora (TOCSIN_SHARED). Both engines read each capture that holds
"HTTP/1" by themselves, without rules and without checking checksums. Records of a connection are paired by what
they say; a pair agrees when its `http` objects are equal. Prints the agreement, how often each member differs, and with -v each
difference.
Exits 0 when both engines ran and found records, 77 without Suricata or captures.
"""
import argparse, collections, concurrent.futures as futures, json, os, shutil, subprocess, sys, tempfile

SURICATA = '''%YAML 1.1
---
outputs:
  - eve-log: {enabled: yes, filetype: regular, filename: eve.json, types: [{http: {extended: yes}}]}
app-layer:
  protocols:
    http: {enabled: yes}
    http2: {enabled: no}
'''


def captures(paths):
    for path in paths:
        if os.path.isdir(path):
            for folder, _, names in sorted(os.walk(path)):
                yield from (os.path.join(folder, n) for n in sorted(names) if n.endswith(('.pcap', '.pcapng', '.cap')))
        else:
            yield path


def holds_http(path):
    with open(path, 'rb') as f:
        return b'HTTP/1' in f.read()


def records(command, folder):
    """{connection: [http]}, in the order in which they were written"""
    found, path = collections.defaultdict(list), os.path.join(folder, 'eve.json')
    if os.path.exists(path):
        os.remove(path)
    run = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=300)
    if run.returncode:
        raise RuntimeError('%s: exit %d: %s' % (command[0], run.returncode, run.stderr.decode(errors='replace')[-300:]))
    if os.path.exists(path):
        for line in open(path, errors='replace'):
            e = json.loads(line)
            if e['event_type'] == 'http' and e['http'].get('version') != '2':
                ends = sorted(((e['src_ip'], e.get('src_port')), (e['dest_ip'], e.get('dest_port'))), key=str)
                found[tuple(ends)].append(e['http'])
    return found


def pair(mine, theirs):
    """[(ours, Suricata's)] of a connection: equal ones first, then those of one URL, then the rest as they come."""
    out, theirs = [], list(theirs)
    for like in (lambda a, b: a == b, lambda a, b: a.get('url') == b.get('url'), lambda a, b: True):
        left = []
        for m in mine:
            n = next((i for i, t in enumerate(theirs) if like(m, t)), None)
            if n is None:
                left.append(m)
            else:
                out.append((m, theirs.pop(n)))
        mine = left
    return out + [(m, None) for m in mine] + [(None, t) for t in theirs]


def compare(tocsin, capture):
    """(capture, [(connection, ours, Suricata's)], error)"""
    with tempfile.TemporaryDirectory() as folder:
        yaml = os.path.join(folder, 'suricata.yaml')
        open(yaml, 'w').write(SURICATA)
        try:
            mine = records([tocsin, '-q', '-r', capture, '-k', 'none', '-l', folder, '-S', '/dev/null'], folder)
            theirs = records(['suricata', '-c', yaml, '-r', capture, '-k', 'none', '-l', folder, '-S', '/dev/null',
                              '--runmode', 'single'], folder)
        except (RuntimeError, subprocess.TimeoutExpired) as e:
            return capture, [], str(e)
        return capture, [(c, m, t) for c in sorted(set(mine) | set(theirs), key=str)
                         for m, t in pair(mine.get(c, []), theirs.get(c, []))], None


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('tocsin')
    ap.add_argument('captures', nargs='*')
    ap.add_argument('-v', action='store_true')
    ap.add_argument('-j', type=int, default=2)
    a = ap.parse_args()
    shared = os.environ.get('TOCSIN_SHARED', os.path.join(os.path.dirname(__file__), '../../../shared'))
    paths = [p for p in captures(a.captures or [os.path.join(shared, 'corpora')]) if holds_http(p)]
    if not shutil.which('suricata') or not paths:
        print('SKIPPED: %s' % ('no capture with HTTP/1; set TOCSIN_SHARED' if not paths else 'suricata is not installed'))
        sys.exit(77)
    same = missing = extra = differ = broken = 0
    members = collections.Counter()
    with futures.ThreadPoolExecutor(a.j) as pool:
        for capture, pairs, error in pool.map(lambda p: compare(a.tocsin, p), paths):
            if error:
                broken += 1
                print('%s: %s' % (os.path.basename(capture), error))
            for connection, ours, other in pairs:
                if ours == other:
                    same += 1
                    continue
                missing += ours is None
                extra += other is None
                differ += ours is not None and other is not None
                names = sorted(k for k in set(ours or ()) | set(other or ()) if (ours or {}).get(k) != (other or {}).get(k))
                if ours is not None and other is not None:
                    members.update(names)
                if a.v:
                    what = {k: [(ours or {}).get(k), (other or {}).get(k)] for k in names}
                    print('%s %s %s' % (os.path.basename(capture), connection, 'missing' if ours is None else
                          'extra' if other is None else 'differs'), json.dumps(what)[:600])
    total = same + missing + extra + differ
    print('%d captures, %d could not be read; %d records: %d the same (%.2f %%), %d differ, %d missing, %d extra' % (
        len(paths), broken, total, same, 100 * same / max(1, total), differ, missing, extra))
    print('members that differ:', dict(members.most_common()))
    sys.exit(0 if total else 1)


main()
