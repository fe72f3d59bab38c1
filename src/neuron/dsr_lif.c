/*
 * dsr_lif: the leaky integrate-and-fire neuron of DSR, which sends its trained threshold over the
 * length of a step.
 *
 *   beta = exp(-delta_t / tau)
 *   u_t  = beta v_{t-1} + (1 - beta) x_t
 *   y(m) = clamp(m / tau, 0, theta / delta_t), m the mean of the input with weights ~ beta^(T - t)
 *
 * Fire, reset and gradient: dsr.h.
 *
 * The gradient of theta is delta_t g where m is saturated, as the authors' code and the reference
 * cases have it; y(m) itself would say g / delta_t, which is larger by 1 / delta_t^2 (400).
 */
#include "neuron/dsr.h"

static double dsr_lif_mean_decay(const void *options)
{
    const mye_dsr_options *o = options;
    return exp(-o->delta_t / o->tau);
}

static void dsr_lif_prepare(const mye_node *n, void *coef)
{
    const mye_dsr_options *o = n->options;
    const double beta = dsr_lif_mean_decay(o);
    mye_dsr_coef *c = coef;
    const double theta = mye_dsr_begin(n, beta, 1.0 - beta, c);
    c->amplitude = (float)(theta / o->delta_t);
    c->slope = (float)(1.0 / o->tau);
    c->end = (float)(theta * o->tau / o->delta_t);
    c->theta_slope = o->delta_t;
}

static const mye_param dsr_lif_params[] = {
    DSR_PARAM_THETA("0.3"),
    DSR_PARAM_ALPHA("0.3"),
    DSR_PARAM_BOUND("0.0005"),
    DSR_PARAM(tau, "1", 1e-6, "membrane time constant, in the unit of delta_t"),
    DSR_PARAM(delta_t, "0.05", 1e-6, "length of a step"),
    DSR_PARAM_END,
};

extern const mye_neuron_type mye_neuron_dsr_lif;
const mye_neuron_type mye_neuron_dsr_lif = {
    .entry = {.name = "dsr_lif",
              .brief = "leaky integrate-and-fire of DSR: sends its trained threshold",
              .source = "Meng et al. 2022, CVPR, arXiv 2205.00459",
              .params = dsr_lif_params,
              .options_size = sizeof(mye_dsr_options)},
    DSR_FUNCTIONS,
    .prepare = dsr_lif_prepare,
    .mean_decay = dsr_lif_mean_decay,
};
