/*
 * Stochastic gradient descent with momentum:
 *
 *   g' = g + weight_decay w;   buf = momentum buf + g';   w -= lr d
 *   d  = buf, or with Nesterov's momentum g' + momentum buf
 *
 * buf begins as 0, so the first step moves by g' itself: the usual frameworks' semantics.
 */
#include "step/step.h"

typedef struct sgd_options {
    double lr, momentum, weight_decay;
    bool nesterov, decay_all;
} sgd_options;

static const mye_param sgd_params[] = {
    {.name = "decay_all",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(sgd_options, decay_all),
     .def = "false",
     .unit = "",
     .help = "decay biases and normalisation weights too"},
    {.name = "lr",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(sgd_options, lr),
     .def = "0.1",
     .min = 0,
     .max = 1e6,
     .unit = "",
     .help = "learning rate before the schedule"},
    {.name = "momentum",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(sgd_options, momentum),
     .def = "0.9",
     .min = 0,
     .max = 1,
     .unit = "",
     .help = "share of the last step that goes on; 0 needs no memory"},
    {.name = "nesterov",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(sgd_options, nesterov),
     .def = "false",
     .unit = "",
     .help = "look ahead along the momentum"},
    {.name = "weight_decay",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(sgd_options, weight_decay),
     .def = "5e-4",
     .min = 0,
     .max = 1e3,
     .unit = "",
     .help = "pull of convolution and dense weights towards 0"},
    {.name = NULL}};

static int sgd_n_state(const void *options)
{
    return ((const sgd_options *)options)->momentum > 0 ? 1 : 0;
}

static double sgd_learning_rate(const void *options)
{
    return ((const sgd_options *)options)->lr;
}

static void sgd_apply(const void *options, const mye_step_info *at, const mye_step_part *part)
{
    const sgd_options *o = options;
    const mye_sgd p = {.rate = (float)at->learning_rate,
                       .grad_scale = at->grad_scale,
                       .decay = part->decay || o->decay_all ? (float)o->weight_decay : 0.0f,
                       .momentum = (float)o->momentum,
                       .nesterov = o->nesterov};
    at->k->sgd(&p, part->n, part->grad, part->weight, o->momentum > 0 ? part->state[0] : NULL);
}

const mye_step_rule mye_step_sgd = {.entry = {.name = "sgd",
                                              .brief = "gradient descent with momentum",
                                              .source = "",
                                              .params = sgd_params,
                                              .options_size = sizeof(sgd_options)},
                                    .state_name = {"momentum"},
                                    .n_state = sgd_n_state,
                                    .learning_rate = sgd_learning_rate,
                                    .apply = sgd_apply};
