/*
 * Memory that nobody may touch at the moment, for AddressSanitizer: what arenas have not handed out
 * and the gaps between their blocks. In other builds all of this is nothing.
 */
#ifndef MYE_POISON_H
#define MYE_POISON_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define MYE_POISONED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MYE_POISONED 1
#endif
#endif

#ifdef MYE_POISONED
#include <sanitizer/asan_interface.h>
#define MYE_GAP ((size_t)64) /* bytes after each block of an arena */
#else
#define MYE_GAP ((size_t)0)
#endif

static inline void mye_poison(const void *block, size_t bytes)
{
#ifdef MYE_POISONED
    __asan_poison_memory_region(block, bytes);
#else
    (void)block;
    (void)bytes;
#endif
}

static inline void mye_unpoison(const void *block, size_t bytes)
{
#ifdef MYE_POISONED
    __asan_unpoison_memory_region(block, bytes);
#else
    (void)block;
    (void)bytes;
#endif
}

#endif
