/* One random subset, the same in all epochs. */
#include "sample/draw.h"

typedef struct static_options {
    mye_budget budget;
} static_options;

static const mye_param static_params[] = {
    MYE_BUDGET_RHO(static_options, budget, "0.5", "share of the samples that is never visited"),
    {.name = NULL}};

enum { SUBSET = 1, ORDER };

static void static_epoch(const void *options, const mye_sample_facts *f, void *state, int64_t epoch,
                         mye_sample_epoch *out)
{
    const static_options *o = options;
    MYE_UNUSED(state);
    if (mye_budget_even(&o->budget, f, epoch, out))
        return;
    mye_draw_subset(f, 0, SUBSET, NULL, f->n, out->n, out->order);
    mye_draw_shuffle(f, epoch, ORDER, out->n, out->order, NULL);
}

const mye_sample_rule mye_sample_static_random = {
    .entry = {.name = "static-random",
              .brief = "one random subset, the same in all epochs",
              .source = "data_pruning.md 6.3",
              .params = static_params,
              .options_size = sizeof(static_options)},
    .epoch = static_epoch};
