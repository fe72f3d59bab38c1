/*
 * LIF: leaky integrate-and-fire.
 *
 *   u_t = R + lambda (v_{t-1} - R) + a x_t     lambda = 1 - 1/tau unless given; v_0 = R
 *   s_t = [u_t >= theta]                       (> when strict)
 *   soft: v_t = u_t - subtract s_t             hard: v_t = (1 - s_t) u_t + s_t R
 *
 * R = v_reset for the hard reset, 0 for the soft one; a = 1, or 1 - lambda with decay_input.
 * Backward (G = dL/dv_t, h = sigma'(u_t - theta)): training_rules.md section 3.2,
 *
 *   du = g h + G dv/du;  dx = a du;  G <- lambda du
 *   dv/du = 1 (soft), 1 - s (hard); not detached: - subtract h, + (R - u) h
 *
 * Defaults: soft reset, detached, tau = 2, the input is not decayed, sigmoid surrogate: what OTTT
 * and, up to tau, rate-based learning use. Chosen: it is the variant whose rate-based form needs no
 * per-neuron state.
 *
 * Presets: other sources' defaults are neurons of their own (lif_rate, lif_sltt, lif_ottt,
 * lif_spikingjelly; snnTorch's neuron is `leaky`). They differ from lif in nothing but the default
 * column of the parameter table, so an option that is given wins in the way it always does:
 * `lif_sltt:tau=1.5`.
 */
#include "neuron/lif_family.h"

static double lambda_of(const mye_lif_options *o)
{
    return o->lambda >= 0.0 ? o->lambda : 1.0 - 1.0 / o->tau;
}

static mye_status lif_shape(mye_node *n, mye_error *err)
{
    const mye_lif_options *o = n->options;
    if (o->lambda < 0.0 && o->lambda != -1.0)
        return mye_fail(err, MYE_ERR_ARG,
                        "node '%s' (%s) wants lambda in [0, 1], or -1 for 1 - 1/tau, got %g",
                        n->name, n->neuron->entry.name, o->lambda);
    return mye_lif_shape(n, err);
}

static void lif_prepare(const mye_node *n, void *coef)
{
    const mye_lif_options *o = n->options;
    const double lambda = lambda_of(o);
    mye_lif_coef_make(n, lambda, o->decay_input ? 1.0 - lambda : 1.0, false, coef);
}

static int lif_rate_mode(const mye_node *n)
{
    return mye_lif_rate_mode(n->options, false);
}

#define LIF_PARAMS(tau, reset, decay_input, detach, surrogate)                                \
    {                                                                                         \
        LIF_PARAM_TAU(tau, 1.0),                                                              \
            LIF_PARAM_LAMBDA("lambda", "-1", -1.0, "membrane decay per step; -1: 1 - 1/tau"), \
            LIF_PARAM_THETA, LIF_PARAM_RESET(reset, "soft|hard"), LIF_PARAM_V_RESET,          \
            LIF_PARAM_SUBTRACT, LIF_PARAM_DECAY_INPUT(decay_input), LIF_PARAM_DETACH(detach), \
            LIF_PARAM_STRICT("no"), LIF_PARAM_SURROGATE(surrogate), LIF_PARAM_EMIT,           \
            LIF_PARAM_ELIGIBILITY, LIF_PARAM_END                                              \
    }

static const mye_param lif_params[] = LIF_PARAMS("2", "soft", "no", "yes", "sigmoid:alpha=4");
static const mye_param lif_ottt_params[] = LIF_PARAMS("2", "soft", "no", "yes", "sigmoid:alpha=4");
static const mye_param lif_rate_params[] =
    LIF_PARAMS("1.25", "soft", "no", "yes", "sigmoid:alpha=4");
static const mye_param lif_sltt_params[] =
    LIF_PARAMS("1.1", "soft", "no", "no", "triangle:alpha=1");
static const mye_param lif_spikingjelly_params[] =
    LIF_PARAMS("2", "hard", "yes", "no", "sigmoid:alpha=4");

#define LIF(symbol, text, origin)                           \
    const mye_neuron_type mye_neuron_##symbol = {           \
        .entry = {.name = #symbol,                          \
                  .brief = text,                            \
                  .source = origin,                         \
                  .params = symbol##_params,                \
                  .options_size = sizeof(mye_lif_options)}, \
        LIF_FUNCTIONS,                                      \
        .shape = lif_shape,                                 \
        .prepare = lif_prepare,                             \
        .backward = mye_lif_backward,                       \
        .rate_mode = lif_rate_mode,                         \
    }

extern const mye_neuron_type mye_neuron_lif, mye_neuron_lif_ottt, mye_neuron_lif_rate,
    mye_neuron_lif_sltt, mye_neuron_lif_spikingjelly;

LIF(lif, "leaky integrate-and-fire, soft or hard reset", "Wu et al. 2018; Fang et al. 2021");
LIF(lif_ottt, "LIF as online training through time sets it: tau=2, soft detached reset",
    "Xiao et al. 2022, arXiv 2210.04195");
LIF(lif_rate, "LIF as rate-based backpropagation sets it: lambda=0.2, soft detached reset",
    "Yu et al. 2024, arXiv 2410.11488");
LIF(lif_sltt, "LIF as spatial learning through time sets it: tau=1.1, triangle surrogate",
    "Meng et al. 2023, arXiv 2302.14311");
LIF(lif_spikingjelly, "LIF as SpikingJelly's LIFNode: hard reset to 0, input decayed",
    "Fang et al. 2023, spikingjelly.activation_based.neuron");
