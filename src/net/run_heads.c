/*
 * Heads: the values that the losses of modules read. They are collected step by step, kept aside with
 * the gradients of the losses, and handed back. What is kept is planned like every other buffer:
 * where modules come one after the other, their heads share memory.
 */
#include "net/run_internal.h"

#include "node/readout.h"

bool mye_run_is_head(const mye_run *run, int node)
{
    for (int k = 0; k < run->n_modules; k++)
        for (int h = 0; h < run->module[k].n_heads; h++)
            if (run->module[k].head[h].output == node)
                return true;
    return false;
}

void mye_run_one_output(mye_run *run)
{
    run->one_output = true;
}

void mye_run_plan_heads(mye_run *run)
{
    mye_pass *p = run->failed ? NULL : &run->pass[0]->pass;
    for (int i = 0; p != NULL && i < p->n_nodes; i++) {
        if (!mye_run_is_head(run, i))
            continue;
        const bool one = run->one_output || p->node[i]->is_static;
        const size_t bytes = (one ? 1 : (size_t)run->options.T) * (size_t)run->options.B *
                             (size_t)p->value[i].n * sizeof(float);
        mye_run_need(run, p, i, MYE_SLOT_OUT, bytes);
        if (run->options.training || mye_telling_wants_errors(run))
            mye_run_need(run, p, i, MYE_SLOT_DOUT, bytes);
    }
}

void mye_run_reset_heads(mye_run *run)
{
    mye_value *value = run->pass[0]->pass.value;
    for (int i = 0; i < run->model->n_nodes; i++)
        value[i].collected = value[i].outputs = 0;
    for (int k = 0; k < run->model->n_modules; k++)
        run->module_loss[k] = 0;
}

/* What is collected belongs to the first pass, whichever pass it comes from. */
static mye_value *kept(mye_run *run, int node)
{
    return &run->pass[0]->pass.value[node];
}

/* One output (static nets, the rate pass) counts whole. */
static const float *time_weight(const mye_run *run, const mye_value *v)
{
    static const float one = 1.0f;
    return v->outputs == 1 ? &one : run->time_weight;
}

mye_status mye_run_check_target(const mye_run *run, const mye_target *target, mye_error *err)
{
    for (int k = 0; k < run->n_modules; k++)
        for (int h = 0; h < run->module[k].n_heads; h++) {
            const mye_loss *loss = run->module[k].head[h].loss;
            if (loss != NULL && loss->reads_image && target->image == NULL)
                return mye_fail(err, MYE_ERR_UNSUPPORTED,
                                "depth rule '%s' has a loss that compares with the image: it wants "
                                "images, got samples that are none",
                                run->model->graph->depth.entry->name);
        }
    return MYE_OK;
}

/* ---- collecting ---- */

/* Values that weights are solved from go out when all steps are there, once. */
static void hand_over(const mye_run *run, const mye_pass *p, const mye_module *m,
                      const mye_value *v)
{
    if (run->dry || run->failed || run->gather == NULL || p->repeated || v->collected < v->outputs)
        return;
    const mye_gathered in = {.steps = v->outputs,
                             .B = p->B,
                             .n = v->n,
                             .value = v->out,
                             .time_weight = time_weight(run, v),
                             .target = run->target};
    run->gather(run->gatherer, (int)(m - run->module), &in);
}

static void collect(mye_run *run, mye_pass *p, const mye_module *m, int h, int t0, int t1)
{
    const int node = m->head[h].output;
    mye_value *v = kept(run, node);
    mye_run_touch_value(run, p, node);
    mye_run_touch(run, &run->pass[0]->pass, node, MYE_SLOT_OUT, true);
    mye_run_set_window(p, t0);
    const size_t lane = mye_load_lane_bytes(p, node, v->n) + (size_t)v->n * sizeof(float);
    if (run->dry && lane > run->lane_bytes)
        run->lane_bytes = lane;
    const bool one = p->node[node]->is_static || p->rates;
    const int steps = one ? 1 : t1 - t0;
    v->outputs = one ? 1 : p->T;
    for (int s = 0; !run->dry && s < steps; s++)
        for (int b = 0; b < p->B; b++)
            mye_load_into(p, node, (mye_at){t0 + s, b, 0, v->n},
                          v->out + ((int64_t)(one ? 0 : t0 + s) * p->B + b) * v->n, &run->lane[0]);
    v->collected = one ? 1 : t0 + steps;
    if (m->fit.node != 0 && m->fit.head == h)
        hand_over(run, p, m, v);
    mye_run_end_op(run);
}

void mye_run_collect(mye_run *run, mye_pass *p, const mye_module *m, int t0, int t1)
{
    for (int h = 0; h < m->n_heads; h++)
        collect(run, p, m, h, t0, t1);
}

/* ---- losses ---- */

static const mye_loss *loss_of(const mye_run *run, const mye_head *head, const void **options)
{
    *options = head->loss != NULL ? head->options : run->loss.options;
    return head->loss != NULL ? head->loss : (const mye_loss *)run->loss.entry;
}

/* The samples' own losses are those of the network's output: of the last module. */
static bool tells_samples(const mye_run *run, const mye_module *m, int h)
{
    return h == 0 && m == &run->module[run->n_modules - 1];
}

static void scale_gradient(const mye_run *run, const mye_head *head, float *g, int64_t n)
{
    if (head->weight != 1)
        run->pass[0]->pass.k->scale(n, (float)head->weight, g, g);
}

/* A loss that is one for each step may be asked for some of them; others want all. */
static double evaluate(mye_run *run, const mye_module *m, int h, int t0, int t1, void *scratch)
{
    const mye_head *head = &m->head[h];
    const void *options;
    const mye_loss *loss = loss_of(run, head, &options);
    const mye_value *v = kept(run, head->output);
    const int B = run->pass[0]->pass.B, steps = v->outputs == 1 ? 1 : t1 - t0;
    const int64_t row = (int64_t)B * v->n, at = v->outputs == 1 ? 0 : t0 * row;
    const mye_loss_input in = {
        .T = v->outputs,
        .steps = steps,
        .B = B,
        .K = (int)v->n,
        .out = v->out + at,
        .time_weight = time_weight(run, v) + (v->outputs == 1 ? 0 : t0),
        .target = run->target,
        .scratch = scratch,
    };
    float *grad = run->options.training || mye_telling_wants_errors(run) ? v->dout + at : NULL;
    const double value =
        loss->eval(options, &in, grad, tells_samples(run, m, h) ? run->per_sample : NULL);
    if (grad != NULL)
        scale_gradient(run, head, grad, steps * row);
    if (tells_samples(run, m, h))
        mye_telling_loss(run, v, t0, t1);
    return head->weight * value;
}

void mye_run_loss(mye_run *run, const mye_module *m, int t0, int t1)
{
    mye_pass *p = &run->pass[0]->pass;
    const int k = run->first_module + (int)(m - run->module);
    for (int h = 0; h < m->n_heads; h++) {
        const mye_head *head = &m->head[h];
        const void *options;
        const mye_loss *loss = loss_of(run, head, &options);
        if (head->weight == 0)
            continue;
        mye_run_touch(run, p, head->output, MYE_SLOT_OUT, false);
        mye_run_touch(run, p, head->output, MYE_SLOT_DOUT, true);
        const size_t bytes = loss->scratch_bytes == NULL
                                 ? 0
                                 : loss->scratch_bytes(options, t1 - t0, run->options.B,
                                                       (int)kept(run, head->output)->n);
        void *scratch = mye_run_scratch(run, p, bytes);
        if (mye_run_works(run) && run->target != NULL)
            run->module_loss[k] += run->loss_factor * evaluate(run, m, h, t0, t1, scratch);
        mye_run_end_op(run);
    }
}

/* ---- their gradients ---- */

static void write_gradient(mye_pass *p, const mye_value *from, int node, int t0, int t1,
                           double scale)
{
    const int64_t row = (int64_t)p->B * from->n;
    float *g = p->value[node].grad;
    const int steps = p->value[node].steps == 1 ? 1 : t1 - t0;
    const int64_t at = from->outputs == 1 ? 0 : t0 * row;
    if (!p->rates) {
        for (int64_t i = 0; i < steps * row; i++)
            g[i] = (float)scale * from->dout[at + i];
        return;
    }
    for (int64_t i = 0; i < row; i++) {
        double sum = 0;
        for (int t = 0; t < from->collected; t++)
            sum += (double)from->dout[t * row + i];
        g[i] = (float)(scale * sum);
    }
}

void mye_run_loss_grad(mye_run *run, mye_pass *p, const mye_module *m, int t0, int t1, double scale)
{
    run->grad_scale = scale;
    mye_run_set_window(p, t0);
    for (int h = 0; h < m->n_heads; h++) {
        const int node = m->head[h].output;
        if (m->head[h].weight == 0 || mye_run_buffer(run, p, node, MYE_SLOT_GRAD) == NULL)
            continue; /* not learned from, or nothing before it learns */
        mye_run_touch(run, &run->pass[0]->pass, node, MYE_SLOT_DOUT, false);
        mye_run_touch(run, p, node, MYE_SLOT_GRAD, true);
        p->value[node].grad_written = true;
        if (mye_run_works(run))
            write_gradient(p, kept(run, node), node, t0, t1, scale);
        mye_run_end_op(run);
    }
}

/* ---- the network's answer ---- */

int64_t mye_run_score(mye_run *run, int B, const mye_target *target)
{
    if (!mye_run_is_head(run, run->model->output))
        return 0; /* a stage without the network's output */
    const int K = run->K;
    const mye_value *v = kept(run, run->model->output);
    const float *weight = time_weight(run, v);
    int64_t correct = 0;
    for (int b = 0; b < B; b++) {
        float *o = run->mean + (int64_t)b * K;
        int best = 0;
        for (int k = 0; k < K; k++) {
            double sum = 0;
            for (int t = 0; t < v->collected; t++)
                sum += (double)weight[t] * (double)v->out[((int64_t)t * B + b) * K + k];
            o[k] = (float)sum;
            if (o[k] > o[best])
                best = k;
        }
        const bool right = target != NULL && target->label[b] == best;
        mye_telling_answer(run, b, o, K, best, right);
        correct += right;
    }
    return correct;
}
