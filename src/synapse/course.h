/*
 * The course of a pattern: what every neuron that reads it has in common. Spikes of one time are one
 * event; the decays from event to event are computed once, and decaying step by step instead of with
 * exp(t/tau) never overflows.
 */
#ifndef MYE_COURSE_H
#define MYE_COURSE_H

#include "synapse/patterns.h"
#include "synapse/psp.h"

typedef struct mye_course {
    int64_t n;              /* events                                                       */
    const mye_spike *spike; /* of the pattern                                               */
    int64_t n_spikes;
    int64_t *start;  /* [n + 1] first spike of each event                             */
    double *decay_m; /* [n] exp(-d/tau_m) from event k to event k + 1, or to the end  */
    double *decay_s; /* [n] the same with tau_s                                       */
    double end_ms;   /* when reading ends: the window, or 3 tau_m after the last event */
} mye_course;

/* Most bytes that a course of n spikes takes. */
size_t mye_course_bytes(int64_t n_spikes);
/* Lays a course into `block` (mye_course_bytes of its spikes, 8-byte aligned). The pattern's spikes
 * are sorted by time and must outlive it. */
mye_course mye_course_make(const mye_psp *psp, const mye_pattern *pattern, void *block);

static inline double mye_course_time(const mye_course *c, int64_t k)
{
    return c->spike[c->start[k]].t_ms;
}

/* How long event k lasts: to the next one, or to the end. */
static inline double mye_course_length(const mye_course *c, int64_t k)
{
    return (k + 1 < c->n ? mye_course_time(c, k + 1) : c->end_ms) - mye_course_time(c, k);
}

/* drive[k] = V0 sum of w c over the spikes of event k: what it adds to both parts of the state. */
void mye_course_drive(const mye_course *c, const mye_psp *psp, const double *w, double *drive);

#endif
