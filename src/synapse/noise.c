/* Noise on spike patterns: lists of it, and sets with it. */
#include "synapse/noise.h"

#include <string.h>

#include "synapse/noise_list.inc"

#define DECLARE(name) extern const mye_noise_type mye_noise_##name;
MYE_NOISE_LIST(DECLARE)
#define ENTRY(name) &mye_noise_##name.entry,
static const mye_entry *const entries[] = {MYE_NOISE_LIST(ENTRY) NULL};
const mye_kind mye_kind_noise = {"noise", "What happens to spikes on their way?", entries};

mye_status mye_noises_parse(mye_context *ctx, const char *text, mye_noises *out, mye_error *err)
{
    *out = (mye_noises){.ctx = ctx};
    for (const char *at = text; *(at += strspn(at, " "));) {
        char one[MYE_METHOD_MAX];
        const size_t n = strcspn(at, " ");
        if (out->n == MYE_NOISE_MAX || n >= sizeof(one))
            return mye_fail(err, MYE_ERR_ARG, "noise is a list of at most %d methods, got '%.80s'",
                            MYE_NOISE_MAX, text);
        memcpy(one, at, n);
        one[n] = '\0';
        MYE_TRY(mye_method_parse(ctx, &mye_kind_noise, one, &out->method[out->n], err));
        out->n++;
        at += n;
    }
    return MYE_OK;
}

void mye_noises_free(mye_noises *noises)
{
    for (int i = 0; i < noises->n; i++)
        mye_method_free(noises->ctx, &noises->method[i]);
    noises->n = 0;
}

mye_status mye_noisy_reserve(mye_noisy *work, int64_t n, mye_error *err)
{
    if (n <= work->room)
        return MYE_OK;
    const int64_t room = n > 2 * work->room ? n : 2 * work->room;
    const size_t one = sizeof(*work->spike);
    mye_spike *grown = mye_grow(work->ctx, work->spike, (size_t)work->n * one, (size_t)room * one);
    if (!grown)
        return mye_no_memory(err, (size_t)room * one, "a noisy pattern");
    work->spike = grown;
    work->room = room;
    return MYE_OK;
}

mye_status mye_noises_apply(const mye_noises *noises, const mye_pattern *pattern, int32_t units,
                            uint64_t seed, mye_noisy *work, mye_error *err)
{
    work->ctx = noises->ctx;
    work->n = 0;
    work->units = units;
    work->window_ms = pattern->window_ms;
    MYE_TRY(mye_noisy_reserve(work, pattern->n, err));
    if (pattern->n > 0)
        memcpy(work->spike, pattern->spike, (size_t)pattern->n * sizeof(*work->spike));
    work->n = pattern->n;
    for (int i = 0; i < noises->n; i++) {
        const mye_noise_type *type = (const mye_noise_type *)noises->method[i].entry;
        mye_draws draws = mye_draws_begin(seed, (uint64_t)i);
        MYE_TRY(type->apply(noises->method[i].options, &draws, work, err));
    }
    return MYE_OK;
}

mye_status mye_patterns_noise(const mye_patterns *set, const char *noise, uint64_t seed,
                              int64_t copy, mye_patterns **out, mye_error *err)
{
    mye_noises noises;
    mye_noisy work = {.ctx = set->ctx};
    *out = NULL;
    mye_status st = mye_noises_parse(set->ctx, noise, &noises, err);
    if (st == MYE_OK)
        st = mye_patterns_like(set, out, err);
    if (st == MYE_OK)
        st = mye_patterns_reserve(*out, set->info.n, set->info.spikes, err);
    for (int64_t k = 0; st == MYE_OK && k < set->info.n; k++) {
        mye_pattern p = mye_patterns_at(set, k);
        const uint64_t own =
            mye_random_derive(mye_random_derive(seed, (uint64_t)copy), (uint64_t)k);
        st = mye_noises_apply(&noises, &p, set->info.units, own, &work, err);
        p.spike = work.spike;
        p.n = work.n;
        if (st == MYE_OK)
            st = mye_patterns_add(*out, &p, err);
    }
    mye_free(set->ctx, work.spike);
    mye_noises_free(&noises);
    if (st != MYE_OK) {
        mye_patterns_free(*out);
        *out = NULL;
    }
    return st;
}
