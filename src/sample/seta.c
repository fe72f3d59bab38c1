/*
 * SeTa: a random part is left out, the others are grouped by their losses, and a window over the groups
 * moves from easy to hard, again and again. No weights.
 *
 *   candidates: (1 - prune) N random samples, in G groups by 1-D k-means of their newest losses
 *   window:     round(G w) groups, from group j mod (G - window + 1) on in pruned epoch j = 0, 1, ...
 *   the last (1 - delta) E epochs: a random (1 - prune) N samples
 *
 * Chosen: samples without a loss count as hardest; the first epoch, where none has one, is a random part
 * too; a window with less than a batch grows, as below.
 *
 * A budget rho (ours) gives each epoch in between the same number of visits, M: a window of round(G M /
 * candidates) groups. One with more than M samples gives a random M of them; one with fewer grows by
 * whole groups, harder ones first, and a random part of the last.
 */
#include <math.h>
#include <string.h>

#include "sample/draw.h"
#include "sample/kmeans.h"
#include "sample/select.h"

typedef struct seta_options {
    mye_budget budget;
    double prune, w, delta;
    int64_t groups;
} seta_options;

#define NUMBER(field, dflt, low, high, words)                                             \
    {                                                                                     \
        .name = #field, .type = MYE_PARAM_FLOAT, .offset = offsetof(seta_options, field), \
        .def = dflt, .min = low, .max = high, .unit = "", .help = words                   \
    }

static const mye_param seta_params[] = {
    MYE_BUDGET_RHO(seta_options, budget, "0",
                   "share of the visits that is left out: the window is as wide as that asks for, "
                   "and made to fit; prune is at most rho, delta grows where needed; 0: as "
                   "published, w"),
    NUMBER(prune, "0.1", 0, 0.99,
           "share of the samples that is left out at random, each epoch anew"),
    {.name = "groups",
     .type = MYE_PARAM_INT,
     .offset = offsetof(seta_options, groups),
     .def = "10",
     .min = 1,
     .max = MYE_KMEANS_MOST,
     .unit = "groups",
     .help = "of samples with like losses"},
    NUMBER(w, "-1", -1, 1,
           "share of the groups in the window (0.9 for CIFAR, 0.6 for ImageNet); below 0: 0.9, or "
           "what rho asks for"),
    NUMBER(delta, "0.875", 0, 1, "share of the epochs that has a window; random parts behind it"),
    {.name = NULL}};

/* ---- the budget ---- */

typedef struct seta_plan {
    double random; /* share of the samples in an epoch of a random part */
    double keep;   /* and in an epoch with a window; with rho only      */
    int window;    /* groups */
    int64_t end;   /* of the epochs with a window: [1, end) */
} seta_plan;

static double keep_between(const seta_options *o, const mye_sample_facts *f, const seta_plan *p)
{
    const double E = (double)f->epochs, n_random = E - (double)(p->end - 1);
    return p->end > 1 ? ((1 - o->budget.rho) * E - p->random * n_random) / (E - n_random) : 0;
}

static seta_plan plan_of(const seta_options *o, const mye_sample_facts *f)
{
    const double rho = o->budget.rho;
    seta_plan p = {.random = 1 - o->prune, .end = (int64_t)ceil(o->delta * (double)f->epochs)};
    double w = o->w < 0 ? 0.9 : o->w;
    if (rho > 0) {
        p.random = 1 - fmin(o->prune, rho);
        while (p.end < f->epochs && keep_between(o, f, &p) < 0.05)
            p.end++;
        p.keep = keep_between(o, f, &p);
        if (p.keep < 0.05) /* random parts alone would be too much */
            p.random = p.keep = 1 - rho;
        w = p.keep / p.random;
    }
    const int window = (int)floor((double)o->groups * w + 0.5);
    p.window = window < 1 ? 1 : window;
    return p;
}

static mye_status seta_check(const void *options, const mye_sample_facts *f, mye_error *err)
{
    const seta_options *o = options;
    MYE_UNUSED(f);
    if (o->budget.rho > 0 && o->w >= 0)
        return mye_fail(err, MYE_ERR_ARG,
                        "sample 'seta' has a window as wide as rho=%g asks for or as w=%g says, "
                        "not both",
                        o->budget.rho, o->w);
    return MYE_OK;
}

/* ---- losses: newest, NAN: not seen ---- */

static size_t seta_state_bytes(const void *options, const mye_sample_facts *f)
{
    MYE_UNUSED(options);
    return (size_t)f->n * sizeof(float);
}

static void seta_observe(const void *options, const mye_sample_facts *f, void *state, void *scratch,
                         int64_t epoch, const mye_sample_view *v)
{
    MYE_UNUSED(options);
    MYE_UNUSED(f);
    MYE_UNUSED(scratch);
    MYE_UNUSED(epoch);
    for (int b = 0; b < v->B; b++)
        ((float *)state)[v->index[b]] = v->told.loss[b];
}

/* ---- epochs ---- */

static size_t seta_work_bytes(const void *options, const mye_sample_facts *f)
{
    MYE_UNUSED(options);
    return mye_select_work_bytes(f) + (size_t)f->n;
}

enum { PART = 1, TIES, CENTRES, WINDOW, ORDER };

/* A random part of all samples, in random order; returns how many. */
static int64_t draw_part(const seta_options *o, const mye_sample_facts *f, const seta_plan *p,
                         int64_t epoch, int64_t *order)
{
    const int64_t some = (int64_t)floor(p->random * (double)f->n + 1e-6);
    const int64_t n = o->budget.rho > 0 ? mye_budget_samples(p->random, f) : some > 0 ? some : 1;
    mye_draw_subset(f, epoch, PART, NULL, f->n, n, order);
    return n;
}

/* The n samples in `order` (room for all) by rising loss, into the work's beginning; returns how many of
 * them have one. */
static int64_t sort_part(const mye_sample_facts *f, const float *loss, int64_t epoch, int64_t n,
                         void *work, int64_t *order)
{
    int64_t *sorted = work, at = 0, known = 0;
    float *value = (float *)(void *)(sorted + f->n);
    uint8_t *is_in = (uint8_t *)(value + f->n);
    memset(is_in, 0, (size_t)f->n);
    for (int64_t i = 0; i < n; i++)
        is_in[order[i]] = 1;
    mye_select_rank(f, epoch, TIES, loss, work, order);
    for (int64_t i = f->n - 1; i >= 0; i--) {
        if (!is_in[order[i]])
            continue;
        known += !isnan(loss[order[i]]);
        value[at] = loss[order[i]];
        sorted[at++] = order[i];
    }
    return known;
}

/* Samples of the window at places [*low, *high) of the sorted ones, at least m; of those that the last
 * group added, [*last_low, *last_high), it needs only a part. */
typedef struct seta_window {
    int64_t low, high, last_low, last_high;
} seta_window;

static seta_window window_of(const int64_t *end, int groups, int first, int n_groups, int64_t m)
{
    int g0 = first, g1 = first + n_groups;
    seta_window w = {.low = g0 > 0 ? end[g0 - 1] : 0, .high = end[g1 - 1]};
    w.last_low = w.low;
    w.last_high = w.high;
    while (w.high - w.low < m && (g1 < groups || g0 > 0)) {
        if (g1 < groups) {
            w.last_low = w.high;
            w.high = w.last_high = end[g1++];
        } else {
            w.last_high = w.low;
            g0--;
            w.low = w.last_low = g0 > 0 ? end[g0 - 1] : 0;
        }
    }
    return w;
}

/* m samples of the window: all but the last group's, and of these a random part. */
static void take(const mye_sample_facts *f, int64_t epoch, const seta_window *w,
                 const int64_t *sorted, int64_t m, int64_t *order)
{
    const int64_t last = w->last_high - w->last_low;
    int64_t n = m - (w->high - w->low - last);
    mye_draw_subset(f, epoch, WINDOW, sorted + w->last_low, last, n, order);
    for (int64_t i = w->low; i < w->high; i++)
        if (i < w->last_low || i >= w->last_high)
            order[n++] = sorted[i];
    mye_draw_shuffle(f, epoch, ORDER, n, order, NULL);
}

static void seta_epoch(const void *options, const mye_sample_facts *f, void *state, int64_t epoch,
                       mye_sample_epoch *out)
{
    const seta_options *o = options;
    const seta_plan p = plan_of(o, f);
    const int groups = (int)o->groups;
    int64_t end[MYE_KMEANS_MOST];
    out->keep = p.random;
    out->n = draw_part(o, f, &p, epoch, out->order);
    if (epoch == 0 || epoch >= p.end)
        return;
    const int64_t n = out->n, known = sort_part(f, state, epoch, n, out->work, out->order);
    const int64_t *sorted = out->work;
    mye_kmeans(f, epoch, CENTRES, (const float *)(const void *)(sorted + f->n), known, groups, end);
    end[groups - 1] = n;
    int64_t m = o->budget.rho > 0 ? mye_budget_samples(p.keep, f) : f->batch;
    m = m < n ? m : n;
    const int first = (int)((epoch - 1) % (groups - p.window + 1));
    const seta_window w = window_of(end, groups, first, p.window, m);
    out->n = o->budget.rho > 0 ? m : w.high - w.low;
    out->keep = (double)out->n / (double)f->n;
    take(f, epoch, &w, sorted, out->n, out->order);
}

const mye_sample_rule mye_sample_seta = {
    .entry = {.name = "seta",
              .brief = "a random part less those outside a window that moves from easy to hard",
              .source = "Zhou et al., Scale Efficient Training for Large Datasets, CVPR 2025; "
                        "data_pruning.md 6.12",
              .params = seta_params,
              .options_size = sizeof(seta_options)},
    .check = seta_check,
    .state_bytes = seta_state_bytes,
    .open = mye_select_open,
    .work_bytes = seta_work_bytes,
    .epoch = seta_epoch,
    .observe = seta_observe,
    .scores = mye_select_scores};
