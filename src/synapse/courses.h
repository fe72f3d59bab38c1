/* The courses of a whole set, made once for many presentations. */
#ifndef MYE_COURSES_H
#define MYE_COURSES_H

#include "synapse/course.h"

typedef struct mye_courses {
    mye_context *ctx;
    int64_t n, most_spikes; /* patterns; spikes of the longest                             */
    mye_course *course;     /* [n]; NULL: too large to keep, make them one by one          */
    void *block;
} mye_courses;

/* Keeps at most `limit` bytes (0: all). The set must outlive it. Free in any case. */
mye_status mye_courses_make(mye_context *ctx, const mye_psp *psp, const mye_patterns *set,
                            size_t limit, mye_courses *out, mye_error *err);
void mye_courses_free(mye_courses *courses);

#endif
