/*
 * Moderate coreset: samples in the middle of the distances from their class are kept, the typical ones
 * and the outliers are left out.
 *
 * After `at` full epochs the network looks at all samples twice. First, the features (what the last
 * layer reads) of up to `most` samples of each class, drawn uniformly, are kept; their median, feature
 * by feature, is the class's centre. Then each sample's distance from the centre of its class is
 * taken, |r_i - centre|_2. All samples are ranked by it, whatever their class, and the middle of the
 * ranking is trained on for the rest of the run: as many are dropped from either end.
 *
 * Deviation: the authors take the medians over all samples of a class and a network that was trained
 * for selection alone; here the epochs before count as visited, and `most` bounds the memory, which is
 * classes * most * features floats during the survey (`most` at the size of the classes is their
 * rule). Source: Xia et al., Moderate Coreset, ICLR 2023, and its code; data_pruning.md 6.11.
 */
#include <math.h>
#include <stdlib.h>

#include "sample/draw.h"

typedef struct moderate_options {
    mye_budget budget;
    int64_t at, most;
} moderate_options;

static const mye_param moderate_params[] = {
    MYE_BUDGET_RHO(moderate_options, budget, "0.5",
                   "share of the visits that is left out, the full epochs counted; 0: plain "
                   "training"),
    {.name = "at",
     .type = MYE_PARAM_INT,
     .offset = offsetof(moderate_options, at),
     .def = "-1",
     .min = -1,
     .max = 1e9,
     .unit = "epochs",
     .help = "full epochs before samples are chosen; they count as visited; -1: 10 %, at least 1"},
    {.name = "most",
     .type = MYE_PARAM_INT,
     .offset = offsetof(moderate_options, most),
     .def = "256",
     .min = 1,
     .max = 1e9,
     .unit = "samples",
     .help = "of each class at most, whose median is its centre"},
    {.name = NULL}};

typedef struct moderate_state {
    int64_t is_chosen;
} moderate_state;

/* Behind it: the samples' distances [n]. */
static float *distances_of(void *state)
{
    return (float *)((moderate_state *)state + 1);
}

static bool is_off(const void *options)
{
    return ((const moderate_options *)options)->budget.rho <= 0;
}

static size_t moderate_state_bytes(const void *options, const mye_sample_facts *f)
{
    return is_off(options) ? 0 : sizeof(moderate_state) + (size_t)f->n * sizeof(float);
}

static mye_budget_plan plan_of(const moderate_options *o, const mye_sample_facts *f)
{
    mye_budget b = {.rho = o->budget.rho, .warm = o->at};
    if (b.warm < 0)
        b.warm = (int64_t)fmax(1, ceil(0.10 * (double)f->epochs));
    return mye_budget_make(&b, f);
}

static mye_status moderate_check(const void *options, const mye_sample_facts *f, mye_error *err)
{
    const moderate_options *o = options;
    const mye_budget_plan p = plan_of(o, f);
    if (is_off(o) || o->at < 0 || p.warm == o->at || f->epochs == 0)
        return MYE_OK;
    return mye_fail(err, MYE_ERR_ARG,
                    "sample 'moderate': at=%lld full epochs of %lld leave less than 5 %% of the "
                    "samples for the others with rho=%g; at most %lld do",
                    (long long)o->at, (long long)f->epochs, o->budget.rho, (long long)p.warm);
}

/* ---- centres ---- */

/* Scratch of a survey: features [classes][most][F] that were kept, centres [classes][F], a column
 * [most], how many were kept [classes]. */
typedef struct centres {
    int64_t F, most;
    float *kept, *centre, *column;
    int32_t *count;
} centres;

static size_t lay_out(const moderate_options *o, const mye_sample_facts *f, void *scratch,
                      centres *c)
{
    const int64_t K = f->classes;
    *c = (centres){.F = f->n_feature, .most = o->most < f->n ? o->most : f->n, .kept = scratch};
    const int64_t kept = K * c->most * c->F, floats = kept + K * c->F + c->most;
    if (scratch != NULL) {
        c->centre = c->kept + kept;
        c->column = c->centre + K * c->F;
        c->count = (int32_t *)(void *)(c->kept + floats);
    }
    return (size_t)floats * sizeof(float) + (size_t)K * sizeof(int32_t);
}

static size_t moderate_scratch_bytes(const void *options, const mye_sample_facts *f)
{
    centres c;
    return is_off(options) ? 0 : lay_out(options, f, NULL, &c);
}

static int compare(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Of an even number, the mean of the two in the middle, as the authors' code. */
static float median(float *x, int64_t n)
{
    qsort(x, (size_t)n, sizeof *x, compare);
    return n % 2 == 1 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

static void find_centres(const moderate_options *o, const mye_sample_facts *f, void *scratch)
{
    centres c;
    lay_out(o, f, scratch, &c);
    for (int64_t k = 0; k < f->classes; k++)
        for (int64_t i = 0; i < c.F && c.count[k] > 0; i++) {
            for (int64_t m = 0; m < c.count[k]; m++)
                c.column[m] = c.kept[(k * c.most + m) * c.F + i];
            c.centre[k * c.F + i] = median(c.column, c.count[k]);
        }
}

static void keep_features(const mye_sample_facts *f, centres *c, const mye_sample_view *v)
{
    for (int b = 0; b < v->B; b++) {
        const int32_t k = f->label[v->index[b]];
        if (c->count[k] == c->most)
            continue;
        float *to = c->kept + (k * c->most + c->count[k]++) * c->F;
        for (int64_t i = 0; i < c->F; i++)
            to[i] = v->told.feature[b * c->F + i];
    }
}

static float distance(const centres *c, int32_t k, const float *feature)
{
    double sum = 0;
    for (int64_t i = 0; i < c->F; i++) {
        const double d = (double)feature[i] - (double)c->centre[k * c->F + i];
        sum += d * d;
    }
    return (float)sqrt(sum);
}

/* ---- the two passes ---- */

enum { FEATURES, DISTANCES, DONE };

/* While a survey is at work, is_chosen is 0 in the first pass and -1 in the second. */
static int64_t moderate_survey(const void *options, const mye_sample_facts *f, void *state,
                               void *scratch, int64_t epoch, int pass, int64_t *order)
{
    const moderate_options *o = options;
    moderate_state *s = state;
    if (is_off(o) || epoch < plan_of(o, f).warm || s->is_chosen > 0)
        return 0;
    if (pass == DONE) {
        s->is_chosen = 1;
        return 0;
    }
    if (pass == DISTANCES) {
        find_centres(o, f, scratch);
        s->is_chosen = -1;
    }
    mye_draw_all(f, epoch, order); /* the first of each class are drawn uniformly */
    return f->n;
}

static void moderate_observe(const void *options, const mye_sample_facts *f, void *state,
                             void *scratch, int64_t epoch, const mye_sample_view *v)
{
    centres c;
    MYE_UNUSED(epoch);
    if (!v->forward_only || is_off(options))
        return;
    lay_out(options, f, scratch, &c);
    if (((const moderate_state *)state)->is_chosen == 0) {
        keep_features(f, &c, v);
        return;
    }
    for (int b = 0; b < v->B; b++)
        distances_of(state)[v->index[b]] =
            distance(&c, f->label[v->index[b]], v->told.feature + b * c.F);
}

/* ---- epochs ---- */

static size_t moderate_work_bytes(const void *options, const mye_sample_facts *f)
{
    return is_off(options) ? 0 : (size_t)f->n * sizeof(bool);
}

static void moderate_epoch(const void *options, const mye_sample_facts *f, void *state,
                           int64_t epoch, mye_sample_epoch *out)
{
    const moderate_options *o = options;
    const mye_budget_plan p = plan_of(o, f);
    if (mye_budget_is_full(&o->budget, &p, f, epoch)) {
        mye_budget_full(f, epoch, out);
        return;
    }
    bool *is_kept = out->work;
    const int64_t keep = mye_budget_samples(p.keep, f), low = (f->n - keep) / 2;
    mye_draw_rank(distances_of(state), f->n, out->order);
    for (int64_t i = 0; i < f->n; i++)
        is_kept[out->order[i]] = i >= low && i < low + keep;
    mye_draw_all(f, epoch, out->order);
    for (int64_t i = 0; i < f->n; i++)
        if (is_kept[out->order[i]])
            out->order[out->n++] = out->order[i];
    out->keep = p.keep;
}

static unsigned moderate_tells(const void *options, const mye_sample_facts *f)
{
    MYE_UNUSED(f);
    return is_off(options) ? 0 : MYE_TELL_VECTORS;
}

static bool moderate_wants_labels(const void *options)
{
    return !is_off(options);
}

static const float *moderate_scores(const void *options, const mye_sample_facts *f,
                                    const void *state)
{
    const moderate_state *s = state;
    MYE_UNUSED(f);
    return is_off(options) || s->is_chosen <= 0 ? NULL : (const float *)(s + 1);
}

const mye_sample_rule mye_sample_moderate = {
    .entry = {.name = "moderate",
              .brief = "keeps the samples in the middle of the distances from their class",
              .source = "Xia et al., Moderate Coreset: A Universal Method of Data Selection for "
                        "Real-world Data-efficient Deep Learning, ICLR 2023; data_pruning.md 6.11",
              .params = moderate_params,
              .options_size = sizeof(moderate_options)},
    .wants_labels = moderate_wants_labels,
    .check = moderate_check,
    .state_bytes = moderate_state_bytes,
    .scratch_bytes = moderate_scratch_bytes,
    .work_bytes = moderate_work_bytes,
    .survey_tells = moderate_tells,
    .survey = moderate_survey,
    .epoch = moderate_epoch,
    .observe = moderate_observe,
    .scores = moderate_scores};
