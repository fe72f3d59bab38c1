/*
 * Backpropagation through time with a surrogate gradient: the reference rule.
 *
 * Forward over all T steps, backward over all T steps with the exact carry (training_rules 3.2).
 * Kept for the backward pass: spikes as bits and what convolutions and dense layers put out, once;
 * membranes and normalised values are computed again from that.
 *
 * mode=m  layer by layer: batch norm takes its statistics over all T steps
 * mode=s  step by step: batch norm sees one step at a time; the backward pass is the same
 * keep=bf16  what is kept as floats is kept in half the bytes, rounded to bfloat16; all computing
 *         stays single precision, only the backward pass reads rounded values
 * checkpoint=node  only spikes are kept; each layer's output is computed again from the spikes
 *         when its backward pass comes: the same bits, about one more forward pass
 * checkpoint=block  only what lies between groups of sqrt(n) hidden layers is kept, and a group's
 *         forward pass is made again: the same bits, about one more forward pass (segments.h). Where
 *         neurons do not spike, as in ReLU networks, it keeps far less than checkpoint=node
 *
 * Source: Neftci, Mostafa, Zenke 2019; tdBN and the two step modes: Zheng et al. 2021; checkpoint:
 * "Towards Lossless Memory-efficient Training of SNNs", 2026.
 */
#include "neuron/neuron.h"
#include "time/segments.h"
#include "time/whole.h"

#include <stddef.h>

typedef struct {
    int mode, checkpoint, keep;
} bptt_options;

enum { MODE_M, MODE_S };
enum { KEEP_ALL, KEEP_SPIKES, KEEP_BORDERS };
enum { KEEP_F32, KEEP_BF16 };

static const mye_param params[] = {
    {.name = "mode",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(bptt_options, mode),
     .def = "m",
     .choices = "m|s",
     .unit = "",
     .help = "order: m = layer by layer over all steps, s = step by step (batch norm per step)"},
    {.name = "checkpoint",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(bptt_options, checkpoint),
     .def = "none",
     .choices = "none|node|block",
     .unit = "",
     .help = "what is computed again for less memory, same gradient: node = all but spikes, block "
             "= groups "
             "of hidden layers"},
    {.name = "keep",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(bptt_options, keep),
     .def = "f32",
     .choices = "f32|bf16",
     .unit = "",
     .help = "how floats wait for the backward pass: bf16 = half the memory, gradient rounded"},
    {.name = NULL},
};

static mye_status check(const void *options, const mye_model *model, const mye_run_options *ro,
                        mye_error *err)
{
    const bptt_options *o = options;
    (void)model;
    (void)ro;
    if (o->checkpoint == KEEP_BORDERS && o->mode == MODE_S)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "time rule 'bptt' goes back over all steps of a group of layers: "
                        "checkpoint=block wants mode=m, got mode=s");
    if (o->keep == KEEP_F32)
        return MYE_OK;
    if (o->mode == MODE_S)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "time rule 'bptt' packs a layer when all its steps are done: keep=bf16 "
                        "wants mode=m, got mode=s");
    if (o->checkpoint != KEEP_ALL)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "time rule 'bptt' keeps no floats with checkpoint=%s: keep=bf16 wants "
                        "checkpoint=none",
                        o->checkpoint == KEEP_SPIKES ? "node" : "block");
    return MYE_OK;
}

static void prepare(const void *options, mye_run *run)
{
    const bptt_options *o = options;
    const mye_model *model = mye_run_model(run);
    const mye_run_options *ro = mye_run_asked(run);
    mye_pass *p = mye_run_add_pass(run, ro->T, ro->T);
    if (p != NULL && o->keep == KEEP_BF16)
        mye_run_plan_half(run, p);
    if (p != NULL && o->checkpoint == KEEP_BORDERS)
        mye_segments_prepare(run, p);
    if (o->checkpoint != KEEP_ALL)
        mye_run_forward_twice(run);
    if (p == NULL || o->mode != MODE_S)
        return;
    p->per_step = true;
    for (int i = 0; i < model->n_nodes; i++)
        if (model->node[i]->neuron != NULL)
            mye_run_need(run, p, i, MYE_SLOT_U, mye_neuron_state_bytes(model->node[i], ro->B));
}

static void forward(const bptt_options *o, mye_run *run, mye_pass *p, const mye_module *m)
{
    const int span = mye_time_span(o->mode == MODE_S, p->T);
    for (int t = 0; t < p->T; t += span)
        for (int i = m->first; i <= m->last; i++) {
            mye_run_forward(run, p, i, t, t + span);
            if (o->keep == KEEP_BF16)
                mye_run_halve(run, p, i);
        }
}

static void step(const void *options, mye_run *run)
{
    const bptt_options *o = options;
    mye_pass *p = mye_run_pass(run);
    for (int k = 0; k < mye_run_modules(run); k++) {
        const mye_module *m = mye_run_enter(run, k);
        if (o->checkpoint == KEEP_BORDERS) {
            mye_segments_step(run, p, m);
        } else {
            forward(o, run, p, m);
            mye_whole_backward(run, p, m, o->checkpoint == KEEP_SPIKES);
        }
        mye_run_leave(run);
    }
}

static const char *const variants[] = {"mode=s", "checkpoint=node", "checkpoint=block", "keep=bf16",
                                       NULL};

const mye_time_rule mye_time_bptt = {
    .entry = {.name = "bptt",
              .brief = "backpropagation through time with surrogate gradients (the reference)",
              .source = "Neftci, Mostafa, Zenke 2019, IEEE Signal Processing Magazine 36(6)",
              .params = params,
              .options_size = sizeof(bptt_options)},
    .variants = variants,
    .check = check,
    .prepare = prepare,
    .step = step,
};
