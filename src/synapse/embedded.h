/*
 * Features in a stream: short patterns that come back, between stretches of random background. The
 * stimuli of aggregate-label learning (Guetig 2016).
 */
#ifndef MYE_EMBEDDED_H
#define MYE_EMBEDDED_H

#include "synapse/draws.h"
#include "synapse/noise.h"

typedef struct mye_scene {
    int32_t units;
    int features;
    double rate_hz, feature_ms;
    int coefficient; /* MYE_DRAW_..., of features and background             */
    bool same_times; /* features differ in coefficients alone                 */
    uint64_t seed;
    mye_patterns *feature; /* [features]                                            */
} mye_scene;

/* Draws the features; free in any case. */
mye_status mye_scene_open(mye_context *ctx, mye_scene *scene, mye_error *err);
void mye_scene_close(mye_scene *scene);

/* Appends background of so many ms, from `from_ms` on; spikes rise in time. */
mye_status mye_scene_background(const mye_scene *scene, mye_draws *draws, double from_ms, double ms,
                                mye_noisy *out, mye_error *err);
/* Appends feature f, from `from_ms` on. */
mye_status mye_scene_feature(const mye_scene *scene, int f, double from_ms, mye_noisy *out,
                             mye_error *err);
/* A trial: background of `ms`, with each feature inserted Poisson(mean) times at random places.
 * occurs [features]: how often. out->window_ms is the whole length. */
mye_status mye_scene_trial(const mye_scene *scene, mye_draws *draws, double ms, double mean,
                           int *occurs, mye_noisy *out, mye_error *err);

#endif
