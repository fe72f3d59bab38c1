/* Mel filters. */
#include "synapse/mel.h"

#include <math.h>

static double mel_of(double hz)
{
    return 2595 * log10(1 + hz / 700);
}

static double hz_of(double mel)
{
    return 700 * (pow(10, mel / 2595) - 1);
}

/* One triangle from `left` over `top` to `right`, in bins. */
static void fill_filter(mye_mel *mel, int b, double left, double top, double right)
{
    float *w = mel->weight + (size_t)b * (size_t)mel->bins;
    int first = mel->bins, end = 0;
    for (int k = (int)ceil(left); k < mel->bins && k < right; k++) {
        const double height = k <= top ? (k - left) / (top - left) : (right - k) / (right - top);
        if (height <= 0)
            continue;
        w[k] = (float)height;
        first = k < first ? k : first;
        end = k + 1;
    }
    if (end == 0) {
        const int nearest = (int)lround(top);
        first = nearest < mel->bins ? nearest : mel->bins - 1;
        end = first + 1;
        w[first] = 1;
    }
    mel->first[b] = first;
    mel->end[b] = end;
}

mye_status mye_mel_create(mye_context *ctx, int bands, int n, double rate, double low_hz,
                          double high_hz, mye_mel *out, mye_error *err)
{
    const size_t m = (size_t)bands, bins = (size_t)n / 2 + 1;
    *out = (mye_mel){.ctx = ctx, .bands = bands, .bins = (int)bins};
    out->first = mye_alloc_array(ctx, m, sizeof(*out->first));
    out->end = mye_alloc_array(ctx, m, sizeof(*out->end));
    out->weight = mye_alloc_array(ctx, m * bins, sizeof(*out->weight));
    if (!out->first || !out->end || !out->weight)
        return mye_no_memory(err, m * bins * sizeof(*out->weight), "mel filters");
    const double low = mel_of(low_hz), step = (mel_of(high_hz) - low) / (bands + 1);
    const double scale = n / rate;
    for (int b = 0; b < bands; b++)
        fill_filter(out, b, scale * hz_of(low + step * b), scale * hz_of(low + step * (b + 1)),
                    scale * hz_of(low + step * (b + 2)));
    return MYE_OK;
}

void mye_mel_free(mye_mel *mel)
{
    mye_free(mel->ctx, mel->first);
    mye_free(mel->ctx, mel->end);
    mye_free(mel->ctx, mel->weight);
    *mel = (mye_mel){0};
}

void mye_mel_apply(const mye_mel *mel, const float *power, float *energy)
{
    for (int b = 0; b < mel->bands; b++) {
        const float *w = mel->weight + (size_t)b * (size_t)mel->bins;
        float sum = 0;
        for (int k = mel->first[b]; k < mel->end[b]; k++)
            sum += w[k] * power[k];
        energy[b] = sum;
    }
}
