/*
 * Thread pool: one job at a time, cut into shards. `remaining` is the only gate: whoever lowers it
 * owns the shard that it named, and as long as that shard is not counted in `done` the job cannot
 * end, so the job's fields may be read without further locks. Idle threads spin for a short time,
 * because the next job of a small network comes within microseconds, then sleep.
 */
#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/state.h"

#define SPIN_S      500e-6 /* longer than most gaps between jobs; waking a sleeper costs 10-50 us */
#define SPIN_PAUSES 32     /* between two looks at the clock                                     */

typedef struct worker {
    mye_pool *pool;
    pthread_t thread;
    int lane;
} worker;

struct mye_pool {
    _Alignas(MYE_ALIGN) atomic_int remaining; /* shards nobody has taken */
    _Alignas(MYE_ALIGN) atomic_int done;      /* shards that are finished */
    atomic_bool caller_sleeps;
    _Alignas(MYE_ALIGN) atomic_int sleepers;
    atomic_bool stop;
    atomic_bool busy;

    /* The job: written while remaining is 0 and every shard is done. */
    mye_task task;
    void *arg;
    int n_shards;

    double spin_s; /* 0 when there are more threads than processors */
    pthread_mutex_t lock;
    pthread_cond_t wake, finished;
    int n_workers;
    worker workers[];
};

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool all_done(mye_pool *p)
{
    return atomic_load(&p->done) == p->n_shards;
}

static bool has_work(mye_pool *p)
{
    return atomic_load(&p->remaining) > 0 || atomic_load(&p->stop);
}

/* True as soon as the condition holds, false when it is time to sleep. */
static bool spin_until(mye_pool *p, bool (*condition)(mye_pool *p))
{
    if (condition(p))
        return true;
    const double end_s = p->spin_s > 0 ? mye_now_s() + p->spin_s : 0;
    while (p->spin_s > 0) {
        for (int i = 0; i < SPIN_PAUSES; i++) {
            relax();
            if (condition(p))
                return true;
        }
        if (mye_now_s() >= end_s)
            return false;
        /* On a shared processor the next in line may be the very thread that we wait for. */
        sched_yield();
    }
    return false;
}

static void run_shards(mye_pool *p, int lane)
{
    int ran = 0;
    int left = atomic_load_explicit(&p->remaining, memory_order_relaxed);
    while (left > 0) {
        /* Acquire: pairs with the store that published the job. */
        if (!atomic_compare_exchange_weak_explicit(&p->remaining, &left, left - 1,
                                                   memory_order_acquire, memory_order_relaxed))
            continue;
        p->task(p->arg, p->n_shards - left, lane);
        ran++;
        left = atomic_load_explicit(&p->remaining, memory_order_relaxed);
    }
    if (ran == 0)
        return;
    /* Read before counting: afterwards the caller may start another job. */
    const int n_shards = p->n_shards;
    if (atomic_fetch_add(&p->done, ran) + ran == n_shards && atomic_load(&p->caller_sleeps)) {
        pthread_mutex_lock(&p->lock);
        pthread_cond_signal(&p->finished);
        pthread_mutex_unlock(&p->lock);
    }
}

static void *worker_main(void *arg)
{
    const worker *w = arg;
    mye_pool *p = w->pool;
    while (!atomic_load(&p->stop)) {
        if (spin_until(p, has_work)) {
            run_shards(p, w->lane);
            continue;
        }
        pthread_mutex_lock(&p->lock);
        /* Either we see the job here, or its caller sees the sleeper (both sides are in one total
         * order). After waking we spin again whatever the cause. */
        atomic_fetch_add(&p->sleepers, 1);
        if (!has_work(p))
            pthread_cond_wait(&p->wake, &p->lock);
        atomic_fetch_sub(&p->sleepers, 1);
        pthread_mutex_unlock(&p->lock);
    }
    return NULL;
}

static void wake_workers(mye_pool *p, int wanted)
{
    const int sleepers = atomic_load(&p->sleepers);
    if (sleepers == 0)
        return;
    /* The lock makes sure that a thread which just looked has reached its wait. */
    pthread_mutex_lock(&p->lock);
    pthread_mutex_unlock(&p->lock);
    if (wanted >= sleepers)
        pthread_cond_broadcast(&p->wake);
    else
        for (int i = 0; i < wanted; i++)
            pthread_cond_signal(&p->wake);
}

static void wait_for_workers(mye_pool *p)
{
    if (spin_until(p, all_done))
        return;
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->caller_sleeps, true);
    while (!all_done(p))
        pthread_cond_wait(&p->finished, &p->lock);
    atomic_store(&p->caller_sleeps, false);
    pthread_mutex_unlock(&p->lock);
}

void mye_parallel(mye_context *ctx, int n_shards, mye_task task, void *arg)
{
    mye_pool *p = ctx->pool;
    if (p == NULL || n_shards <= 1) {
        for (int i = 0; i < n_shards; i++)
            task(arg, i, 0);
        return;
    }
    const bool was_busy = atomic_exchange(&p->busy, true);
    assert(!was_busy);
    MYE_UNUSED(was_busy);
    p->task = task;
    p->arg = arg;
    p->n_shards = n_shards;
    atomic_store_explicit(&p->done, 0, memory_order_relaxed);
    atomic_store(&p->remaining, n_shards);
    wake_workers(p, n_shards - 1);
    run_shards(p, 0);
    wait_for_workers(p);
    atomic_store(&p->busy, false);
}

int mye_processors(void)
{
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return CPU_COUNT(&set);
#endif
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 && n < 65536 ? (int)n : 1;
}

/* Workers take no signals: the program's handlers belong to its own threads. */
static mye_status start_workers(mye_pool *p, int n_workers, mye_error *err)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int failure = 0;
    while (failure == 0 && p->n_workers < n_workers) {
        worker *w = &p->workers[p->n_workers];
        w->pool = p;
        w->lane = p->n_workers + 1;
        failure = pthread_create(&w->thread, NULL, worker_main, w);
        p->n_workers += failure == 0;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failure == 0)
        return MYE_OK;
    mye_fail(err, MYE_ERR_NOMEM, "cannot start thread %d of %d: %s", p->n_workers + 2,
             n_workers + 1, strerror(failure));
    mye_hint(err, "use fewer threads");
    return MYE_ERR_NOMEM;
}

mye_status mye_pool_create(mye_context *ctx, int n_threads, mye_pool **out, mye_error *err)
{
    *out = NULL;
    if (n_threads <= 1)
        return MYE_OK;
    const size_t n_workers = (size_t)n_threads - 1;
    const size_t bytes = sizeof(mye_pool) + n_workers * sizeof(worker);
    mye_pool *p = mye_alloc(ctx, bytes);
    if (p == NULL)
        return mye_no_memory(err, bytes, "the thread pool");
    p->spin_s = n_threads <= mye_processors() ? SPIN_S : 0;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    pthread_cond_init(&p->finished, NULL);
    const mye_status status = start_workers(p, (int)n_workers, err);
    if (status != MYE_OK)
        mye_pool_free(ctx, p);
    else
        *out = p;
    return status;
}

void mye_pool_free(mye_context *ctx, mye_pool *p)
{
    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->stop, true);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->n_workers; i++)
        pthread_join(p->workers[i].thread, NULL);
    pthread_cond_destroy(&p->finished);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    mye_free(ctx, p);
}
