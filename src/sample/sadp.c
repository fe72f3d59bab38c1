/*
 * SADP (re-derived): samples are kept with a probability in proportion to the norm of their gradient,
 * which the spikes bound or give, and weighted so that the mean gradient is unbiased.
 *
 * What is published of the method is its abstract (Ma et al. 2025); scores, schedule and constants are
 * those of our own derivation (data_pruning.md sections 3 and 4).
 */
#include <math.h>
#include <string.h>

#include "sample/cost.h"
#include "sample/draw.h"
#include "sample/score.h"
#include "sample/select.h"

enum { CONSTANT, ADAPTIVE };
enum { MEAN, SUM };

typedef struct sadp_options {
    mye_budget budget;
    int score, schedule, weight;
    double alpha, power, beta, gamma, kappa, cost;
    int64_t statistics;
    bool stratify, measure;
} sadp_options;

#define NUMBER(field, dflt, low, high, words)                                             \
    {                                                                                     \
        .name = #field, .type = MYE_PARAM_FLOAT, .offset = offsetof(sadp_options, field), \
        .def = dflt, .min = low, .max = high, .unit = "", .help = words                   \
    }
#define CHOICE(field, dflt, list, words)                                                   \
    {                                                                                      \
        .name = #field, .type = MYE_PARAM_CHOICE, .offset = offsetof(sadp_options, field), \
        .def = dflt, .choices = list, .unit = "", .help = words                            \
    }

static const mye_param sadp_params[] = {
    MYE_BUDGET_RHO(sadp_options, budget, "0.5",
                   "share of the visits that is left out, full epochs "
                   "counted; 0: plain training"),
    CHOICE(
        score, "auto", "auto|" MYE_SCORES,
        "what stands for the norm of a sample's gradient: that of the readout (out), of all layers "
        "(delta), error and spikes (count), error (el2n), loss, nothing (uniform); auto: delta "
        "where most weights are dense, else out"),
    NUMBER(alpha, "0.2", 0.001, 1, "share of uniform probability: no weight is above 1/alpha"),
    NUMBER(power, "1", 0.01, 2, "exponent of the scores, before they are mixed with it"),
    NUMBER(beta, "1", 0.001, 1, "share of a new score in the kept one"),
    CHOICE(schedule, "constant", "constant|adaptive",
           "the same share each epoch, or more while scores are alike"),
    CHOICE(weight, "mean", "mean|sum",
           "mean: a step's gradient is that of all data; sum: that of an epoch's steps together, "
           "which is mean with the learning rate divided by the kept share"),
    NUMBER(gamma, "0", 0, 1, "the learning rate is multiplied by (1 / kept share)^gamma"),
    NUMBER(kappa, "1", 0, 1, "exponent of the weights: 1 is unbiased, 0 leaves weights out"),
    {.name = "stratify",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(sadp_options, stratify),
     .def = "no",
     .unit = "",
     .help = "draw class by class, so that classes keep their shares"},
    NUMBER(cost, "0", 0, 1,
           "share of a step's time that grows with the sample's spikes: costly samples are visited "
           "less"),
    {.name = "measure",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(sadp_options, measure),
     .def = "no",
     .unit = "",
     .help =
         "measure that share in the full epochs, in place of cost; runs are no more the same to "
         "the bit"},
    MYE_BUDGET_WARM(sadp_options, budget, "-1"),
    MYE_BUDGET_ANNEAL(sadp_options, budget, "0"),
    {.name = "statistics",
     .type = MYE_PARAM_INT,
     .offset = offsetof(sadp_options, statistics),
     .def = "2048",
     .min = 0,
     .max = 1e9,
     .unit = "samples",
     .help =
         "where no full epoch ends the run: so many random samples renew the running statistics "
         "of batch normalisation before each test"},
    {.name = NULL}};

typedef struct sadp_state {
    double visited;      /* samples, in the epochs that were decided  */
    double first_spread; /* of the scores when pruning began; 0: not yet */
    mye_cost cost;
} sadp_state;

/* Behind it: scores (NAN: not seen), spikes (with a cost only), epochs of last sight. */
static float *scores_of(void *state)
{
    return (float *)((sadp_state *)state + 1);
}

static bool wants_cost(const sadp_options *o)
{
    return o->cost > 0 || o->measure;
}

static uint32_t *seen_of(const sadp_options *o, const mye_sample_facts *f, void *state)
{
    return (uint32_t *)(void *)(scores_of(state) + f->n * (wants_cost(o) ? 2 : 1));
}

static size_t sadp_state_bytes(const void *options, const mye_sample_facts *f)
{
    const sadp_options *o = options;
    /* All bytes 0 is "not seen": seen holds the epoch plus 1. */
    return sizeof(sadp_state) + (size_t)f->n * (wants_cost(o) ? 12 : 8);
}

static mye_status sadp_open(mye_context *ctx, const void *options, const mye_sample_facts *f,
                            void *state, mye_error *err)
{
    MYE_UNUSED(ctx);
    MYE_UNUSED(options);
    MYE_UNUSED(err);
    mye_select_unknown(scores_of(state), f->n);
    return MYE_OK;
}

/* ---- scores ---- */

static mye_score score_of(const sadp_options *o, const mye_sample_facts *f)
{
    if (o->score > 0) /* 0: auto */
        return (mye_score)(o->score - 1);
    return f->dense_share > 0.5 ? MYE_SCORE_DELTA : MYE_SCORE_OUT;
}

static unsigned sadp_tells(const void *options, const mye_sample_facts *f)
{
    const sadp_options *o = options;
    if (o->budget.rho <= 0)
        return 0;
    return mye_score_tells(score_of(o, f)) | (wants_cost(o) ? MYE_TELL_SPIKES : 0);
}

static void sadp_observe(const void *options, const mye_sample_facts *f, void *state, void *scratch,
                         int64_t epoch, const mye_sample_view *v)
{
    const sadp_options *o = options;
    sadp_state *s = state;
    float *kept = scores_of(state), *spikes = kept + f->n;
    uint32_t *seen = seen_of(o, f, state);
    MYE_UNUSED(scratch);
    if (o->budget.rho <= 0)
        return;
    const mye_score which = score_of(o, f);
    for (int b = 0; b < v->B; b++) {
        const int64_t i = v->index[b];
        const float now = mye_score_of(which, &v->told, b);
        kept[i] =
            seen[i] == 0 ? now : (float)((1 - o->beta) * (double)kept[i] + o->beta * (double)now);
        seen[i] = (uint32_t)epoch + 1;
        if (wants_cost(o))
            spikes[i] = v->told.spikes[b];
    }
    if (o->measure && v->seconds > 0 && v->B == f->batch)
        mye_cost_add(&s->cost, v);
}

/* ---- probabilities ---- */

/* What stands for each sample's score: unseen ones count as the mean of the seen. Written to q; their
 * spread returned: (sum s)^2 / (n sum s^2). */
static double fill_scores(const sadp_options *o, const mye_sample_facts *f, void *state, double *q)
{
    const float *kept = scores_of(state), *spikes = kept + f->n;
    const uint32_t *seen = seen_of(o, f, state);
    const double share = o->measure ? mye_cost_share(&((sadp_state *)state)->cost) : o->cost;
    double sum = 0, squares = 0, all_spikes = 0;
    int64_t n_seen = 0;
    for (int64_t i = 0; i < f->n; i++) {
        if (seen[i] == 0)
            continue;
        n_seen++;
        sum += (double)kept[i];
        all_spikes += share > 0 ? (double)spikes[i] : 0;
    }
    const double mean = n_seen > 0 && sum > 0 ? sum / (double)n_seen : 1;
    const double mean_spikes = n_seen > 0 ? all_spikes / (double)n_seen : 0;
    sum = 0;
    for (int64_t i = 0; i < f->n; i++) {
        q[i] = seen[i] == 0 || n_seen == 0 ? mean : (double)kept[i];
        if (o->power != 1)
            q[i] = pow(q[i], o->power);
        if (share > 0 && seen[i] != 0 && mean_spikes > 0)
            q[i] /= sqrt(1 - share + share * (double)spikes[i] / mean_spikes);
        sum += q[i];
        squares += q[i] * q[i];
    }
    for (int64_t i = 0; i < f->n; i++)
        q[i] = sum > 0 ? (1 - o->alpha) * q[i] / sum + o->alpha / (double)f->n : 1 / (double)f->n;
    return squares > 0 ? sum * sum / ((double)f->n * squares) : 1;
}

/* The visits that are left, over the epochs that are left, in proportion to the spread of scores: that is
 * the share of samples that carries the gradient, and it falls while a network learns. It is taken to
 * go on falling in a line to half of what it was when pruning began. */
static double keep_now(const sadp_options *o, const mye_budget_plan *p, const mye_sample_facts *f,
                       sadp_state *s, int64_t epoch, double spread)
{
    const double left = (double)(f->epochs - p->anneal - epoch), n = (double)f->n;
    const double budget =
        (1 - o->budget.rho) * n * (double)f->epochs - s->visited - n * (double)p->anneal;
    if (o->schedule == CONSTANT || left <= 0)
        return p->keep;
    if (s->first_spread <= 0)
        s->first_spread = spread;
    const double fall = fmin(1, 0.5 * s->first_spread / spread);
    return fmin(1, fmax(0.05, budget / (left * n * (left > 1 ? (1 + fall) / 2 : 1))));
}

/* A permutation of all samples, grouped by class where classes keep their shares; place [classes] is
 * room to count in. */
static void visiting_order(const sadp_options *o, const mye_sample_facts *f, int64_t epoch,
                           int64_t *place, int64_t *visit, int64_t *room)
{
    int64_t first = 0;
    mye_draw_all(f, epoch, o->stratify ? room : visit);
    if (!o->stratify)
        return;
    for (int k = 0; k < f->classes; k++)
        place[k] = 0;
    for (int64_t i = 0; i < f->n; i++)
        place[f->label[i]]++;
    for (int k = 0; k < f->classes; k++) {
        const int64_t n = place[k];
        place[k] = first;
        first += n;
    }
    for (int64_t i = 0; i < f->n; i++)
        visit[place[f->label[room[i]]]++] = room[i];
}

static size_t sadp_work_bytes(const void *options, const mye_sample_facts *f)
{
    const sadp_options *o = options;
    return o->budget.rho <= 0 ? 0
                              : (size_t)f->n * (sizeof(double) + sizeof(int64_t)) +
                                    (size_t)f->classes * sizeof(int64_t);
}

enum { START = 1, ORDER };

/* w = m / (n pi) (mean) or 1 / pi (sum), to the power kappa with mean 1 over what is visited. */
static void set_weights(const sadp_options *o, const mye_sample_facts *f, const double *pi,
                        mye_sample_epoch *out)
{
    const double share = (double)out->n / (double)f->n;
    double sum = 0;
    for (int64_t i = 0; i < out->n; i++) {
        const double w = share / pi[out->order[i]];
        out->weight[i] = (float)(o->kappa == 1 ? w : pow(w, o->kappa));
        sum += (double)out->weight[i];
    }
    const double by =
        (o->weight == SUM ? 1 / share : 1) * (o->kappa == 1 ? 1 : (double)out->n / sum);
    for (int64_t i = 0; by != 1 && i < out->n; i++)
        out->weight[i] *= (float)by;
    out->lr_scale = pow(1 / share, o->gamma);
}

static void sadp_epoch(const void *options, const mye_sample_facts *f, void *state, int64_t epoch,
                       mye_sample_epoch *out)
{
    const sadp_options *o = options;
    const mye_budget_plan p = mye_budget_make(&o->budget, f);
    sadp_state *s = state;
    if (mye_budget_is_full(&o->budget, &p, f, epoch)) {
        mye_budget_full(f, epoch, out);
        s->visited += o->budget.rho > 0 ? (double)out->n : 0;
        return;
    }
    double *q = out->work;
    int64_t *visit = (int64_t *)(void *)(q + f->n), capped;
    out->spread = fill_scores(o, f, state, q);
    out->keep = keep_now(o, &p, f, s, epoch, out->spread);
    const int64_t m = mye_budget_samples(out->keep, f);
    mye_draw_water_fill(q, f->n, (double)m, q, &capped);
    visiting_order(o, f, epoch, visit + f->n, visit, out->order);
    out->n = mye_draw_systematic(q, visit, f->n, 1 - mye_draw_uniform(f, epoch, START, 0), m,
                                 out->order);
    mye_draw_shuffle(f, epoch, ORDER, out->n, out->order, NULL);
    set_weights(o, f, q, out);
    out->capped = (double)capped;
    out->mean_age = mye_select_mean_age(seen_of(o, f, state), f->n, epoch);
    s->visited += (double)out->n;
}

static int64_t sadp_statistics(const void *options, const mye_sample_facts *f)
{
    const sadp_options *o = options;
    const bool wants = o->budget.rho > 0 && f->has_batch_norm;
    return wants && mye_budget_make(&o->budget, f).anneal == 0 ? o->statistics : 0;
}

static bool sadp_weighs(const void *options)
{
    const sadp_options *o = options;
    return o->budget.rho > 0 && (o->kappa > 0 || o->weight == SUM);
}

static bool sadp_wants_labels(const void *options)
{
    return ((const sadp_options *)options)->stratify;
}

static const float *sadp_scores(const void *options, const mye_sample_facts *f, const void *state)
{
    MYE_UNUSED(f);
    return ((const sadp_options *)options)->budget.rho > 0
               ? (const float *)((const sadp_state *)state + 1)
               : NULL;
}

static mye_status sadp_check(const void *options, const mye_sample_facts *f, mye_error *err)
{
    const sadp_options *o = options;
    MYE_UNUSED(f);
    if (o->measure && o->cost > 0)
        return mye_fail(err, MYE_ERR_ARG,
                        "sample 'sadp': cost is either given (cost=%g) or measured (measure=yes), "
                        "got both",
                        o->cost);
    return MYE_OK;
}

const mye_sample_rule mye_sample_sadp = {
    .entry = {.name = "sadp",
              .brief = "by the size of their gradient, weighted: spike-aware data pruning "
                       "(re-derived)",
              .source = "Ma et al., Efficient Training of Spiking Neural Networks by Spike-aware "
                        "Data Pruning, arXiv 2510.04098 (abstract); data_pruning.md 3, 4",
              .params = sadp_params,
              .options_size = sizeof(sadp_options)},
    .wants_labels = sadp_wants_labels,
    .check = sadp_check,
    .state_bytes = sadp_state_bytes,
    .open = sadp_open,
    .work_bytes = sadp_work_bytes,
    .tells = sadp_tells,
    .statistics = sadp_statistics,
    .weighs = sadp_weighs,
    .epoch = sadp_epoch,
    .observe = sadp_observe,
    .scores = sadp_scores};
