/* percentile: the activation that q per cent of all, zeros included, do not exceed. */
#include "convert/balance.h"

#include <stddef.h>

typedef struct options {
    double q;
} options;

static const mye_param params[] = {
    {.name = "q",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(options, q),
     .def = "99.9",
     .min = 0,
     .max = 100,
     .unit = "%",
     .help = "share of activations, zeros among them, that the threshold covers"},
    {.name = NULL},
};

static double pick(const void *self, const mye_histogram *h, int group)
{
    const options *o = self;
    return mye_histogram_percentile(h, group, o->q / 100);
}

static mye_status thresholds(const void *opt, const mye_balance_ask *ask, float *thmax,
                             mye_error *err)
{
    return mye_balance_by_histogram(ask, thmax, pick, opt, err);
}

extern const mye_balance mye_balance_percentile;
const mye_balance mye_balance_percentile = {
    .entry = {.name = "percentile",
              .brief = "what so many per cent of the activations do not exceed",
              .source = "Rueckauer et al. 2017, Frontiers in Neuroscience 11:682",
              .params = params,
              .options_size = sizeof(options)},
    .thresholds = thresholds,
};
