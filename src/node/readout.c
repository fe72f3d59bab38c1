/*
 * readout: marks the network's output and says how its T steps become one:
 *
 *   mean   o = (1/T) sum_t o_t      count  o = sum_t o_t      last  o = o_T
 *   exp    o = sum_t w_t o_t,       w_t proportional to decay^(T - t), sum w = 1
 *
 * As a node it is the identity, virtual. Any shape; options `mode` and, for exp, `decay`.
 */
#include "node/readout.h"

#include "node/elementwise.h"

enum { READOUT_MEAN, READOUT_COUNT, READOUT_LAST, READOUT_EXP };

typedef struct readout_options {
    int mode;
    double decay;
} readout_options;

static const mye_param readout_params[] = {
    {.name = "mode",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(readout_options, mode),
     .def = "mean",
     .choices = "mean|count|last|exp",
     .unit = "",
     .help = "how the outputs of all steps become one"},
    {.name = "decay",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(readout_options, decay),
     .def = "0.9",
     .min = 1e-6,
     .max = 1,
     .unit = "",
     .help = "mode exp: the weight of a step over that of the next one"},
    {.name = NULL},
};

/* The mean that remembers late steps better. */
static void exp_weights(double decay, int T, float *w)
{
    double weight = 1.0, sum = 0.0;
    for (int t = T - 1; t >= 0; t--, weight *= decay)
        sum += weight;
    weight = 1.0 / sum;
    for (int t = T - 1; t >= 0; t--, weight *= decay)
        w[t] = (float)weight;
}

void mye_readout_weights(const mye_node *n, int T, float *w)
{
    const readout_options *o = n->options;
    if (o->mode == READOUT_EXP) {
        exp_weights(o->decay, T, w);
        return;
    }
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
