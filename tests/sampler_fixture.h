/* What the tests of sample policies share: a sampler on hand-made scores, without network and data. */
#ifndef SAMPLER_FIXTURE_H
#define SAMPLER_FIXTURE_H

#include <math.h>

#include "data_support.h"
#include "sample/sample.h"

#define MOST_SAMPLES 4096

typedef struct sampler_fixture {
    mye_context *ctx;
    mye_sampler *s;
    mye_sample_facts f;
    const mye_sample_epoch *e; /* the last epoch that was decided */
    int visits[MOST_SAMPLES];  /* of each sample in it            */
} sampler_fixture;

static inline mye_sample_facts plain_facts(int64_t n, int64_t epochs, int batch)
{
    return (mye_sample_facts){.n = n, .epochs = epochs, .batch = batch, .seed = 7, .classes = 10};
}

static inline void begin_sampler(sampler_fixture *x, const char *policy, int64_t n, int64_t epochs,
                                 int batch)
{
    assert_true(n <= MOST_SAMPLES);
    *x = (sampler_fixture){.ctx = make_context(NULL), .f = plain_facts(n, epochs, batch)};
    ASSERT_OK(mye_sampler_create(x->ctx, policy, &x->f, &x->s, &err));
}

static inline void end_sampler(sampler_fixture *x)
{
    mye_sampler_free(x->s);
    mye_context_free(x->ctx);
}

static inline mye_status refuse_sampler(const char *policy, int64_t n, int64_t epochs, int batch,
                                        mye_error *err)
{
    mye_context *ctx = make_context(NULL);
    const mye_sample_facts f = plain_facts(n, epochs, batch);
    mye_sampler *s = NULL;
    const mye_status status = mye_sampler_create(ctx, policy, &f, &s, err);
    mye_sampler_free(s);
    mye_context_free(ctx);
    return status;
}

static inline void take_epoch(sampler_fixture *x, const mye_sample_epoch *e)
{
    x->e = e;
    memset(x->visits, 0, sizeof x->visits);
    for (int64_t i = 0; i < e->n; i++) {
        assert_true(e->order[i] >= 0 && e->order[i] < x->f.n);
        x->visits[e->order[i]]++;
    }
}

static inline int64_t decide_epoch(sampler_fixture *x, int64_t epoch)
{
    take_epoch(x, mye_sampler_epoch(x->s, epoch));
    return x->e->n;
}

/* How many of the samples [from, to) are visited. */
static inline int64_t visited_of(const sampler_fixture *x, int64_t from, int64_t to)
{
    int64_t n = 0;
    for (int64_t i = from; i < to; i++)
        n += x->visits[i];
    return n;
}

/* What a step, or a survey, says of the samples `index` [B]; each array is [samples], by sample. */
typedef struct scores {
    const float *loss, *error, *readout, *layers, *confidence;
    const bool *right;
} scores;

static inline const float *gather(const float *from, const int64_t *index, int B, float *to)
{
    for (int b = 0; from != NULL && b < B; b++)
        to[b] = from[index[b]];
    return from != NULL ? to : NULL;
}

static inline void tell_some(sampler_fixture *x, int64_t epoch, const scores *s,
                             const int64_t *index, int B)
{
    static float row[5][MOST_SAMPLES];
    static bool right[MOST_SAMPLES];
    for (int b = 0; s->right != NULL && b < B; b++)
        right[b] = s->right[index[b]];
    const mye_told told = {.loss = gather(s->loss, index, B, row[0]),
                           .error = gather(s->error, index, B, row[1]),
                           .readout = gather(s->readout, index, B, row[2]),
                           .layers = gather(s->layers, index, B, row[3]),
                           .confidence = gather(s->confidence, index, B, row[4]),
                           .right = s->right != NULL ? right : NULL};
    const mye_sample_view v = {.B = B, .index = index, .told = told};
    mye_sampler_observe(x->s, epoch, &v);
}

/* Of all samples of the epoch that was decided. */
static inline void tell_epoch(sampler_fixture *x, int64_t epoch, const scores *s)
{
    tell_some(x, epoch, s, x->e->order, (int)x->e->n);
}

static inline void tell_all(sampler_fixture *x, int64_t epoch, const scores *s)
{
    static int64_t index[MOST_SAMPLES];
    for (int64_t i = 0; i < x->f.n; i++)
        index[i] = i;
    tell_some(x, epoch, s, index, (int)x->f.n);
}

static inline void assert_same_epoch(const mye_sample_epoch *a, const mye_sample_epoch *b)
{
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->order, b->order, (size_t)a->n * sizeof *a->order);
    assert_memory_equal(a->weight, b->weight, (size_t)a->n * sizeof *a->weight);
    assert_true(a->lr_scale == b->lr_scale);
}

/* Epoch `epoch` was decided; half of it is told; a second sampler takes the state, makes the same order
 * again, and both go on alike. */
static inline void assert_resumes(sampler_fixture *x, const char *policy, int64_t epoch,
                                  const scores *s)
{
    sampler_fixture y;
    size_t bytes, same;
    begin_sampler(&y, policy, x->f.n, x->f.epochs, x->f.batch);
    tell_some(x, epoch, s, x->e->order, (int)x->e->n / 2);
    const void *state = mye_sampler_state(x->s, &bytes);
    memcpy(mye_sampler_state(y.s, &same), state, bytes);
    assert_true(bytes > 0 && bytes == same);
    take_epoch(&y, mye_sampler_restore(y.s, epoch));
    assert_same_epoch(x->e, y.e);
    const int half = (int)x->e->n / 2;
    tell_some(x, epoch, s, x->e->order + half, (int)x->e->n - half);
    tell_some(&y, epoch, s, y.e->order + half, (int)y.e->n - half);
    decide_epoch(x, epoch + 1);
    decide_epoch(&y, epoch + 1);
    assert_same_epoch(x->e, y.e);
    end_sampler(&y);
}

/* Full epochs in the very order of policy `all`, with weights 1 and the plain learning rate. */
static inline void assert_plain(const char *policy, int64_t epochs, const scores *s)
{
    sampler_fixture x, all;
    begin_sampler(&x, policy, 50, epochs, 8);
    begin_sampler(&all, "all", 50, epochs, 8);
    assert_int_equal(mye_sampler_tells(x.s, false), 0);
    for (int64_t e = 0; e < epochs; e++) {
        decide_epoch(&x, e);
        decide_epoch(&all, e);
        assert_same_epoch(x.e, all.e);
        assert_true(x.e->lr_scale == 1 && x.e->max_weight == 1);
        tell_epoch(&x, e, s);
    }
    end_sampler(&x);
    end_sampler(&all);
}

/* Visits of a run whose samples tell what they always tell; no sample twice in an epoch. */
static inline int64_t visits_of_run(const char *policy, int64_t n, int64_t epochs, int batch,
                                    const scores *s)
{
    sampler_fixture x;
    int64_t sum = 0;
    begin_sampler(&x, policy, n, epochs, batch);
    for (int64_t e = 0; e < epochs; e++) {
        sum += decide_epoch(&x, e);
        for (int64_t i = 0; i < n; i++)
            assert_true(x.visits[i] <= 1);
        tell_epoch(&x, e, s);
    }
    end_sampler(&x);
    return sum;
}

/* ... and these are (1 - rho) n epochs, within a batch an epoch. */
static inline void assert_budget(const char *policy, double rho, const scores *s)
{
    const int64_t n = 1003, epochs = 16;
    const int batch = 10;
    const double visits = (double)visits_of_run(policy, n, epochs, batch, s);
    const double wanted = (1 - rho) * (double)(n * epochs);
    assert_true(fabs(visits - wanted) <= (double)(epochs * batch));
}

#endif
