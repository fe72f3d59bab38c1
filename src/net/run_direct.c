/*
 * Direct feedback in a run: nodes whose backward reads the error of the network's output in place of
 * what their readers say. The error is the gradient of the loss that the first head of the module at
 * work has collected, scaled as the backward pass at work scales it.
 */
#include "net/run_internal.h"

#include "net/rules.h"
#include "node/direct_feedback.h"

/* Auxiliary, and yet in the way of the network's own values: nothing of it is left in inference, but
 * backpropagation through the whole network goes through it. */
bool mye_run_in_the_way(const mye_node *n)
{
    return (n->type->flags & MYE_NODE_STOP) && n->type->backward != NULL;
}

bool mye_run_stops(const mye_pass *p, const mye_node *n)
{
    return (n->type->flags & MYE_NODE_STOP) && !(p->backprop && n->type->backward != NULL);
}

static mye_status check_node(const mye_run *run, const mye_node *n, mye_error *err)
{
    const mye_run_options *o = &run->options;
    const mye_time_rule *rule = mye_run_rule(run);
    const mye_module *m = &run->module[run->model->node_module[n->index]];
    const int64_t classes = mye_direct_feedback_classes(n);
    const int64_t outputs = mye_shape_size(run->model->node[m->head[0].output]->shape);
    if (o->smooth)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "a gradient check compares with the slope of the loss, and what node '%s' "
                        "(direct_feedback) hands back is none: it wants a depth rule other than "
                        "dfa",
                        n->name);
    if (rule->takes_feedback)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "time rule '%s' goes back through a state of equilibrium, where node '%s' "
                        "(direct_feedback) has no error to hand on",
                        rule->entry.name, n->name);
    if (n->is_static && o->T > 1)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "node '%s' (direct_feedback) wants a value that changes from step to step, "
                        "got one that is the same at all %d: put it behind a neuron",
                        n->name, o->T);
    if (classes != outputs)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (direct_feedback) is made for %lld outputs, and the loss reads "
                        "%lld",
                        n->name, (long long)classes, (long long)outputs);
    return MYE_OK;
}

mye_status mye_run_check_direct(const mye_run *run, mye_error *err)
{
    for (int i = 0; run->options.training && !run->options.whole && i < run->model->n_nodes; i++)
        if (mye_direct_feedback_classes(run->model->node[i]) > 0)
            MYE_TRY(check_node(run, run->model->node[i], err));
    return MYE_OK;
}

/* Does the backward of node n read the error in this pass? */
static bool reads_error(const mye_pass *p, const mye_node *n)
{
    return mye_direct_feedback_classes(n) > 0 && !p->backprop;
}

static const mye_value *head_of(const mye_run *run)
{
    return &run->pass[0]->pass.value[run->at->head[0].output];
}

/* Rows lie where the pass counts their steps, whatever part of them is at work. */
size_t mye_run_error_bytes(const mye_run *run, const mye_pass *p, const mye_node *n)
{
    if (!reads_error(p, n))
        return 0;
    const size_t bytes = (size_t)p->T * (size_t)p->B * (size_t)head_of(run)->n * sizeof(float);
    return (bytes + MYE_ALIGN - 1) / MYE_ALIGN * MYE_ALIGN;
}

void mye_run_touch_error(mye_run *run, const mye_pass *p, const mye_node *n)
{
    if (reads_error(p, n))
        mye_run_touch(run, &run->pass[0]->pass, run->at->head[0].output, MYE_SLOT_DOUT, false);
}

/* One row: of an output that is one for all steps, or, in the rate pass, their sum. */
static void one_row(const mye_run *run, const mye_pass *p, const mye_value *head, float *out)
{
    const int64_t row = p->B * head->n;
    for (int64_t i = 0; i < row; i++) {
        double sum = 0;
        for (int t = 0; t < head->collected; t++)
            sum += (double)head->dout[t * row + i];
        out[i] = (float)(run->grad_scale * sum);
    }
}

void mye_run_tell_error(const mye_run *run, mye_pass *p, const mye_node *n, int t0, int t1,
                        void *room)
{
    if (!reads_error(p, n))
        return;
    const mye_value *head = head_of(run);
    const int64_t row = p->B * head->n;
    const bool one = p->rates || head->outputs == 1;
    float *out = room;
    if (one)
        one_row(run, p, head, out);
    for (int64_t i = t0 * row; !one && i < t1 * row; i++)
        out[i] = (float)run->grad_scale * head->dout[i];
    p->output_grad = out;
    p->output_grad_steps = one ? 1 : p->T;
    p->output_classes = head->n;
}
