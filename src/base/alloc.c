/*
 * Memory of a context. Each block carries a 64-byte header with its size, so that live and peak
 * bytes are exact: they count what was asked for, not the headers. The counters are atomic because
 * the loader thread allocates while training does. A context of NULL means the system's allocator
 * without counting; the parameter tables use it.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/state.h"

#define MAGIC      0x6d79656c696e2121u
#define HUGE_PAGE  ((size_t)2 << 20)
#define HUGE_BYTES ((size_t)4 << 20) /* below this the kernel's work outweighs the saved misses */

typedef struct header {
    _Alignas(MYE_ALIGN) uint64_t magic;
    size_t bytes;
} header;

_Static_assert(sizeof(header) == MYE_ALIGN, "payloads must stay aligned");

static void *system_alloc(size_t bytes, size_t align)
{
    void *block = NULL;
    return posix_memalign(&block, align, bytes) == 0 ? block : NULL;
}

void *mye_raw_alloc(const mye_allocator *allocator, size_t bytes)
{
    if (allocator != NULL && allocator->allocate != NULL)
        return allocator->allocate(allocator->user, bytes);
    return system_alloc(bytes, MYE_ALIGN);
}

void mye_raw_free(const mye_allocator *allocator, void *block)
{
    if (allocator != NULL && allocator->allocate != NULL)
        allocator->release(allocator->user, block);
    else
        free(block);
}

static void count_more(mye_context *ctx, size_t bytes)
{
    const size_t live = atomic_fetch_add(&ctx->live_bytes, bytes) + bytes;
    size_t peak = atomic_load(&ctx->peak_bytes);
    while (live > peak && !atomic_compare_exchange_weak(&ctx->peak_bytes, &peak, live))
        continue;
}

static void *finish(mye_context *ctx, void *block, size_t bytes)
{
    if (block == NULL)
        return NULL;
    assert((uintptr_t)block % MYE_ALIGN == 0);
    header *h = block;
    h->magic = MAGIC;
    h->bytes = bytes;
    if (ctx != NULL)
        count_more(ctx, bytes);
    return h + 1;
}

/* Not zeroed. */
static void *take(mye_context *ctx, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    const size_t total = sizeof(header) + (bytes > 0 ? bytes : 1);
    return finish(ctx, mye_raw_alloc(ctx != NULL ? &ctx->allocator : NULL, total), bytes);
}

void *mye_alloc(mye_context *ctx, size_t bytes)
{
    void *block = take(ctx, bytes);
    if (block != NULL)
        memset(block, 0, bytes);
    return block;
}

void *mye_alloc_array(mye_context *ctx, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return mye_alloc(ctx, bytes);
}

void *mye_alloc_big(mye_context *ctx, size_t bytes)
{
    const bool is_hooked = ctx != NULL && ctx->allocator.allocate != NULL;
    if (bytes < HUGE_BYTES || bytes > SIZE_MAX / 2 || is_hooked)
        return take(ctx, bytes);
    const size_t total = sizeof(header) + bytes;
    void *block = system_alloc(total, HUGE_PAGE);
#ifdef MADV_HUGEPAGE
    /* Advice only: a system without huge pages works as before. Whole huge pages alone, since the
     * rest of the last one may belong to another block. */
    if (block != NULL)
        (void)madvise(block, total / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return finish(ctx, block, bytes);
}

void *mye_alloc_big_zero(mye_context *ctx, size_t bytes)
{
    void *block = mye_alloc_big(ctx, bytes);
    if (block != NULL)
        memset(block, 0, bytes);
    return block;
}

void *mye_grow(mye_context *ctx, void *block, size_t old_bytes, size_t bytes)
{
    unsigned char *fresh = take(ctx, bytes);
    if (fresh == NULL)
        return NULL;
    const size_t kept = old_bytes < bytes ? old_bytes : bytes;
    if (block != NULL && kept > 0)
        memcpy(fresh, block, kept);
    else
        assert(kept == 0);
    memset(fresh + kept, 0, bytes - kept);
    mye_free(ctx, block);
    return fresh;
}

void mye_free(mye_context *ctx, void *block)
{
    if (block == NULL)
        return;
    header *h = (header *)block - 1;
    assert(h->magic == MAGIC);
    h->magic = 0; /* a second free trips the assertion */
    if (ctx != NULL)
        atomic_fetch_sub(&ctx->live_bytes, h->bytes);
    mye_raw_free(ctx != NULL ? &ctx->allocator : NULL, h);
}

char *mye_strdup(mye_context *ctx, const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = take(ctx, bytes);
    if (copy != NULL)
        memcpy(copy, text, bytes);
    return copy;
}

mye_status mye_no_memory(mye_error *err, size_t bytes, const char *what)
{
    char size[32];
    return mye_fail(err, MYE_ERR_NOMEM, "not enough memory for %s (%s)", what,
                    mye_format_bytes(bytes, size, sizeof size));
}
