#!/usr/bin/env python3
"""Compare our stream events with Suricata's, packet by packet, on the connections of the unit tests.

usage: stream_events.py TOCSIN TEST... [-v]
Each TEST (a program of tests/unit that uses tcp_lab.h) is run with TCP_LAB_CAPTURE set; both engines then read what it
wrote. Differences are printed with the packet's number in its connection, once a connection; docs/streams.md names those
on purpose.
Exits 0 when both engines ran and neither event list is empty, 77 without Suricata.
"""
import collections, json, os, shutil, subprocess, sys, tempfile

SURICATA = '''%YAML 1.1
---
outputs:
  - eve-log: {enabled: yes, filetype: regular, filename: eve.json, types: [{anomaly: {enabled: yes, types: {stream: yes}}}]}
'''


def events(path):
    """{frame number: sorted stream events}"""
    found = collections.defaultdict(list)
    for line in open(path):
        e = json.loads(line)
        name = e.get('anomaly', {}).get('event', '')
        if name.startswith('stream.'):
            found[e['pcap_cnt']].append(name[7:])
    return {n: sorted(names) for n, names in found.items()}


def frames(path):
    """[(connection, what the segment is)] by frame, from the capture the lab wrote."""
    data, at, out = open(path, 'rb').read(), 24, []
    while at + 16 <= len(data):
        size = int.from_bytes(data[at + 8:at + 12], 'little')
        ip = data[at + 16:at + 16 + size]
        client, tcp = ip[22:24] == b'\0\x50', ip[20:]
        number = int.from_bytes(ip[14:16] if client else ip[18:20], 'big')
        flags = ''.join(c for i, c in enumerate('FSRPAUEC') if tcp[13] >> i & 1)
        out.append((number, '%s %s seq %d ack %d len %d' % ('C' if client else 'S', flags, int.from_bytes(tcp[4:8], 'big'),
                    int.from_bytes(tcp[8:12], 'big'), len(tcp) - (tcp[12] >> 4) * 4)))
        at += 16 + size
    return out


def compare(tocsin, test, folder, verbose):
    capture, yaml = os.path.join(folder, 'lab.pcap'), os.path.join(folder, 'suricata.yaml')
    open(yaml, 'w').write(SURICATA)
    subprocess.run([test], env=dict(os.environ, TCP_LAB_CAPTURE=capture), stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=True)
    subprocess.run([tocsin, '-q', '-r', capture, '-k', 'none', '-l', folder], check=True)
    mine = events(os.path.join(folder, 'eve.json'))
    os.remove(os.path.join(folder, 'eve.json'))
    subprocess.run(['suricata', '-c', yaml, '-r', capture, '-k', 'none', '-l', folder, '-S', '/dev/null', '--runmode', 'single'],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    theirs = events(os.path.join(folder, 'eve.json'))
    names, nth, same, different, shown = frames(capture), collections.Counter(), 0, 0, collections.Counter()
    for n, (number, what) in enumerate(names, 1):
        nth[number] += 1
        a, b = mine.get(n, []), theirs.get(n, [])
        same += a == b and bool(a)
        different += a != b
        shown[number, str(a), str(b)] += 1
        if (a != b or verbose) and shown[number, str(a), str(b)] == 1:
            print('%s connection %d packet %d (%s): ours %s, Suricata %s' % (os.path.basename(test), number, nth[number], what,
                  ', '.join(a) or '-', ', '.join(b) or '-'))
    print('%s: %d packets, %d with the same events, %d with others' % (os.path.basename(test), len(names), same, different))
    return bool(mine) and bool(theirs)


def main():
    if not shutil.which('suricata'):
        print('SKIPPED: suricata is not installed')
        return 77
    tests = [t for t in sys.argv[2:] if t != '-v']
    if len(sys.argv) < 3 or not tests:
        print(__doc__)
        return 2
    ok = True
    for test in tests:
        with tempfile.TemporaryDirectory() as folder:
            ok &= compare(sys.argv[1], test, folder, '-v' in sys.argv)
    return 0 if ok else 1


if __name__ == '__main__':
    sys.exit(main())
