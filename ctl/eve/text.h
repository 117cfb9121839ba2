// Text forms that EVE, the terminal and the daemon share.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/packet.h"

#define TIME_TEXT_BYTES 33u // "2009-11-13T21:32:05.123456+0000" and NUL
#define ADDR_TEXT_BYTES 40u

// UTC with microseconds, as Suricata writes it. Returns the length, 31.
size_t text_time(char *p, uint64_t ts_ns);
// IPv4 dotted, IPv6 as eight groups of four digits, as Suricata writes it. Returns the length; 0 for other versions.
size_t text_addr(char *p, const union ip_addr *a, uint8_t version);
// IANA's name of an IP protocol as Suricata spells it ("TCP", "IPv6-ICMP"), or its number in digits.
const char *text_ip_proto(uint8_t proto);
