/* Inside of a group of neurons. */
#ifndef MYE_GROUP_H
#define MYE_GROUP_H

#include "synapse/courses.h"
#include "synapse/lesson.h"

struct mye_synapse {
    mye_context *ctx;
    mye_lesson lesson;
    int32_t units;
    int neurons;
    double *w;     /* [neurons][units]          */
    double *state; /* the same, NULL: none      */
    double *sum;   /* the same, NULL: none      */
};

/* Courses of a set are kept up to so much memory. */
#define MYE_COURSES_BYTES ((size_t)2 << 30)

/* A desk for each thread; close in any case. */
typedef struct mye_desks {
    mye_context *ctx;
    int n;
    mye_desk *desk;
    mye_status *status; /* [n] first failure of each thread */
    mye_error *error;   /* [n]                              */
} mye_desks;
mye_status mye_desks_open(const mye_synapse *s, int64_t most_spikes, mye_desks *out,
                          mye_error *err);
/* The first failure of any thread. */
mye_status mye_desks_failed(const mye_desks *desks, mye_error *err);
void mye_desks_close(mye_desks *desks);

/* The course of pattern k: a kept one, or one made at the desk, with noise drawn from `seed`. */
mye_status mye_group_course(const mye_synapse *s, const mye_courses *courses,
                            const mye_patterns *set, int64_t k, uint64_t seed, mye_desk *desk,
                            mye_course *out, mye_error *err);
mye_status mye_group_check(const mye_synapse *s, const mye_patterns *set, mye_error *err);

#endif
