/* Every sample once an epoch, in a new order each time. */
#include "sample/draw.h"

typedef struct all_options {
    bool shuffle;
} all_options;

static const mye_param all_params[] = {{.name = "shuffle",
                                        .type = MYE_PARAM_BOOL,
                                        .offset = offsetof(all_options, shuffle),
                                        .def = "true",
                                        .unit = "",
                                        .help = "visit the samples in a new order each epoch"},
                                       {.name = NULL}};

static void all_epoch(const void *options, const mye_sample_facts *f, void *state, int64_t epoch,
                      mye_sample_epoch *out)
{
    MYE_UNUSED(state);
    mye_budget_full(f, epoch, out);
    for (int64_t i = 0; i < f->n && !((const all_options *)options)->shuffle; i++)
        out->order[i] = i;
}

const mye_sample_rule mye_sample_all = {.entry = {.name = "all",
                                                  .brief = "every sample once an epoch, shuffled",
                                                  .source = "",
                                                  .params = all_params,
                                                  .options_size = sizeof(all_options)},
                                        .epoch = all_epoch};
