/*
 * Depth axis: how credit flows through layers. A depth rule cuts the network into modules; each
 * module has its own loss. One rule = one file + one line in depth_list.inc.
 */
#ifndef MYE_DEPTH_H
#define MYE_DEPTH_H

#include "net/run.h"

typedef struct mye_depth_rule {
    mye_entry entry;
    /* Writes at most `max` modules in forward order; *n their number. */
    mye_status (*modules)(const void *options, const mye_model *model, int max, mye_module *out,
                          int *n, mye_error *err);
} mye_depth_rule;
extern const mye_kind mye_kind_depth;

#endif
