/* What a run must know of direct feedback. */
#ifndef MYE_DIRECT_FEEDBACK_H
#define MYE_DIRECT_FEEDBACK_H

#include "node/node.h"

typedef struct mye_direct_feedback_options {
    int64_t classes, seed;
} mye_direct_feedback_options;

extern const mye_node_type mye_node_direct_feedback;

/* How many outputs node n wants the network to have, or 0: n is no direct feedback. A run with
 * another number must be refused; n would hand on gradients of 0. */
static inline int64_t mye_direct_feedback_classes(const mye_node *n)
{
    if (n->type != &mye_node_direct_feedback)
        return 0;
    return ((const mye_direct_feedback_options *)n->options)->classes;
}

#endif
