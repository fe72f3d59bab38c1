/*
 * readout: marks the network's output and says how its T steps become one:
 *
 *   mean   o = (1/T) sum_t o_t      count  o = sum_t o_t      last  o = o_T
 *
 * As a node it is the identity, virtual. Any shape; option `mode`.
 */
#include "node/readout.h"

#include "node/elementwise.h"

enum { READOUT_MEAN, READOUT_COUNT, READOUT_LAST };

typedef struct readout_options {
    int mode;
} readout_options;

static const mye_param readout_params[] = {
    {.name = "mode",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(readout_options, mode),
     .def = "mean",
     .choices = "mean|count|last",
     .unit = "",
     .help = "how the outputs of all steps become one"},
    {.name = NULL},
};

void mye_readout_weights(const mye_node *n, int T, float *w)
{
    const readout_options *o = n->options;
    for (int t = 0; t < T; t++) {
        if (o->mode == READOUT_MEAN)
            w[t] = 1.0f / (float)T;
        else if (o->mode == READOUT_COUNT)
            w[t] = 1.0f;
        else
            w[t] = t == T - 1 ? 1.0f : 0.0f;
    }
}

static mye_status readout_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    MYE_UNUSED(err);
    n->shape = in[0];
    n->format = MYE_F32;
    return MYE_OK;
}

const mye_node_type mye_node_readout = {
    .entry = {.name = "readout",
              .brief = "the network's output and how its steps become one",
              .source = "",
              .params = readout_params,
              .options_size = sizeof(readout_options)},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_LINEAR | MYE_NODE_GRAD_IN_PLACE,
    .shape = readout_shape,
    .load = mye_same_load,
    .backward = mye_same_backward,
};
