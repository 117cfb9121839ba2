// Which worker a frame belongs to. Next: run_spread.c.
#include <string.h>

#include <rte_ip.h>

#include "dataplane/run_spread.h"

// The pair whose conversation a frame belongs to: its own, or for an ICMP destination-unreachable that
// of the packet it quotes, since the flow table counts it there (flow_key.c).
static void address_pair(const struct packet *p, union ip_addr *src, union ip_addr *dst)
{
	const uint8_t *quoted = p->data + p->icmp_inner_off;

	*src = p->src;
	*dst = p->dst;
	if (!(p->flags & PKT_ICMPV4) || p->icmp_type != 3 || !p->icmp_has_inner ||
		(uint64_t)p->icmp_inner_off + sizeof(struct rte_ipv4_hdr) > p->len)
		return;
	memcpy(src->b, quoted + offsetof(struct rte_ipv4_hdr, src_addr), sizeof(rte_be32_t));
	memcpy(dst->b, quoted + offsetof(struct rte_ipv4_hdr, dst_addr), sizeof(rte_be32_t));
}

static uint64_t mix(const union ip_addr *a)
{
	uint64_t h = (a->d[0] ^ a->d[1] * 0x9e3779b97f4a7c15ull) * 0xff51afd7ed558ccdull;

	return h ^ h >> 32;
}

uint32_t spread_hash(const struct packet *frame)
{
	union ip_addr src, dst;

	if (!(frame->flags & PKT_IP))
		return 0;
	address_pair(frame, &src, &dst);
	// the sum is the same in both directions; the multiplication spreads neighbours
	return (uint32_t)(((mix(&src) + mix(&dst)) * 0xc4ceb9fe1a85ec53ull) >> 32);
}
