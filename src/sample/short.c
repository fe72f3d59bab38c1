/* Fewer epochs of all samples: what every way of pruning must beat. */
#include <math.h>

#include "sample/draw.h"

typedef struct short_options {
    mye_budget budget;
} short_options;

static const mye_param short_params[] = {
    MYE_BUDGET_RHO(short_options, budget, "0.5", "share of the epochs that is left out"),
    {.name = NULL}};

static int64_t short_epochs(const void *options, int64_t epochs)
{
    const short_options *o = options;
    const int64_t left = (int64_t)round((1 - o->budget.rho) * (double)epochs);
    return left > 0 || epochs == 0 ? left : 1;
}

static void short_epoch(const void *options, const mye_sample_facts *f, void *state, int64_t epoch,
                        mye_sample_epoch *out)
{
    MYE_UNUSED(options);
    MYE_UNUSED(state);
    mye_budget_full(f, epoch, out);
}

const mye_sample_rule mye_sample_short = {
    .entry = {.name = "short",
              .brief = "every sample, in fewer epochs: the schedule is compressed",
              .source = "data_pruning.md 6.2; the baseline that reviewers of InfoBatch and RS2 ask "
                        "for",
              .params = short_params,
              .options_size = sizeof(short_options)},
    .epochs = short_epochs,
    .epoch = short_epoch};
