/*
 * An allocator that refuses the n-th request and knows what was not given back.
 */
#ifndef FAILING_H
#define FAILING_H

#include <stdlib.h>

#include "myelin/context.h"

typedef struct failing {
    long calls, fail_at; /* fail_at 0: never */
    long blocks;         /* not yet released */
} failing;

static inline void *failing_allocate(void *user, size_t bytes)
{
    failing *f = user;
    if (++f->calls == f->fail_at)
        return NULL;
    void *block = aligned_alloc(64, (bytes + 63) / 64 * 64);
    f->blocks += block != NULL;
    return block;
}

static inline void failing_release(void *user, void *block)
{
    failing *f = user;
    f->blocks -= block != NULL;
    free(block);
}

static inline mye_allocator failing_hooks(failing *f)
{
    return (mye_allocator){failing_allocate, failing_release, f};
}

#endif
