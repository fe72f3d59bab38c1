/*
 * Ears: how the spectrum of a sound becomes spikes. One ear = one file + one line in ear_list.inc.
 */
#ifndef MYE_EAR_H
#define MYE_EAR_H

#include "synapse/patterns.h"
#include "synapse/spectrum.h"

/* A list of spikes that grows. Every one that is added arrives `taps` times, each tap_ms later and
 * on an afferent of its own: taps * unit + tap. */
typedef struct mye_heard {
    mye_context *ctx;
    mye_spike *spike;
    int64_t n, room;
    int taps;
    double tap_ms;
} mye_heard;

/* The afferents of an ear are channels * bands; unit = channel * bands + band. */
typedef struct mye_ear_type {
    mye_entry entry;
    int32_t (*channels)(const void *options);
    mye_status (*hear)(const void *options, const mye_spectrum *spectrum, mye_heard *out,
                       mye_error *err);
} mye_ear_type;

extern const mye_kind mye_kind_ear;

mye_status mye_heard_add(mye_heard *heard, double t_ms, int32_t unit, double c, mye_error *err);

#endif
