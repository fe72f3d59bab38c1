/*
 * Time axis: how does credit flow through time steps? One rule = one file + one line in
 * time_list.inc. A rule is an ordinary function over the ops of net/run.h.
 */
#ifndef MYE_TIME_H
#define MYE_TIME_H

#include "net/rules.h"
#include "net/run.h"

/* Number of steps at once: all (layer by layer) or one (step by step). */
static inline int mye_time_span(bool step_by_step, int T)
{
    return step_by_step ? 1 : T;
}

#endif
