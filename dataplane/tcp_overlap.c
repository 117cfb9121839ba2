// Who wins where two held segments disagree: the operating system of the receiving host decides.
//
// Only segments that wait behind a hole can disagree at an end host: what is next in order goes to the
// application at once, and what repeats it is trimmed. The rules are those of Novak and Sturges,
// "Target-Based TCP Stream Reassembly" (Sourcefire, 2007), by where the new segment starts and ends.
#include "dataplane/tcp_session.h"

// What the new segment must be to win, by where it starts beside the held one.
enum wins { NEVER, ALWAYS, IF_AS_LONG, IF_LONGER };

struct overlap_rule {
	uint8_t before, same, after; // enum wins; the new segment starts before, at, after the held one
};

static const struct overlap_rule rules[TCP_POLICY_COUNT] = {
	[TCP_POLICY_BSD] = {ALWAYS, NEVER, NEVER},
	[TCP_POLICY_BSD_RIGHT] = {ALWAYS, NEVER,
		NEVER}, // known for IP fragments only; for TCP it is BSD, as in Suricata
	[TCP_POLICY_OLD_LINUX] = {ALWAYS, IF_AS_LONG, NEVER},
	[TCP_POLICY_LINUX] = {ALWAYS, IF_LONGER, NEVER},
	[TCP_POLICY_OLD_SOLARIS] = {IF_AS_LONG, IF_AS_LONG, IF_LONGER},
	[TCP_POLICY_SOLARIS] = {IF_AS_LONG, IF_AS_LONG, IF_LONGER},
	[TCP_POLICY_HPUX10] = {ALWAYS, NEVER, NEVER},
	[TCP_POLICY_HPUX11] = {IF_AS_LONG, IF_AS_LONG, IF_LONGER},
	[TCP_POLICY_IRIX] = {ALWAYS, NEVER, NEVER},
	[TCP_POLICY_MACOS] = {ALWAYS, NEVER, NEVER},
	[TCP_POLICY_WINDOWS] = {ALWAYS, NEVER, NEVER},
	[TCP_POLICY_VISTA] = {NEVER, NEVER, NEVER},
	[TCP_POLICY_WINDOWS2K3] = {ALWAYS, NEVER, NEVER},
	[TCP_POLICY_FIRST] = {NEVER, NEVER, NEVER},
	[TCP_POLICY_LAST] = {ALWAYS, ALWAYS, ALWAYS},
};

bool tcp_new_wins(uint8_t policy, uint32_t old_start, uint32_t old_end, uint32_t new_start, uint32_t new_end)
{
	const struct overlap_rule *r = &rules[policy];
	uint8_t wins = seq_lt(new_start, old_start) ? r->before : new_start == old_start ? r->same : r->after;

	switch (wins) {
	case ALWAYS:
		return true;
	case IF_AS_LONG:
		return seq_geq(new_end, old_end);
	case IF_LONGER:
		return seq_gt(new_end, old_end);
	default:
		return false;
	}
}
