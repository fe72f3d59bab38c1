/* What Adam and AdamW share: options, table and the step itself. */
#ifndef MYE_ADAM_H
#define MYE_ADAM_H

#include "step/step.h"

typedef struct mye_adam_options {
    double lr, beta1, beta2, eps, weight_decay;
    bool decay_all;
} mye_adam_options;

#define MYE_ADAM_PARAM(key, text, from, to, words)                                        \
    {                                                                                     \
        .name = #key, .type = MYE_PARAM_FLOAT, .offset = offsetof(mye_adam_options, key), \
        .def = text, .min = from, .max = to, .unit = "", .help = words                    \
    }
#define MYE_ADAM_PARAMS(decay)                                                         \
    MYE_ADAM_PARAM(beta1, "0.9", 0, 0.999999, "memory of the first moment"),           \
        MYE_ADAM_PARAM(beta2, "0.999", 0, 0.999999999, "memory of the second moment"), \
        {.name = "decay_all",                                                          \
         .type = MYE_PARAM_BOOL,                                                       \
         .offset = offsetof(mye_adam_options, decay_all),                              \
         .def = "false",                                                               \
         .unit = "",                                                                   \
         .help = "decay biases and normalisation weights too"},                        \
        MYE_ADAM_PARAM(eps, "1e-8", 0, 1, "added to the root of the second moment"),   \
        MYE_ADAM_PARAM(lr, "1e-3", 0, 1e6, "learning rate before the schedule"),       \
        MYE_ADAM_PARAM(weight_decay, decay, 0, 1e3,                                    \
                       "pull of convolution and dense weights towards 0"),             \
    {                                                                                  \
        .name = NULL                                                                   \
    }

int mye_adam_n_state(const void *options);
double mye_adam_learning_rate(const void *options);
/* One step; `decoupled`: weight decay acts on the weight itself, not through the moments. */
void mye_adam_apply(const mye_adam_options *o, const mye_step_info *at, const mye_step_part *part,
                    bool decoupled);

#endif
