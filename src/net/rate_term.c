/*
 * Firing-rate regulariser: a term of the loss that holds each hidden spiking layer's mean rate at or
 * below a target,
 *
 *   L += strength * sum over layers l of max(0, r_l - target)^2
 *   r_l = spikes of l / (N_l T B)
 *
 * so every spike of layer l gets the same slope, dL/ds = 2 strength (r_l - target) / (N_l T B), beside
 * what the layers behind it hand back.
 *
 * Chosen: one-sided, since a layer below the target costs nothing that the user asked to save; on
 * layers rather than neurons, so that a few neurons may speak often; not on the output layer, whose
 * spikes are the answer and are read by no weights. Rules that learn step by step know the rate of
 * the steps so far and use that.
 */
#include "net/run_internal.h"

#include "neuron/neuron.h"

enum { SHARD_FLOATS = 1 << 16 };

bool mye_rate_term_acts(const mye_run *run, int node)
{
    const mye_node *n = run->model->node[node];
    if (!(run->options.rate_strength > 0) || !run->options.training || n->neuron == NULL ||
        !n->neuron->spiking || n->format != MYE_BITS || n->auxiliary)
        return false;
    int output = run->model->output; /* behind readout, flatten and the like: the output layer */
    while (run->model->node[output]->type->load != NULL)
        output = run->model->node[output]->in[0];
    return node != output;
}

void mye_rate_term_count(mye_pass *p, int node, int t0, int t1)
{
    mye_value *v = &p->value[node];
    for (int t = t0; t < t1; t++)
        for (int b = 0; b < p->B; b++) {
            const float *s = mye_value_row(p, node, t, b);
            for (int64_t i = 0; i < v->n; i++)
                v->smooth_spikes += (double)s[i];
        }
}

/* How far the mean rate of the first `steps` steps lies above the target. */
static double excess(const mye_run *run, int node, int steps)
{
    const mye_pass *p = &run->pass[0]->pass;
    const mye_value *v = &p->value[node];
    const double spikes = p->smooth ? v->smooth_spikes : (double)v->spikes;
    const double above = spikes / ((double)v->n * p->B * steps) - run->options.rate_target;
    return above > 0 ? above : 0;
}

double mye_rate_term_loss(const mye_run *run, const mye_module *m)
{
    double sum = 0;
    for (int i = m->first; i <= m->last; i++)
        if (mye_rate_term_acts(run, i)) {
            const double above = excess(run, i, run->options.T);
            sum += above * above;
        }
    return run->options.rate_strength * sum;
}

typedef struct slope_work {
    float *g;
    int64_t n;
    float slope;
    bool accumulate;
} slope_work;

static void add_slope(void *arg, int shard, int lane)
{
    const slope_work *w = arg;
    MYE_UNUSED(lane);
    const int64_t begin = (int64_t)shard * SHARD_FLOATS;
    const int64_t end = w->n - begin < SHARD_FLOATS ? w->n : begin + SHARD_FLOATS;
    for (int64_t i = begin; i < end; i++)
        w->g[i] = (w->accumulate ? w->g[i] : 0.0f) + w->slope;
}

void mye_rate_term_add(const mye_run *run, mye_pass *p, int node, int t0, int t1)
{
    const mye_value *v = &p->value[node];
    const int T = run->options.T;
    const double cells = (double)v->n * p->B;
    /* The rate pass has one step, whose value is the mean over T: dL/dr = T dL/ds. */
    const int counted = p->rates || p->repeated ? T : t1;
    double slope = 2 * run->options.rate_strength * excess(run, node, counted) / cells;
    slope *= run->grad_scale / (p->rates ? 1 : T);
    if (v->grad_written && slope == 0)
        return;
    const int steps = v->steps == 1 ? 1 : t1 - t0;
    slope_work w = {mye_grad_row(p, node, t0, 0), steps * p->B * v->n, (float)slope,
                    v->grad_written};
    mye_parallel(run->ctx, (int)((w.n + SHARD_FLOATS - 1) / SHARD_FLOATS), add_slope, &w);
}
