/* Spectra against a Fourier transform written out here, and noise. */
#include "sound_support.h"
#include "synapse/din.h"
#include "synapse/mel.h"
#include "synapse/spectrum.h"

static const mye_spectrum_options usual = {40, 10, 32, 80, 3900, 9, 0, 0, 0};

/* ---- noise ---- */

static double power(const float *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i] / (double)n;
    return sum;
}

static mye_wave tone(mye_context *ctx, double hz, int64_t n, int32_t rate)
{
    mye_wave w = {mye_alloc_array(ctx, (size_t)n, sizeof(float)), n, rate};
    for (int64_t i = 0; i < n; i++)
        w.x[i] = (float)(0.3 * sin(TURN * hz * (double)i / rate));
    return w;
}

static void noise_has_the_power_asked_for(void **state)
{
    static const double snr[] = {20, 10, 0, -5};
    mye_context *ctx = make_context(NULL);

    (void)state;
    for (int kind = MYE_DIN_WHITE; kind <= MYE_DIN_PINK; kind++)
        for (size_t k = 0; k < sizeof snr / sizeof *snr; k++) {
            mye_wave w = tone(ctx, 500, 4000, 8000), clean = tone(ctx, 500, 4000, 8000);
            mye_draws d = mye_draws_begin(3, k);
            ASSERT_OK(mye_din_add(ctx, kind, snr[k], &d, &w, &err));
            for (int64_t i = 0; i < w.n; i++)
                w.x[i] -= clean.x[i];
            const double got = 10 * log10(power(clean.x, w.n) / power(w.x, w.n));
            if (fabs(got - snr[k]) > 0.01)
                fail_msg("kind %d: %g dB, got %g", kind, snr[k], got);
            mye_wave_free(ctx, &w);
            mye_wave_free(ctx, &clean);
        }
    mye_context_free(ctx);
}

#ifdef MYELIN_HAVE_KISSFFT

/* Energy below and above 500 Hz: equal per octave in pink noise, per Hz in white. */
static void pink_noise_is_low(void **state)
{
    const mye_spectrum_options o = {2, 100, 512, 1, 3900, 9, 0, 0, 0};
    mye_context *ctx = make_context(NULL);
    double low[2];

    (void)state;
    for (int kind = MYE_DIN_WHITE; kind <= MYE_DIN_PINK; kind++) {
        mye_wave w = tone(ctx, 500, 80000, 8000);
        mye_draws d = mye_draws_begin(5, 1);
        mye_spectrum s;
        ASSERT_OK(mye_din_add(ctx, kind, -60, &d, &w, &err));
        ASSERT_OK(mye_spectrum_make(ctx, &o, &w, &s, &err));
        low[kind] = 0;
        for (int64_t f = 0; f < s.frames; f++)
            low[kind] += 9 * (double)(s.value[2 * f] - s.value[2 * f + 1]) / (double)s.frames;
        mye_spectrum_free(&s);
        mye_wave_free(ctx, &w);
    }
    assert_true(low[MYE_DIN_WHITE] < -0.5 && low[MYE_DIN_PINK] > 0.2);
    mye_context_free(ctx);
}

/* ---- spectra ---- */

/* Energy of one mel filter of one frame, from the definition. */
static double energy(const mye_wave *w, int64_t start, int length, int n, double left, double top,
                     double right)
{
    double sum = 0;
    for (int k = 0; k <= n / 2; k++) {
        const double hz = (double)k * w->rate / n;
        const double height = hz <= top ? (hz - left) / (top - left) : (right - hz) / (right - top);
        double re = 0, im = 0;
        if (height <= 0)
            continue;
        for (int i = 0; i < length; i++) {
            const double x = (0.54 - 0.46 * cos(TURN * i / (length - 1))) * (double)w->x[start + i];
            re += x * cos(TURN * k * i / n);
            im += x * sin(TURN * k * i / n);
        }
        sum += height * (re * re + im * im);
    }
    return sum;
}

static double corner(int b, int bands, double low, double high)
{
    const double from = 2595 * log10(1 + low / 700), to = 2595 * log10(1 + high / 700);
    return 700 * (pow(10, (from + (to - from) * b / (bands + 1)) / 2595) - 1);
}

static void spectrum_is_that_of_the_definition(void **state)
{
    const mye_spectrum_options o = {20, 10, 25, 80, 3900, 9, 0, 0, 0};
    mye_context *ctx = make_context(NULL);
    mye_wave w = {mye_alloc_array(ctx, 900, sizeof(float)), 900, 8000};
    double want[10][20], most = 0;
    mye_spectrum s;

    (void)state;
    for (int i = 0; i < 900; i++)
        w.x[i] = mye_random_normal(7, MYE_STREAM_TEST, (uint64_t)i) / (float)(1 + i / 100);
    ASSERT_OK(mye_spectrum_make(ctx, &o, &w, &s, &err));
    assert_int_equal(s.frames, 9); /* 1 + (900 - 200) / 80 */
    for (int f = 0; f < 9; f++)
        for (int b = 0; b < 20; b++) {
            want[f][b] = energy(&w, 80 * f, 200, 256, corner(b, 20, 80, 3900),
                                corner(b + 1, 20, 80, 3900), corner(b + 2, 20, 80, 3900));
            most = fmax(most, want[f][b]);
        }
    for (int f = 0; f < 9; f++)
        for (int b = 0; b < 20; b++) {
            const double v = fmax(0, 1 + log(want[f][b] / most) / 9);
            if (fabs((double)s.value[f * 20 + b] - v) > 2e-5)
                fail_msg("frame %d, band %d: %g, expected %g", f, b, (double)s.value[f * 20 + b],
                         v);
        }
    mye_spectrum_free(&s);
    mye_wave_free(ctx, &w);
    mye_context_free(ctx);
}

static void a_tone_peaks_in_its_band(void **state)
{
    static const int32_t rate[] = {8000, 16000, 44100};
    mye_context *ctx = make_context(NULL);

    (void)state;
    for (int k = 0; k < 3; k++)
        for (int b = 2; b < 40; b += 6) {
            const double hz = corner(b + 1, 40, 80, 3900);
            mye_wave w = tone(ctx, hz, rate[k] / 4, rate[k]);
            mye_spectrum s;
            int best = 0;
            ASSERT_OK(mye_spectrum_make(ctx, &usual, &w, &s, &err));
            for (int i = 0; i < 40; i++)
                best = s.value[3 * 40 + i] > s.value[3 * 40 + best] ? i : best;
            if (abs(best - b) > 1)
                fail_msg("%g Hz at %d: band %d, expected %d", hz, rate[k], best, b);
            mye_spectrum_free(&s);
            mye_wave_free(ctx, &w);
        }
    mye_context_free(ctx);
}

static void silence_is_zeros_and_short_sounds_have_one_frame(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_wave w = {mye_alloc_array(ctx, 1000, sizeof(float)), 1000, 8000};
    mye_spectrum s;

    (void)state;
    ASSERT_OK(mye_spectrum_make(ctx, &usual, &w, &s, &err));
    for (int64_t i = 0; i < s.frames * s.bands; i++)
        assert_true(s.value[i] == 0);
    mye_spectrum_free(&s);
    w.n = 3;
    w.x[1] = 1;
    ASSERT_OK(mye_spectrum_make(ctx, &usual, &w, &s, &err));
    assert_int_equal(s.frames, 1);
    mye_spectrum_free(&s);
    mye_wave_free(ctx, &w);
    mye_context_free(ctx);
}

static void trimming_cuts_both_ends(void **state)
{
    mye_spectrum_options o = usual;
    mye_context *ctx = make_context(NULL);
    mye_wave w = tone(ctx, 900, 8000, 8000);
    mye_spectrum s;

    (void)state;
    for (int i = 0; i < 8000; i++)
        w.x[i] *= i >= 3000 && i < 5000 ? 1 : 1e-4F;
    o.trim = 0.3;
    ASSERT_OK(mye_spectrum_make(ctx, &o, &w, &s, &err));
    assert_true(s.frames >= 25 && s.frames <= 29);
    mye_spectrum_free(&s);
    mye_wave_free(ctx, &w);
    mye_context_free(ctx);
}

/* A short tone in steady noise: without the noise of each band, other bands fall silent. */
static void noise_of_bands_can_be_subtracted(void **state)
{
    mye_spectrum_options o = usual;
    mye_context *ctx = make_context(NULL);
    mye_wave w = tone(ctx, 900, 8000, 8000);
    mye_draws d = mye_draws_begin(2, 2);
    int loud[2] = {0};

    (void)state;
    for (int i = 0; i < 8000; i++)
        w.x[i] *= i >= 3000 && i < 5000;
    ASSERT_OK(mye_din_add(ctx, MYE_DIN_WHITE, -5, &d, &w, &err));
    o.range = 6;
    o.floor = 0.2;
    for (int k = 0; k < 2; k++) {
        mye_spectrum s;
        o.subtract = 6 * k;
        ASSERT_OK(mye_spectrum_make(ctx, &o, &w, &s, &err));
        for (int64_t i = 0; i < s.frames * s.bands; i++)
            loud[k] += s.value[i] > 0.3F;
        assert_true(s.value[50 * 40 + 13] > 0.9F || s.value[50 * 40 + 14] > 0.9F ||
                    s.value[50 * 40 + 15] > 0.9F);
        mye_spectrum_free(&s);
    }
    print_message("values above 0.3: %d, with subtraction %d\n", loud[0], loud[1]);
    assert_true(loud[1] > 25 && loud[1] < loud[0] / 2);
    mye_wave_free(ctx, &w);
    mye_context_free(ctx);
}

static void impossible_frames_are_refused(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_wave w = tone(ctx, 900, 800, 8000);
    mye_spectrum_options o = usual;
    mye_spectrum s;

    (void)state;
    o.window_ms = 0.1;
    ASSERT_FAILS(mye_spectrum_make(ctx, &o, &w, &s, &err), MYE_ERR_ARG,
                 "2 to 16384 samples, got 1");
    o.window_ms = 3000;
    ASSERT_FAILS(mye_spectrum_make(ctx, &o, &w, &s, &err), MYE_ERR_ARG, "got 24000");
    o = usual;
    o.low_hz = 3950;
    ASSERT_FAILS(mye_spectrum_make(ctx, &o, &w, &s, &err), MYE_ERR_ARG, "between 3950 and 3900 Hz");
    mye_wave_free(ctx, &w);
    mye_context_free(ctx);
}

#else

static void without_kissfft_one_sentence_says_so(void **state)
{
    mye_spectrum s;

    (void)state;
    ASSERT_FAILS(mye_spectrum_make(NULL, &usual, NULL, &s, &err), MYE_ERR_UNSUPPORTED,
                 "without kissfft");
}

#endif

static void narrow_filters_have_the_nearest_bin(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_mel mel;

    (void)state;
    ASSERT_OK(mye_mel_create(ctx, 100, 64, 8000, 80, 3900, &mel, &err));
    for (int b = 0; b < 100; b++) {
        float sum = 0;
        assert_true(mel.end[b] > mel.first[b] && mel.first[b] >= 0 && mel.end[b] <= 33);
        for (int k = 0; k < 33; k++)
            sum += mel.weight[b * 33 + k];
        assert_true(sum > 0);
    }
    mye_mel_free(&mel);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_has_the_power_asked_for),
        cmocka_unit_test(narrow_filters_have_the_nearest_bin),
#ifdef MYELIN_HAVE_KISSFFT
        cmocka_unit_test(pink_noise_is_low),
        cmocka_unit_test(spectrum_is_that_of_the_definition),
        cmocka_unit_test(a_tone_peaks_in_its_band),
        cmocka_unit_test(silence_is_zeros_and_short_sounds_have_one_frame),
        cmocka_unit_test(trimming_cuts_both_ends),
        cmocka_unit_test(noise_of_bands_can_be_subtracted),
        cmocka_unit_test(impossible_frames_are_refused),
#else
        cmocka_unit_test(without_kissfft_one_sentence_says_so),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
