#!/usr/bin/env python3
"""Compare EVE records of protocols with those of Suricata 7, record by record and member by member.

usage: eve_records.py TOCSIN [CAPTURE | DIRECTORY ...] [--proto NAME,...] [--seconds N] [--seed N] [--keep DIR]
                      [-j N] [-v]
Captures: those named, else all below $TOCSIN_SHARED/corpora (else ../shared beside the repository); without them, or
without suricata, the run says so and exits 77. Those of the same content count once. --proto: EVE's event types; all
that are read unless named. --seconds: a sample, in an order fixed by --seed, until these are over. --keep has
Suricata's records kept in a folder, and taken from it the next time. -v prints each difference.

Records of a connection are paired: equal ones first, then those that have most members alike. A record agrees when
the object named as the protocol is equal; a member (one of a list counts by itself) when it is equal in both, and one
that a side has alone is a difference. Differences with a reason stand in docs/parsers.md ("Where records differ from
Suricata's") and are counted as such. Exits 0 when of each protocol at least 99 in 100 records and members agree or
have a reason.
"""
import argparse, collections, concurrent.futures as futures, fnmatch, json, os, random, sys, time
import oracle

PROTOS = ('http', 'dns', 'tls', 'ssh', 'smb', 'dcerpc', 'krb5', 'snmp', 'sip', 'dhcp', 'tftp', 'fileinfo')
CARRIERS = ('http', 'smtp', 'email', 'smb', 'nfs', 'rpc', 'ftp_data')  # of files
GOAL = 0.99


def flat(value, name=''):
    """{path: value} of the members of an object."""
    if isinstance(value, dict) and value:
        return {k: v for key, inner in value.items() for k, v in flat(inner, name + '.' + key if name else key).items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {k: v for i, inner in enumerate(value) for k, v in flat(inner, '%s[%d]' % (name, i)).items()}
    return {name: value}


def said(record):
    """What is compared of a record: the object it is named after. Of a file also who sent it, over what, and in which
    transaction."""
    told = record.get(record['event_type'], {})
    if record['event_type'] == 'fileinfo':
        told = dict(told, app_proto=record.get('app_proto'), sender=[record['src_ip'], record.get('src_port')],
                    **{k: record[k] for k in CARRIERS if k in record})
    return flat(told)


def connections(records, protos):
    """{(proto, ends): [members]}"""
    found = collections.defaultdict(list)
    for r in records:
        if r['event_type'] in protos and not (r['event_type'] == 'http' and r['http'].get('version') == '2'):
            ends = sorted((str(r.get(a)), r.get(b, 0)) for a, b in (('src_ip', 'src_port'), ('dest_ip', 'dest_port')))
            found[r['event_type'], str(ends)].append(said(r))
    return found


def alike(a, b):
    return sum(a.get(k) == b[k] for k in b)


def pair(ours, theirs):
    """[(ours, Suricata's)], with {} where one side has nothing."""
    out, left = [], []
    theirs = list(theirs)
    for r in ours:
        if r in theirs:
            theirs.remove(r)
            out.append((r, r))
        else:
            left.append(r)
    for r in left:
        best = max(theirs, key=lambda t: alike(r, t), default=None)
        if best is not None:
            theirs.remove(best)
        out.append((r, best or {}))
    return out + [({}, t) for t in theirs]


def compare(tocsin, key, path, protos, keep):
    """[(proto, ends, ours, Suricata's)] of a capture, or what went wrong."""
    try:
        theirs = connections(oracle.suricata(key, path, keep), protos)
        ours = connections(oracle.tocsin(tocsin, path), protos)
    except (RuntimeError, OSError) as e:
        return str(e)
    return [(proto, ends, a, b) for proto, ends in sorted(set(ours) | set(theirs))
            for a, b in pair(ours.get((proto, ends), []), theirs.get((proto, ends), []))]


class Tally:
    """Of one protocol."""

    def __init__(self, reasons):
        self.records = self.same = self.known = self.members = self.alike = self.explained = 0
        self.alone = [0, 0]
        self.reasons = reasons
        self.differ = collections.Counter()

    def reason(self, name, member):
        return any(fnmatch.fnmatch(name, c) and fnmatch.fnmatch(member, m) for c, m in self.reasons)

    def add(self, name, ours, theirs):
        """Returns the members that differ for no known reason."""
        members = set(ours) | set(theirs)
        odd = [m for m in members if m not in ours or m not in theirs or ours[m] != theirs[m]]
        told = ['only here'] if not theirs else ['only Suricata'] if not ours else sorted(odd)
        left = [m for m in told if not self.reason(name, m)]
        self.records += 1
        self.same += not odd
        self.known += bool(odd) and not left
        self.members += len(members)
        self.alike += len(members) - len(odd)
        self.explained += len(odd) if not left else len(set(odd) - set(left)) if ours and theirs else 0
        self.differ.update(left)
        return left

    def verdict(self, proto):
        records, members = max(self.records, 1), max(self.members, 1)
        print('%-7s %6d records, %.2f %% agree, %.2f %% with those that have a reason; %d members, %.2f %%, %.2f %%' % (
            proto, self.records, 100 * self.same / records, 100 * (self.same + self.known) / records, self.members,
            100 * self.alike / members, 100 * (self.alike + self.explained) / members))
        for member, n in self.differ.most_common():
            print('%8d %s' % (n, member))
        return self.same + self.known >= GOAL * self.records and self.alike + self.explained >= GOAL * self.members


def reasons():
    """{proto: [(capture, member)]} of the table in docs/parsers.md; both may hold `*`."""
    rows, inside = collections.defaultdict(list), False
    for line in open(os.path.join(oracle.ROOT, 'docs/parsers.md'), encoding='utf-8'):
        if line.startswith('#'):
            inside = "records differ from Suricata" in line
        cells = [c.strip().strip('`').replace('[', '[[]') for c in line.strip().strip('|').split('|')]
        if inside and line.startswith('| `') and len(cells) == 4:
            rows[cells[0]].append((cells[1], cells[2]))
    return rows


def show(path, proto, ends, ours, theirs, left):
    print(os.path.basename(path), proto, ends)
    if not ours or not theirs:
        print('    %s: %s' % (left[0], json.dumps(ours or theirs)[:600]))
        return
    for m in left:
        print('    %s: ours %s, Suricata %s' % (m, json.dumps(ours.get(m))[:300], json.dumps(theirs.get(m))[:300]))


def main():
    ap = argparse.ArgumentParser(usage=__doc__)
    ap.add_argument('tocsin')
    ap.add_argument('captures', nargs='*')
    ap.add_argument('--proto', default=','.join(PROTOS))
    ap.add_argument('--seconds', type=float)
    ap.add_argument('--seed', type=int, default=1)
    ap.add_argument('--keep')
    ap.add_argument('-j', type=int, default=2)
    ap.add_argument('-v', action='store_true')
    a = ap.parse_args()
    found = list(oracle.captures(a.captures).items())
    oracle.skip_without(found)
    if a.seconds:
        random.Random(a.seed).shuffle(found)
    protos, known, end = a.proto.split(','), reasons(), time.monotonic() + (a.seconds or 1e9)
    tally = {p: Tally(known[p]) for p in protos}
    looked = failed = 0

    def one(capture):
        return None if time.monotonic() > end else compare(a.tocsin, *capture, protos, a.keep)

    with futures.ThreadPoolExecutor(a.j) as pool:
        for (_, path), pairs in zip(found, pool.map(one, found)):
            looked += pairs is not None
            if isinstance(pairs, str):
                failed += 1
                print('%s: %s' % (os.path.basename(path), pairs))
                continue
            for proto, ends, ours, theirs in pairs or ():
                left = tally[proto].add(os.path.basename(path), ours, theirs)
                if left and a.v:
                    show(path, proto, ends, ours, theirs, left)
    print('%d captures, %d could not be read by both' % (looked, failed))
    good = [tally[p].verdict(p) for p in protos if tally[p].records]
    sys.exit(0 if good and all(good) else 1)


main()
