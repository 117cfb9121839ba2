#!/usr/bin/env python3
"""Every heuristic against its attack and against a near miss, both made by our generator among ordinary traffic.

usage: attack_near_miss.py TOCSIN GENERATOR [DETECTOR...]

The attack must be found (and, of the heuristics, nothing but what the row allows), the near miss must not.
A near miss is the same traffic just below what the detector asks for, or a legitimate cousin of it.
"""
import json
import os
import subprocess
import sys
import tempfile

# detector: (attack, near miss, further detectors the attack may set off, options of tocsin)
ROWS = {
    "syn_flood": ("syn_flood:rate=400:duration=5", "syn_flood:rate=30:duration=5", "", []),
    "udp_flood": ("udp_flood:rate=4200:duration=3", "udp_flood:rate=900:duration=3", "", []),
    "icmp_flood": ("icmp_flood:rate=1200:duration=3", "icmp_flood:rate=250:duration=3", "", []),
    "fragment_flood": ("fragment_flood:rate=2500:duration=3", "fragment_flood:rate=40:duration=3", "", []),
    "http_flood": ("http_flood:rate=900:duration=3", "http_flood:rate=60:duration=4", "", []),
    "slow_dos": ("slow_dos:rate=20:duration=4", "slow_dos:rate=5:duration=4", "", []),
    "amplification": ("amplification:rate=2000:duration=3", "amplification:rate=40:duration=3:sources=4:port=1900", "udp_flood", []),
    "carpet_bombing": ("carpet_bombing:rate=9000:duration=3", "carpet_bombing:rate=1500:duration=3", "udp_flood", []),
    "port_scan": ("port_scan:rate=50:duration=4", "port_scan:rate=5:duration=3", "", []),
    "host_scan": ("host_scan:rate=40:duration=3", "host_scan:rate=2:duration=3", "", []),
    "brute_force": ("brute_force:rate=1:duration=20", "brute_force:rate=0.2:duration=20", "", []),
    "worm_spread": ("worm_spread:rate=20:duration=3", "worm_spread:rate=1:duration=5", "host_scan", []),
    "beacon": ("beacon:rate=0.15:duration=130", "beacon:rate=0.15:duration=50", "", []),
    "dns_tunnel": ("dns_tunnel:rate=10:duration=12", "dns_tunnel:rate=0.3:duration=12", "", []),
    "icmp_tunnel": ("icmp_tunnel:rate=8:duration=10", "icmp_tunnel:rate=0.5:duration=10", "", []),
    "dga": ("dga:rate=3:duration=12", "dga:rate=0.5:duration=12", "", []),
    "lookalike_domain": ("lookalike_domain:rate=1:duration=8", "lookalike_domain:rate=1:duration=8:near=1", "", []),
    "exfiltration": ("exfiltration:rate=800:duration=10", "exfiltration:rate=200:duration=10", "",
                     ["--set", "detectors.exfiltration.bytes=4mb"]),
    "lateral_movement": ("lateral_movement:rate=1:duration=6", "lateral_movement:rate=1:duration=2", "", []),
    "arp_spoof": ("arp_spoof:rate=2:duration=8", "arp_spoof:rate=2:duration=8:near=1", "", []),
    "rogue_dhcp": ("rogue_dhcp:rate=1:duration=4", "rogue_dhcp:rate=1:duration=4:victim=10.20.0.2", "", []),
    "rogue_ra": ("rogue_ra:rate=8:duration=4", "rogue_ra:rate=0.5:duration=2", "", []),
    "icmp_redirect": ("icmp_redirect:rate=3:duration=5", "icmp_redirect:rate=1:duration=3", "", []),
    "protocol_anomaly": ("protocol_anomaly", "protocol_anomaly:port=2222", "", []),
    "weak_crypto": ("weak_crypto", "weak_crypto:near=1", "", []),
    "cleartext_credentials": ("cleartext_credentials", "cleartext_credentials:near=1", "", []),
    "device_tampering": ("device_tampering", "device_tampering:near=1", "", []),
    "mac_flood": ("mac_flood", "mac_flood:near=1:rate=300:duration=6", "", []),
    "stp_anomaly": ("stp_anomaly", "stp_anomaly:near=1", "", []),
    "lldp_anomaly": ("lldp_anomaly", "lldp_anomaly:near=1", "", []),
    "fast_flux": ("fast_flux", "fast_flux:near=1", "", []),
    "long_flow": ("long_flow", "long_flow:near=1", "", []),
    "tunnel_redirect": ("tunnel_redirect:rate=2:duration=5", "tunnel_redirect:rate=1:duration=2", "", []),
}


# The same attacks in other clothes: IPv6, VLAN, other rates, services and numbers of sources. Each must be found.
SERVER6, CLIENT6 = "victim=[2001:db8:20::10]", "victim=[2001:db8:20::121]"
VARIANTS = [(k, "%s:%s" % (k, SERVER6)) for k in ("syn_flood", "udp_flood", "icmp_flood", "slow_dos", "port_scan",
                                                   "brute_force", "amplification")]
VARIANTS += [(k, "%s:%s" % (k, CLIENT6)) for k in ("dns_tunnel", "dga", "icmp_tunnel", "lookalike_domain")]
VARIANTS += [(k, k + ":vlan=20") for k in ("syn_flood", "udp_flood", "port_scan", "brute_force", "slow_dos", "dns_tunnel")]
VARIANTS += [("amplification", "amplification:port=%d" % p) for p in (17, 19, 53, 69, 111, 161, 389, 500, 520, 1900, 3702, 5353,
                                                                     5683, 11211, 37810)]
VARIANTS += [("brute_force", "brute_force:port=22"), ("brute_force", "brute_force:port=2222"),
             ("host_scan", "host_scan:port=23:rate=10:duration=2"), ("port_scan", "port_scan:rate=0.5:duration=100"),
             ("port_scan", "port_scan:sources=40:rate=60:duration=10"), ("syn_flood", "syn_flood:rate=60:duration=20"),
             ("slow_dos", "slow_dos:rate=60:duration=1"), ("dga", "dga:rate=0.5:duration=80"),
             ("udp_flood", "udp_flood:port=0:rate=6000"), ("beacon", "beacon:port=8080")]


def found(tocsin, generator, spec, options):
    """The heuristics that said something about ordinary traffic with this attack in it."""
    with tempfile.TemporaryDirectory() as tmp:
        capture = os.path.join(tmp, "case.pcap")
        subprocess.run([generator, "-q", "-s", "3", "-f", "80", "-d", "150", "-a", spec + ":start=10", "-o", capture],
                       check=True)
        subprocess.run([tocsin, "-q", "-r", capture, "-l", tmp] + options, check=True)
        names = set()
        with open(os.path.join(tmp, "eve.json"), encoding="utf-8") as lines:
            for line in lines:
                if '"tocsin":{"detector"' in line.replace(" ", ""):
                    names.add(json.loads(line)["tocsin"]["detector"])
        return names


def main():
    tocsin, generator = sys.argv[1:3]
    bad = 0
    for name in sys.argv[3:] or ROWS:
        attack, near, allowed, options = ROWS[name]
        got = found(tocsin, generator, attack, options)
        extra = got - {name} - set(allowed.split())
        problems = [] if name in got else ["the attack was not found"]
        if extra:
            problems.append("the attack also set off " + " ".join(sorted(extra)))
        mistaken = found(tocsin, generator, near, options)
        if mistaken:
            problems.append("the near miss was taken for " + " ".join(sorted(mistaken)))
        print("%-22s %s" % (name, "; ".join(problems) or "ok"))
        bad += bool(problems)
    for name, spec in VARIANTS if not sys.argv[3:] else []:
        if name not in found(tocsin, generator, spec, []):
            print("%-22s not found: %s" % (name, spec))
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
