/* Rates, masks and the mean input from the spike pass, and the layers' values at these rates: see
 * equilibrium.h. */
#include "time/equilibrium.h"

#include "node/batchnorm.h"
#include "node/elementwise.h"

#include <math.h>

enum { PART_FLOATS = 256 }; /* of a chunk at a time, on the stack */

/* ---- rates ---- */

typedef struct average_arg {
    const mye_eq *eq;
    const mye_node *n;
    int t;
} average_arg;

/* Sum of decay^i for i in [0, T): what T spikes at every step add up to. */
static double full(double decay, int T)
{
    return decay == 1.0 ? T : (1.0 - pow(decay, T)) / (1.0 - decay);
}

/* Adds step t's spikes s. `a` counts (decay 1) or is the decaying sum, with the count in `open`. */
static void add_spikes(const average_arg *x, int64_t n, const float *s, float *a, float *open)
{
    const float decay = (float)x->eq->decay;
    const bool counts = x->eq->decay == 1.0;
    for (int64_t i = 0; i < n; i++)
        a[i] = s[i] + (x->t == 0 ? 0.0f : decay * a[i]);
    for (int64_t i = 0; i < n && !counts; i++)
        open[i] = s[i] + (x->t == 0 ? 0.0f : open[i]);
}

/* After the last step: the rate, and m / V by counts; with a decay 1 and 1 minus rounding are alike. */
static void finish_rates(const average_arg *x, int64_t n, float *a, float *open)
{
    double decay, amplitude;
    const int T = x->eq->spikes->T;
    mye_eq_neuron_of(x->n, &decay, &amplitude);
    const float one = (float)(1.0 / amplitude), divisor = (float)full(decay, T);
    const float *count = decay == 1.0 ? a : open;
    for (int64_t i = 0; i < n; i++) {
        open[i] = count[i] > 0.0f && count[i] < (float)T ? one : 0.0f;
        a[i] /= divisor;
    }
}

static void average_chunk(void *arg, mye_at at, bool last, int shard, mye_lane *lane)
{
    const average_arg *x = arg;
    const mye_pass *p = x->eq->spikes;
    const mye_value *to = &x->eq->rates->value[x->n->index];
    const uint64_t *bits = mye_value_bits(p, x->n->index, at.t, at.b);
    const int64_t offset = at.b * to->n;
    float s[PART_FLOATS];
    MYE_UNUSED(last);
    MYE_UNUSED(shard);
    MYE_UNUSED(lane);
    for (int64_t i = at.i0, end = at.i0 + at.n; i < end; i += PART_FLOATS) {
        const int64_t n = end - i < PART_FLOATS ? end - i : PART_FLOATS;
        float *a = (float *)to->data + offset + i, *open = to->e + offset + i;
        p->k->bits_expand(n, bits, i, s);
        add_spikes(x, n, s, a, open);
        if (x->t == p->T - 1)
            finish_rates(x, n, a, open);
    }
}

static void average(const mye_touch *touch, void *arg)
{
    average_arg *x = arg;
    mye_each_chunk(x->n, touch[0].p, x->t, x->t + 1, average_chunk, x);
}

/* The mean of an input that changes: plain for every decay, as the released code has it. */
static void add_input(const mye_touch *touch, void *arg)
{
    const average_arg *x = arg;
    const mye_pass *p = touch[0].p;
    const int64_t n = (int64_t)p->B * p->value[x->n->index].n;
    const float share = (float)(1.0 / p->T);
    float *to = touch[1].p->value[x->n->index].data;
    const float *from = p->value[x->n->index].data;
    if (x->t == 0)
        p->k->scale(n, share, from, to);
    else
        p->k->axpy(n, share, from, to);
}

void mye_eq_collect(const mye_eq *eq, int i, int t)
{
    const mye_node *n = mye_eq_node_of(eq, i);
    average_arg x = {eq, n, t};
    const mye_touch touch[] = {{eq->spikes, i, MYE_SLOT_DATA, false},
                               {eq->rates, i, MYE_SLOT_DATA, true},
                               {eq->rates, i, MYE_SLOT_E, true}};
    if (n->neuron != NULL)
        mye_run_op(eq->run, touch, 3, average, &x);
    else if (n->n_in == 0 && !n->is_static)
        mye_run_op(eq->run, touch, 2, add_input, &x);
}

/* ---- values at the rates ---- */

/* Dropout's mask: the same bits as in the spike pass, from the same seed. */
static void begin_virtual(const mye_touch *touch, void *arg)
{
    const mye_node *n = arg;
    n->type->forward(n, touch[0].p, 0, 1);
}

static void set_statistics(const mye_touch *touch, void *arg)
{
    mye_batchnorm_prepare_rates(arg, touch[0].p, touch[1].p, false, 1);
}

void mye_eq_values(const mye_eq *eq)
{
    for (int i = eq->m->first; i <= eq->m->last; i++) {
        const mye_node *n = mye_eq_node_of(eq, i);
        const bool is_virtual = n->type->load != NULL;
        const mye_touch touch[] = {{eq->rates, i, MYE_SLOT_DATA, true}};
        const mye_touch both[] = {{eq->spikes, i, MYE_SLOT_DATA, true},
                                  {eq->rates, i, MYE_SLOT_DATA, true}};
        if (n->type == &mye_node_batchnorm)
            mye_run_op(eq->run, both, 2, set_statistics, (void *)(uintptr_t)n);
        else if (is_virtual && n->type->forward != NULL)
            mye_run_op(eq->run, touch, 1, begin_virtual, (void *)(uintptr_t)n);
        else if (!is_virtual && (mye_eq_role(eq, i) & MYE_EQ_FORWARD) &&
                 (mye_eq_is_head(eq, i) || !n->is_static))
            mye_run_forward(eq->run, eq->rates, i, 0, 1);
    }
}
