/*
 * Differentiation on spike representation (DSR).
 *
 * A layer of DSR neurons stands for a clamp of the (weighted) mean of its input over the steps, and
 * the gradient is that of the clamp (src/neuron/dsr.h): what goes back through a neuron is one
 * gradient that all steps share, so nothing goes back through time, and no surrogate is wanted.
 *
 * All T steps of a node, then the next node, as in bptt: batch norm takes its statistics over all
 * steps, and what a layer puts out differs from step to step behind it. So what is kept grows with T
 * as it does in bptt; checkpoint=node keeps spikes only.
 *
 * Source: Meng et al. 2022, "Training High-Performance Low-Latency Spiking Neural Networks by
 * Differentiation on Spike Representation", CVPR, arXiv 2205.00459.
 */
#include "time/whole.h"

#include <stddef.h>

typedef struct {
    int checkpoint;
} dsr_options;

enum { KEEP_ALL, KEEP_SPIKES };

static const mye_param params[] = {
    {.name = "checkpoint",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(dsr_options, checkpoint),
     .def = "none",
     .choices = "none|node",
     .unit = "",
     .help = "node = keep only spikes and compute the rest again: same gradient, less memory"},
    {.name = NULL},
};

static const char *const variants[] = {"checkpoint=node", NULL};

static void prepare(const void *options, mye_run *run)
{
    const int T = mye_run_asked(run)->T;
    (void)options;
    mye_run_add_pass(run, T, T);
}

static void step(const void *options, mye_run *run)
{
    const dsr_options *o = options;
    mye_pass *p = mye_run_pass(run);
    for (int k = 0; k < mye_run_modules(run); k++) {
        const mye_module *m = mye_run_enter(run, k);
        for (int i = m->first; i <= m->last; i++)
            mye_run_forward(run, p, i, 0, p->T);
        mye_whole_backward(run, p, m, o->checkpoint == KEEP_SPIKES);
        mye_run_leave(run);
    }
}

const mye_time_rule mye_time_dsr = {
    .entry = {.name = "dsr",
              .brief = "differentiation on spike representation: gradients on means over the steps",
              .source = "Meng et al. 2022, CVPR, arXiv 2205.00459",
              .params = params,
              .options_size = sizeof(dsr_options)},
    .on_means = true,
    .mean_output = true,
    .variants = variants,
    .prepare = prepare,
    .step = step,
};
