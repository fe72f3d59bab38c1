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

void mye_adam_apply(const mye_adam_options *o, const mye_step_info *at, const mye_weight *weight,
                    float *const *state, int64_t begin, int64_t end, bool decoupled)
{
    const double k = (double)(at->step + 1);
    const double decay = weight->decay || o->decay_all ? o->weight_decay : 0.0;
    const float rate = (float)(at->learning_rate / (1.0 - pow(o->beta1, k)));
    const float root = (float)(1.0 / sqrt(1.0 - pow(o->beta2, k)));
    const float shrink = decoupled ? (float)(1.0 - at->learning_rate * decay) : 1.0f;
    const float l2 = decoupled ? 0.0f : (float)decay;
    const float b1 = (float)o->beta1, c1 = (float)(1.0 - o->beta1);
    const float b2 = (float)o->beta2, c2 = (float)(1.0 - o->beta2);
    const float eps = (float)o->eps, scale = at->grad_scale;
    const float *restrict grad = weight->grad;
    float *restrict w = weight->data, *restrict m = state[0], *restrict v = state[1];
    for (int64_t i = begin; i < end; i++) {
        const float g = scale * grad[i] + l2 * w[i];
        m[i] = b1 * m[i] + c1 * g;
        v[i] = b2 * v[i] + c2 * (g * g);
        w[i] = shrink * w[i] - rate * m[i] / (sqrtf(v[i]) * root + eps);
    }
}

static void adam_apply(const void *options, const mye_step_info *at, const mye_weight *weight,
                       float *const *state, int64_t begin, int64_t end)
{
    mye_adam_apply(options, at, weight, state, begin, end, false);
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
