/*
 * KAKURENBO: hides the samples with the smallest losses for an epoch, as far as they are answered right
 * and with confidence, and raises the learning rate for the shorter epoch.
 *
 *   candidates:    the F N samples with the smallest losses
 *   hidden:        those that are right with a confidence of at least tau; the others move back
 *   learning rate: times 1 / (1 - F), the share that may be hidden, not the one that is
 *   F = F0 {1, 1, 0.8, 0.6, 0.4} in warm-up, up to 30, 60, 80 and 100 % of the epochs
 *
 * Hidden samples are looked at in a forward pass before the next epoch, so that losses stay fresh. The
 * public script takes the softmax of the confidence over the batch; here it is over the classes.
 * Chosen: the first epoch hides nothing and has F = 0, for nothing is known then.
 */
#include <math.h>

#include "sample/draw.h"
#include "sample/select.h"

#define MOST 0.95 /* share that may be hidden */

typedef struct kakurenbo_options {
    mye_budget budget;
    double most, tau;
} kakurenbo_options;

static const mye_param kakurenbo_params[] = {
    MYE_BUDGET_RHO(kakurenbo_options, budget, "0",
                   "share of the visits that may be left out: F is such that the shares that may "
                   "be hidden, over all epochs, have the mean rho; samples that move back are "
                   "visited beyond that budget; 0: as published, F"),
    {.name = "F",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(kakurenbo_options, most),
     .def = "-1",
     .min = -1,
     .max = MOST,
     .unit = "",
     .help = "largest share of the samples that may be hidden in an epoch; falls to 0.4 of it; "
             "below 0: 0.3, or what rho asks for"},
    {.name = "tau",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(kakurenbo_options, tau),
     .def = "0.7",
     .min = 0,
     .max = 1,
     .unit = "",
     .help = "confidence (largest softmax) from which on a right answer is hidden"},
    {.name = NULL}};

enum { SURE = 1, HIDDEN = 2, VISITED = 4 };

/* losses [n], NAN: not seen; then marks [n] */
static uint8_t *marks_of(const mye_sample_facts *f, void *state)
{
    return (uint8_t *)((float *)state + f->n);
}

static size_t kakurenbo_state_bytes(const void *options, const mye_sample_facts *f)
{
    MYE_UNUSED(options);
    return (size_t)f->n * (sizeof(float) + 1);
}

/* ---- the share that may be hidden ---- */

/* F / F0. The published steps are epochs 60, 120 and 160 of 200. */
static double fall(const mye_sample_facts *f, int64_t epoch)
{
    static const struct {
        int64_t tenths;
        double by;
    } step[] = {{3, 1}, {6, 0.8}, {8, 0.6}, {10, 0.4}};
    int k = 0;
    if (epoch == 0)
        return 0;
    while (k < 3 && 10 * epoch >= step[k].tenths * f->epochs)
        k++;
    return step[k].by;
}

static double first_share(const kakurenbo_options *o, const mye_sample_facts *f)
{
    double sum = 0;
    if (o->budget.rho <= 0)
        return o->most >= 0 ? o->most : 0.3;
    for (int64_t e = 0; e < f->epochs; e++)
        sum += fall(f, e);
    return o->budget.rho * (double)f->epochs / sum;
}

static mye_status kakurenbo_check(const void *options, const mye_sample_facts *f, mye_error *err)
{
    const kakurenbo_options *o = options;
    if (o->budget.rho > 0 && o->most >= 0)
        return mye_fail(err, MYE_ERR_ARG,
                        "sample 'kakurenbo' hides as much as rho=%g asks for or as F=%g says, not "
                        "both",
                        o->budget.rho, o->most);
    if (first_share(o, f) > MOST)
        return mye_fail(err, MYE_ERR_ARG,
                        "sample 'kakurenbo' hides at most %g of the samples in an epoch, and "
                        "rho=%g of %lld epochs asks for %.3g",
                        MOST, o->budget.rho, (long long)f->epochs, first_share(o, f));
    return MYE_OK;
}

/* ---- epochs ---- */

static unsigned kakurenbo_tells(const void *options, const mye_sample_facts *f)
{
    MYE_UNUSED(options);
    MYE_UNUSED(f);
    return MYE_TELL_CONFIDENCE;
}

static void kakurenbo_observe(const void *options, const mye_sample_facts *f, void *state,
                              void *scratch, int64_t epoch, const mye_sample_view *v)
{
    const kakurenbo_options *o = options;
    float *loss = state;
    uint8_t *mark = marks_of(f, state);
    MYE_UNUSED(scratch);
    MYE_UNUSED(epoch);
    for (int b = 0; b < v->B; b++) {
        const int64_t i = v->index[b];
        const bool sure = v->told.right[b] && (double)v->told.confidence[b] >= o->tau;
        loss[i] = v->told.loss[b];
        mark[i] = (uint8_t)((mark[i] & ~SURE) | (sure ? SURE : 0));
    }
}

/* The samples that the last epoch has hidden. */
static int64_t kakurenbo_survey(const void *options, const mye_sample_facts *f, void *state,
                                void *scratch, int64_t epoch, int pass, int64_t *order)
{
    MYE_UNUSED(options);
    MYE_UNUSED(scratch);
    return pass == 0 ? mye_select_marked(f, epoch, marks_of(f, state), HIDDEN, order) : 0;
}

static size_t kakurenbo_work_bytes(const void *options, const mye_sample_facts *f)
{
    MYE_UNUSED(options);
    return mye_select_work_bytes(f);
}

enum { TIES = 1 };

static void kakurenbo_epoch(const void *options, const mye_sample_facts *f, void *state,
                            int64_t epoch, mye_sample_epoch *out)
{
    const double share = first_share(options, f) * fall(f, epoch);
    const int64_t n = (int64_t)floor(share * (double)f->n + 1e-6);
    const float *loss = state;
    uint8_t *mark = marks_of(f, state);
    mye_select_rank(f, epoch, TIES, loss, out->work, out->order);
    for (int64_t i = 0; i < f->n; i++) {
        const int64_t k = out->order[i];
        const bool hidden = i >= f->n - n && !isnan(loss[k]) && (mark[k] & SURE);
        mark[k] = (uint8_t)((mark[k] & SURE) | (hidden ? HIDDEN : VISITED));
    }
    out->n = mye_select_marked(f, epoch, mark, VISITED, out->order);
    out->keep = 1 - share;
    out->lr_scale = 1 / (1 - share);
}

const mye_sample_rule mye_sample_kakurenbo = {
    .entry = {.name = "kakurenbo",
              .brief = "hides those that are answered right, with confidence and a small loss",
              .source = "Nguyen et al., KAKURENBO: Adaptively Hiding Samples in Deep Neural "
                        "Network Training, NeurIPS 2023; data_pruning.md 6.10",
              .params = kakurenbo_params,
              .options_size = sizeof(kakurenbo_options)},
    .check = kakurenbo_check,
    .state_bytes = kakurenbo_state_bytes,
    .open = mye_select_open,
    .work_bytes = kakurenbo_work_bytes,
    .tells = kakurenbo_tells,
    .survey_tells = kakurenbo_tells,
    .survey = kakurenbo_survey,
    .epoch = kakurenbo_epoch,
    .observe = kakurenbo_observe,
    .scores = mye_select_scores};
