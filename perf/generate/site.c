// The site and the world around it. Addresses are from private, documentation and benchmark networks
// (RFC 1918, 5737, 2544, 3849), so that nothing in a generated capture points at anybody.
#include "perf/generate/generate.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t router_mac[6] = {0x02, 0x00, 0x5e, 0x00, 0x00, 0x01};

static struct endpoint host4(uint32_t addr, uint8_t ttl)
{
	struct endpoint e = {.version = 4, .ttl = ttl};
	uint32_t wire = htonl(addr);

	memcpy(e.addr, &wire, 4);
	memcpy(e.mac, router_mac, 6);
	return e;
}

static struct endpoint host6(const char *prefix, uint32_t n, uint8_t ttl)
{
	struct endpoint e = {.version = 6, .ttl = ttl};
	uint32_t wire = htonl(n);

	inet_pton(AF_INET6, prefix, e.addr);
	memcpy(e.addr + 12, &wire, 4);
	memcpy(e.mac, router_mac, 6);
	return e;
}

// A host within the site: its own MAC, a fresh TTL.
static struct endpoint local(struct endpoint e, uint16_t n)
{
	e.ttl = 64;
	e.mac[0] = 0x02;
	e.mac[1] = 0x00;
	e.mac[2] = 0x0a;
	e.mac[3] = 0x14;
	e.mac[4] = (uint8_t)(n >> 8);
	e.mac[5] = (uint8_t)n;
	return e;
}

static struct endpoint site_host(uint32_t n, uint8_t version)
{
	struct endpoint e = version == 4 ? host4(0x0a140000 + n, 64) : host6("2001:db8:20::", n, 64);

	return local(e, (uint16_t)n);
}

struct endpoint site_client(uint32_t n, uint8_t version)
{
	uint32_t client = n % SITE_CLIENTS;
	struct endpoint e = site_host(0x0100 + 20 + client, version);

	e.vlan = client % 4 == 3 ? SITE_VLAN : 0;
	if (client % 3 == 0)
		e.ttl = 128; // a Windows machine
	return e;
}

struct endpoint site_server(uint32_t n, uint8_t version)
{
	return site_host(10 + n % 200, version);
}

struct endpoint site_resolver(uint8_t version)
{
	return at_port(site_host(2, version), 53);
}

struct endpoint site_gateway(void)
{
	struct endpoint e = site_host(1, 4);

	memcpy(e.mac, router_mac, 6);
	return e;
}

struct endpoint world_host(uint32_t n, uint8_t version)
{
	static const uint32_t networks[] = {0xc6120000, 0xc6336400, 0xcb007100, 0xc0000200}; // 198.18/15, TEST-NETs
	uint32_t net = networks[n % 4];
	uint32_t host = net == 0xc6120000 ? 256 + n * 7919u % 65000 : 1 + n / 4 % 250;

	if (version == 6)
		return host6("2001:db8:ffff::", 0x100 + n, 52);
	return host4(net + host, (uint8_t)(44 + n % 16));
}

struct endpoint world_spoofed(struct rng *r)
{
	uint32_t addr;

	do
		addr = (uint32_t)rng_next(r);
	while (addr >> 24 == 0 || addr >> 24 == 10 || addr >> 24 == 127 || addr >> 24 >= 224);
	return host4(addr, (uint8_t)rng_range(r, 40, 250));
}

bool site_parse(const char *text, struct endpoint *out)
{
	uint8_t addr[16] = {0};
	static const uint8_t site6[6] = {0x20, 0x01, 0x0d, 0xb8, 0x00, 0x20};

	if (inet_pton(AF_INET, text, addr) == 1) {
		uint32_t v = (uint32_t)addr[0] << 24 | (uint32_t)addr[1] << 16 | (uint32_t)addr[2] << 8 | addr[3];
		*out = host4(v, 50);
		if (v >> 16 == 0x0a14)
			*out = local(*out, (uint16_t)v);
		return true;
	}
	if (inet_pton(AF_INET6, text, addr) != 1)
		return false;
	*out = host6("::", 0, 50);
	memcpy(out->addr, addr, 16);
	if (memcmp(addr, site6, 6) == 0)
		*out = local(*out, (uint16_t)(addr[14] << 8 | addr[15]));
	return true;
}

struct endpoint at_port(struct endpoint e, uint16_t port)
{
	e.port = port;
	return e;
}

const char *site_name(uint32_t n)
{
	static const char *const names[] = {"www.example.com", "mail.example.com", "static.news.example.org",
		"api.weather.example.net", "cdn.shop.example.com", "images.shop.example.com", "login.example.org",
		"updates.desktop.example.net", "www.library.example.org", "maps.travel.example.com",
		"www.bank.example.net", "video.school.example.org", "docs.example.com", "calendar.example.com",
		"chat.team.example.net", "status.cloud.example.net", "www.garden.example.org",
		"tickets.rail.example.com", "blog.kitchen.example.org", "packages.linux.example.net",
		"fonts.example.com", "www.cityhall.example.org", "radio.example.net", "photos.family.example.com",
		"wiki.example.org", "search.example.com", "files.example.net", "www.hospital.example.org",
		"time.example.net", "forum.cycling.example.org"};

	return names[n % (sizeof(names) / sizeof(names[0]))];
}
