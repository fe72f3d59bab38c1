/* What tests of sounds share: WAV files made byte by byte, tones, and opened sets. */
#ifndef SOUND_SUPPORT_H
#define SOUND_SUPPORT_H

#include <math.h>

#include "data_support.h"
#include "myelin/patterns.h"
#include "synapse/wav.h"

#define TURN 6.28318530717958647692

typedef struct bytes {
    unsigned char p[1 << 17];
    size_t n;
} bytes;

static inline void put_le(bytes *b, uint32_t value, int width)
{
    for (int k = 0; k < width; k++)
        b->p[b->n++] = (unsigned char)(value >> (8 * k));
}

static inline void put_text(bytes *b, const char *text)
{
    memcpy(b->p + b->n, text, strlen(text));
    b->n += strlen(text);
}

/* A PCM file: sample i of channel c is x[i] / (c + 1). */
static inline void make_wav(bytes *b, const double *x, uint32_t n, uint32_t channels, uint32_t rate,
                            uint32_t bits)
{
    const uint32_t width = bits / 8, block = width * channels;
    b->n = 0;
    put_text(b, "RIFF");
    put_le(b, 36 + n * block, 4);
    put_text(b, "WAVEfmt ");
    put_le(b, 16, 4);
    put_le(b, 1, 2);
    put_le(b, channels, 2);
    put_le(b, rate, 4);
    put_le(b, rate * block, 4);
    put_le(b, block, 2);
    put_le(b, bits, 2);
    put_text(b, "data");
    put_le(b, n * block, 4);
    assert_true(b->n + n * block <= sizeof b->p);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t c = 0; c < channels; c++) {
            const long v = lround(x[i] / (c + 1) * (double)((1L << (bits - 1)) - 1));
            put_le(b, (uint32_t)(bits == 8 ? v + 128 : v), (int)width);
        }
}

static inline void write_tone(const char *path, double hz, uint32_t n, uint32_t rate)
{
    static double x[1 << 15];
    static bytes b;
    for (uint32_t i = 0; i < n; i++)
        x[i] = 0.5 * sin(TURN * hz * i / rate);
    make_wav(&b, x, n, 1, rate, 16);
    write_file(path, b.p, b.n);
}

static inline mye_patterns *hear(mye_context *ctx, const char *text, const char *dir,
                                 const char *split, uint64_t seed)
{
    mye_patterns *set = NULL;
    ASSERT_OK(mye_patterns_open(ctx, text, dir, split, seed, &set, &err));
    return set;
}

static inline bool same_sets(const mye_patterns *a, const mye_patterns *b)
{
    const mye_patterns_info *x = mye_patterns_about(a), *y = mye_patterns_about(b);
    if (x->n != y->n || x->spikes != y->spikes || x->units != y->units)
        return false;
    for (int64_t k = 0; k < x->n; k++) {
        const mye_pattern p = mye_patterns_at(a, k), q = mye_patterns_at(b, k);
        if (p.n != q.n || p.label != q.label || p.group != q.group || p.window_ms != q.window_ms)
            return false;
        for (int64_t i = 0; i < p.n; i++)
            if (p.spike[i].t_ms != q.spike[i].t_ms || p.spike[i].unit != q.spike[i].unit ||
                p.spike[i].c != q.spike[i].c)
                return false;
    }
    return true;
}

#endif
