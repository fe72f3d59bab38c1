/*
 * Inside of a context, shared by the files of the base only.
 */
#ifndef MYE_STATE_H
#define MYE_STATE_H

#include <stdarg.h>
#include <stdatomic.h>

#include "base/base.h"

typedef struct mye_pool mye_pool;

struct mye_context {
    mye_allocator allocator; /* allocate NULL: the system's */
    atomic_size_t live_bytes, peak_bytes;
    atomic_bool cancelled;
    int n_threads;
    mye_pool *pool; /* NULL with one thread */
    const struct mye_kernels *kernels;
    int way; /* forced, or MYE_CONV_ANY */
};

/* Blocks of the allocator hooks themselves: not counted, no header. */
void *mye_raw_alloc(const mye_allocator *allocator, size_t bytes);
void mye_raw_free(const mye_allocator *allocator, void *block);

/* Starts n_threads - 1 workers; the caller of mye_parallel is the last lane. */
mye_status mye_pool_create(mye_context *ctx, int n_threads, mye_pool **out, mye_error *err);
void mye_pool_free(mye_context *ctx, mye_pool *pool);
/* Processors that this process may use, at least 1. */
int mye_processors(void);

/* One line of text for an error's message or hint; arguments may alias `out`. */
void mye_message(char *out, size_t size, const char *format, va_list args) MYE_PRINTF(3, 0);

#endif
