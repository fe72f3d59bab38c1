/* Sound files as waveforms: one channel, numbers from -1 to 1. Read with libsndfile. */
#ifndef MYE_WAV_H
#define MYE_WAV_H

#include "base/base.h"

typedef struct mye_wave {
    float *x; /* [n]                */
    int64_t n;
    int32_t rate; /* samples a second */
} mye_wave;

/* Limits of a sound. */
enum { MYE_WAVE_RATE_MIN = 1000, MYE_WAVE_RATE_MAX = 384000, MYE_WAVE_CHANNELS_MAX = 32 };
#define MYE_WAVE_SAMPLES_MAX ((int64_t)1 << 25)

/*
 * The mean of the channels of a WAV, FLAC or Ogg file in memory; `name` is for messages. Errors:
 * MYE_ERR_FORMAT (no sound file, a truncated one, out of the limits, samples that are not finite),
 * MYE_ERR_UNSUPPORTED (built without libsndfile). Free *out in any case.
 */
mye_status mye_wave_parse(mye_context *ctx, const char *name, const void *data, size_t bytes,
                          mye_wave *out, mye_error *err);
mye_status mye_wave_read(mye_context *ctx, const char *path, mye_wave *out, mye_error *err);
void mye_wave_free(mye_context *ctx, mye_wave *wave);
/* Whether a file's name ends like one that can be read. */
bool mye_wave_has_suffix(const char *path);

#endif
