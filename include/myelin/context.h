/*
 * A context holds what the library needs besides data: the allocator, the thread pool, the kernel
 * table of this processor, the cancel flag. Two contexts never share anything; there is no global
 * state. One context may serve any number of models; calls that use one context's thread pool must
 * not overlap (the loader thread of a dataset is the library's own business).
 */
#ifndef MYELIN_CONTEXT_H
#define MYELIN_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "myelin/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mye_context mye_context;

/* Allocation hooks. `allocate` returns 64-byte aligned memory or NULL. */
typedef struct mye_allocator {
    void *(*allocate)(void *user, size_t bytes);
    void (*release)(void *user, void *block);
    void *user;
} mye_allocator;

typedef struct mye_context_options {
    int threads;                    /* worker threads, 0 = one per processor, at most 256     */
    const char *kernels;            /* "ref", "base", "avx2", "avx512"; NULL = MYELIN_KERNELS in
                                       the environment, else the best the processor has        */
    const mye_allocator *allocator; /* NULL = the system's                                     */
    const char *conv;               /* force layers to one way to compute where it fits:
                                       "direct", "winograd", "spikes"; "auto" = the cheapest for
                                       shape and firing rate; NULL = MYELIN_CONV in the
                                       environment, else auto. For tests and measurements.     */
} mye_context_options;

#define MYE_CONTEXT_OPTIONS \
    {                       \
        0, NULL, NULL, NULL \
    }

MYE_API mye_status mye_context_create(const mye_context_options *options, mye_context **out,
                                      mye_error *err);
MYE_API void mye_context_free(mye_context *ctx);

MYE_API int mye_context_threads(const mye_context *ctx);
/* Name of the kernel set in use: "ref", "base", "avx2" or "avx512". */
MYE_API const char *mye_context_kernels(const mye_context *ctx);

/* Asks long calls to stop at the next step; safe from a signal handler and from any thread. */
MYE_API void mye_context_cancel(mye_context *ctx);
MYE_API bool mye_context_cancelled(const mye_context *ctx);
/* Forgets an earlier cancel. */
MYE_API void mye_context_resume(mye_context *ctx);

/* Bytes now allocated through this context, and the most there ever were. */
MYE_API size_t mye_context_live_bytes(const mye_context *ctx);
MYE_API size_t mye_context_peak_bytes(const mye_context *ctx);
/* The peak counts from what is allocated now. */
MYE_API void mye_context_restart_peak(mye_context *ctx);

#ifdef __cplusplus
}
#endif
#endif
