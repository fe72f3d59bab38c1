/* What the tests of sample policies by hand share: a sampler of made-up facts, made-up views. */
#ifndef SAMPLER_BY_HAND_H
#define SAMPLER_BY_HAND_H

#include <math.h>

#include "data_support.h"
#include "sample/draw.h"

static inline mye_sample_facts facts_of(int64_t n, int64_t epochs, int batch)
{
    return (mye_sample_facts){
        .n = n, .epochs = epochs, .batch = batch, .seed = 7, .classes = 3, .n_feature = 2};
}

static inline mye_sampler *sampler_of(const char *policy, const mye_sample_facts *f)
{
    mye_sampler *s = NULL;
    ASSERT_OK(mye_sampler_create(NULL, policy, f, &s, &err));
    return s;
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
    size_t bytes, same;
    const void *state = mye_sampler_state(from, &bytes);
    void *to = mye_sampler_state(s, &same);
    assert_int_equal(bytes, same);
    if (bytes > 0)
        memcpy(to, state, bytes);
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
