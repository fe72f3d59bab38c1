/*
 * UCB pruning: the samples with the largest upper confidence bound of the score,
 *
 *   mean + c sqrt(variance)
 *
 * with moving mean and variance; samples not yet seen come first. No weights.
 *
 * The paper was not at hand; the rule is as quoted (data_pruning.md 6.7). Chosen: the moving variance of
 * moving.h, which goes with an exponential mean.
 */
#include <math.h>

#include "sample/moving.h"
#include "sample/select.h"

typedef struct ucb_options {
    mye_moving_options moving;
    double c;
} ucb_options;

static const mye_param ucb_params[] = {
    MYE_MOVING_ROWS(ucb_options, moving),
    {.name = "c",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(ucb_options, c),
     .def = "1",
     .min = 0,
     .max = 1e6,
     .unit = "",
     .help = "standard deviations of a sample's score that are added to its mean"},
    {.name = NULL}};

static unsigned ucb_tells(const void *options, const mye_sample_facts *f)
{
    MYE_UNUSED(f);
    return mye_moving_tells(&((const ucb_options *)options)->moving);
}

static size_t ucb_work_bytes(const void *options, const mye_sample_facts *f)
{
    const ucb_options *o = options;
    return o->moving.budget.rho > 0 ? mye_select_work_bytes(f) + (size_t)f->n * sizeof(float) : 0;
}

static void ucb_observe(const void *options, const mye_sample_facts *f, void *state, void *scratch,
                        int64_t epoch, const mye_sample_view *v)
{
    MYE_UNUSED(scratch);
    mye_moving_observe(&((const ucb_options *)options)->moving, f, state, epoch, v);
}

static void ucb_epoch(const void *options, const mye_sample_facts *f, void *state, int64_t epoch,
                      mye_sample_epoch *out)
{
    const ucb_options *o = options;
    const mye_moving m = mye_moving_of(f, state);
    float *bound = NULL;
    if (o->moving.budget.rho > 0) {
        bound = (float *)(void *)((unsigned char *)out->work + mye_select_work_bytes(f));
        for (int64_t i = 0; i < f->n; i++) /* NAN where not seen */
            bound[i] = (float)((double)m.mean[i] + o->c * sqrt((double)m.variance[i]));
    }
    const mye_moving_choice c = {.rank = bound, .work = out->work};
    mye_moving_epoch(&o->moving, f, state, epoch, &c, out);
}

static const float *ucb_scores(const void *options, const mye_sample_facts *f, const void *state)
{
    MYE_UNUSED(f);
    return ((const ucb_options *)options)->moving.budget.rho > 0 ? state : NULL;
}

const mye_sample_rule mye_sample_ucb = {
    .entry = {.name = "ucb",
              .brief = "those whose loss may be largest: moving mean and some standard deviations",
              .source = "Raju et al., Accelerating Deep Learning with Dynamic Data Pruning, 2021; "
                        "data_pruning.md 6.7",
              .params = ucb_params,
              .options_size = sizeof(ucb_options)},
    .state_bytes = mye_moving_state_bytes,
    .open = mye_moving_open,
    .work_bytes = ucb_work_bytes,
    .tells = ucb_tells,
    .epoch = ucb_epoch,
    .observe = ucb_observe,
    .scores = ucb_scores};
