/* Reading sound files. */
#include "synapse/wav.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#define FILE_BYTES ((size_t)1 << 28)

void mye_wave_free(mye_context *ctx, mye_wave *wave)
{
    mye_free(ctx, wave->x);
    *wave = (mye_wave){0};
}

bool mye_wave_has_suffix(const char *path)
{
    static const char *const suffix[] = {".wav", ".flac", ".ogg"};
    const size_t n = strlen(path);
    for (size_t k = 0; k < sizeof(suffix) / sizeof(*suffix); k++) {
        const size_t m = strlen(suffix[k]);
        if (n > m && strcasecmp(path + n - m, suffix[k]) == 0)
            return true;
    }
    return false;
}

mye_status mye_wave_read(mye_context *ctx, const char *path, mye_wave *out, mye_error *err)
{
    void *data = NULL;
    size_t bytes = 0;
    *out = (mye_wave){0};
    MYE_TRY(mye_file_read(ctx, path, FILE_BYTES, &data, &bytes, err));
    const mye_status st = mye_wave_parse(ctx, path, data, bytes, out, err);
    mye_free(ctx, data);
    return st;
}

#ifndef MYELIN_HAVE_SNDFILE

mye_status mye_wave_parse(mye_context *ctx, const char *name, const void *data, size_t bytes,
                          mye_wave *out, mye_error *err)
{
    MYE_UNUSED(ctx);
    MYE_UNUSED(data);
    MYE_UNUSED(bytes);
    *out = (mye_wave){0};
    return mye_fail(
        err, MYE_ERR_UNSUPPORTED,
        "%s: this build cannot read sound files, because it was made without libsndfile", name);
}

#else

#include <sndfile.h>

#define CHUNK 4096 /* samples of one channel read at once */

/* libsndfile's view of a block of memory. */
typedef struct memory {
    const unsigned char *data;
    sf_count_t bytes, at;
} memory;

static sf_count_t memory_length(void *user)
{
    return ((const memory *)user)->bytes;
}

static sf_count_t memory_seek(sf_count_t offset, int whence, void *user)
{
    memory *m = user;
    const sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? m->at : m->bytes;
    if (offset < -base || offset > m->bytes - base)
        return -1;
    return m->at = base + offset;
}

static sf_count_t memory_read(void *to, sf_count_t n, void *user)
{
    memory *m = user;
    n = n < m->bytes - m->at ? n : m->bytes - m->at;
    if (n <= 0)
        return 0;
    memcpy(to, m->data + m->at, (size_t)n);
    m->at += n;
    return n;
}

static sf_count_t memory_write(const void *from, sf_count_t n, void *user)
{
    MYE_UNUSED(from);
    MYE_UNUSED(n);
    MYE_UNUSED(user);
    return 0;
}

static sf_count_t memory_tell(void *user)
{
    return ((const memory *)user)->at;
}

static uint32_t read_u32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* libsndfile takes what is left of a truncated RIFF file for the whole: we do not. */
static mye_status check_riff(const char *name, const unsigned char *data, size_t bytes,
                             mye_error *err)
{
    if (bytes < 12)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: %zu bytes are no sound file", name, bytes);
    if (memcmp(data, "RIFF", 4) != 0)
        return MYE_OK;
    for (size_t at = 12; at + 8 <= bytes;) {
        const size_t size = read_u32(data + at + 4), left = bytes - at - 8;
        const bool is_data = memcmp(data + at, "data", 4) == 0;
        if (size > left)
            return mye_fail(err, MYE_ERR_FORMAT,
                            "%s: truncated: its chunk '%.4s' wants %zu bytes, %zu are left", name,
                            is_data ? "data" : "head", size, left);
        if (is_data)
            return MYE_OK;
        at += 8 + size + (size & 1);
    }
    return mye_fail(err, MYE_ERR_FORMAT, "%s: it has no chunk 'data'", name);
}

static mye_status check_info(const char *name, const SF_INFO *info, mye_error *err)
{
    if (info->samplerate < MYE_WAVE_RATE_MIN || info->samplerate > MYE_WAVE_RATE_MAX)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: sounds have %d to %d samples a second, got %d",
                        name, MYE_WAVE_RATE_MIN, MYE_WAVE_RATE_MAX, info->samplerate);
    if (info->channels < 1 || info->channels > MYE_WAVE_CHANNELS_MAX)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: sounds have 1 to %d channels, got %d", name,
                        MYE_WAVE_CHANNELS_MAX, info->channels);
    if (info->frames < 1 || info->frames > MYE_WAVE_SAMPLES_MAX)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: sounds have 1 to %lld samples, got %lld", name,
                        (long long)MYE_WAVE_SAMPLES_MAX, (long long)info->frames);
    return MYE_OK;
}

/* Appends n samples of all channels to *out, which has room. */
static mye_status mix(const char *name, const float *from, int64_t n, int channels, mye_wave *out,
                      mye_error *err)
{
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        for (int c = 0; c < channels; c++)
            sum += (double)from[i * channels + c];
        const float x = (float)(sum / channels);
        if (!isfinite(x))
            return mye_fail(err, MYE_ERR_FORMAT, "%s: its sample %lld is not a finite number", name,
                            (long long)out->n);
        out->x[out->n++] = x;
    }
    return MYE_OK;
}

static mye_status read_all(mye_context *ctx, const char *name, SNDFILE *file, const SF_INFO *info,
                           mye_wave *out, mye_error *err)
{
    const size_t chunk = CHUNK * (size_t)info->channels;
    MYE_TRY(check_info(name, info, err));
    out->rate = info->samplerate;
    out->x = mye_alloc_array(ctx, (size_t)info->frames, sizeof(*out->x));
    float *part = mye_alloc_array(ctx, chunk, sizeof(*part));
    mye_status st = out->x && part
                        ? MYE_OK
                        : mye_no_memory(err, (size_t)info->frames * sizeof(*out->x), "a sound");
    for (int64_t left = info->frames; st == MYE_OK && left > 0; left = info->frames - out->n) {
        const sf_count_t n = sf_readf_float(file, part, left < CHUNK ? left : CHUNK);
        if (n <= 0)
            st = mye_fail(err, MYE_ERR_FORMAT, "%s: truncated: it has %lld of %lld samples", name,
                          (long long)out->n, (long long)info->frames);
        else
            st = mix(name, part, n, info->channels, out, err);
    }
    mye_free(ctx, part);
    return st;
}

mye_status mye_wave_parse(mye_context *ctx, const char *name, const void *data, size_t bytes,
                          mye_wave *out, mye_error *err)
{
    SF_VIRTUAL_IO io = {memory_length, memory_seek, memory_read, memory_write, memory_tell};
    memory m = {data, (sf_count_t)bytes, 0};
    SF_INFO info = {0};
    *out = (mye_wave){0};
    MYE_TRY(check_riff(name, data, bytes, err));
    SNDFILE *file = sf_open_virtual(&io, SFM_READ, &info, &m);
    if (!file)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: no sound file that libsndfile reads: %.80s", name,
                        sf_strerror(NULL));
    const mye_status st = read_all(ctx, name, file, &info, out, err);
    sf_close(file);
    return st;
}

#endif
