// UDP services that answer anybody: their answers are what amplification counts, and what is no scan.
#pragma once

// Ascending by port: X(w, port, mean bytes, name); an answer is larger than the mean where it serves amplification.
#define UDP_SERVICES(X, w)             \
	X(w, 17, 60, "QOTD")           \
	X(w, 19, 60, "CharGEN")        \
	X(w, 53, 400, "DNS")           \
	X(w, 69, 60, "TFTP")           \
	X(w, 111, 60, "RPC")           \
	X(w, 123, 100, "NTP")          \
	X(w, 137, 60, "NetBIOS")       \
	X(w, 161, 60, "SNMP")          \
	X(w, 389, 200, "CLDAP")        \
	X(w, 500, 60, "IKE")           \
	X(w, 520, 60, "RIP")           \
	X(w, 1194, 60, "OpenVPN")      \
	X(w, 1434, 60, "SQL-browser")  \
	X(w, 1604, 60, "Citrix-ICA")   \
	X(w, 1900, 60, "SSDP")         \
	X(w, 3283, 60, "ARMS")         \
	X(w, 3389, 60, "RDP")          \
	X(w, 3478, 60, "STUN")         \
	X(w, 3702, 60, "WS-Discovery") \
	X(w, 4500, 60, "IKE-NAT")      \
	X(w, 5060, 60, "SIP")          \
	X(w, 5351, 60, "NAT-PMP")      \
	X(w, 5353, 60, "mDNS")         \
	X(w, 5683, 60, "CoAP")         \
	X(w, 10001, 60, "Ubiquiti")    \
	X(w, 10074, 60, "TP240")       \
	X(w, 11211, 100, "memcached")  \
	X(w, 27960, 60, "Quake")       \
	X(w, 37810, 60, "DVR-DHCP")    \
	X(w, 47808, 60, "BACnet")
