/*
 * Walking along a course: the exact, event-driven simulation of one neuron.
 *
 *   V(t) = sum_i w_i sum_j c_j K(t - t_j) - theta sum_{t_s < t} exp(-(t - t_s)/tau_m)
 *
 * It fires when V reaches theta from below; each firing subtracts theta, and what was subtracted
 * decays with tau_m. Yu et al. 2020; Guetig 2016 (eq. 1 and 2 there).
 */
#ifndef MYE_WALK_H
#define MYE_WALK_H

#include "synapse/course.h"

/* Spikes that a walk keeps at most; it ends with the last of them. */
#define MYE_WALK_SPIKES 4096

typedef struct mye_fired {
    double t_ms;
    double slope;  /* dV/dt just before it, per ms; 0 for an impulse                        */
    double top_ms; /* where V would have turned had it not fired: its next maximum          */
    double top;    /* and V there; impulses: V before this one of the event's spikes        */
} mye_fired;

typedef struct mye_walk {
    int n;            /* spikes                                                             */
    mye_fired *spike; /* [MYE_WALK_SPIKES]                                                  */
    /* The highest local maximum above 0 that stayed below theta; peak_ms < 0: there is none. */
    double peak, peak_ms;
} mye_walk;

/* Walks with a threshold (INFINITY: it never fires, and the peak is the maximum of V). Ends after
 * `most` spikes. With `peaks` false nothing is said of the peak, and the walk is faster. */
void mye_walk_along(const mye_course *c, const mye_psp *psp, const double *drive, double theta,
                    int most, bool peaks, mye_walk *out);

#endif
