/*
 * Epsilon-greedy pruning: the samples with the largest moving average of the score, and a small random
 * share of the others, so that none is forgotten for good. No weights: the mean gradient is that of
 * hard samples.
 *
 * The paper was not at hand; eps and a are as quoted (data_pruning.md 6.6). A public re-implementation
 * keeps the newest loss only: a=1.
 */
#include "sample/moving.h"
#include "sample/select.h"

typedef struct greedy_options {
    mye_moving_options moving;
    double eps;
} greedy_options;

static const mye_param greedy_params[] = {
    MYE_MOVING_ROWS(greedy_options, moving),
    {.name = "eps",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(greedy_options, eps),
     .def = "0.1",
     .min = 0,
     .max = 1,
     .unit = "",
     .help = "share of the subset that is drawn from the samples with smaller scores"},
    {.name = NULL}};

static unsigned greedy_tells(const void *options, const mye_sample_facts *f)
{
    MYE_UNUSED(f);
    return mye_moving_tells(&((const greedy_options *)options)->moving);
}

static size_t greedy_work_bytes(const void *options, const mye_sample_facts *f)
{
    return ((const greedy_options *)options)->moving.budget.rho > 0 ? mye_select_work_bytes(f) : 0;
}

static void greedy_observe(const void *options, const mye_sample_facts *f, void *state,
                           void *scratch, int64_t epoch, const mye_sample_view *v)
{
    MYE_UNUSED(scratch);
    mye_moving_observe(&((const greedy_options *)options)->moving, f, state, epoch, v);
}

static void greedy_epoch(const void *options, const mye_sample_facts *f, void *state, int64_t epoch,
                         mye_sample_epoch *out)
{
    const greedy_options *o = options;
    const mye_moving_choice c = {
        .rank = mye_moving_of(f, state).mean, .any = o->eps, .work = out->work};
    mye_moving_epoch(&o->moving, f, state, epoch, &c, out);
}

static const float *greedy_scores(const void *options, const mye_sample_facts *f, const void *state)
{
    MYE_UNUSED(f);
    return ((const greedy_options *)options)->moving.budget.rho > 0 ? state : NULL;
}

const mye_sample_rule mye_sample_epsilon_greedy = {
    .entry = {.name = "epsilon-greedy",
              .brief = "those with the largest moving average of the loss, and a few random others",
              .source = "Raju et al., Accelerating Deep Learning with Dynamic Data Pruning, 2021; "
                        "data_pruning.md 6.6",
              .params = greedy_params,
              .options_size = sizeof(greedy_options)},
    .state_bytes = mye_moving_state_bytes,
    .open = mye_moving_open,
    .work_bytes = greedy_work_bytes,
    .tells = greedy_tells,
    .epoch = greedy_epoch,
    .observe = greedy_observe,
    .scores = greedy_scores};
