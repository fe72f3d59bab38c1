/* What the tests of sample policies share: facts, scores that are made up, counting. */
#ifndef SAMPLER_SUPPORT_H
#define SAMPLER_SUPPORT_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data_support.h"
#include "sample/draw.h"

enum { MOST_SAMPLES = 4096 };

static inline mye_sample_facts facts_of(int64_t n, int64_t epochs, int batch)
{
    return (mye_sample_facts){.n = n,
                              .epochs = epochs,
                              .batch = batch,
                              .seed = 7,
                              .classes = 10,
                              .dense_share = 0.1,
                              .n_feature = 4};
}

static inline mye_sampler *sampler_of(const char *policy, const mye_sample_facts *f)
{
    mye_sampler *s = NULL;
    ASSERT_OK(mye_sampler_create(NULL, policy, f, &s, &err));
    return s;
}

/* Tells the sampler of samples [0, n) that every number is score[i]. */
static inline void observe_all(mye_sampler *s, int64_t epoch, int n, const float *score)
{
    static int64_t index[MOST_SAMPLES];
    static bool right[MOST_SAMPLES];
    assert_true(n <= MOST_SAMPLES);
    for (int i = 0; i < n; i++) {
        index[i] = i;
        right[i] = score[i] < 1;
    }
    const mye_sample_view v = {.B = n,
                               .index = index,
                               .told = {.loss = score,
                                        .error = score,
                                        .readout = score,
                                        .layers = score,
                                        .spikes = score,
                                        .confidence = score,
                                        .right = right}};
    mye_sampler_observe(s, epoch, &v);
}

/* Runs an epoch whose samples all have their score; returns how many were visited. */
static inline int64_t visit(mye_sampler *s, int64_t epoch, const float *score, int *count)
{
    const mye_sample_epoch *e = mye_sampler_epoch(s, epoch);
    static float own[MOST_SAMPLES];
    static bool right[MOST_SAMPLES];
    for (int64_t i = 0; i < e->n; i++) {
        own[i] = score[e->order[i]];
        right[i] = own[i] < 1;
        if (count != NULL)
            count[e->order[i]]++;
    }
    const mye_sample_view v = {.B = (int)e->n,
                               .index = e->order,
                               .told = {.loss = own,
                                        .error = own,
                                        .readout = own,
                                        .layers = own,
                                        .spikes = own,
                                        .confidence = own,
                                        .right = right}};
    mye_sampler_observe(s, epoch, &v);
    return e->n;
}

/* Uneven scores: from 0.02 to about 4, a few large ones. */
static inline void make_scores(int n, float *score)
{
    for (int i = 0; i < n; i++) {
        const double u = (double)mye_random_uniform(11, MYE_STREAM_TEST, (uint64_t)i);
        score[i] = (float)(0.02 + 4 * u * u * u);
    }
}

/* Copies an epoch's order and weights. */
typedef struct kept_epoch {
    int64_t n, order[2 * MOST_SAMPLES];
    float weight[2 * MOST_SAMPLES];
} kept_epoch;

static inline void keep_epoch(const mye_sample_epoch *e, kept_epoch *out)
{
    assert_true(e->n <= 2 * MOST_SAMPLES);
    out->n = e->n;
    memcpy(out->order, e->order, (size_t)e->n * sizeof *e->order);
    memcpy(out->weight, e->weight, (size_t)e->n * sizeof *e->weight);
}

static inline void expect_same_epoch(const kept_epoch *a, const mye_sample_epoch *b)
{
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->order, b->order, (size_t)a->n * sizeof *a->order);
    assert_memory_equal(a->weight, b->weight, (size_t)a->n * sizeof *a->weight);
}

/* The whole state into another sampler, as a checkpoint does it. */
static inline void carry_state(mye_sampler *from, mye_sampler *to)
{
    size_t bytes, room;
    const void *state = mye_sampler_state(from, &bytes);
    void *place = mye_sampler_state(to, &room);
    assert_int_equal(bytes, room);
    if (bytes > 0)
        memcpy(place, state, bytes);
}

/* T10: after `epochs` epochs, and in the middle of the next, another sampler with the state goes on with
 * the same samples and weights. */
static inline void expect_resumes(const char *policy, const mye_sample_facts *f, int epochs,
                                  const float *score)
{
    mye_sampler *s = sampler_of(policy, f), *other = sampler_of(policy, f);
    static kept_epoch now, next;
    for (int e = 0; e < epochs; e++)
        visit(s, e, score, NULL);
    carry_state(s, other);
    keep_epoch(mye_sampler_epoch(s, epochs), &now);
    expect_same_epoch(&now, mye_sampler_epoch(other, epochs));
    /* in the middle: a half is told, then saved */
    observe_all(s, epochs, (int)f->n / 2, score);
    carry_state(s, other);
    expect_same_epoch(&now, mye_sampler_restore(other, epochs));
    observe_all(s, epochs, (int)f->n, score);
    observe_all(other, epochs, (int)f->n, score);
    keep_epoch(mye_sampler_epoch(s, epochs + 1), &next);
    expect_same_epoch(&next, mye_sampler_epoch(other, epochs + 1));
    mye_sampler_free(s);
    mye_sampler_free(other);
}

/* All samples, each once, weight 1, in the order of policy `all`. */
static inline void expect_plain(const mye_sample_epoch *e, const mye_sample_facts *f, int64_t epoch)
{
    static kept_epoch plain;
    mye_sampler *all = sampler_of("all", f);
    keep_epoch(mye_sampler_epoch(all, epoch), &plain);
    expect_same_epoch(&plain, e);
    assert_true(e->lr_scale == 1);
    mye_sampler_free(all);
}

static inline void assert_same_order(const mye_sample_epoch *a, const mye_sample_epoch *b)
{
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->order, b->order, (size_t)a->n * sizeof *a->order);
    assert_memory_equal(a->weight, b->weight, (size_t)a->n * sizeof *a->weight);
}

/* The samples of an epoch that `policy` makes are those of policy `all`, with weights 1. */
static inline void assert_like_all(const char *policy, const mye_sample_facts *f)
{
    mye_sampler *a = sampler_of(policy, f), *b = sampler_of("all", f);
    assert_int_equal(mye_sampler_pool(a), 0);
    for (int64_t e = 0; e < f->epochs; e++) {
        const int64_t *order;
        assert_int_equal(mye_sampler_survey(a, e, 0, &order), 0);
        assert_same_order(mye_sampler_epoch(a, e), mye_sampler_epoch(b, e));
    }
    mye_sampler_free(a);
    mye_sampler_free(b);
}

/* A second sampler as a checkpoint makes it: with the state of the first, and its epoch again. */
static inline mye_sampler *restored(const char *policy, const mye_sample_facts *f,
                                    mye_sampler *from, int64_t epoch)
{
    mye_sampler *s = sampler_of(policy, f);
    carry_state(from, s);
    mye_sampler_restore(s, epoch);
    return s;
}

static inline int count_of(const int64_t *order, int64_t n, int64_t sample)
{
    int count = 0;
    for (int64_t i = 0; i < n; i++)
        count += order[i] == sample;
    return count;
}

#endif
