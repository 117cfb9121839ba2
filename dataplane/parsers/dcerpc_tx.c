// A DCE/RPC call as a transaction, see dcerpc_tx.h.
#include "dataplane/parsers/dcerpc_tx.h"

void dcerpc_call_add(struct app_run *run, struct dcerpc_call *call, uint8_t dir, const struct dcerpc_header *h,
	const struct cursor *stub)
{
	call->said[dir] = true;
	call->type[dir] = h->type;
	call->call_id = h->call_id;
	if (call->frags[dir] < UINT16_MAX)
		call->frags[dir]++;
	app_text_add(run, &call->stub[dir], stub->at, (uint32_t)cursor_left(stub), DCERPC_MAX_STUB);
}

bool dcerpc_call_stub(const struct dcerpc_call *call, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	*out = (struct app_bytes){call->stub[dir].at, call->stub[dir].len};
	return nth == 0 && out->len > 0;
}

bool dcerpc_call_iface(const struct dcerpc_call *call, bool any_context, uint32_t nth, struct app_bytes *out)
{
	if (!call->ifaces || !dcerpc_is_request(call))
		return false;
	for (uint32_t i = 0; i < call->ifaces->n; i++) {
		const struct dcerpc_iface *f = &call->ifaces->at[i];
		if (f->result != 0 || (!any_context && f->context != call->context) || nth--)
			continue;
		*out = (struct app_bytes){(const uint8_t *)&f->value, sizeof(f->value)};
		return true;
	}
	return false;
}

bool dcerpc_call_opnum(const struct dcerpc_call *call, uint32_t nth, uint64_t *out)
{
	*out = call->opnum;
	return nth == 0 && dcerpc_is_request(call);
}
