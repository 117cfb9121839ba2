// The table behind drops.h, generated from drops.def.
#include "dataplane/api/drops.h"

const struct drop_info drop_table[DROP_REASON_COUNT] = {
#define X(id, type, name, action, help) [id] = {#id, type, name, action, help},
#include "dataplane/drops.def"
#undef X
};
