/*
 * Leaky: the LIF neuron of snnTorch, whose reset comes one step late and is not decayed.
 *
 *   r = [u_{t-1} > theta], a constant for the gradient
 *   subtract: u_t = beta u_{t-1} + x_t - theta r        zero: u_t = beta (1 - r) u_{t-1} + x_t
 *   none:     u_t = beta u_{t-1} + x_t
 *   s_t = [u_t > theta]
 *
 * In the notation of lif.c a soft reset would remove beta theta from the next membrane. Backward:
 * du = g h + G (1 - r for zero), dx = du, G <- beta du, with G the gradient of u_t from step t+1.
 * Source: snntorch 0.9.4, Leaky; training_rules.md section 2.3. emit=membrane gives u_t, which a
 * loss on membranes reads.
 */
#include "neuron/lif_family.h"

static void leaky_prepare(const mye_node *n, void *coef)
{
    const mye_lif_options *o = n->options;
    mye_lif_coef_make(n, o->lambda, 1.0, true, coef);
}

static int leaky_rate_mode(const mye_node *n)
{
    return mye_lif_rate_mode(n->options, true);
}

static const mye_param leaky_params[] = {
    LIF_PARAM_LAMBDA("beta", "0.9", 0.0, "membrane decay per step"),
    LIF_PARAM_THETA,
    LIF_PARAM_RESET("subtract", "subtract|zero|none"), /* the order of LIF_SOFT, _HARD, _NONE */
    LIF_PARAM_SUBTRACT,
    LIF_PARAM_STRICT("yes"),
    LIF_PARAM_SURROGATE("atan:alpha=2"),
    LIF_PARAM_EMIT,
    LIF_PARAM_ELIGIBILITY,
    LIF_PARAM_END,
};

extern const mye_neuron_type mye_neuron_leaky;
const mye_neuron_type mye_neuron_leaky = {
    .entry = {.name = "leaky",
              .brief = "leaky integrate-and-fire as snnTorch's Leaky: reset one step late",
              .source = "Eshraghian et al. 2023, snntorch.Leaky",
              .params = leaky_params,
              .options_size = sizeof(mye_lif_options)},
    LIF_FUNCTIONS,
    .shape = mye_lif_shape,
    .prepare = leaky_prepare,
    .backward = mye_lif_backward,
    .rate_mode = leaky_rate_mode,
};
