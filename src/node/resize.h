/* Nodes that make an image of a size they are told: options and shapes. */
#ifndef MYE_RESIZE_H
#define MYE_RESIZE_H

#include "node/elementwise.h"

typedef struct mye_resize_options {
    int64_t height, width;
} mye_resize_options;

extern const mye_param mye_resize_params[];

/* Sets n->shape and n->format: [C,H,W] -> [C,height,width]. Refuses vectors, and an output that is
 * larger in some direction (`shrinks`) or smaller (not) than the input. */
mye_status mye_resize_shape(mye_node *n, const mye_shape *in, bool shrinks, mye_error *err);

#endif
