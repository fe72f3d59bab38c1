/*
 * Checkpointing by segments: only what lies between groups of hidden layers is kept; when the
 * backward pass comes to a group, its forward pass is made again. With groups of sqrt(n) of the n
 * hidden layers, memory is about 2 sqrt(n) layers in place of n, for one more forward pass.
 *
 * Source: Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016 (arXiv 1604.06174).
 */
#ifndef MYE_SEGMENTS_H
#define MYE_SEGMENTS_H

#include "time/time.h"

/* Notes where groups end, in every module. Refuses for want of memory by making the run fail. */
void mye_segments_prepare(mye_run *run, mye_pass *p);
/* Forward over all steps, losses, backward. */
void mye_segments_step(mye_run *run, mye_pass *p, const mye_module *m);

#endif
