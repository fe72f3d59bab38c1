/*
 * OTTT: online training through time.
 *
 * As SLTT, each step has its own backward pass in which v_{t-1} is a constant. What credit through
 * time there is lies in the presynaptic trace of every neuron,
 *
 *   a_t = lambda a_{t-1} + s_t,   dL/dW += dL_t/dx_t (x) a_t,   dL/db += dL_t/dx_t
 *
 * which is what a membrane without reset would hold of the spikes. Linear operations between neuron
 * and layer (scale, pooling, flatten, dropout) act on the trace as on the spikes; where a layer reads
 * a sum (residual streams) or another layer, the value of the step is used.
 *
 * variant=A  gradients add up over the steps; one move of the weights for each batch
 * variant=O  the weights move behind every step
 * first=value  the first layer reads the input itself, as the released code does
 * first=trace  ... its trace, as the derivation says: decay of the neuron behind
 *
 * Chosen: max pooling, which the paper's networks have not, passes on the trace of what it put out.
 *
 * Source: Xiao et al., "Online Training Through Time for Spiking Neural Networks", NeurIPS 2022
 * (arXiv 2210.04195), equations 7-10 and algorithm 1.
 */
#include "time/online.h"

#include "neuron/neuron.h"

#include <stddef.h>

typedef struct {
    int variant, first;
} ottt_options;

enum { VARIANT_A, VARIANT_O };
enum { FIRST_VALUE, FIRST_TRACE };

static const mye_param params[] = {
    {.name = "variant",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(ottt_options, variant),
     .def = "A",
     .choices = "A|O",
     .unit = "",
     .help = "A = one move of the weights for each batch, O = one behind every time step"},
    {.name = "first",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(ottt_options, first),
     .def = "value",
     .choices = "value|trace",
     .unit = "",
     .help = "what the first layer's gradient reads: the input (released code) or its trace"},
    {.name = NULL},
};

/* ---- which layer reads which trace ---- */

static bool is_layer(const mye_node *n)
{
    return n->type->count != NULL;
}

/* Does a trace pass through this node as a value does? */
static bool passes_on(const mye_node *n)
{
    const bool is_linear = (n->type->flags & MYE_NODE_LINEAR) != 0;
    return n->n_in == 1 && n->neuron == NULL && !is_layer(n) &&
           (is_linear || n->type->load == NULL);
}

/* The neuron, or the input, whose value reaches `node` alone; NULL: there is none. */
static const mye_node *origin(const mye_model *model, int node)
{
    const mye_node *n = model->node[node];
    while (passes_on(n))
        n = model->node[n->in[0]];
    const bool spikes = n->neuron != NULL && n->neuron->spiking && n->format == MYE_BITS;
    return spikes || n->n_in == 0 ? n : NULL;
}

static int trace(const void *self, const mye_model *model, int layer)
{
    const ottt_options *o = self;
    const mye_node *n = model->node[layer];
    if (!is_layer(n) || n->n_in != 1)
        return -1;
    const mye_node *from = origin(model, n->in[0]);
    if (from == NULL || (from->n_in == 0 && o->first == FIRST_VALUE))
        return -1;
    const mye_node *stored = model->node[n->in[0]];
    while (stored->type->load != NULL)
        stored = model->node[stored->in[0]];
    return stored->index;
}

/* ---- the rule ---- */

static bool moves(const void *options)
{
    return ((const ottt_options *)options)->variant == VARIANT_O;
}

static mye_online online_of(const ottt_options *o)
{
    return (mye_online){.self = o,
                        .trace = trace,
                        .loss_scale = 1.0,
                        .moves = moves(o),
                        .each_static = moves(o) || o->first == FIRST_TRACE};
}

static mye_status check(const void *options, const mye_model *model, const mye_run_options *ro,
                        mye_error *err)
{
    MYE_UNUSED(options);
    MYE_UNUSED(ro);
    return mye_online_check("ottt", model, err);
}

static void prepare(const void *options, mye_run *run)
{
    const mye_online online = online_of(options);
    mye_pass *p = mye_online_prepare(run);
    if (p != NULL)
        mye_online_prepare_traces(run, p, &online);
}

static void step(const void *options, mye_run *run)
{
    const mye_online online = online_of(options);
    mye_online_step(run, &online);
}

static const char *const variants[] = {"variant=O", NULL};

const mye_time_rule mye_time_ottt = {
    .entry = {.name = "ottt",
              .brief = "online training through time: presynaptic traces, memory flat in T",
              .source = "Xiao et al. 2022, NeurIPS, arXiv 2210.04195",
              .params = params,
              .options_size = sizeof(ottt_options)},
    .variants = variants,
    .by_steps = true,
    .check = check,
    .moves = moves,
    .prepare = prepare,
    .step = step,
};
