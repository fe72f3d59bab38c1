#include <assert.h>

#include "base/base.h"

#if defined(__SANITIZE_ADDRESS__)
#define POISONED_GAPS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONED_GAPS 1
#endif
#endif

#ifdef POISONED_GAPS
#include <sanitizer/asan_interface.h>
#define GAP MYE_ALIGN
#else
#define GAP                                       0
#define ASAN_POISON_MEMORY_REGION(block, bytes)   MYE_UNUSED(block)
#define ASAN_UNPOISON_MEMORY_REGION(block, bytes) MYE_UNUSED(block)
#endif

/* Rounded up to whole lines, plus the gap; SIZE_MAX when that overflows. */
static size_t padded(size_t bytes)
{
    if (bytes > SIZE_MAX - (MYE_ALIGN - 1) - GAP)
        return SIZE_MAX;
    return (bytes + MYE_ALIGN - 1) / MYE_ALIGN * MYE_ALIGN + GAP;
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
    ASAN_UNPOISON_MEMORY_REGION(block, bytes);
    ASAN_POISON_MEMORY_REGION(block + bytes, size - bytes);
    return block;
}

void *mye_lane_take(mye_lane *lane, size_t bytes)
{
    const size_t start = (lane->used + MYE_ALIGN - 1) / MYE_ALIGN * MYE_ALIGN;
    assert(start <= lane->cap && bytes <= lane->cap - start);
    if (start > lane->cap || bytes > lane->cap - start)
        return NULL; /* a crash is better than a neighbour's scratch */
    lane->used = start + bytes;
    return lane->base + start;
}
