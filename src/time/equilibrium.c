/* What SPIDE and IDE share: see equilibrium.h. */
#include "time/equilibrium.h"

#include "node/batchnorm.h"
#include "node/elementwise.h"
#include "node/feedback.h"

#include <math.h>
#include <string.h>

enum { PART_FLOATS = 256 }; /* of a chunk at a time, on the stack */

/* ---- passes and buffers ---- */

static void need_neuron(mye_run *run, mye_pass *spikes, mye_pass *rates, int i, bool membranes)
{
    const size_t bytes = (size_t)mye_run_asked(run)->B * (size_t)spikes->value[i].n * sizeof(float);
    mye_run_need(run, spikes, i, MYE_SLOT_U, bytes);
    mye_run_need(run, rates, i, MYE_SLOT_E, bytes);
    mye_run_need(run, rates, i, MYE_SLOT_EPS, bytes);
    if (membranes)
        mye_run_need(run, rates, i, MYE_SLOT_U, bytes);
    if (rates->value[i].role & MYE_EQ_DRIVEN)
        mye_run_need(run, rates, i, MYE_SLOT_R, bytes);
}

mye_pass *mye_eq_prepare(mye_run *run, bool membranes)
{
    const mye_model *model = mye_run_model(run);
    mye_pass *spikes = mye_run_add_pass(run, mye_run_asked(run)->T, 1);
    mye_pass *rates = spikes == NULL ? NULL : mye_run_add_pass(run, 1, 1);
    if (rates == NULL)
        return NULL;
    spikes->per_step = true;
    mye_eq_roles(model, rates->value);
    for (int i = 0; i < model->n_nodes; i++) {
        const mye_node *n = model->node[i];
        if (n->neuron != NULL)
            need_neuron(run, spikes, rates, i, membranes);
        else if (n->is_static && n->type->load == NULL)
            mye_run_share(run, rates, i, MYE_SLOT_DATA, spikes, MYE_SLOT_DATA);
    }
    return rates;
}

mye_eq mye_eq_begin(mye_run *run, const mye_module *m)
{
    const mye_model *model = mye_run_model(run);
    mye_eq eq = {.run = run,
                 .spikes = mye_run_pass(run),
                 .rates = mye_run_rate_pass(run),
                 .m = m,
                 .loss_scale = 1,
                 .gain = 1,
                 .share = 1};
    double amplitude;
    for (int i = 0; i < model->n_nodes; i++)
        if (model->node[i]->neuron != NULL)
            mye_eq_neuron_of(model->node[i], &eq.decay, &amplitude);
    return eq;
}

static unsigned role(const mye_eq *eq, int node)
{
    return eq->rates->value[node].role;
}

static const mye_node *node_of(const mye_eq *eq, int i)
{
    return eq->rates->node[i];
}

static bool is_head(const mye_eq *eq, int i)
{
    return i > 0 && node_of(eq, i)->neuron == NULL && !(role(eq, i) & MYE_EQ_INNER);
}

/* ---- the norm of the feedback ---- */

typedef struct restrict_arg {
    const mye_eq *eq;
    double norm;
} restrict_arg;

static void restrict_weights(const mye_touch *touch, void *arg)
{
    const restrict_arg *a = arg;
    const mye_pass *p = a->eq->rates;
    (void)touch;
    for (int i = 0; i < p->n_nodes; i++) {
        const int from = mye_feedback_from(p->node[i]);
        const mye_weight *w = from < 0 ? NULL : mye_node_find(p->node[from], "weight");
        if (w == NULL)
            continue;
        const double norm = sqrt(p->k->sum_squares((int64_t)w->count, w->data));
        if (norm > a->norm)
            p->k->scale((int64_t)w->count, (float)(a->norm / norm), w->data, w->data);
    }
}

void mye_eq_restrict(const mye_eq *eq, double norm)
{
    restrict_arg a = {eq, norm};
    if (norm > 0)
        mye_run_work(eq->run, NULL, 0, restrict_weights, &a);
}

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

static void collect(const mye_eq *eq, int i, int t)
{
    const mye_node *n = node_of(eq, i);
    average_arg x = {eq, n, t};
    const mye_touch touch[] = {{eq->spikes, i, MYE_SLOT_DATA, false},
                               {eq->rates, i, MYE_SLOT_DATA, true},
                               {eq->rates, i, MYE_SLOT_E, true}};
    if (n->neuron != NULL)
        mye_run_work(eq->run, touch, 3, average, &x);
    else if (n->n_in == 0 && !n->is_static)
        mye_run_work(eq->run, touch, 2, add_input, &x);
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

static void rate_values(const mye_eq *eq)
{
    for (int i = eq->m->first; i <= eq->m->last; i++) {
        const mye_node *n = node_of(eq, i);
        const bool is_virtual = n->type->load != NULL;
        const mye_touch touch[] = {{eq->rates, i, MYE_SLOT_DATA, true}};
        const mye_touch both[] = {{eq->spikes, i, MYE_SLOT_DATA, true},
                                  {eq->rates, i, MYE_SLOT_DATA, true}};
        if (n->type == &mye_node_batchnorm)
            mye_run_work(eq->run, both, 2, set_statistics, (void *)(uintptr_t)n);
        else if (is_virtual && n->type->forward != NULL)
            mye_run_work(eq->run, touch, 1, begin_virtual, (void *)(uintptr_t)n);
        else if (!is_virtual && (role(eq, i) & MYE_EQ_FORWARD) && (is_head(eq, i) || !n->is_static))
            mye_run_forward(eq->run, eq->rates, i, 0, 1);
    }
}

/* ---- probes ---- */

typedef struct show_arg {
    const mye_eq *eq;
    mye_probe_kind kind;
    mye_slot slot;
} show_arg;

static void show_value(const mye_touch *touch, void *arg)
{
    const show_arg *a = arg;
    const mye_pass *p = a->eq->spikes;
    const mye_value *v = &touch[0].p->value[touch[0].node];
    const float *const of[] = {[MYE_SLOT_DATA] = v->data,
                               [MYE_SLOT_E] = v->e,
                               [MYE_SLOT_R] = v->r,
                               [MYE_SLOT_EPS] = v->eps};
    for (int b = 0; b < p->B; b++)
        p->probe(p->probe_arg, p->node[touch[0].node], a->kind, (mye_at){0, b, 0, v->n},
                 of[a->slot] + b * v->n);
}

/* Without a probe nothing is read, and still announced: every execution is the same. */
static void show_nothing(const mye_touch *touch, void *arg)
{
    if (((const show_arg *)arg)->eq->spikes->probe != NULL)
        show_value(touch, arg);
}

static void show(const mye_eq *eq, mye_probe_kind kind, mye_slot slot, unsigned roles)
{
    show_arg a = {eq, kind, slot};
    for (int i = eq->m->first; i <= eq->m->last; i++) {
        const mye_touch touch[] = {{eq->rates, i, slot, false}};
        if (node_of(eq, i)->neuron != NULL && (role(eq, i) & roles) == roles)
            mye_run_work(eq->run, touch, 1, show_nothing, &a);
    }
}

/* ---- the stages ---- */

void mye_eq_forward(const mye_eq *eq)
{
    for (int t = 0; t < eq->spikes->T; t++)
        for (int i = eq->m->first; i <= eq->m->last; i++) {
            if (is_head(eq, i))
                continue;
            mye_run_forward(eq->run, eq->spikes, i, t, t + 1);
            collect(eq, i, t);
        }
    rate_values(eq);
    show(eq, MYE_PROBE_RATE, MYE_SLOT_DATA, 0);
    show(eq, MYE_PROBE_MASK, MYE_SLOT_E, 0);
    mye_run_collect(eq->run, eq->rates, eq->m, 0, 1);
    mye_run_loss(eq->run, eq->m, 0, 1);
}

static void keep_drive(const mye_touch *touch, void *arg)
{
    const mye_pass *p = touch[0].p;
    const mye_value *v = &p->value[touch[0].node];
    p->k->scale((int64_t)p->B * v->n, *(const float *)arg, v->grad, v->r);
}

void mye_eq_head(const mye_eq *eq)
{
    float gain = (float)eq->gain;
    mye_run_begin_backward(eq->run, eq->rates);
    mye_run_loss_grad(eq->run, eq->rates, eq->m, 0, 1, eq->loss_scale);
    for (int i = eq->m->last; i >= eq->m->first; i--)
        if (is_head(eq, i))
            mye_run_backward(eq->run, eq->rates, i, 0, 1);
    for (int i = eq->m->first; i <= eq->m->last; i++) {
        const mye_touch touch[] = {{eq->rates, i, MYE_SLOT_GRAD, false},
                                   {eq->rates, i, MYE_SLOT_R, true}};
        if (node_of(eq, i)->neuron != NULL && (role(eq, i) & MYE_EQ_DRIVEN))
            mye_run_work(eq->run, touch, 2, keep_drive, &gain);
    }
    show(eq, MYE_PROBE_RATE_GRADIENT, MYE_SLOT_R, MYE_EQ_DRIVEN);
    mye_run_begin_backward(eq->run, eq->rates);
}

/* ---- sweeps ---- */

typedef struct sweep_arg {
    const mye_eq *eq;
    const mye_node *n;
    mye_eq_neuron neuron;
    const void *arg;
    int step;
    bool driven, has_grad;
} sweep_arg;

static void sweep_chunk(void *arg, mye_at at, bool last, int shard, mye_lane *lane)
{
    const sweep_arg *s = arg;
    const mye_pass *p = s->eq->rates, *spikes = s->eq->spikes;
    const mye_value *v = &p->value[s->n->index];
    const int64_t offset = at.b * v->n;
    float out[PART_FLOATS];
    MYE_UNUSED(shard);
    MYE_UNUSED(lane);
    for (int64_t i = at.i0, end = at.i0 + at.n; i < end; i += PART_FLOATS) {
        const mye_at part = {0, at.b, i, end - i < PART_FLOATS ? end - i : PART_FLOATS};
        const int64_t k = offset + i;
        const mye_eq_chunk c = {.n = part.n,
                                .grad = s->has_grad ? v->grad + k : NULL,
                                .drive = s->driven ? v->r + k : NULL,
                                .u = v->u != NULL ? v->u + k : NULL,
                                .beta = v->eps + k,
                                .out = out};
        s->neuron(s->arg, &c);
        if (s->step >= 0 && spikes->probe != NULL)
            spikes->probe(spikes->probe_arg, s->n, MYE_PROBE_BACKWARD_SPIKE,
                          (mye_at){s->step, at.b, i, part.n}, out);
        p->k->mul(part.n, v->e + k, out);
        mye_grad_put(p, s->n, 0, part, last, out);
    }
}

static void sweep_work(const mye_touch *touch, void *arg)
{
    const sweep_arg *s = arg;
    if (!touch[1].write) /* the input wants no gradient */
        touch[0].p->value[s->n->in[0]].grad = NULL;
    mye_each_chunk(s->n, touch[0].p, 0, 1, sweep_chunk, arg);
}

static void sweep_neuron(const mye_eq *eq, int i, sweep_arg *s)
{
    mye_value *v = &eq->rates->value[i];
    const mye_node *n = node_of(eq, i);
    s->n = n;
    s->driven = (v->role & MYE_EQ_DRIVEN) != 0;
    s->has_grad = v->grad_written;
    const bool wanted = node_of(eq, n->in[0])->needs_grad;
    const mye_touch touch[] = {
        {eq->rates, i, MYE_SLOT_E, false},
        {eq->rates, wanted ? n->in[0] : i, wanted ? MYE_SLOT_GRAD : MYE_SLOT_EPS, wanted},
        {eq->rates, i, MYE_SLOT_EPS, true},
        {eq->rates, i, MYE_SLOT_U, true},
        {eq->rates, i, s->driven ? MYE_SLOT_R : MYE_SLOT_E, false},
        {eq->rates, i, s->has_grad ? MYE_SLOT_GRAD : MYE_SLOT_E, false},
    };
    mye_run_work(eq->run, touch, 6, sweep_work, s);
    if (wanted)
        eq->rates->value[n->in[0]].grad_written = true;
}

void mye_eq_sweep(const mye_eq *eq, mye_eq_neuron neuron, const void *arg, int step)
{
    sweep_arg s = {.eq = eq, .neuron = neuron, .arg = arg, .step = step};
    eq->rates->data_only = true;
    for (int i = eq->m->last; i >= eq->m->first; i--) {
        if (!(role(eq, i) & MYE_EQ_INNER))
            continue;
        if (node_of(eq, i)->neuron != NULL)
            sweep_neuron(eq, i, &s);
        else if (role(eq, i) & MYE_EQ_BEHIND)
            mye_run_backward(eq->run, eq->rates, i, 0, 1);
        eq->rates->value[i].grad_written = false; /* the next sweep begins anew */
    }
    eq->rates->data_only = false;
}

/* ---- weights ---- */

static void weight_neuron(const void *arg, const mye_eq_chunk *c)
{
    const float share = *(const float *)arg;
    for (int64_t i = 0; i < c->n; i++)
        c->out[i] = share * c->beta[i];
}

/* Late nodes first: what they hand to later nodes is a share of those nodes' gradient. */
void mye_eq_weights(const mye_eq *eq)
{
    const float share = (float)eq->share;
    sweep_arg s = {.eq = eq, .neuron = weight_neuron, .arg = &share, .step = -1};
    show(eq, MYE_PROBE_BETA, MYE_SLOT_EPS, 0);
    mye_run_begin_backward(eq->run, eq->rates);
    eq->rates->to_layers = true;
    for (int late = 1; late >= 0; late--)
        for (int i = eq->m->last; i >= eq->m->first; i--) {
            const bool is_late = (role(eq, i) & MYE_EQ_LATE) != 0;
            if (!(role(eq, i) & MYE_EQ_INNER))
                continue;
            if (node_of(eq, i)->neuron != NULL) {
                if (late)
                    sweep_neuron(eq, i, &s);
            } else if (is_late == (late == 1)) {
                mye_run_backward(eq->run, eq->rates, i, 0, 1);
            }
        }
    eq->rates->to_layers = false;
}
