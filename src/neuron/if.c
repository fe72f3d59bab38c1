/*
 * IF: integrate-and-fire, the LIF neuron that forgets nothing (lambda = 1).
 *
 *   u_t = v_{t-1} + x_t;  s_t = [u_t >= theta];  reset and backward as in lif.c
 */
#include "neuron/lif_family.h"

static void if_prepare(const mye_node *n, void *coef)
{
    mye_lif_coef_make(n, 1.0, 1.0, false, coef);
}

static int if_rate_mode(const mye_node *n)
{
    return mye_lif_rate_mode(n->options, false);
}

static const mye_param if_params[] = {
    LIF_PARAM_THETA,
    LIF_PARAM_RESET("soft", "soft|hard"),
    LIF_PARAM_V_RESET,
    LIF_PARAM_SUBTRACT,
    LIF_PARAM_DETACH("yes"),
    LIF_PARAM_STRICT("no"),
    LIF_PARAM_SURROGATE("sigmoid:alpha=4"),
    LIF_PARAM_EMIT,
    LIF_PARAM_ELIGIBILITY,
    LIF_PARAM_END,
};

extern const mye_neuron_type mye_neuron_if;
const mye_neuron_type mye_neuron_if = {
    .entry = {.name = "if",
              .brief = "integrate-and-fire without leak",
              .source = "Lapicque 1907; Fang et al. 2023 (IFNode)",
              .params = if_params,
              .options_size = sizeof(mye_lif_options)},
    LIF_FUNCTIONS,
    .shape = mye_lif_shape,
    .prepare = if_prepare,
    .backward = mye_lif_backward,
    .rate_mode = if_rate_mode,
};
