/*
 * Diversified batch selection: of a pool of samples, those are trained on whose gradients together
 * span most of the pool's mean gradient, one sample not saying what others have said.
 *
 * A sample's feature is its gradient of the last layer, g_i = e_i r_i^T (error by mean input). With
 * the residual R = mean of the pool's features, batch times:
 *
 *   pick j with probability in proportion to |<g_j, R>|, of those not picked
 *   u = g_j less its part in the span of the picked, of length 1;  R = R - <R, u> u
 *
 * All of it are inner products, <g_i, g_j> = (e_i . e_j)(r_i . r_j): with a_ik = <g_i, u_k> this is a
 * Cholesky factorisation of the pool's Gram matrix, whose pivots are drawn,
 *
 *   d^2 = <g_j, g_j> - sum_k a_jk^2,  a_i,new = (<g_i, g_j> - sum_k a_ik a_jk) / d,
 *   <g_i, R> = <g_i, R> - <g_j, R> / d * a_i,new
 *
 * (R is orthogonal to the picked, so <R, u> = <R, g_j> / d). Chosen: a feature that is in the span of
 * the picked changes nothing, and where nothing is left of R all samples are equal; the paper says
 * neither. Source: Hong et al., Diversified Batch Selection for Training Acceleration, ICML 2024,
 * algorithm 1; data_pruning.md 6.13.
 */
#include <math.h>

#include "sample/draw.h"

typedef struct divbs_options {
    mye_budget budget;
    int64_t statistics;
} divbs_options;

static const mye_param divbs_params[] = {
    MYE_BUDGET_RHO(divbs_options, budget, "0.5",
                   "share of each pool that is not trained on: pools of batch / (1 - rho) samples; "
                   "the paper: 0.7 to 0.9"),
    {.name = "statistics",
     .type = MYE_PARAM_INT,
     .offset = offsetof(divbs_options, statistics),
     .def = "0",
     .min = 0,
     .max = 1e9,
     .unit = "samples",
     .help = "so many random samples renew the running statistics of batch normalisation before "
             "each test; 0: as published, those of the picked stay"},
    {.name = NULL}};

enum { PICK = 1, MORE };

static bool is_off(const void *options)
{
    return ((const divbs_options *)options)->budget.rho <= 0;
}

static int divbs_pool(const void *options, const mye_sample_facts *f)
{
    const divbs_options *o = options;
    return is_off(o) ? 0 : (int)lround((double)f->batch / (1 - o->budget.rho));
}

static unsigned divbs_tells(const void *options, const mye_sample_facts *f)
{
    MYE_UNUSED(f);
    return is_off(options) ? 0 : MYE_TELL_VECTORS;
}

/* The pools of an epoch: so many that their batches are the budget. */
static int64_t pools_of(const divbs_options *o, const mye_sample_facts *f)
{
    const int64_t pools = mye_budget_samples(1 - o->budget.rho, f) / f->batch;
    return pools > 0 ? pools : 1;
}

static int64_t divbs_room(const void *options, const mye_sample_facts *f)
{
    const int64_t n = pools_of(options, f) * divbs_pool(options, f);
    return n > f->n ? n : f->n;
}

/* Where the size of pools was rounded up, a few samples are seen twice. */
static void divbs_epoch(const void *options, const mye_sample_facts *f, void *state, int64_t epoch,
                        mye_sample_epoch *out)
{
    const divbs_options *o = options;
    MYE_UNUSED(state);
    mye_budget_full(f, epoch, out);
    if (is_off(o))
        return;
    int64_t *more = out->work;
    const int64_t n = pools_of(o, f) * divbs_pool(o, f);
    if (n > f->n)
        mye_draw_subset(f, epoch, MORE, NULL, f->n, n - f->n, more);
    for (int64_t i = f->n; i < n; i++)
        out->order[i] = more[i - f->n];
    out->n = n;
    out->keep = 1 - o->budget.rho;
}

static int64_t divbs_statistics(const void *options, const mye_sample_facts *f)
{
    const divbs_options *o = options;
    return f->has_batch_norm && !is_off(o) ? o->statistics : 0;
}

/* ---- a pool ---- */

/* gram [B][B] inner products; a [batch][B] as above, row k of picked sample k; along [B] <g_i, R>;
 * square [B] what is left of |g_i|^2. */
typedef struct selection {
    int B;
    double *gram, *a, *along, *square;
    bool *is_picked;
} selection;

static size_t lay_out(selection *s, void *work, size_t B, size_t batch)
{
    const size_t doubles = (B + batch + 2) * B;
    s->B = (int)B;
    s->gram = work;
    if (work != NULL) {
        s->a = s->gram + B * B;
        s->along = s->a + batch * B;
        s->square = s->along + B;
        s->is_picked = (bool *)(void *)(s->square + B);
    }
    return doubles * sizeof(double) + B * sizeof(bool);
}

static size_t divbs_work_bytes(const void *options, const mye_sample_facts *f)
{
    selection s;
    if (is_off(options))
        return 0;
    const size_t pool = lay_out(&s, NULL, (size_t)divbs_pool(options, f), (size_t)f->batch);
    const size_t order = (size_t)f->n * sizeof(int64_t);
    return pool > order ? pool : order; /* never at the same time */
}

/* In four sums, so that one addition need not wait for another. */
static double dot(const float *x, const float *y, int64_t n)
{
    double sum[4] = {0};
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++)
            sum[k] += (double)x[i + k] * (double)y[i + k];
    for (; i < n; i++)
        sum[0] += (double)x[i] * (double)y[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

static void begin(selection *s, const mye_told *t)
{
    const int64_t B = s->B, K = t->n_classes, F = t->n_feature;
    for (int64_t i = 0; i < B; i++)
        for (int64_t j = 0; j <= i; j++)
            s->gram[i * B + j] = s->gram[j * B + i] =
                dot(t->error_vector + i * K, t->error_vector + j * K, K) *
                dot(t->feature + i * F, t->feature + j * F, F);
    for (int64_t i = 0; i < B; i++) {
        double sum = 0;
        for (int64_t j = 0; j < B; j++)
            sum += s->gram[i * B + j];
        s->along[i] = sum / (double)B;
        s->square[i] = s->gram[i * B + i];
        s->is_picked[i] = false;
    }
}

/* One of those not picked, in proportion to |<g, R>|; u in [0, 1). */
static int draw(const selection *s, double most, double u)
{
    double sum = 0, running = 0;
    int last = -1;
    const bool is_left = most > 0; /* of R; else all count the same */
    for (int i = 0; i < s->B; i++)
        if (!s->is_picked[i])
            sum += is_left ? fabs(s->along[i]) : 1;
    for (int i = 0; i < s->B; i++) {
        if (s->is_picked[i] || (is_left && s->along[i] == 0))
            continue;
        running += is_left ? fabs(s->along[i]) : 1;
        last = i;
        if (running > u * sum)
            break;
    }
    return last;
}

/* Sample j is picked as number k. */
static void project(selection *s, int j, int k)
{
    const int64_t B = s->B;
    const double *gram = s->gram + j * B;
    double *row = s->a + k * B;
    /* Rounding leaves this much of a feature that is in the span of others. */
    const bool is_new = s->square[j] > 1e-10 * gram[j];
    const double d = is_new ? sqrt(s->square[j]) : 1, by = s->along[j] / d;
    s->is_picked[j] = true;
    for (int64_t i = 0; i < B; i++)
        row[i] = is_new ? gram[i] : 0;
    for (int64_t l = 0; l < k && is_new; l++) {
        const double *other = s->a + l * B, part = other[j];
        for (int64_t i = 0; i < B; i++)
            row[i] -= part * other[i];
    }
    for (int64_t i = 0; i < B && is_new; i++) {
        row[i] /= d;
        s->square[i] -= row[i] * row[i];
        s->along[i] -= by * row[i];
    }
}

/* The largest |<g, R>| of those not picked; 0 where it is rounding only. */
static double left_of(const selection *s, double first)
{
    double most = 0;
    for (int i = 0; i < s->B; i++)
        if (!s->is_picked[i])
            most = fmax(most, fabs(s->along[i]));
    return most > 1e-10 * first ? most : 0;
}

static void divbs_pick(const void *options, const mye_sample_facts *f, void *state, uint64_t seed,
                       const mye_sample_view *v, mye_sample_pick *out)
{
    selection s = {0};
    MYE_UNUSED(options);
    MYE_UNUSED(state);
    lay_out(&s, out->work, (size_t)v->B, (size_t)f->batch);
    begin(&s, &v->told);
    const double first = left_of(&s, 0);
    for (int k = 0; k < out->n; k++) {
        const double u = mye_draw_uniform(f, (int64_t)seed, PICK, (uint64_t)k);
        out->at[k] = draw(&s, left_of(&s, first), u);
        project(&s, out->at[k], k);
    }
}

const mye_sample_rule mye_sample_divbs = {
    .entry = {.name = "divbs",
              .brief = "looks at a pool and picks the samples whose gradients span its mean, none "
                       "twice",
              .source = "Hong et al., Diversified Batch Selection for Training Acceleration, ICML "
                        "2024; data_pruning.md 6.13",
              .params = divbs_params,
              .options_size = sizeof(divbs_options)},
    .work_bytes = divbs_work_bytes,
    .room = divbs_room,
    .survey_tells = divbs_tells,
    .statistics = divbs_statistics,
    .epoch = divbs_epoch,
    .pool = divbs_pool,
    .pick = divbs_pick};
