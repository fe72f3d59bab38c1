/*
 * SPIDE: implicit differentiation at the equilibrium of rates, by spikes alone.
 *
 * Forward, T steps of the spiking network; only rates a and counts are kept. Backward, T_B steps of a
 * second spiking simulation through the same connections, reversed, with ternary spikes:
 *
 *   U_i += g_i + sum over j that i drives of (dc_j / da_i)^T (S_j m_j / V_j)
 *   S_i = A ([U_i >= theta_B] - [U_i <= -theta_B]);  U_i <- lambda (U_i - S_i)
 *   beta_i <- lambda beta_i + S_i                    at the end divided by sum_{k < T_B} lambda^k
 *
 * from the last neurons to the first in each step; what comes back through a feedback connection is
 * that of the step before. beta tends to the solution of (1) in equilibrium.h as T_B grows, where it
 * is within [-A, A]; so g is that of `scale` times the loss, large enough for the threshold. Memory
 * depends on neither T nor T_B.
 *
 * Gradients are divided by scale again, so that learning rates mean what they mean elsewhere.
 * grad_scale=scale leaves them as the released code has them: `scale` times as large, for a learning
 * rate divided by scale (weight decay is then lr wd / scale a step).
 *
 * norm bounds the Frobenius norm of each feedback weight before each step, and with it the spectral
 * norm: of a dense layer to the same, of a k x k convolution to k times as much. Deviation: the
 * released code estimates that norm from 64 random vectors; here it is summed, which costs 64 times
 * less and does not jitter.
 *
 * Source: Xiao, Meng, Zhang, Wang, Lin, "SPIDE: A purely spike-based method for training feedback
 * spiking neural networks", Neural Networks 2023 (arXiv 2302.00232), section 3.
 */
#include "time/equilibrium.h"

#include <math.h>
#include <stddef.h>

typedef struct spide_options {
    int64_t T_B;
    double threshold, amplitude, scale, norm;
    int grad_scale;
} spide_options;

enum { SCALE_ONE, SCALE_SCALE };

#define NUMBER(field, value, lowest, highest, words)                                       \
    {                                                                                      \
        .name = #field, .type = MYE_PARAM_FLOAT, .offset = offsetof(spide_options, field), \
        .def = value, .min = lowest, .max = highest, .unit = "", .help = words             \
    }

static const mye_param params[] = {
    {.name = "T_B",
     .type = MYE_PARAM_INT,
     .offset = offsetof(spide_options, T_B),
     .def = "100",
     .min = 1,
     .max = 4096,
     .unit = "steps",
     .help = "steps of the backward simulation"},
    NUMBER(threshold, "0.5", 1e-6, 1e6, "threshold of a backward neuron, on either side of 0"),
    NUMBER(amplitude, "1", 1e-6, 1e6, "size of a backward spike, and what it takes off"),
    NUMBER(scale, "100", 1e-6, 1e9, "factor on the loss, so that gradients reach the threshold"),
    {.name = "grad_scale",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(spide_options, grad_scale),
     .def = "1",
     .choices = "1|scale",
     .unit = "",
     .help = "factor on the gradient: 1 is that of the loss, scale is the released code"},
    NUMBER(norm, "0", 0, 1e6, "largest Frobenius norm of a feedback weight; 0: any"),
    {.name = NULL},
};

static mye_status check(const void *options, const mye_model *model, const mye_run_options *o,
                        mye_error *err)
{
    (void)options;
    return mye_eq_check("spide", model, o, err);
}

static void prepare(const void *options, mye_run *run)
{
    (void)options;
    mye_eq_prepare(run, true);
}

static int64_t sweeps(const void *options)
{
    return ((const spide_options *)options)->T_B;
}

/* ---- backward neurons ---- */

typedef struct spide_sweep {
    float threshold, amplitude, decay;
    float divisor; /* of beta, after the last step; else 1 */
    bool first;
} spide_sweep;

static void ternary_neuron(const void *arg, const mye_eq_chunk *c)
{
    const spide_sweep *s = arg;
    float *spike = c->out;
    for (int64_t i = 0; i < c->n; i++) {
        float u = s->first ? 0.0f : c->u[i];
        u += c->grad != NULL ? c->grad[i] : 0.0f;
        u += c->drive != NULL ? c->drive[i] : 0.0f;
        spike[i] = s->amplitude * ((float)(u >= s->threshold) - (float)(u <= -s->threshold));
        c->u[i] = s->decay * (u - spike[i]);
        c->beta[i] = (spike[i] + (s->first ? 0.0f : s->decay * c->beta[i])) / s->divisor;
    }
}

static void backward(const spide_options *o, const mye_eq *eq)
{
    const double d = eq->decay;
    const double sum = d == 1.0 ? (double)o->T_B : (1.0 - pow(d, (double)o->T_B)) / (1.0 - d);
    for (int t = 0; t < (int)o->T_B; t++) {
        const spide_sweep s = {.threshold = (float)o->threshold,
                               .amplitude = (float)o->amplitude,
                               .decay = (float)d,
                               .divisor = t == o->T_B - 1 ? (float)sum : 1.0f,
                               .first = t == 0};
        mye_eq_sweep(eq, ternary_neuron, &s, t);
    }
}

static void step(const void *options, mye_run *run)
{
    const spide_options *o = options;
    mye_eq eq = mye_eq_begin(run, mye_run_enter(run, 0));
    const bool released = o->grad_scale == SCALE_SCALE;
    eq.loss_scale = released ? o->scale : 1;
    eq.gain = released ? 1 : o->scale;
    eq.share = released ? 1 : 1 / o->scale;
    mye_eq_restrict(&eq, o->norm);
    mye_eq_forward(&eq);
    mye_eq_head(&eq);
    backward(o, &eq);
    mye_eq_weights(&eq);
}

const mye_time_rule mye_time_spide = {
    .entry = {.name = "spide",
              .brief = "gradient at the equilibrium of feedback networks, by ternary spikes",
              .source = "Xiao et al. 2023, Neural Networks, arXiv 2302.00232",
              .params = params,
              .options_size = sizeof(spide_options)},
    .takes_feedback = true,
    .one_module = true,
    .check = check,
    .prepare = prepare,
    .sweeps = sweeps,
    .step = step,
};
