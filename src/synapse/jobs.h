/* Many jobs side by side, one thread each. */
#ifndef MYE_JOBS_H
#define MYE_JOBS_H

#include "base/base.h"
#include "myelin/train.h"

/* Runs job(arg, i) for 0 <= i < n; tells progress (callbacks may be NULL). The error is that of the first
 * job that failed, whatever the threads; a cancelled context is MYE_ERR_CANCELLED, and `phase` was stopped. */
mye_status mye_jobs_run(mye_context *ctx, int n,
                        mye_status (*job)(void *arg, int i, mye_error *err), void *arg,
                        const mye_callbacks *callbacks, const char *phase, mye_error *err);

#endif
