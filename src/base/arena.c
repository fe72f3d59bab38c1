#include <assert.h>

#include "base/base.h"
#include "base/poison.h"

/* Rounded up to whole lines, plus the gap; SIZE_MAX when that overflows. */
static size_t padded(size_t bytes)
{
    if (bytes > SIZE_MAX - (MYE_ALIGN - 1) - MYE_GAP)
        return SIZE_MAX;
    return (bytes + MYE_ALIGN - 1) / MYE_ALIGN * MYE_ALIGN + MYE_GAP;
}

void *mye_arena_take(mye_arena *arena, size_t bytes)
{
    const size_t size = padded(bytes);
    if (arena->base == NULL) {
        /* Saturates: a plan that overflows must ask for more than any machine has. */
        if (__builtin_add_overflow(arena->used, size, &arena->used))
            arena->used = SIZE_MAX;
        return NULL;
    }
    assert(arena->used <= arena->cap && size <= arena->cap - arena->used);
    if (arena->used > arena->cap || size > arena->cap - arena->used)
        return NULL;
    unsigned char *block = arena->base + arena->used;
    arena->used += size;
    mye_unpoison(block, bytes);
    mye_poison(block + bytes, size - bytes);
    return block;
}

void *mye_lane_take(mye_lane *lane, size_t bytes)
{
    const size_t start = (lane->used + MYE_ALIGN - 1) / MYE_ALIGN * MYE_ALIGN;
    assert(start <= lane->cap && bytes <= lane->cap - start);
    if (start > lane->cap || bytes > lane->cap - start)
        return NULL; /* a crash is better than a neighbour's scratch */
    lane->used = start + bytes;
    mye_unpoison(lane->base + start, bytes);
    mye_poison(lane->base + lane->used, lane->cap - lane->used); /* put back, or never planned */
    return lane->base + start;
}
