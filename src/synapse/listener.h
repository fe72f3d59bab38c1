/* One neuron that listens to a stream and learns from one number for each trial of it. */
#ifndef MYE_LISTENER_H
#define MYE_LISTENER_H

#include "synapse/embedded.h"
#include "synapse/lesson.h"

enum { MYE_FEATURES_MAX = 64 };

typedef struct mye_listener {
    mye_context *ctx;
    const mye_lesson *lesson;
    mye_scene scene;              /* all but its features: given       */
    int wanted[MYE_FEATURES_MAX]; /* spikes that each is worth: given  */
    mye_desk desk;
    mye_noisy trial, noisy;
    mye_pupil pupil;
} mye_listener;

/* Makes what the fields above leave open; close in any case. */
mye_status mye_listener_open(mye_listener *l, mye_error *err);
void mye_listener_close(mye_listener *l);

/* Trials: how many, their background in ms, how often each feature comes in one. */
typedef struct mye_hearing_plan {
    int64_t trials;
    double shortest_ms, longest_ms, occurs;
} mye_hearing_plan;

/* Learns. right [pieces]: share of trials that were right from the first, over equal pieces; NAN where a
 * piece has none. */
mye_status mye_listener_learn(mye_listener *l, const mye_hearing_plan *plan, int pieces,
                              double *right, mye_error *err);
/* response [features]: spikes that a feature adds to a background, mean of `probes`; with noise where
 * that is not NULL. */
mye_status mye_listener_test(mye_listener *l, int64_t probes, const mye_noises *noise,
                             double *response, mye_error *err);

#endif
