/*
 * IDE: implicit differentiation at the equilibrium of rates.
 *
 * The forward stage is SPIDE's: T spiking steps, of which rates and counts are kept. The gradient is
 * then that of the fixed point, exactly: equation (1) of equilibrium.h is solved by numbers. Its
 * unknown is what goes back through the feedback connections; with that given, one sweep down the
 * layers tells beta of every neuron, and what goes back anew. `iterations` at most, each one sweep;
 * a sample is left alone when its residual is `tolerance` of its size, and when all are, the rest is
 * left out.
 *
 *   solver=broyden  Broyden's method, each sample with `memory` pairs of its own
 *   solver=fixed    plain iteration, the same sweep again and again; it needs a contraction
 *
 * SPIDE with T_B to infinity and no beta beyond its amplitude solves the same equation.
 *
 * Source: Xiao, Meng, Zhang, Wang, Lin, "Training Feedback Spiking Neural Networks by Implicit
 * Differentiation on the Equilibrium State", NeurIPS 2021 (arXiv 2109.14247), section 4.
 */
#include "time/broyden.h"
#include "time/equilibrium.h"

#include "node/feedback.h"

#include <stddef.h>
#include <string.h>

typedef struct ide_options {
    int solver;
    int64_t iterations, memory;
    double tolerance, norm;
} ide_options;

enum { SOLVER_BROYDEN, SOLVER_FIXED };

static const mye_param params[] = {
    {.name = "solver",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(ide_options, solver),
     .def = "broyden",
     .choices = "broyden|fixed",
     .unit = "",
     .help = "how the linear system is solved; fixed: plain iteration"},
    {.name = "iterations",
     .type = MYE_PARAM_INT,
     .offset = offsetof(ide_options, iterations),
     .def = "30",
     .min = 1,
     .max = 1000,
     .unit = "",
     .help = "sweeps at most"},
    {.name = "tolerance",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(ide_options, tolerance),
     .def = "1e-5",
     .min = 0,
     .max = 1,
     .unit = "",
     .help = "residual of a sample, by the size of its solution, at which it is done"},
    {.name = "memory",
     .type = MYE_PARAM_INT,
     .offset = offsetof(ide_options, memory),
     .def = "10",
     .min = 1,
     .max = 100,
     .unit = "",
     .help = "pairs of vectors that Broyden's method keeps of each sample"},
    {.name = "norm",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(ide_options, norm),
     .def = "0",
     .min = 0,
     .max = 1e6,
     .unit = "",
     .help = "largest Frobenius norm of a feedback weight; 0: any"},
    {.name = NULL},
};

/* ---- the unknown: what goes back to each later node that feedback names ---- */

/* The next feedback node behind `node` (from -1 on) that is the first to name its later node, or -1.
 * It bears what is kept of that part of the equation. */
static int next_part(const mye_model *model, int node)
{
    for (int i = mye_model_feedback(model, node); i >= 0; i = mye_model_feedback(model, i)) {
        int first = mye_model_feedback(model, -1);
        while (mye_feedback_from(model->node[first]) != mye_feedback_from(model->node[i]))
            first = mye_model_feedback(model, first);
        if (first == i)
            return i;
    }
    return -1;
}

static mye_status check(const void *options, const mye_model *model, const mye_run_options *o,
                        mye_error *err)
{
    int parts = 0;
    (void)options;
    for (int i = next_part(model, -1); i >= 0; i = next_part(model, i))
        parts++;
    if (parts > MYE_BROYDEN_PARTS)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "time rule 'ide' takes feedback from at most %d nodes, got %d",
                        MYE_BROYDEN_PARTS, parts);
    return mye_eq_check("ide", model, o, err);
}

static void prepare(const void *options, mye_run *run)
{
    const ide_options *o = options;
    const mye_model *model = mye_run_model(run);
    mye_pass *rates = mye_eq_prepare(run, false);
    if (rates == NULL)
        return;
    const size_t B = (size_t)mye_run_asked(run)->B;
    for (int i = next_part(model, -1); i >= 0; i = next_part(model, i)) {
        const size_t bytes = B * (size_t)rates->value[i].n * sizeof(float);
        const size_t pairs = o->solver == SOLVER_BROYDEN ? (size_t)o->memory * bytes : 0;
        mye_run_need(run, rates, i, MYE_SLOT_U, 3 * bytes);
        if (pairs > 0) {
            mye_run_need(run, rates, i, MYE_SLOT_R, pairs);
            mye_run_need(run, rates, i, MYE_SLOT_E, pairs);
        }
        mye_run_need(run, rates, i, MYE_SLOT_EPS, B * MYE_BROYDEN_STATE * sizeof(float));
    }
}

static int64_t sweeps(const void *options)
{
    return ((const ide_options *)options)->iterations + 1;
}

/* ---- solving ---- */

typedef struct solver {
    const ide_options *o;
    const mye_eq *eq;
    mye_broyden equation;
    bool begins, all_done;
} solver;

static void adjoint_neuron(const void *arg, const mye_eq_chunk *c)
{
    (void)arg;
    for (int64_t i = 0; i < c->n; i++) {
        c->beta[i] = (c->grad != NULL ? c->grad[i] : 0.0f);
        c->beta[i] += (c->drive != NULL ? c->drive[i] : 0.0f);
        c->out[i] = c->beta[i];
    }
}

enum { U, R, E, EPS, GRAD, TOUCHES }; /* of a part: x and residual, pairs, state; f */

typedef struct bound {
    solver *s;
    int n; /* touches */
} bound;

/* Where the equation's vectors are in this op. */
static void bind(const bound *b, const mye_touch *touch)
{
    const solver *s = b->s;
    mye_broyden *e = &b->s->equation;
    *e = (mye_broyden){.n_parts = b->n / TOUCHES,
                       .B = s->eq->rates->B,
                       .memory = s->o->solver == SOLVER_BROYDEN ? (int)s->o->memory : 0,
                       .tolerance = s->o->tolerance};
    for (int q = 0; q < e->n_parts; q++, touch += TOUCHES) {
        const mye_value *kept = &s->eq->rates->value[touch[U].node];
        const mye_value *from = &s->eq->rates->value[touch[GRAD].node];
        e->part[q] = (mye_broyden_part){from->n, from->grad, kept->u, kept->r, kept->e};
        e->state = kept->eps;
    }
}

/* The sweep begins with x as what goes back through feedback. */
static void load_x(const mye_touch *touch, void *arg)
{
    const bound *b = arg;
    bind(b, touch);
    if (b->s->begins)
        mye_broyden_begin(&b->s->equation);
    for (int q = 0; q < b->s->equation.n_parts; q++) {
        const mye_broyden_part *part = &b->s->equation.part[q];
        for (int i = 0; i < b->s->equation.B; i++)
            memcpy((float *)(uintptr_t)part->f + i * part->n, part->x + (int64_t)i * 3 * part->n,
                   (size_t)part->n * sizeof(float));
    }
}

static void update_x(const mye_touch *touch, void *arg)
{
    const bound *b = arg;
    bind(b, touch);
    b->s->all_done = mye_broyden_update(&b->s->equation, b->s->eq->rates->lanes.ctx);
}

static void work_on_x(solver *s, void (*work)(const mye_touch *touch, void *arg), bool loads)
{
    static const mye_slot slots[] = {MYE_SLOT_U, MYE_SLOT_R, MYE_SLOT_E, MYE_SLOT_EPS};
    mye_touch touch[TOUCHES * MYE_BROYDEN_PARTS];
    const mye_model *model = mye_run_model(s->eq->run);
    mye_pass *rates = s->eq->rates;
    bound b = {s, 0};
    for (int i = next_part(model, -1); i >= 0; i = next_part(model, i)) {
        const int from = mye_feedback_from(model->node[i]);
        for (int k = 0; k < GRAD; k++)
            touch[b.n++] = (mye_touch){rates, i, slots[k], true};
        touch[b.n++] = (mye_touch){rates, from, MYE_SLOT_GRAD, loads};
        if (loads)
            rates->value[from].grad_written = true;
    }
    mye_run_op(s->eq->run, touch, b.n, work, &b);
}

static void solve(const ide_options *o, const mye_eq *eq)
{
    solver s = {.o = o, .eq = eq, .begins = true};
    const bool has_feedback = mye_model_feedback(mye_run_model(eq->run), -1) >= 0;
    for (int k = 0; has_feedback && k < (int)o->iterations; k++) {
        work_on_x(&s, load_x, true);
        s.begins = false;
        mye_eq_sweep(eq, adjoint_neuron, NULL, -1);
        work_on_x(&s, update_x, false);
        mye_run_idle(eq->run, s.all_done);
    }
    mye_run_idle(eq->run, false);
    if (has_feedback)
        work_on_x(&s, load_x, true);
    mye_eq_sweep(eq, adjoint_neuron, NULL, -1); /* beta of this x */
}

static void step(const void *options, mye_run *run)
{
    const ide_options *o = options;
    const mye_eq eq = mye_eq_begin(run, mye_run_enter(run, 0));
    mye_eq_restrict(&eq, o->norm);
    mye_eq_forward(&eq);
    mye_eq_head(&eq);
    solve(o, &eq);
    mye_eq_weights(&eq);
}

const mye_time_rule mye_time_ide = {
    .entry = {.name = "ide",
              .brief = "implicit differentiation at the equilibrium of feedback networks",
              .source = "Xiao et al. 2021, NeurIPS, arXiv 2109.14247",
              .params = params,
              .options_size = sizeof(ide_options)},
    .takes_feedback = true,
    .one_module = true,
    .check = check,
    .prepare = prepare,
    .sweeps = sweeps,
    .step = step,
};
