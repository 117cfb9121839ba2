// DCE/RPC protocol data units (C706 chapter 12, MS-RPCE section 2.2): what dcerpc.c reads from TCP and UDP, and
// smb_dcerpc.c from pipes. Next: dcerpc.c.
#pragma once

#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"

// C706 table 12-1.
enum dcerpc_type {
	DCERPC_REQUEST = 0,
	DCERPC_PING,
	DCERPC_RESPONSE,
	DCERPC_FAULT,
	DCERPC_WORKING,
	DCERPC_NOCALL,
	DCERPC_REJECT,
	DCERPC_ACK,
	DCERPC_CL_CANCEL,
	DCERPC_FACK,
	DCERPC_CANCEL_ACK,
	DCERPC_BIND,
	DCERPC_BINDACK,
	DCERPC_BINDNAK,
	DCERPC_ALTER_CONTEXT,
	DCERPC_ALTER_CONTEXT_RESP,
	DCERPC_AUTH3,
	DCERPC_SHUTDOWN,
	DCERPC_CO_CANCEL,
	DCERPC_ORPHANED,
	DCERPC_RTS,
	DCERPC_TYPES,
};

enum dcerpc_flag { DCERPC_FIRST_FRAG = 1u << 0, DCERPC_LAST_FRAG = 1u << 1 };

#define DCERPC_HDR_LEN 16u
#define DCERPC_UDP_HDR_LEN 80u
#define DCERPC_UUID_LEN 16u
#define DCERPC_DREP_LITTLE 0x10u    // in the first byte of the data representation (C706 section 14.1)
#define DCERPC_MAX_IFACES 64u       // presentation contexts of a flow
#define DCERPC_MAX_STUB 65536u      // bytes of stub data of a direction
#define DCERPC_UUID_TEXT_SIZE 37u   // "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" and its end
#define DCERPC_NO_RESULT UINT16_MAX // of a context that has not been answered

// The common header of the connection-oriented protocol.
struct dcerpc_header {
	uint8_t minor;
	uint8_t type;  // enum dcerpc_type
	uint8_t flags; // enum dcerpc_flag
	bool little;   // integers are little-endian
	uint16_t frag_len, auth_len;
	uint32_t call_id;
};

// What dcerpc.iface tests: the buffer of this name has such values, one an interface that the call can mean.
struct dcerpc_iface_value {
	uint8_t uuid[DCERPC_UUID_LEN]; // in the order in which it is written
	uint8_t version[2];            // the major one, network byte order
	uint8_t first_frag;            // the bind was a first fragment; without any_frag only such are tested
};

static inline void dcerpc_set_version(struct dcerpc_iface_value *v, uint16_t version)
{
	v->version[0] = (uint8_t)(version >> 8);
	v->version[1] = (uint8_t)version;
}

struct dcerpc_iface {
	struct dcerpc_iface_value value;
	uint16_t version_minor;
	uint16_t context;
	uint16_t result, reason; // of the answer; DCERPC_NO_RESULT
};

// Contexts in the order in which they were asked for; those past the room are forgotten.
struct dcerpc_ifaces {
	uint16_t n;
	uint16_t answered; // of them
	struct dcerpc_iface at[DCERPC_MAX_IFACES];
};

// Reads the header, body left in c. False: not one.
bool dcerpc_read_header(struct cursor *c, struct dcerpc_header *h);
// An integer of the PDU's byte order.
bool dcerpc_u16(struct cursor *c, const struct dcerpc_header *h, uint16_t *v);
bool dcerpc_u32(struct cursor *c, const struct dcerpc_header *h, uint32_t *v);
// A UUID into the order in which it is written.
bool dcerpc_uuid(struct cursor *c, bool little, uint8_t uuid[DCERPC_UUID_LEN]);
// The body of a bind or alter_context: its contexts are added. False: malformed.
bool dcerpc_read_bind(struct cursor *c, const struct dcerpc_header *h, struct dcerpc_ifaces *ifaces);
// The body of the answer: results go to the contexts that wait for one. False: malformed.
bool dcerpc_read_bindack(struct cursor *c, const struct dcerpc_header *h, struct dcerpc_ifaces *ifaces);
// The body of a request or response up to its stub data, which is left in c: as rules know it, with the object UUID in
// front and the authentication verifier behind, where there are such. False: malformed.
bool dcerpc_read_request(struct cursor *c, const struct dcerpc_header *h, uint16_t *context, uint16_t *opnum);
bool dcerpc_read_response(struct cursor *c);

// "BIND"; "UNKNOWN" for a number that is none.
const char *dcerpc_type_name(uint8_t type);
void dcerpc_uuid_text(const uint8_t uuid[DCERPC_UUID_LEN], char out[DCERPC_UUID_TEXT_SIZE]);
// The list "interfaces" of a record. results: with what was answered; reasons: and why.
void dcerpc_log_ifaces(struct app_log *l, const struct dcerpc_ifaces *ifaces, bool results, bool reasons);
