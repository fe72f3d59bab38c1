/* Sampler: a sample policy at work, and the list of policies. */
#include "sample/sample.h"

#include <string.h>

#include "sample/sample_list.inc"

#define X(name) extern const mye_sample_rule mye_sample_##name;
MYE_SAMPLE_LIST(X)
#undef X

static const mye_entry *const sample_entries[] = {
#define X(name) &mye_sample_##name.entry,
    MYE_SAMPLE_LIST(X)
#undef X
        NULL};

const mye_kind mye_kind_sample = {
    .name = "sample", .question = "Which examples are used?", .entries = sample_entries};

struct mye_sampler {
    mye_context *ctx;
    mye_method method;
    const mye_sample_rule *rule;
    int64_t n, epochs;
    uint64_t seed;
    int64_t *order;       /* [n] */
    float *weight;        /* [n] */
    unsigned char *state; /* when the epoch began, now, spare */
    size_t state_bytes;   /* of one of them                   */
};

mye_status mye_sampler_create(mye_context *ctx, const char *policy, int64_t n, uint64_t seed,
                              int64_t epochs, mye_sampler **out, mye_error *err)
{
    *out = NULL;
    mye_sampler *s = mye_alloc(ctx, sizeof *s);
    if (!s)
        return mye_no_memory(err, sizeof *s, "the sample policy");
    s->ctx = ctx;
    s->n = n;
    s->seed = seed;
    s->epochs = epochs;
    const mye_status status = mye_method_parse(ctx, &mye_kind_sample, policy, &s->method, err);
    if (status != MYE_OK) {
        mye_sampler_free(s);
        return status;
    }
    s->rule = (const mye_sample_rule *)(const void *)s->method.entry;
    if (s->rule->state_bytes)
        s->state_bytes = s->rule->state_bytes(s->method.options, n);
    s->order = mye_alloc_array(ctx, (size_t)n, sizeof *s->order);
    s->weight = mye_alloc_array(ctx, (size_t)n, sizeof *s->weight);
    s->state = mye_alloc_array(ctx, 3, s->state_bytes);
    if (!s->order || !s->weight || !s->state) {
        const size_t bytes = mye_sampler_bytes(s);
        mye_sampler_free(s);
        return mye_no_memory(err, bytes, "the order of samples");
    }
    *out = s;
    return MYE_OK;
}

void mye_sampler_free(mye_sampler *s)
{
    if (!s)
        return;
    mye_context *ctx = s->ctx;
    mye_method_free(ctx, &s->method);
    mye_free(ctx, s->order);
    mye_free(ctx, s->weight);
    mye_free(ctx, s->state);
    mye_free(ctx, s);
}

static int64_t decide(mye_sampler *s, void *state, int64_t epoch, const int64_t **order,
                      const float **weight)
{
    for (int64_t i = 0; i < s->n; i++)
        s->weight[i] = 1.0f;
    *order = s->order;
    *weight = s->weight;
    return s->rule->epoch(s->method.options, state, s->n, s->seed, epoch, s->epochs, s->order,
                          s->weight);
}

int64_t mye_sampler_epoch(mye_sampler *s, int64_t epoch, const int64_t **order,
                          const float **weight)
{
    unsigned char *now = s->state + s->state_bytes;
    if (s->state_bytes > 0)
        memcpy(s->state, now, s->state_bytes);
    return decide(s, now, epoch, order, weight);
}

void mye_sampler_observe(mye_sampler *s, int B, const int64_t *index, const float *loss)
{
    if (s->rule->observe)
        s->rule->observe(s->method.options, s->state + s->state_bytes, B, index, loss);
}

void *mye_sampler_state(mye_sampler *s, size_t *bytes)
{
    *bytes = 2 * s->state_bytes;
    return s->state_bytes > 0 ? s->state : NULL;
}

int64_t mye_sampler_restore(mye_sampler *s, int64_t epoch, const int64_t **order,
                            const float **weight)
{
    /* The policy may change the state it is given, so it works on the spare copy. */
    unsigned char *spare = s->state + 2 * s->state_bytes;
    if (s->state_bytes > 0)
        memcpy(spare, s->state, s->state_bytes);
    return decide(s, spare, epoch, order, weight);
}

size_t mye_sampler_bytes(const mye_sampler *s)
{
    return (size_t)s->n * (sizeof *s->order + sizeof *s->weight) + 3 * s->state_bytes;
}
