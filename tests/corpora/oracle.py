"""What the scripts that hold EVE records against Suricata's have in common: the captures, and what both write of one."""
import glob, hashlib, json, os, shutil, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHARED = os.environ.get('TOCSIN_SHARED') or os.path.join(ROOT, '../shared')
OFF = ('modbus', 'dnp3', 'enip', 'pgsql')  # protocols that are off by default, on in both
SETTINGS = ['-k', 'none', '-S', '/dev/null'] + [
    word for name in OFF for word in ('--set', 'app-layer.protocols.%s.enabled=yes' % name)]
SURICATA = ['suricata', '-c', '/etc/suricata/suricata.yaml', '--runmode', 'single',
            '--set', 'app-layer.protocols.tls.ja3-fingerprints=yes', '--set', 'app-layer.protocols.ssh.hassh=yes']


def digest(path):
    with open(path, 'rb') as f:
        return hashlib.sha1(f.read()).hexdigest()


def captures(paths):
    """{digest: path} of captures: those named and those below the folders named (none: the shared corpora)."""
    found = {}
    for path in paths or [os.path.join(SHARED, 'corpora')]:
        names = glob.glob(path + '/**', recursive=True) if os.path.isdir(path) else [path]
        for name in sorted(n for n in names if n.endswith(('.pcap', '.pcapng', '.cap')) or n == path):
            found.setdefault(digest(name), name)
    return found


def skip_without(found):
    """Says so and exits 77 where there is nothing to compare with."""
    if not found or not shutil.which('suricata'):
        print('SKIPPED: %s' % ('suricata is not installed' if found else 'no captures: set TOCSIN_SHARED'))
        sys.exit(77)


def run(command, capture):
    """The EVE records, statistics left out, that a sensor writes of a capture. Raises RuntimeError when it fails."""
    with tempfile.TemporaryDirectory() as folder:
        p = subprocess.run(command + SETTINGS + ['-r', capture, '-l', folder], stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, timeout=300, check=False)
        path = os.path.join(folder, 'eve.json')
        if p.returncode or not os.path.exists(path):
            raise RuntimeError('%s: exit %d: %s' % (command[0], p.returncode, p.stderr.decode(errors='replace')[-200:]))
        with open(path, encoding='utf-8', errors='replace') as f:
            return [r for r in map(json.loads, f) if r.get('event_type') != 'stats']


def suricata(key, capture, cache):
    """Suricata's records, kept in and taken from the folder `cache` under the capture's digest, where one is given."""
    name = cache and os.path.join(cache, key + '.json')
    if name and os.path.exists(name):
        with open(name, encoding='utf-8') as f:
            return json.load(f)
    found = run(SURICATA, capture)
    if name:
        os.makedirs(cache, exist_ok=True)
        with open(name + '.new', 'w', encoding='utf-8') as f:
            json.dump(found, f)
        os.rename(name + '.new', name)
    return found


def tocsin(program, capture):
    return run([program, '-q'], capture)
