/*
 * Postsynaptic potential: what a spike of coefficient 1 through a weight of 1 does to the membrane.
 *
 *   double-exp   K(u) = V0 (exp(-u/tau_m) - exp(-u/tau_s)), u > 0; V0 makes its peak 1
 *   exp          K(u) = exp(-u/tau_m), u >= 0: an impulse on the membrane
 *
 * Between events the potential of a neuron is a exp(-u/tau_m) - b exp(-u/tau_s): two numbers are its
 * whole state, and an impulse has b = 0. So both kernels are numbers, not code.
 */
#ifndef MYE_PSP_H
#define MYE_PSP_H

#include "base/base.h"

typedef struct mye_psp {
    double tau_m, tau_s; /* ms                                                              */
    double gain;         /* V0; 1 for an impulse                                            */
    double rise;         /* 1; 0: an impulse. Spike times move with the weights iff it is 1 */
} mye_psp;

typedef struct mye_psp_type {
    mye_entry entry;
    mye_status (*shape)(const void *options, mye_psp *out, mye_error *err);
} mye_psp_type;

extern const mye_kind mye_kind_psp;

/* "double-exp:tau_m=20,tau_s=5" into numbers. */
mye_status mye_psp_parse(mye_context *ctx, const char *text, mye_psp *out, mye_error *err);
/* K(u), u in ms; 0 before the spike. */
double mye_psp_at(const mye_psp *psp, double u_ms);

#endif
