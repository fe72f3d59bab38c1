/* Noise on waveforms. */
#include "synapse/din.h"

#include <math.h>

static void fill_white(mye_draws *draws, float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)mye_draws_normal(draws);
}

/* Three first-order filters side by side make -3 dB an octave within 0.5 dB (P. Kellet's constants,
 * "economy" version). */
static void fill_pink(mye_draws *draws, float *x, int64_t n)
{
    static const double pole[] = {0.99765, 0.96300, 0.57000},
                        gain[] = {0.0990460, 0.2965164, 1.0526913};
    double state[3] = {0};
    for (int64_t i = 0; i < n; i++) {
        const double white = mye_draws_normal(draws);
        double sum = 0.1848 * white;
        for (int k = 0; k < 3; k++) {
            state[k] = pole[k] * state[k] + gain[k] * white;
            sum += state[k];
        }
        x[i] = (float)sum;
    }
}

static void (*const fill[])(mye_draws *draws, float *x,
                            int64_t n) = {[MYE_DIN_WHITE] = fill_white, [MYE_DIN_PINK] = fill_pink};

static double power(const float *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sum / (double)n;
}

mye_status mye_din_add(mye_context *ctx, int kind, double snr_db, mye_draws *draws, mye_wave *wave,
                       mye_error *err)
{
    if (isinf(snr_db))
        return MYE_OK;
    float *noise = mye_alloc_array(ctx, (size_t)wave->n, sizeof(*noise));
    if (!noise)
        return mye_no_memory(err, (size_t)wave->n * sizeof(*noise), "noise on a sound");
    fill[kind](draws, noise, wave->n);
    const double have = power(noise, wave->n);
    const double wanted = power(wave->x, wave->n) * pow(10, -snr_db / 10);
    const double scale = have > 0 ? sqrt(wanted / have) : 0;
    for (int64_t i = 0; i < wave->n; i++)
        wave->x[i] += (float)(scale * (double)noise[i]);
    mye_free(ctx, noise);
    return MYE_OK;
}
