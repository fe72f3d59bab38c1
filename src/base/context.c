/*
 * The one place of the base that looks upwards: a context chooses its kernel table at creation.
 */
#include "myelin/context.h"

#include <stdlib.h>
#include <string.h>

#include "base/state.h"
#include "kernel/kernel.h"

#define MAX_THREADS 256

static mye_status choose_kernels(mye_context *ctx, const char *name, mye_error *err)
{
    const char *from_environment = NULL;
    if (name == NULL) {
        from_environment = getenv("MYELIN_KERNELS");
        if (from_environment != NULL && from_environment[0] != '\0')
            name = from_environment;
    }
    const mye_status status = mye_kernels_find(name, &ctx->kernels, err);
    if (status != MYE_OK && name != NULL && name == from_environment)
        mye_hint(err, "the name comes from the environment variable MYELIN_KERNELS");
    return status;
}

/* Refuses names that no table of this processor has, and ways that cannot train. A table without
 * the way goes the direct one. */
static mye_status choose_way(mye_context *ctx, const char *name, mye_error *err)
{
    if (name == NULL)
        name = getenv("MYELIN_CONV");
    ctx->way = MYE_CONV_ANY;
    if (name == NULL || name[0] == '\0' || strcmp(name, "auto") == 0)
        return MYE_OK;
    const mye_kernels *all[8];
    mye_kernels_all(all);
    for (int i = 0; all[i]; i++)
        for (int way = 0; way < MYE_CONV_WAYS; way++) {
            const mye_conv_kernels *k = &all[i]->conv[way];
            if (k->name == NULL || k->backward_weight == NULL || strcmp(k->name, name) != 0)
                continue;
            ctx->way = way;
            return MYE_OK;
        }
    mye_fail(err, MYE_ERR_ARG, "there is no way '%s' to compute a layer", name);
    return mye_hint(err, "choose auto, direct, winograd or spikes (option conv, or MYELIN_CONV)");
}

static mye_status check(const mye_context_options *options, mye_error *err)
{
    const mye_allocator *a = options->allocator;
    if (options->threads < 0 || options->threads > MAX_THREADS)
        return mye_fail(err, MYE_ERR_ARG, "threads wants a whole number in [0, %d], got %d",
                        MAX_THREADS, options->threads);
    if (a != NULL && (a->allocate == NULL || a->release == NULL))
        return mye_fail(err, MYE_ERR_ARG, "allocator wants both allocate and release, got no %s",
                        a->allocate == NULL ? "allocate" : "release");
    return MYE_OK;
}

mye_status mye_context_create(const mye_context_options *options, mye_context **out, mye_error *err)
{
    static const mye_context_options defaults = MYE_CONTEXT_OPTIONS;
    if (options == NULL)
        options = &defaults;
    *out = NULL;
    MYE_TRY(check(options, err));

    mye_context *ctx = mye_raw_alloc(options->allocator, sizeof *ctx);
    if (ctx == NULL)
        return mye_no_memory(err, sizeof *ctx, "a context");
    *ctx = (mye_context){0};
    if (options->allocator != NULL)
        ctx->allocator = *options->allocator;
    ctx->n_threads = options->threads;
    if (ctx->n_threads == 0)
        ctx->n_threads = mye_processors() < MAX_THREADS ? mye_processors() : MAX_THREADS;

    mye_status status = choose_kernels(ctx, options->kernels, err);
    if (status == MYE_OK)
        status = choose_way(ctx, options->conv, err);
    if (status == MYE_OK)
        status = mye_pool_create(ctx, ctx->n_threads, &ctx->pool, err);
    if (status != MYE_OK)
        mye_context_free(ctx);
    else
        *out = ctx;
    return status;
}

void mye_context_free(mye_context *ctx)
{
    if (ctx == NULL)
        return;
    mye_pool_free(ctx, ctx->pool);
    const mye_allocator allocator = ctx->allocator;
    mye_raw_free(&allocator, ctx);
}

int mye_context_threads(const mye_context *ctx)
{
    return ctx->n_threads;
}

const char *mye_context_kernels(const mye_context *ctx)
{
    return ctx->kernels->name;
}

int mye_context_way(const mye_context *ctx)
{
    return ctx->way;
}

const struct mye_kernels *mye_context_table(const mye_context *ctx)
{
    return ctx->kernels;
}

void mye_context_cancel(mye_context *ctx)
{
    atomic_store(&ctx->cancelled, true);
}

bool mye_context_cancelled(const mye_context *ctx)
{
    return atomic_load(&ctx->cancelled);
}

void mye_context_resume(mye_context *ctx)
{
    atomic_store(&ctx->cancelled, false);
}

size_t mye_context_live_bytes(const mye_context *ctx)
{
    return atomic_load(&ctx->live_bytes);
}

void mye_context_restart_peak(mye_context *ctx)
{
    atomic_store(&ctx->peak_bytes, atomic_load(&ctx->live_bytes));
}

size_t mye_context_peak_bytes(const mye_context *ctx)
{
    return atomic_load(&ctx->peak_bytes);
}
