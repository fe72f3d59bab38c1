/*
 * What the integrate-and-fire neurons share: options, step, backward, rate-based collection. A
 * neuron of the family says which options it has and what decay and gain are; all else is here.
 *
 *   charge   u_t = R + lambda (v_{t-1} - R) + a x_t          v_0 = R, R = v_reset (0 when soft)
 *   fire     s_t = [u_t >= theta]                            (> when strict)
 *   reset    soft: v_t = u_t - subtract s_t                  hard: v_t = (1 - s_t) u_t + s_t R
 *   late     u_t = lambda u_{t-1} + x_t - subtract s_{t-1}   (hard: lambda (1 - s) u + x), detached
 *
 * In the gradient check (smooth) the output is primitive(u_t - theta). So is the s_t of the reset
 * when it has a derivative; a detached reset keeps the true step, whose derivative is zero almost
 * everywhere, as the backward formulas say. So finite differences are right for every variant.
 */
#ifndef MYE_LIF_FAMILY_H
#define MYE_LIF_FAMILY_H

#include <math.h>

#include "neuron/neuron.h"

enum { LIF_SOFT, LIF_HARD, LIF_NONE };          /* options.reset */
enum { LIF_EMIT_SPIKE, LIF_EMIT_MEMBRANE };     /* options.emit  */
enum { LIF_ELIGIBILITY_AUTO, LIF_ELIGIBILITY }; /* auto, then rate_collect's mode + 1 */

/* Each neuron's parameter table names the fields that it has; the others are 0. */
typedef struct mye_lif_options {
    double tau, lambda, theta, v_reset, subtract;
    int reset, emit, eligibility;
    bool decay_input, detach_reset, strict;
    char surrogate[MYE_METHOD_MAX];
} mye_lif_options;

/* n->plan: the surrogate, parsed once */
typedef struct mye_lif_plan {
    const mye_surrogate *surrogate;
    double a, b;
} mye_lif_plan;

typedef struct mye_lif_coef {
    mye_lif lif;
    const mye_lif_plan *plan;
    int rate_mode;
    bool emit_membrane;
} mye_lif_coef;

mye_status mye_lif_shape(mye_node *n, mye_error *err);
void mye_lif_coef_make(const mye_node *n, double lambda, double gain, bool late,
                       mye_lif_coef *coef);
int64_t mye_lif_step(const mye_neuron_chunk *c, const float *x, float *u, uint64_t *bits,
                     float *out);
void mye_lif_derivative(const mye_neuron_chunk *c, const float *u, float *h);
void mye_lif_backward(const mye_neuron_chunk *c, const float *g, const float *h, const float *u,
                      const float *u_last, const float *x, float *carry, float *dx, double *dparam);
bool mye_lif_fuse(const mye_neuron_chunk *c, mye_lif_steps *steps);
int mye_lif_rate_mode(const mye_lif_options *o, bool late);
void mye_lif_rate_coef(const mye_neuron_chunk *c, double *decay, double *gain);
void mye_lif_rate_collect(const mye_neuron_chunk *c, const float *u, const float *h, float *eps,
                          float *e, float *r);
/* above = v - R of n membranes before reset, with the reset of the mode that runs (PLIF). */
void mye_lif_above_reset(const mye_neuron_chunk *c, int64_t n, const float *u, float *above);

/* ---- rows of parameter tables ---- */

#define LIF_ROW(field, key, kind_of, value, text)                                           \
    .name = key, .type = kind_of, .offset = offsetof(mye_lif_options, field), .def = value, \
    .unit = "", .help = text

#define LIF_PARAM_TAU(value, lowest)                                                    \
    {                                                                                   \
        LIF_ROW(tau, "tau", MYE_PARAM_FLOAT, value, "membrane time constant in steps"), \
            .min = lowest, .max = INFINITY                                              \
    }
#define LIF_PARAM_LAMBDA(key, value, lowest, text)                                    \
    {                                                                                 \
        LIF_ROW(lambda, key, MYE_PARAM_FLOAT, value, text), .min = lowest, .max = 1.0 \
    }
#define LIF_PARAM_THETA                                                                    \
    {                                                                                      \
        LIF_ROW(theta, "theta", MYE_PARAM_FLOAT, "1", "threshold"), .min = 0.0, .max = 1e6 \
    }
#define LIF_PARAM_RESET(value, list)                                                           \
    {                                                                                          \
        LIF_ROW(reset, "reset", MYE_PARAM_CHOICE, value, "what a spike does to the membrane"), \
            .choices = list                                                                    \
    }
#define LIF_PARAM_V_RESET                                                                          \
    {                                                                                              \
        LIF_ROW(v_reset, "v_reset", MYE_PARAM_FLOAT, "0", "membrane at rest, for the hard reset"), \
            .min = -1e6, .max = 1e6                                                                \
    }
#define LIF_PARAM_SUBTRACT                                   \
    {                                                        \
        LIF_ROW(subtract, "subtract", MYE_PARAM_FLOAT, "-1", \
                "what the soft reset removes; -1: theta"),   \
            .min = -1.0, .max = 1e6                          \
    }
#define LIF_PARAM_DECAY_INPUT(value)                               \
    {                                                              \
        LIF_ROW(decay_input, "decay_input", MYE_PARAM_BOOL, value, \
                "the input is multiplied by 1 - lambda")           \
    }
#define LIF_PARAM_DETACH(value)                                      \
    {                                                                \
        LIF_ROW(detach_reset, "detach_reset", MYE_PARAM_BOOL, value, \
                "no gradient through the reset")                     \
    }
#define LIF_PARAM_STRICT(value)                                                                \
    {                                                                                          \
        LIF_ROW(strict, "strict", MYE_PARAM_BOOL, value, "fires above, not at, the threshold") \
    }
#define LIF_PARAM_SURROGATE(value)                                                         \
    {                                                                                      \
        LIF_ROW(surrogate, "surrogate", MYE_PARAM_METHOD, value, "derivative of a spike"), \
            .size = MYE_METHOD_MAX, .kind = &mye_kind_surrogate                            \
    }
#define LIF_PARAM_EMIT                                                     \
    {                                                                      \
        LIF_ROW(emit, "emit", MYE_PARAM_CHOICE, "spike",                   \
                "what the node's value is; membrane: u before the reset"), \
            .choices = "spike|membrane"                                    \
    }
#define LIF_PARAM_ELIGIBILITY                                                             \
    {                                                                                     \
        LIF_ROW(eligibility, "eligibility", MYE_PARAM_CHOICE, "auto",                     \
                "rate-based learning: how du/dc is carried on; auto: as the reset asks"), \
            .choices = "auto|soft_detached|soft|hard|hard_detached"                       \
    }
#define LIF_PARAM_END \
    {                 \
        .name = NULL  \
    }

/* The functions that all of the family have. */
#define LIF_FUNCTIONS                                                                       \
    .spiking = true, .coef_bytes = sizeof(mye_lif_coef), .step = mye_lif_step,              \
    .derivative = mye_lif_derivative, .fuse = mye_lif_fuse, .rate_coef = mye_lif_rate_coef, \
    .rate_collect = mye_lif_rate_collect

#endif
