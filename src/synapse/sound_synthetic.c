/*
 * Sounds made here, so that experiments run without files: ten classes of short signals, each with
 * its own pitch, length, onset and loudness over a faint hiss. Training and test sounds differ.
 */
#include <math.h>
#include <string.h>

#include "synapse/sound.h"
#include "synapse/tones.h"

#define RATE       8000
#define TEST_SPLIT ((uint64_t)1 << 40)

typedef struct options {
    int64_t train, test;
} options;

/* What a sound is made from: its seed and the length of its split. */
typedef struct maker {
    uint64_t seed;
} maker;

static const mye_param params[] = {
    {"test", MYE_PARAM_INT, offsetof(options, test), 0, "40", 1, 100000, NULL, NULL, "sounds",
     "test sounds of each class"},
    {"train", MYE_PARAM_INT, offsetof(options, train), 0, "40", 1, 100000, NULL, NULL, "sounds",
     "training sounds of each class"},
    {0},
};

static mye_status open_sounds(const void *opt, const mye_source_request *ask, mye_sounds *out,
                              mye_error *err)
{
    const options *o = opt;
    const bool is_train = strcmp(ask->split, "train") == 0;
    const int64_t n = is_train ? o->train : o->test;
    maker *self = mye_alloc(out->ctx, sizeof(*self));
    if (!self)
        return mye_no_memory(err, sizeof(*self), "synthetic sounds");
    out->self = self;
    self->seed = ask->seed;
    for (int k = 0; k < MYE_TONES; k++)
        MYE_TRY(mye_sounds_add_class(out, mye_tone_name(k), err));
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < MYE_TONES; k++)
            MYE_TRY(mye_sounds_add(
                out, k, 0, (uint64_t)(i * MYE_TONES + k) + (is_train ? 0 : TEST_SPLIT), err));
    return MYE_OK;
}

static mye_status read_sound(const mye_sounds *sounds, int64_t i, mye_wave *out, mye_error *err)
{
    const maker *self = sounds->self;
    mye_draws draws = mye_draws_begin(self->seed, sounds->tag[i]);
    const double lead_s = 0.02 + 0.1 * mye_draws_uniform(&draws);
    const double long_s = 0.3 + 0.3 * mye_draws_uniform(&draws);
    const int64_t lead = (int64_t)(RATE * lead_s), length = (int64_t)(RATE * long_s);
    const double loudness = pow(10, -0.6 * mye_draws_uniform(&draws)); /* 0 to -12 dB */
    *out = (mye_wave){NULL, 2 * lead + length, RATE};
    out->x = mye_alloc_array(sounds->ctx, (size_t)out->n, sizeof(*out->x));
    if (!out->x)
        return mye_no_memory(err, (size_t)out->n * sizeof(*out->x), "a synthetic sound");
    mye_tone_make(sounds->label[i], &draws, RATE, out->x + lead, length);
    for (int64_t k = 0; k < out->n; k++)
        out->x[k] = (float)(loudness * (0.5 * (double)out->x[k]) + 1e-3 * mye_draws_normal(&draws));
    return MYE_OK;
}

extern const mye_sound_type mye_sound_synthetic;
const mye_sound_type mye_sound_synthetic = {
    .entry = {"synthetic", "ten classes of sounds made here, 8 kHz", "this project", params,
              sizeof(options)},
    .open = open_sounds,
    .read = read_sound,
};
