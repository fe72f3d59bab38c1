/* Constant learning rate, after the warm-up. */
#include "step/step.h"

typedef struct constant_options {
    mye_warmup warmup;
} constant_options;

static const mye_param constant_params[] = {MYE_WARMUP_PARAMS(constant_options), {.name = NULL}};

static double constant_factor(const void *options, int64_t step, int64_t total, int64_t per_epoch)
{
    MYE_UNUSED(total);
    return mye_warmup_factor(&((const constant_options *)options)->warmup, step, per_epoch);
}

const mye_schedule mye_schedule_constant = {.entry = {.name = "constant",
                                                      .brief = "the same learning rate always",
                                                      .source = "",
                                                      .params = constant_params,
                                                      .options_size = sizeof(constant_options)},
                                            .factor = constant_factor};
