/* The list of depth rules. */
#include "depth/depth.h"

#include "depth/depth_list.inc"

#define X(name) extern const mye_depth_rule mye_depth_##name;
MYE_DEPTH_LIST(X)
#undef X

static const mye_entry *const depth_entries[] = {
#define X(name) &mye_depth_##name.entry,
    MYE_DEPTH_LIST(X)
#undef X
        NULL};

const mye_kind mye_kind_depth = {
    .name = "depth", .question = "How does credit flow through layers?", .entries = depth_entries};
