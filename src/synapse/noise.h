/* Noise on spike patterns: its table, and what it works on. */
#ifndef MYE_NOISE_H
#define MYE_NOISE_H

#include "synapse/draws.h"
#include "synapse/patterns.h"

/* A pattern that noise changes; spikes may stand in any order afterwards. */
typedef struct mye_noisy {
    mye_context *ctx;
    mye_spike *spike;
    int64_t n, room;
    double window_ms;
    int32_t units;
} mye_noisy;

typedef struct mye_noise_type {
    mye_entry entry;
    mye_status (*apply)(const void *options, mye_draws *draws, mye_noisy *pattern, mye_error *err);
    const char *strength; /* the option that says how much, for curves over it         */
} mye_noise_type;

extern const mye_kind mye_kind_noise;

/* A list of noises, parsed. */
enum { MYE_NOISE_MAX = 8 };
typedef struct mye_noises {
    mye_context *ctx;
    int n;
    mye_method method[MYE_NOISE_MAX];
} mye_noises;
/* "jitter:sd=2 delete:share=0.1"; "" is none. Free in any case. */
mye_status mye_noises_parse(mye_context *ctx, const char *text, mye_noises *out, mye_error *err);
void mye_noises_free(mye_noises *noises);
/* Puts a noisy copy of a pattern into *work (whose block grows; free it with mye_free). */
mye_status mye_noises_apply(const mye_noises *noises, const mye_pattern *pattern, int32_t units,
                            uint64_t seed, mye_noisy *work, mye_error *err);
/* Room for one spike more. */
mye_status mye_noisy_reserve(mye_noisy *work, int64_t n, mye_error *err);

#endif
