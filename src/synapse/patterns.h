/* Inside of pattern sets: the tables of sources and of noise, and the set itself. */
#ifndef MYE_PATTERNS_INTERNAL_H
#define MYE_PATTERNS_INTERNAL_H

#include "base/base.h"
#include "myelin/patterns.h"

struct mye_patterns {
    mye_context *ctx;
    mye_patterns_info info;
    int64_t n_room, spike_room;
    mye_spike *spike;  /* [info.spikes]      */
    int64_t *first;    /* [info.n + 1]       */
    double *window_ms; /* [info.n]           */
    int32_t *label;    /* [info.n]           */
    int32_t *group;    /* [info.n]           */
    char **class_name; /* [info.classes]     */
    char source[MYE_METHOD_MAX];
};

/* What a source is asked for. */
typedef struct mye_source_request {
    const char *dir;   /* may be NULL       */
    const char *split; /* "train", "test" */
    uint64_t seed;
} mye_source_request;

/* A source of patterns, an entry of kind `pattern`. */
typedef struct mye_source_type {
    mye_entry entry;
    mye_status (*open)(mye_context *ctx, const void *options, const mye_source_request *ask,
                       mye_patterns **out, mye_error *err);
} mye_source_type;

extern const mye_kind mye_kind_pattern;

/* All coefficients become 1. */
void mye_patterns_flatten(mye_patterns *set);
/* Spikes of the longest pattern. */
int64_t mye_patterns_longest(const mye_patterns *set);
/* Sorts spikes by time, those of one time by afferent, then by coefficient. */
void mye_spikes_sort(mye_spike *spike, int64_t n);
/* Room for n patterns and m spikes more, so that adding them allocates nothing. */
mye_status mye_patterns_reserve(mye_patterns *set, int64_t n, int64_t m, mye_error *err);
/* Adds copies of all patterns of `from`, which has no more units and classes. */
mye_status mye_patterns_append(mye_patterns *set, const mye_patterns *from, mye_error *err);
/* An empty set with the units, classes, names and source text of another. */
mye_status mye_patterns_like(const mye_patterns *set, mye_patterns **out, mye_error *err);

#endif
