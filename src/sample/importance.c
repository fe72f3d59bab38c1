/*
 * Importance sampling: of a pool of samples that a forward pass has looked at, a batch is drawn in
 * proportion to the norm of the error, with weights that keep the mean gradient unbiased.
 *
 *   s_i = |dl_i/d(output)|,  p_i = s_i / sum s,  w_i = (1 / (B p_i))^kappa,  b draws with replacement
 *
 * Looking costs a forward pass over B = presample * b samples, so it is done only where it pays: the
 * variance that is saved is that of a batch tau times as large,
 *
 *   tau = 1 / sqrt(1 - sum (g - u)^2 / sum g^2) = sqrt(B sum g^2),  g = p,  u = 1/B,
 *
 * and tau, averaged over the steps, has to be above (B + 3b) / 3b: what a step costs then, where a
 * backward pass is two forward ones, over what it costs without. Below, batches are uniform, and tau
 * is that of the errors of the step's own samples.
 *
 * The gradient's norm of a sample is bounded by that of its error where activations are normalised
 * (paper, eq. 16-20). Source: Katharopoulos and Fleuret, Not All Samples Are Created Equal, ICML 2018,
 * algorithm 1; data_pruning.md 6.9.
 */
#include <math.h>

#include "sample/draw.h"

typedef struct importance_options {
    mye_budget budget;
    int64_t presample;
    double kappa, tau;
} importance_options;

static const mye_param importance_params[] = {
    MYE_BUDGET_RHO(importance_options, budget, "0",
                   "share of the steps that is left out; 0: as published, as many as without"),
    {.name = "presample",
     .type = MYE_PARAM_INT,
     .offset = offsetof(importance_options, presample),
     .def = "3",
     .min = 1,
     .max = 100,
     .unit = "batches",
     .help = "size of the pool that a batch is drawn from"},
    {.name = "kappa",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(importance_options, kappa),
     .def = "1",
     .min = 0,
     .max = 1,
     .unit = "",
     .help = "exponent of the weights: 1 is unbiased, 0.5 the biased variant of the authors"},
    {.name = "tau",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(importance_options, tau),
     .def = "0",
     .min = 0,
     .max = 1e9,
     .unit = "",
     .help = "draws by importance once the saving tau is above that; 0: (presample + 3) / 3"},
    {.name = NULL}};

#define MEMORY 0.9 /* of the moving average; algorithm 1, alpha_tau */

enum { DRAW = 1, REST };

typedef struct importance_state {
    double tau;     /* moving average, from 0 on */
    int64_t picked; /* is the step's batch one that was drawn by importance? */
} importance_state;

static size_t importance_state_bytes(const void *options, const mye_sample_facts *f)
{
    MYE_UNUSED(options);
    MYE_UNUSED(f);
    return sizeof(importance_state);
}

static int importance_pool(const void *options, const mye_sample_facts *f)
{
    return (int)(((const importance_options *)options)->presample * f->batch);
}

static size_t importance_work_bytes(const void *options, const mye_sample_facts *f)
{
    const size_t pool = (size_t)importance_pool(options, f) * sizeof(double);
    const size_t order = (size_t)f->n * sizeof(int64_t);
    return pool > order ? pool : order; /* never at the same time */
}

static int64_t importance_room(const void *options, const mye_sample_facts *f)
{
    return ((const importance_options *)options)->presample * f->n;
}

static unsigned importance_tells(const void *options, const mye_sample_facts *f)
{
    MYE_UNUSED(options);
    MYE_UNUSED(f);
    return MYE_TELL_ERROR;
}

static bool importance_weighs(const void *options)
{
    return ((const importance_options *)options)->kappa > 0;
}

static double threshold(const importance_options *o)
{
    return o->tau > 0 ? o->tau : ((double)o->presample + 3) / 3;
}

static bool importance_looks(const void *options, const mye_sample_facts *f, const void *state)
{
    MYE_UNUSED(f);
    return ((const importance_state *)state)->tau > threshold(options);
}

/* Column j of the pools is an order of all samples of its own: the first is that of policy `all`, so
 * that training without importance is the plain loop. */
static void importance_epoch(const void *options, const mye_sample_facts *f, void *state,
                             int64_t epoch, mye_sample_epoch *out)
{
    const importance_options *o = options;
    const importance_state *s = state;
    int64_t *column = out->work;
    out->keep = 1 - o->budget.rho;
    const int64_t batches = mye_budget_samples(out->keep, f) / f->batch;
    for (int64_t j = 0; j < o->presample; j++) {
        if (j == 0)
            mye_draw_all(f, epoch, column);
        else
            mye_draw_subset(f, epoch, REST + (uint64_t)j, NULL, f->n, f->n, column);
        for (int64_t k = 0; k < batches; k++)
            for (int64_t b = 0; b < f->batch; b++)
                out->order[(k * o->presample + j) * f->batch + b] = column[k * f->batch + b];
    }
    out->n = batches * o->presample * f->batch;
    if (s->tau > 0) /* (sum s)^2 / (B sum s^2) */
        out->spread = 1 / (s->tau * s->tau);
}

/* Of B errors; returns their sum. */
static double note_tau(importance_state *s, const float *error, int B)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < B; i++) {
        sum += (double)error[i];
        squares += (double)error[i] * (double)error[i];
    }
    const double tau = sum > 0 ? sqrt(B * squares) / sum : 1;
    s->tau = MEMORY * s->tau + (1 - MEMORY) * tau;
    return sum;
}

static void importance_observe(const void *options, const mye_sample_facts *f, void *state,
                               void *scratch, int64_t epoch, const mye_sample_view *v)
{
    importance_state *s = state;
    MYE_UNUSED(options);
    MYE_UNUSED(f);
    MYE_UNUSED(scratch);
    MYE_UNUSED(epoch);
    if (!s->picked) /* the errors of a batch drawn by error say nothing of all samples */
        note_tau(s, v->told.error, v->B);
    s->picked = 0;
}

/* The first place whose running sum is above u. */
static int find(const double *sum, int n, double u)
{
    int low = 0, high = n - 1;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (sum[middle] > u)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void importance_pick(const void *options, const mye_sample_facts *f, void *state,
                            uint64_t seed, const mye_sample_view *v, mye_sample_pick *out)
{
    const importance_options *o = options;
    importance_state *s = state;
    const float *error = v->told.error;
    double *running = out->work, total = 0;
    const double sum = note_tau(s, error, v->B);
    int last = 0; /* that can be drawn: rounding must not go beyond */
    s->picked = 1;
    if (!(sum > 0)) /* nothing is wrong: the first b, as they are */
        return;
    for (int i = 0; i < v->B; i++) {
        running[i] = total += (double)error[i];
        last = error[i] > 0 ? i : last;
    }
    for (int k = 0; k < out->n; k++) {
        const double u = total * mye_draw_uniform(f, (int64_t)seed, DRAW, (uint64_t)k);
        out->at[k] = find(running, last + 1, u);
        const double w = sum / (v->B * (double)error[out->at[k]]);
        out->weight[k] = (float)pow(w, o->kappa);
    }
}

const mye_sample_rule mye_sample_importance = {
    .entry = {.name = "importance",
              .brief = "looks at a pool and draws a batch by the size of the error, weighted, once "
                       "that pays",
              .source = "Katharopoulos and Fleuret, Not All Samples Are Created Equal, ICML 2018; "
                        "data_pruning.md 6.9",
              .params = importance_params,
              .options_size = sizeof(importance_options)},
    .state_bytes = importance_state_bytes,
    .work_bytes = importance_work_bytes,
    .room = importance_room,
    .tells = importance_tells,
    .survey_tells = importance_tells,
    .weighs = importance_weighs,
    .epoch = importance_epoch,
    .observe = importance_observe,
    .pool = importance_pool,
    .looks = importance_looks,
    .pick = importance_pick};
