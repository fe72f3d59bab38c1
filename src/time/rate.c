/*
 * Rate-based backpropagation.
 *
 * One ordinary spike pass over T steps collects, for each neuron, its rate r = mean_t s_t and its
 * averaged derivative e = mean_t sigma'(u_t - theta) eps_t with eps_{t+1} = 1 + lambda eps_t. One
 * backward pass is then made on the rates, as if the network were static:
 *   layers   the gradient of the layer at its input rate
 *   neurons  dL/dc = e dL/dr
 *   BN       statistics are values of the spike pass, derivatives use the rate tensor (eq. 4.2)
 * Nothing that is kept grows with T. The mean current c of a layer is the mean of what the spike
 * pass computed (layers are linear), so there is no second forward pass; only behind max pooling,
 * which does not commute with the mean, is the layer run again on rates.
 *
 * mode=m  layer by layer, statistics over all T steps; the spikes of one layer at a time exist
 * mode=s  step by step, running means; memory does not depend on T at all
 *
 * grad_scale=1 makes the gradient that of the same loss under BPTT; the released code divides it by
 * T (grad_scale=1/T). The released single-step mode uses the last frame and the last step's
 * statistics with eps added twice:
 *   rate:mode=s,rate_input=last_step,bn_statistics=last_step,bn_eps_count=2,grad_scale=1/T
 * The defaults use what was clearly meant: the mean frame, the mean of mu_t over the steps and the
 * harmonic mean of var_t + eps (training_rules.md section 4.4).
 *
 * Source: Yu, Gao et al., "Advancing Training Efficiency of Deep Spiking Neural Networks through
 * Rate-based Backpropagation", NeurIPS 2024 (arXiv 2410.11488).
 */
#include "time/time.h"

#include "neuron/neuron.h"
#include "node/batchnorm.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

typedef struct {
    int mode, grad_scale, output, rate_input, bn_statistics;
    int64_t bn_eps_count;
} rate_options;

enum { MODE_M, MODE_S };
enum { SCALE_ONE, SCALE_T };
enum { OUTPUT_SPIKES, OUTPUT_RATES };
enum { INPUT_MEAN, INPUT_LAST };
enum { STATISTICS_ALL, STATISTICS_LAST };

static const mye_param params[] = {
    {.name = "mode",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(rate_options, mode),
     .def = "m",
     .choices = "m|s",
     .unit = "",
     .help = "order: m = layer by layer, s = step by step (memory independent of T)"},
    {.name = "grad_scale",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(rate_options, grad_scale),
     .def = "1",
     .choices = "1|1/T",
     .unit = "",
     .help = "factor on the gradient: 1 agrees with BPTT, 1/T is the released code"},
    {.name = "output",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(rate_options, output),
     .def = "spikes",
     .choices = "spikes|rates",
     .unit = "",
     .help = "which output the loss reads: the mean of the spike pass, or that of the rate pass"},
    {.name = "rate_input",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(rate_options, rate_input),
     .def = "mean",
     .choices = "mean|last_step",
     .unit = "",
     .help = "input of the rate pass: mean of the frames, or the last one (released mode s)"},
    {.name = "bn_statistics",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(rate_options, bn_statistics),
     .def = "all_steps",
     .choices = "all_steps|last_step",
     .unit = "",
     .help = "batch statistics of the rate pass: of all steps, or of the last (released mode s)"},
    {.name = "bn_eps_count",
     .type = MYE_PARAM_INT,
     .offset = offsetof(rate_options, bn_eps_count),
     .def = "1",
     .min = 1,
     .max = 2,
     .unit = "",
     .help = "how often eps is added to the variance in the rate pass (released mode s: 2)"},
    {.name = NULL},
};

static mye_status check(const void *options, const mye_model *model, const mye_run_options *ro,
                        mye_error *err)
{
    const rate_options *o = options;
    (void)ro;
    for (int i = 0; i < model->n_nodes; i++) {
        const mye_node *n = model->node[i];
        if (n->neuron != NULL && (n->neuron->rate_mode == NULL || n->neuron->rate_mode(n) < 0))
            return mye_fail(err, MYE_ERR_UNSUPPORTED,
                            "time rule 'rate' has no form for neuron '%s' (%s): it wants a neuron "
                            "that emits spikes and whose membrane adds up its input",
                            n->name, n->neuron->entry.name);
    }
    if (o->output == OUTPUT_RATES && o->mode == MODE_S)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "time rule 'rate' reads the output of the rate pass in mode m only, got "
                        "output=rates with mode=s");
    if (o->mode == MODE_M && (o->rate_input == INPUT_LAST || o->bn_statistics == STATISTICS_LAST))
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "time rule 'rate' knows a last step in mode s only, got mode=m");
    return MYE_OK;
}

/* ---- which mean currents the rate pass needs, and where they come from ---- */

/* Is the mean over time of node n's spike-pass value its value in the rate pass? */
static bool mean_is_rate_value(const rate_options *o, const mye_model *model, int node)
{
    const mye_node *n = model->node[node];
    if (n->neuron != NULL)
        return true;
    if (n->n_in == 0)
        return n->is_static || o->rate_input == INPUT_MEAN;
    if (!(n->type->flags & MYE_NODE_LINEAR))
        return false;
    for (int k = 0; k < n->n_in; k++)
        if (!mean_is_rate_value(o, model, n->in[k]))
            return false;
    return true;
}

/* A layer that must run again on rates reads its inputs too. */
static bool reruns(const rate_options *o, const mye_model *model, int node)
{
    const mye_node *n = model->node[node];
    return n->type->load == NULL && n->neuron == NULL && n->n_in > 0 &&
           !mean_is_rate_value(o, model, node);
}

static bool reads_value(const mye_model *model, int reader, int node)
{
    const mye_node *r = model->node[reader];
    const bool reads = (r->type->flags & MYE_NODE_READS_INPUT) && r->neuron == NULL;
    return reads && mye_model_reads(model, reader, node);
}

/* Must the rate pass have the value of this layer? */
static bool rate_value_needed(const rate_options *o, const mye_model *model, int node)
{
    if (o->output == OUTPUT_RATES)
        return true;
    for (int r = node + 1; r < model->n_nodes; r++)
        if (reads_value(model, r, node) ||
            (reruns(o, model, r) && mye_model_reads(model, r, node) &&
             rate_value_needed(o, model, r)))
            return true;
    return false;
}

/* Has the layer a value in the rate pass that the spike pass tells? */
static bool collects_current(const rate_options *o, const mye_model *model, const mye_node *n)
{
    if (n->neuron != NULL || n->type->load != NULL || n->is_static)
        return false;
    const bool last_frame = n->n_in == 0 && o->rate_input == INPUT_LAST;
    return (last_frame || mean_is_rate_value(o, model, n->index)) &&
           rate_value_needed(o, model, n->index);
}

/* What is noted of a node's value while preparing: how the rate pass has it. */
enum { COLLECTED = 1, RUN_AGAIN = 2 };

/* ---- buffers ---- */

static void share_neuron(const rate_options *o, mye_run *run, mye_pass *spikes, mye_pass *rates,
                         const mye_node *n)
{
    const size_t bytes =
        (size_t)mye_run_asked(run)->B * (size_t)spikes->value[n->index].n * sizeof(float);
    mye_run_need(run, spikes, n->index, MYE_SLOT_E, bytes);
    mye_run_need(run, spikes, n->index, MYE_SLOT_R, bytes);
    mye_run_share(run, rates, n->index, MYE_SLOT_DATA, spikes, MYE_SLOT_R);
    mye_run_share(run, rates, n->index, MYE_SLOT_E, spikes, MYE_SLOT_E);
    if (o->mode != MODE_S)
        return;
    mye_run_need(run, spikes, n->index, MYE_SLOT_U, bytes);
    if (n->neuron->rate_mode(n) > 0)
        mye_run_need(run, spikes, n->index, MYE_SLOT_EPS, bytes);
}

static void prepare(const void *options, mye_run *run)
{
    const rate_options *o = options;
    const mye_model *model = mye_run_model(run);
    const int T = mye_run_asked(run)->T;
    mye_pass *spikes = mye_run_add_pass(run, T, mye_time_span(o->mode == MODE_S, T));
    mye_pass *rates = spikes == NULL ? NULL : mye_run_add_pass(run, 1, 1);
    if (rates == NULL)
        return;
    spikes->per_step = spikes->forgets = o->mode == MODE_S;
    mye_run_backward_steps(run, 1);
    if (o->output == OUTPUT_RATES)
        mye_run_one_output(run);
    for (int i = 0; i < model->n_nodes; i++) {
        const mye_node *n = model->node[i];
        if (collects_current(o, model, n))
            rates->value[i].role |= COLLECTED;
        if (reruns(o, model, i) && rate_value_needed(o, model, i))
            rates->value[i].role |= RUN_AGAIN;
        if (n->neuron != NULL)
            share_neuron(o, run, spikes, rates, n);
        else if (n->is_static && n->type->load == NULL)
            mye_run_share(run, rates, i, MYE_SLOT_DATA, spikes, MYE_SLOT_DATA);
    }
}

/* ---- the two passes ---- */

static void clear_data(const mye_touch *touch, void *unused)
{
    const mye_pass *r = touch[0].p;
    const mye_value *v = &r->value[touch[0].node];
    MYE_UNUSED(unused);
    memset(v->data, 0, (size_t)r->B * (size_t)v->n * sizeof(float));
}

/* rates.data += factor * spikes.data, summed over the steps that the spike pass holds; a negative
 * factor starts the sum anew. */
static void add_steps(const mye_touch *touch, void *arg)
{
    const double factor = *(const double *)arg;
    const mye_pass *s = touch[0].p, *r = touch[1].p;
    const int node = touch[0].node;
    const mye_value *from = &s->value[node];
    float *to = r->value[node].data;
    const int64_t n = (int64_t)s->B * from->n;
    if (factor < 0)
        memset(to, 0, (size_t)n * sizeof(float));
    for (int t = 0; t < from->steps; t++)
        s->k->axpy(n, (float)fabs(factor), (const float *)from->data + t * n, to);
}

/* That value, as far as this span of the spike pass tells it. */
static void collect_current(const rate_options *o, mye_run *run, mye_pass *spikes, mye_pass *rates,
                            int node)
{
    const mye_node *n = mye_run_model(run)->node[node];
    if (!(rates->value[node].role & COLLECTED))
        return;
    const bool last_frame = n->n_in == 0 && o->rate_input == INPUT_LAST;
    const double share = 1.0 / spikes->T;
    double factor = last_frame ? -1.0 : o->mode == MODE_S ? share : -share;
    const mye_touch touch[] = {{spikes, node, MYE_SLOT_DATA, false},
                               {rates, node, MYE_SLOT_DATA, true}};
    mye_run_op(run, touch, 2, add_steps, &factor);
}

static void spikes_of_span(const rate_options *o, mye_run *run, const mye_module *m, int t0, int t1)
{
    mye_pass *spikes = mye_run_pass(run), *rates = mye_run_rate_pass(run);
    for (int i = m->first; i <= m->last; i++) {
        if (o->mode == MODE_M || !mye_run_model(run)->node[i]->is_static)
            mye_run_forward(run, spikes, i, t0, t1);
        collect_current(o, run, spikes, rates, i);
    }
    if (o->output == OUTPUT_SPIKES)
        mye_run_collect(run, spikes, m, t0, t1);
}

/* Step by step, all modules before the next step: the mean currents begin before the first one, as
 * what neurons carry does. */
static void spikes_step_by_step(const rate_options *o, mye_run *run)
{
    mye_pass *spikes = mye_run_pass(run), *rates = mye_run_rate_pass(run);
    const mye_model *model = mye_run_model(run);
    for (int i = 0; i < model->n_nodes; i++) {
        const mye_touch touch = {rates, i, MYE_SLOT_DATA, true};
        if (model->node[i]->is_static)
            mye_run_forward(run, spikes, i, 0, 1);
        else if (rates->value[i].role & COLLECTED)
            mye_run_op(run, &touch, 1, clear_data, NULL);
    }
    for (int t = mye_run_first_span(run, spikes, false); t < spikes->T;
         t = mye_run_next_span(run, spikes, t))
        for (int k = 0; k < mye_run_modules(run); k++)
            spikes_of_span(o, run, mye_run_enter(run, k), t, t + 1);
}

/* `how`: bn_eps_count, negative for the last step's statistics. */
static void set_statistics(const mye_touch *touch, void *arg)
{
    const double how = *(const double *)arg;
    const mye_node *n = touch[0].p->node[touch[0].node];
    mye_batchnorm_prepare_rates(n, touch[0].p, touch[1].p, how < 0, (int)fabs(how));
}

/* Dropout: the seed is that of the spike pass, and so is the mask. */
static void draw(const mye_touch *touch, void *unused)
{
    const mye_node *n = touch->p->node[touch->node];
    MYE_UNUSED(unused);
    n->type->forward(n, touch->p, 0, 1);
}

/* Does a node without a value of its own draw what its value depends on? */
static bool draws(const mye_node *n)
{
    return n->type->load != NULL && n->type->forward != NULL && n->type != &mye_node_batchnorm;
}

/* Statistics and masks of the spike pass go over; layers behind max pooling run on rates. */
static void rate_values(const rate_options *o, mye_run *run, mye_pass *spikes, mye_pass *rates,
                        const mye_module *m)
{
    const mye_model *model = mye_run_model(run);
    double how = (double)o->bn_eps_count * (o->bn_statistics == STATISTICS_LAST ? -1.0 : 1.0);
    for (int i = m->first; i <= m->last; i++) {
        if (model->node[i]->type == &mye_node_batchnorm) {
            const mye_touch touch[] = {{spikes, i, MYE_SLOT_DATA, false},
                                       {rates, i, MYE_SLOT_DATA, true}};
            mye_run_op(run, touch, 2, set_statistics, &how);
        }
        const mye_touch drawn = {rates, i, MYE_SLOT_DATA, true};
        if (draws(model->node[i]))
            mye_run_op(run, &drawn, 1, draw, NULL);
        if (rates->value[i].role & RUN_AGAIN)
            mye_run_forward(run, rates, i, 0, 1);
    }
}

/* The module's losses, and the backward pass on its rates. */
static void backward(const rate_options *o, mye_run *run, const mye_module *m)
{
    mye_pass *spikes = mye_run_pass(run), *rates = mye_run_rate_pass(run);
    mye_run_show_rates(run, spikes);
    rate_values(o, run, spikes, rates, m);
    const int outputs = o->output == OUTPUT_RATES ? 1 : spikes->T;
    if (o->output == OUTPUT_RATES)
        mye_run_collect(run, rates, m, 0, 1);
    mye_run_loss(run, m, 0, outputs);
    mye_run_begin_backward(run, rates);
    mye_run_loss_grad(run, rates, m, 0, outputs, o->grad_scale == SCALE_T ? 1.0 / spikes->T : 1.0);
    for (int i = m->last; i >= m->first; i--)
        mye_run_backward(run, rates, i, 0, 1);
}

static void step(const void *options, mye_run *run)
{
    const rate_options *o = options;
    if (o->mode == MODE_S)
        spikes_step_by_step(o, run);
    for (int k = 0; k < mye_run_modules(run); k++) {
        const mye_module *m = mye_run_enter(run, k);
        if (o->mode == MODE_M)
            spikes_of_span(o, run, m, 0, mye_run_pass(run)->T);
        backward(o, run, m);
        mye_run_leave(run);
    }
}

static const char *const variants[] = {"mode=s", NULL};

const mye_time_rule mye_time_rate = {
    .entry = {.name = "rate",
              .brief = "rate-based backpropagation: one backward pass on firing rates",
              .source = "Yu et al. 2024, NeurIPS, arXiv 2410.11488",
              .params = params,
              .options_size = sizeof(rate_options)},
    .mean_output = true,
    .variants = variants,
    .check = check,
    .prepare = prepare,
    .step = step,
};
