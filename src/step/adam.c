/*
 * Adam, step k from 1:
 *
 *   g' = g + weight_decay w
 *   m = beta1 m + (1 - beta1) g';   v = beta2 v + (1 - beta2) g'^2
 *   w -= lr / (1 - beta1^k)  m / (sqrt(v / (1 - beta2^k)) + eps)
 */
#include "step/adam.h"

#include <math.h>

static const mye_param adam_params[] = {MYE_ADAM_PARAMS("0")};

int mye_adam_n_state(const void *options)
{
    MYE_UNUSED(options);
    return 2;
}

double mye_adam_learning_rate(const void *options)
{
    return ((const mye_adam_options *)options)->lr;
}

void mye_adam_apply(const mye_adam_options *o, const mye_step_info *at, const mye_step_part *part,
                    bool decoupled)
{
    const double k = (double)(at->step + 1);
    const double decay = part->decay || o->decay_all ? o->weight_decay : 0.0;
    const mye_adam p = {
        .rate = (float)(at->learning_rate / (1.0 - pow(o->beta1, k))),
        .grad_scale = at->grad_scale,
        .decay = decoupled ? 0.0f : (float)decay,
        .shrink = decoupled ? (float)(1.0 - at->learning_rate * decay) : 1.0f,
        .beta1 = (float)o->beta1,
        .rest1 = (float)(1.0 - o->beta1),
        .beta2 = (float)o->beta2,
        .rest2 = (float)(1.0 - o->beta2),
        .root = (float)(1.0 / sqrt(1.0 - pow(o->beta2, k))),
        .eps = (float)o->eps,
    };
    at->k->adam(&p, part->n, part->grad, part->weight, part->state[0], part->state[1]);
}

static void adam_apply(const void *options, const mye_step_info *at, const mye_step_part *part)
{
    mye_adam_apply(options, at, part, false);
}

const mye_step_rule mye_step_adam = {.entry = {.name = "adam",
                                               .brief = "step sizes from moments of the gradient",
                                               .source = "Kingma and Ba, 2015, algorithm 1",
                                               .params = adam_params,
                                               .options_size = sizeof(mye_adam_options)},
                                     .state_name = {"m", "v"},
                                     .n_state = mye_adam_n_state,
                                     .learning_rate = mye_adam_learning_rate,
                                     .apply = adam_apply};
