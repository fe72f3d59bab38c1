/* Every sample once an epoch, in a new order each time. */
#include "sample/sample.h"

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

static int64_t all_epoch(const void *options, void *state, int64_t n, uint64_t seed, int64_t epoch,
                         int64_t epochs, int64_t *order, float *weight)
{
    MYE_UNUSED(state);
    MYE_UNUSED(epochs);
    MYE_UNUSED(weight);
    if (((const all_options *)options)->shuffle) {
        mye_random_permutation(seed, MYE_STREAM_SHUFFLE, (uint64_t)epoch << 40, n, order);
        return n;
    }
    for (int64_t i = 0; i < n; i++)
        order[i] = i;
    return n;
}

const mye_sample_rule mye_sample_all = {.entry = {.name = "all",
                                                  .brief = "every sample once an epoch, shuffled",
                                                  .source = "",
                                                  .params = all_params,
                                                  .options_size = sizeof(all_options)},
                                        .epoch = all_epoch};
