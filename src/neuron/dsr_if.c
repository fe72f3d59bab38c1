/*
 * dsr_if: the integrate-and-fire neuron of DSR, which sends its trained threshold.
 *
 *   u_t = v_{t-1} + x_t;   y(m) = clamp(m, 0, theta), m the plain mean of the input
 *
 * Fire, reset and gradient: dsr.h.
 */
#include "neuron/dsr.h"

static void dsr_if_prepare(const mye_node *n, void *coef)
{
    mye_dsr_coef *c = coef;
    const double theta = mye_dsr_begin(n, 1.0, 1.0, c);
    c->amplitude = c->end = (float)theta;
    c->slope = 1.0f;
    c->closed = true;
    c->theta_slope = 1.0;
}

static double dsr_if_mean_decay(const void *options)
{
    MYE_UNUSED(options);
    return 1.0;
}

static const mye_param dsr_if_params[] = {
    DSR_PARAM_THETA("6"),
    DSR_PARAM_ALPHA("0.5"),
    DSR_PARAM_BOUND("0.01"),
    DSR_PARAM_END,
};

extern const mye_neuron_type mye_neuron_dsr_if;
const mye_neuron_type mye_neuron_dsr_if = {
    .entry = {.name = "dsr_if",
              .brief = "integrate-and-fire of DSR: sends its trained threshold",
              .source = "Meng et al. 2022, CVPR, arXiv 2205.00459",
              .params = dsr_if_params,
              .options_size = sizeof(mye_dsr_options)},
    DSR_FUNCTIONS,
    .prepare = dsr_if_prepare,
    .mean_decay = dsr_if_mean_decay,
};
