/* One step: the modules of the rule, or inference; outputs and scores. */
#include "net/run_internal.h"

#include "base/poison.h"
#include "net/rules.h"
#include "neuron/neuron.h"
#include "node/feedback.h"
#include "node/readout.h"

#include <string.h>

/* Outputs of steps that were not made count nothing. */
static void stop_after(mye_run *run, const mye_module *m, int steps)
{
    mye_value *v = &run->pass[0]->pass.value[m->head[0].output];
    run->stopped = steps;
    v->outputs = v->outputs > 1 ? steps : v->outputs;
    mye_readout_weights(run->model->node[run->model->output], steps, run->time_weight);
}

static bool has_enough(mye_run *run, const mye_pass *p, const mye_module *m, int end)
{
    const float *out = p->value[m->head[0].output].out;
    return run->watch.steps != NULL && !run->dry && !run->watch.steps(run->watch.self, p, end, out);
}

/* Inference: every node, so many steps at once as fill the kernels; nothing is kept. */
static void infer(mye_run *run, const mye_module *m)
{
    mye_pass *p = &run->pass[0]->pass;
    for (int i = m->first; i <= m->last; i++)
        if (p->node[i]->is_static)
            mye_run_forward(run, p, i, 0, 1);
    for (int t = mye_run_first_span(run, p, false); t < p->T; t = mye_run_next_span(run, p, t)) {
        const int end = mye_run_span_end(p, t);
        for (int i = m->first; i <= m->last; i++)
            if (!p->node[i]->is_static)
                mye_run_forward(run, p, i, t, end);
        mye_run_collect(run, p, m, t, end);
        if (has_enough(run, p, m, end))
            stop_after(run, m, end);
    }
    mye_run_loss(run, m, 0, run->stopped > 0 ? run->stopped : p->T); /* where there are labels */
}

/* Images at once that keep the kernels busy: more take memory and no less time. Behind feedback each
 * step needs the one before of all nodes. */
#define ENOUGH_IMAGES 128

void mye_run_prepare_inference(mye_run *run)
{
    const mye_run_options *o = &run->options;
    const bool one =
        o->stepwise || o->B >= ENOUGH_IMAGES || mye_model_feedback(run->model, -1) >= 0;
    const int steps = one ? 1 : ENOUGH_IMAGES / o->B;
    const int window = steps < o->T ? steps : o->T;
    mye_pass *p = mye_run_add_pass(run, o->T, window);
    for (int i = 0; p != NULL && window < o->T && i < p->n_nodes; i++)
        if (p->node[i]->neuron != NULL)
            mye_run_need(run, p, i, MYE_SLOT_U, mye_neuron_state_bytes(p->node[i], o->B));
}

static void reset_buffers(mye_run *run)
{
    for (int i = 0; i < run->n_buffers; i++) {
        run->buffer[i].live = false;
        run->buffer[i].current = -1;
    }
    for (int q = 0; q < run->n_passes; q++)
        for (int i = 0; i < run->model->n_nodes; i++) {
            run->pass[q]->pass.value[i].grad_written = false;
            run->pass[q]->pass.value[i].half = NULL;
            run->pass[q]->pass.value[i].spikes = 0;
            run->pass[q]->pass.value[i].smooth_spikes = 0;
        }
    if (run->stopped > 0)
        mye_readout_weights(run->model->node[run->model->output], run->options.T, run->time_weight);
    run->stopped = 0;
    run->tick = 0;
    run->at_loop = 0;
    if (!run->dry)
        mye_poison(run->arena, run->arena_bytes);
    mye_run_reset_heads(run);
    run->loss_factor = 1;
}

void mye_run_out_of_memory(mye_run *run)
{
    run->failed = true;
}

int mye_run_modules(const mye_run *run)
{
    return run->n_modules;
}

const mye_module *mye_run_enter(mye_run *run, int k)
{
    return run->at = &run->module[k];
}

void mye_run_leave(mye_run *run)
{
    if (run->options.immediate && !run->dry && !run->forward_only)
        run->move(run->mover, run->first_module + (int)(run->at - run->module));
}

void mye_run_all(mye_run *run)
{
    reset_buffers(run);
    if (run->options.training) {
        mye_run_enter_stage(run);
        mye_run_rule(run)->step(run->time.options, run);
        mye_run_leave_stage(run);
        for (int k = 0; k < run->n_modules && !run->dry; k++)
            run->module_loss[run->first_module + k] += mye_rate_term_loss(run, &run->module[k]);
    } else {
        infer(run, mye_run_enter(run, 0));
    }
    mye_run_keep(run, &run->pass[0]->pass, run->model->output, MYE_SLOT_OUT);
    if (run->options.input_grad)
        mye_run_keep(run, &run->pass[0]->pass, 0, MYE_SLOT_GRAD);
}

void mye_run_clear_gradient(const mye_model *model)
{
    if (!*model->grad_is_clear)
        memset(model->grad, 0, model->n_grads * sizeof(float));
    *model->grad_is_clear = false;
}

mye_status mye_run_step(mye_run *run, int n, mye_source source, const mye_target *target,
                        uint64_t seed, mye_step_result *out, mye_error *err)
{
    if (n < 1 || n > run->options.B)
        return mye_fail(err, MYE_ERR_ARG, "a run for batches of up to %d samples got %d",
                        run->options.B, n);
    if (run->options.training && target == NULL)
        return mye_fail(err, MYE_ERR_ARG, "a training step wants labels, got none");
    if (run->options.training)
        MYE_TRY(mye_run_check_target(run, target, err));
    for (int q = 0; q < run->n_passes; q++) {
        run->pass[q]->pass.B = n;
        run->pass[q]->pass.seed = seed;
    }
    if (run->options.training && mye_run_moves(run) && run->move == NULL)
        return mye_fail(err, MYE_ERR_STATE,
                        "%s moves the weights %s: it wants a caller that does so, got one that "
                        "reads the gradient of a whole batch",
                        run->options.immediate ? "a run with `immediate`" : run->options.time,
                        run->options.immediate ? "module by module" : "at every time step");
    run->source = source;
    run->target = target;
    memset(run->per_sample, 0, (size_t)n * sizeof(float));
    mye_telling_begin(run, n);
    /* Whoever moves a stage's weights clears; without a backward pass nothing is added. */
    if (run->options.training && !mye_run_is_stage(run) && !run->forward_only)
        mye_run_clear_gradient(run->model);
    mye_run_all(run);
    const int64_t correct = mye_run_score(run, n, target);
    mye_telling_end(run, n, target);
    if (out != NULL)
        *out = (mye_step_result){.loss = run->module_loss[run->first_module + run->n_modules - 1],
                                 .module_loss = run->module_loss,
                                 .correct = correct,
                                 .told = mye_run_told(run),
                                 .output = run->mean};
    return MYE_OK;
}

mye_status mye_run_statistics(mye_run *run, int n, mye_source source, const mye_target *target,
                              uint64_t seed, double share, mye_error *err)
{
    for (int q = 0; q < run->n_passes; q++)
        run->pass[q]->pass.share = (float)share;
    run->forward_only = true;
    const mye_status status = mye_run_step(run, n, source, target, seed, NULL, err);
    run->forward_only = false;
    for (int q = 0; q < run->n_passes; q++)
        run->pass[q]->pass.share = 0;
    return status;
}
