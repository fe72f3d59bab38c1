/* What rules share that go over all T steps of a node at once, both ways. */
#ifndef MYE_WHOLE_H
#define MYE_WHOLE_H

#include "time/time.h"

/* Loss of all steps, then backward from the last node to the first. `recompute`: stored floats behind
 * layers are dropped first and made again when their time comes; spikes, their pooled bits and the
 * input stay. */
void mye_whole_backward(mye_run *run, mye_pass *p, const mye_module *m, bool recompute);

#endif
