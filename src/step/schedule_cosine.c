/*
 * Half a cosine from 1 to `min`:  min + (1 - min) (1 + cos(pi x)) / 2,  x = share of training done.
 *
 * by = step: x moves at every step. by = epoch: x = epoch / epochs, as the published recipes of
 * rate-based learning, SLTT and OTTT do. The cosine begins after the warm-up.
 */
#include <math.h>

#include "step/step.h"

typedef struct cosine_options {
    mye_warmup warmup;
    double min;
    int by;
} cosine_options;

static const mye_param cosine_params[] = {
    {.name = "by",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(cosine_options, by),
     .def = "step",
     .choices = "step|epoch",
     .unit = "",
     .help = "whether the learning rate changes every step or every epoch"},
    {.name = "min",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(cosine_options, min),
     .def = "0",
     .min = 0,
     .max = 1,
     .unit = "",
     .help = "last learning rate, as a share of the first"},
    MYE_WARMUP_PARAMS(cosine_options),
    {.name = NULL}};

static double cosine_factor(const void *options, int64_t step, int64_t total, int64_t per_epoch)
{
    static const double pi = 3.14159265358979323846;
    const cosine_options *o = options;
    const int64_t warm = mye_warmup_steps(&o->warmup, per_epoch);
    if (step < warm)
        return mye_warmup_factor(&o->warmup, step, per_epoch);
    int64_t done = step - warm, all = total - warm;
    if (o->by == 1 && per_epoch > 0) {
        done = done / per_epoch;
        all = (all + per_epoch - 1) / per_epoch;
    }
    const double x = all > 0 && done < all ? (double)done / (double)all : 1.0;
    return o->min + (1.0 - o->min) * 0.5 * (1.0 + cos(pi * x));
}

const mye_schedule mye_schedule_cosine = {.entry = {.name = "cosine",
                                                    .brief = "half a cosine down to min",
                                                    .source = "Loshchilov and Hutter, 2017, eq. 5",
                                                    .params = cosine_params,
                                                    .options_size = sizeof(cosine_options)},
                                          .factor = cosine_factor};
