/* Many jobs side by side, one thread each. */
#include <pthread.h>

#include "synapse/jobs.h"

typedef struct board {
    mye_context *ctx;
    mye_status (*job)(void *arg, int i, mye_error *err);
    void *arg;
    const mye_callbacks *callbacks;
    const char *phase;
    int n, done, failed; /* failed: number of the first job that did */
    mye_status status;
    mye_error error;
    double begin_s, last_s;
    pthread_mutex_t lock;
} board;

/* Under the lock: callbacks come one at a time. */
static void tell(board *b)
{
    const double now = mye_now_s(), elapsed = now - b->begin_s;
    if (!b->callbacks || !b->callbacks->progress || (now - b->last_s < 0.2 && b->done < b->n))
        return;
    b->last_s = now;
    const mye_progress p = {.phase = b->phase,
                            .done = b->done,
                            .total = b->n,
                            .elapsed_s = elapsed,
                            .left_s = elapsed * (b->n - b->done) / b->done};
    b->callbacks->progress(b->callbacks->user, &p);
}

static void run_one(void *arg, int i, int lane)
{
    board *b = arg;
    mye_error error = {0};
    MYE_UNUSED(lane);
    pthread_mutex_lock(&b->lock);
    const bool skip = b->status != MYE_OK && b->failed < i;
    pthread_mutex_unlock(&b->lock);
    if (skip)
        return;
    const mye_status st = mye_context_cancelled(b->ctx)
                              ? mye_fail(&error, MYE_ERR_CANCELLED, "'%s' was stopped", b->phase)
                              : b->job(b->arg, i, &error);
    pthread_mutex_lock(&b->lock);
    if (st != MYE_OK && (b->status == MYE_OK || i < b->failed)) {
        b->status = st;
        b->error = error;
        b->failed = i;
    }
    b->done++;
    if (b->status == MYE_OK)
        tell(b);
    pthread_mutex_unlock(&b->lock);
}

mye_status mye_jobs_run(mye_context *ctx, int n,
                        mye_status (*job)(void *arg, int i, mye_error *err), void *arg,
                        const mye_callbacks *callbacks, const char *phase, mye_error *err)
{
    board b = {.ctx = ctx,
               .job = job,
               .arg = arg,
               .callbacks = callbacks,
               .phase = phase,
               .n = n,
               .status = MYE_OK,
               .begin_s = mye_now_s()};
    pthread_mutex_init(&b.lock, NULL);
    mye_parallel(ctx, n, run_one, &b);
    pthread_mutex_destroy(&b.lock);
    if (b.status != MYE_OK && err)
        *err = b.error;
    return b.status;
}
