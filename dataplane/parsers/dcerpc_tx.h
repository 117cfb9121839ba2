// A DCE/RPC call as a transaction: what TCP, UDP and pipes of SMB have in common. Next: dcerpc.c, smb_dcerpc.c.
#pragma once

#include "dataplane/parsers/dcerpc_pdu.h"

struct dcerpc_call {
	const struct dcerpc_ifaces *ifaces; // of the flow; NULL: none yet
	struct app_text stub[2];            // by direction
	uint32_t call_id;
	uint16_t frags[2];
	uint16_t opnum, context;
	uint8_t type[2]; // enum dcerpc_type of what was said
	bool said[2];    // a PDU of this direction has been read
};

// A fragment of a direction. Stub data past DCERPC_MAX_STUB is left out.
void dcerpc_call_add(struct app_run *run, struct dcerpc_call *call, uint8_t dir, const struct dcerpc_header *h,
	const struct cursor *stub);
static inline void dcerpc_call_free(struct app_run *run, struct dcerpc_call *call)
{
	app_text_free(run, &call->stub[0]);
	app_text_free(run, &call->stub[1]);
}

static inline bool dcerpc_is_request(const struct dcerpc_call *call)
{
	return call->said[DIR_TO_SERVER] && call->type[DIR_TO_SERVER] == DCERPC_REQUEST;
}

// The buffers dcerpc.stub_data and dcerpc.iface, the field dcerpc.opnum. any_context: of all interfaces of the flow
// that were accepted, not just the one of the request's context.
bool dcerpc_call_stub(const struct dcerpc_call *call, uint8_t dir, uint32_t nth, struct app_bytes *out);
bool dcerpc_call_iface(const struct dcerpc_call *call, bool any_context, uint32_t nth, struct app_bytes *out);
bool dcerpc_call_opnum(const struct dcerpc_call *call, uint32_t nth, uint64_t *out);
