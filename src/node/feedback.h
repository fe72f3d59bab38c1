/* What the network and the run must know of feedback. */
#ifndef MYE_FEEDBACK_H
#define MYE_FEEDBACK_H

#include "node/node.h"

typedef struct mye_feedback_options {
    char from[80];
} mye_feedback_options;

extern const mye_node_type mye_node_feedback;

/* The later node whose value of the step before n adds to its input, or -1: n is no feedback. It
 * stands behind the inputs that n counts, so that gradients find it as one more input. */
static inline int mye_feedback_from(const mye_node *n)
{
    return n->type == &mye_node_feedback ? n->in[n->n_in] : -1;
}

#endif
