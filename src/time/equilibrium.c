/* What SPIDE and IDE share: see equilibrium.h. */
#include "time/equilibrium.h"

#include "node/elementwise.h"
#include "node/feedback.h"

#include <math.h>

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
    mye_run_one_output(run);
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
        mye_run_op(eq->run, NULL, 0, restrict_weights, &a);
}

/* ---- probes ---- */

typedef struct show_arg {
    const mye_eq *eq;
    mye_probe_kind kind;
    mye_slot slot;
} show_arg;

/* Without a probe nothing is read, and still announced: every execution is the same. */
static void show_value(const mye_touch *touch, void *arg)
{
    const show_arg *a = arg;
    const mye_pass *p = a->eq->spikes;
    const mye_value *v = &touch[0].p->value[touch[0].node];
    const float *const of[] = {[MYE_SLOT_DATA] = v->data,
                               [MYE_SLOT_E] = v->e,
                               [MYE_SLOT_R] = v->r,
                               [MYE_SLOT_EPS] = v->eps};
    for (int b = 0; p->probe != NULL && b < p->B; b++)
        p->probe(p->probe_arg, p->node[touch[0].node], a->kind, (mye_at){0, b, 0, v->n},
                 of[a->slot] + b * v->n);
}

static void show(const mye_eq *eq, mye_probe_kind kind, mye_slot slot, unsigned roles)
{
    show_arg a = {eq, kind, slot};
    for (int i = eq->m->first; i <= eq->m->last; i++) {
        const mye_touch touch[] = {{eq->rates, i, slot, false}};
        if (mye_eq_node_of(eq, i)->neuron != NULL && (mye_eq_role(eq, i) & roles) == roles)
            mye_run_op(eq->run, touch, 1, show_value, &a);
    }
}

/* ---- the stages ---- */

void mye_eq_forward(const mye_eq *eq)
{
    for (int t = 0; t < eq->spikes->T; t++)
        for (int i = eq->m->first; i <= eq->m->last; i++) {
            if (mye_eq_is_head(eq, i))
                continue;
            mye_run_forward(eq->run, eq->spikes, i, t, t + 1);
            mye_eq_collect(eq, i, t);
        }
    mye_eq_values(eq);
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
        if (mye_eq_is_head(eq, i))
            mye_run_backward(eq->run, eq->rates, i, 0, 1);
    for (int i = eq->m->first; i <= eq->m->last; i++) {
        const mye_touch touch[] = {{eq->rates, i, MYE_SLOT_GRAD, false},
                                   {eq->rates, i, MYE_SLOT_R, true}};
        if (mye_eq_node_of(eq, i)->neuron != NULL && (mye_eq_role(eq, i) & MYE_EQ_DRIVEN))
            mye_run_op(eq->run, touch, 2, keep_drive, &gain);
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
    const mye_node *n = mye_eq_node_of(eq, i);
    s->n = n;
    s->driven = (v->role & MYE_EQ_DRIVEN) != 0;
    s->has_grad = v->grad_written;
    const bool wanted = mye_eq_node_of(eq, n->in[0])->needs_grad;
    const mye_touch touch[] = {
        {eq->rates, i, MYE_SLOT_E, false},
        {eq->rates, wanted ? n->in[0] : i, wanted ? MYE_SLOT_GRAD : MYE_SLOT_EPS, wanted},
        {eq->rates, i, MYE_SLOT_EPS, true},
        {eq->rates, i, MYE_SLOT_U, true},
        {eq->rates, i, s->driven ? MYE_SLOT_R : MYE_SLOT_E, false},
        {eq->rates, i, s->has_grad ? MYE_SLOT_GRAD : MYE_SLOT_E, false},
    };
    mye_run_op(eq->run, touch, 6, sweep_work, s);
    if (wanted)
        eq->rates->value[n->in[0]].grad_written = true;
}

void mye_eq_sweep(const mye_eq *eq, mye_eq_neuron neuron, const void *arg, int step)
{
    sweep_arg s = {.eq = eq, .neuron = neuron, .arg = arg, .step = step};
    eq->rates->data_only = true;
    for (int i = eq->m->last; i >= eq->m->first; i--) {
        if (!(mye_eq_role(eq, i) & MYE_EQ_INNER))
            continue;
        if (mye_eq_node_of(eq, i)->neuron != NULL)
            sweep_neuron(eq, i, &s);
        else if (mye_eq_role(eq, i) & MYE_EQ_BEHIND)
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
            const bool is_late = (mye_eq_role(eq, i) & MYE_EQ_LATE) != 0;
            if (!(mye_eq_role(eq, i) & MYE_EQ_INNER))
                continue;
            if (mye_eq_node_of(eq, i)->neuron != NULL) {
                if (late)
                    sweep_neuron(eq, i, &s);
            } else if (is_late == (late == 1)) {
                mye_run_backward(eq->run, eq->rates, i, 0, 1);
            }
        }
    eq->rates->to_layers = false;
}
