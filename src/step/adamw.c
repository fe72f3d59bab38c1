/* Adam with decoupled weight decay: w is first multiplied by 1 - lr weight_decay, then Adam moves
 * it by the gradient alone. */
#include "step/adam.h"

static const mye_param adamw_params[] = {MYE_ADAM_PARAMS("0.01")};

static void adamw_apply(const void *options, const mye_step_info *at, const mye_step_part *part)
{
    mye_adam_apply(options, at, part, true);
}

const mye_step_rule mye_step_adamw = {.entry = {.name = "adamw",
                                                .brief = "Adam with decoupled weight decay",
                                                .source = "Loshchilov and Hutter, 2019, alg. 2",
                                                .params = adamw_params,
                                                .options_size = sizeof(mye_adam_options)},
                                      .state_name = {"m", "v"},
                                      .n_state = mye_adam_n_state,
                                      .learning_rate = mye_adam_learning_rate,
                                      .apply = adamw_apply};
