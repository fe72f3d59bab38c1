/* Learning step by step: see online.h. */
#include "time/online.h"

#include "neuron/neuron.h"

mye_status mye_online_check(const char *name, const mye_model *model, mye_error *err)
{
    if (model->node[model->output]->is_static)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "time rule '%s' learns from each time step: it wants a network whose "
                        "output changes from step to step, got one without neurons on a static "
                        "input",
                        name);
    for (int i = 0; i < model->n_nodes; i++) {
        const mye_node *n = model->node[i];
        for (int k = 0; n->neuron != NULL && k < n->n_weights; k++)
            if (n->weight[k].trainable)
                return mye_fail(err, MYE_ERR_UNSUPPORTED,
                                "time rule '%s' forgets the last membrane, which the gradient of "
                                "'%s' of neuron '%s' (%s) needs: it wants neurons without weights",
                                name, n->weight[k].role, n->name, n->neuron->entry.name);
    }
    return MYE_OK;
}

static size_t sample_bytes(mye_run *run, const mye_pass *p, int node)
{
    return (size_t)mye_run_asked(run)->B * (size_t)p->value[node].n * sizeof(float);
}

mye_pass *mye_online_prepare(mye_run *run)
{
    mye_pass *p = mye_run_add_pass(run, mye_run_asked(run)->T, 1);
    if (p == NULL)
        return NULL;
    p->per_step = true;
    p->forgets = true;
    if (!mye_run_loss_is_per_step(run))
        mye_run_forward_steps(run, 2 * p->T);
    for (int i = 0; i < p->n_nodes; i++)
        if (p->node[i]->neuron != NULL)
            mye_run_need(run, p, i, MYE_SLOT_U,
                         mye_neuron_state_bytes(p->node[i], mye_run_asked(run)->B));
    return p;
}

/* What is noted of a node: that a layer reads its trace, that it is such a layer, or that the gradient
 * of a static value was begun before a step that is not learned from. */
enum { HAS_TRACE = 1, READS_TRACE = 2, WAS_WRITTEN = 4 };

void mye_online_prepare_traces(mye_run *run, mye_pass *p, const mye_online *o)
{
    for (int i = 0; i < p->n_nodes; i++) {
        const int from = o->trace(o->self, mye_run_model(run), i);
        if (from < 0)
            continue;
        p->value[i].role |= READS_TRACE;
        if (!(p->value[from].role & HAS_TRACE))
            mye_run_need(run, p, from, MYE_SLOT_TRACE, sample_bytes(run, p, from));
        p->value[from].role |= HAS_TRACE;
    }
}

/* ---- the step ---- */

/* Decay of the trace of a node: of the neuron whose spikes it holds or, of an input, of the first
 * neuron, whose membrane adds it up. */
static double trace_decay(const mye_model *model, int node)
{
    int at = node;
    while (model->node[at]->neuron == NULL && model->node[at]->n_in > 0)
        at = model->node[at]->in[0];
    while (model->node[at]->neuron == NULL)
        at++;
    return mye_neuron_decay(model->node[at]);
}

typedef struct walk {
    const mye_online *o;
    mye_run *run;
    mye_pass *p;
    const mye_model *model;
} walk;

static void forward(const walk *w, const mye_module *m, int t)
{
    for (int i = m->first; i <= m->last; i++) {
        if (!w->model->node[i]->is_static || w->o->moves)
            mye_run_forward(w->run, w->p, i, t, t + 1);
        if (w->p->value[i].role & HAS_TRACE)
            mye_run_trace(w->run, w->p, i, t, trace_decay(w->model, i));
    }
    mye_run_collect(w->run, w->p, m, t, t + 1);
}

static void backward(const walk *w, const mye_module *m, int t, bool sums)
{
    mye_run_begin_backward(w->run, w->p);
    mye_run_loss_grad(w->run, w->p, m, t, t + 1, w->o->loss_scale);
    for (int i = m->last; i >= m->first; i--) {
        if (w->model->node[i]->is_static && sums)
            continue;
        if (w->p->value[i].role & READS_TRACE)
            mye_run_backward_traced(w->run, w->p, i, t, t + 1);
        else
            mye_run_backward(w->run, w->p, i, t, t + 1);
    }
}

/* Such a step announces its backward pass, as every step must, and does nothing in it. */
static void set_idle(const walk *w, bool idle)
{
    mye_run_idle(w->run, idle);
    for (int i = 0; i < w->p->n_nodes; i++) {
        mye_value *v = &w->p->value[i];
        if (!w->model->node[i]->is_static)
            continue;
        if (idle)
            v->role = (v->role & ~(unsigned)WAS_WRITTEN) | (v->grad_written ? WAS_WRITTEN : 0);
        else
            v->grad_written = (v->role & WAS_WRITTEN) != 0;
    }
}

/* One step of all modules. Each is done with before the next begins. */
static void step_of_all(const walk *w, int t, bool learn, bool known, bool sums)
{
    for (int k = 0; k < mye_run_modules(w->run); k++) {
        const mye_module *m = mye_run_enter(w->run, k);
        forward(w, m, t);
        if (!learn)
            continue;
        if (!known)
            mye_run_loss(w->run, m, t, t + 1);
        backward(w, m, t, sums);
    }
}

/* Once through all steps: `learn` with the loss of each or, when `known`, with that of all. */
static void visit(const walk *w, bool learn, bool known)
{
    const mye_online *o = w->o;
    /* At T = 1 a static value may share its gradient's memory with its reader. */
    const bool sums = learn && !o->each_static && w->p->T > 1;
    for (int t = mye_run_first_span(w->run, w->p, sums); t < w->p->T;
         t = mye_run_next_span(w->run, w->p, t)) {
        const bool trains = o->trains == NULL || mye_run_is_dry(w->run) || o->trains(o->self, t);
        if (!trains)
            set_idle(w, true);
        step_of_all(w, t, learn, known, sums);
        if (!trains)
            set_idle(w, false);
        if (learn && trains && o->moves)
            mye_run_move(w->run);
    }
    for (int k = 0; sums && k < mye_run_modules(w->run); k++) {
        const mye_module *m = mye_run_enter(w->run, k);
        for (int i = m->last; i >= m->first; i--)
            if (w->model->node[i]->is_static)
                mye_run_backward(w->run, w->p, i, 0, 1);
    }
}

void mye_online_step(mye_run *run, const mye_online *o)
{
    const walk w = {o, run, mye_run_pass(run), mye_run_model(run)};
    const bool known = !mye_run_loss_is_per_step(run);
    w.p->renews = o->moves;
    for (int i = 0; i < w.p->n_nodes; i++)
        if (w.model->node[i]->is_static && !o->moves)
            mye_run_forward(run, w.p, i, 0, 1);
    if (known) {
        visit(&w, false, false);
        for (int k = 0; k < mye_run_modules(run); k++)
            mye_run_loss(run, mye_run_enter(run, k), 0, w.p->T);
        w.p->repeated = true; /* nothing is counted, no running statistics move */
    }
    mye_run_scale_loss(run, o->loss_scale);
    visit(&w, true, known);
    mye_run_scale_loss(run, 1.0);
    w.p->repeated = false;
}
