/* A context for fuzz targets: one thread, and no block above 16 MiB, so that enormous sizes in a
 * file cost nothing. */
#ifndef MYE_FUZZ_LIMITED_H
#define MYE_FUZZ_LIMITED_H

#include <stdlib.h>

#include "base/base.h"

static void *limited_allocate(void *user, size_t bytes)
{
    MYE_UNUSED(user);
    return bytes > (size_t)1 << 24 ? NULL : aligned_alloc(64, (bytes + 63) / 64 * 64);
}

static void limited_release(void *user, void *block)
{
    MYE_UNUSED(user);
    free(block);
}

static mye_context *limited_context(void)
{
    const mye_allocator hooks = {limited_allocate, limited_release, NULL};
    const mye_context_options options = {.threads = 1, .kernels = "ref", .allocator = &hooks};
    mye_context *ctx = NULL;
    if (mye_context_create(&options, &ctx, NULL) != MYE_OK)
        abort();
    return ctx;
}

/* Everything that was allocated must have been freed. */
static void limited_free(mye_context *ctx)
{
    if (mye_context_live_bytes(ctx) != 0)
        abort();
    mye_context_free(ctx);
}

#endif
