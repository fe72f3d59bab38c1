/* Sound files written here byte by byte and read back, and damaged ones. */
#include "sound_support.h"

#ifdef MYELIN_HAVE_SNDFILE

static const double wave[] = {0, 0.5, -0.5, 1, -1, 0.25, 0.125};
enum { N = sizeof wave / sizeof *wave };

static void samples_come_back(void **state)
{
    static const struct {
        uint32_t bits, channels, rate;
        double tolerance;
    } cases[] = {{8, 1, 8000, 1.0 / 100},      {16, 1, 8000, 1.0 / 32000},
                 {24, 1, 44100, 1.0 / 8e6},    {16, 2, 16000, 1.0 / 16000},
                 {24, 3, 48000, 1.0 / 4e6},    {8, 2, 11025, 1.0 / 50},
                 {32, 1, 96000, 1.0 / 1000000}};
    mye_context *ctx = make_context(NULL);
    static bytes b;

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        mye_wave w;
        double mix = 0;
        for (uint32_t c = 0; c < cases[k].channels; c++)
            mix += 1.0 / (c + 1) / cases[k].channels;
        make_wav(&b, wave, N, cases[k].channels, cases[k].rate, cases[k].bits);
        ASSERT_OK(mye_wave_parse(ctx, "a.wav", b.p, b.n, &w, &err));
        assert_int_equal(w.n, N);
        assert_int_equal(w.rate, cases[k].rate);
        for (int i = 0; i < N; i++)
            if (fabs((double)w.x[i] - mix * wave[i]) > cases[k].tolerance)
                fail_msg("%u bits, %u channels, sample %d: %g", cases[k].bits, cases[k].channels, i,
                         (double)w.x[i]);
        mye_wave_free(ctx, &w);
    }
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

static void refuse(mye_context *ctx, const bytes *b, size_t n, const char *words)
{
    const size_t live = mye_context_live_bytes(ctx);
    mye_wave w;

    ASSERT_FAILS(mye_wave_parse(ctx, "a.wav", b->p, n, &w, &err), MYE_ERR_FORMAT, words);
    mye_wave_free(ctx, &w);
    assert_int_equal(mye_context_live_bytes(ctx), live);
}

static void damaged_files_are_told_of(void **state)
{
    mye_context *ctx = make_context(NULL);
    static bytes b, other;

    (void)state;
    make_wav(&b, wave, N, 2, 8000, 16);
    refuse(ctx, &b, 0, "a.wav: 0 bytes are no sound file");
    refuse(ctx, &b, 11, "11 bytes");
    refuse(ctx, &b, b.n - 1, "truncated: its chunk 'data' wants 28 bytes, 27 are left");
    refuse(ctx, &b, 20, "truncated: its chunk 'head'");
    refuse(ctx, &b, 36, "no chunk 'data'");
    other = b;
    memset(other.p, 'x', 4);
    refuse(ctx, &other, other.n, "no sound file that libsndfile reads");
    make_wav(&other, wave, N, 1, 100, 16);
    refuse(ctx, &other, other.n, "1000 to 384000 samples a second, got 100");
    make_wav(&other, wave, N, 33, 8000, 16);
    refuse(ctx, &other, other.n, "1 to 32 channels, got 33");
    make_wav(&other, wave, 0, 1, 8000, 16);
    refuse(ctx, &other, other.n, "samples, got 0");
    mye_context_free(ctx);
}

/* A sample that is no number would spread over the whole pattern. */
static void numbers_that_are_not_finite_are_refused(void **state)
{
    mye_context *ctx = make_context(NULL);
    static bytes b;

    (void)state;
    make_wav(&b, wave, N, 1, 8000, 32);
    b.p[20] = 3; /* IEEE floats */
    memset(b.p + 44, 0, 4 * N);
    memcpy(b.p + 44 + 8, "\0\0\xc0\x7f", 4);
    refuse(ctx, &b, b.n, "its sample 2 is not a finite number");
    mye_context_free(ctx);
}

static void every_damaged_header_is_survived(void **state)
{
    mye_context *ctx = make_context(NULL);
    static bytes b;

    (void)state;
    for (size_t at = 0; at < 44; at++)
        for (int value = 0; value < 256; value += 5) {
            mye_wave w;
            make_wav(&b, wave, N, 2, 8000, 16);
            b.p[at] = (unsigned char)value;
            (void)mye_wave_parse(ctx, "a.wav", b.p, b.n, &w, NULL);
            mye_wave_free(ctx, &w);
        }
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

static void memory_may_run_out(void **state)
{
    static bytes b;

    (void)state;
    make_wav(&b, wave, N, 2, 8000, 16);
    for (long n = 1;; n++) {
        failing f = {0};
        mye_context *ctx = make_context(&f);
        mye_wave w;
        mye_error err = {0};
        f.fail_at = f.calls + n;
        const mye_status st = mye_wave_parse(ctx, "a.wav", b.p, b.n, &w, &err);
        f.fail_at = 0;
        mye_wave_free(ctx, &w);
        assert_int_equal(mye_context_live_bytes(ctx), 0);
        mye_context_free(ctx);
        if (st == MYE_OK) {
            assert_true(n > 1);
            return;
        }
        assert_int_equal(st, MYE_ERR_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_come_back),
        cmocka_unit_test(damaged_files_are_told_of),
        cmocka_unit_test(numbers_that_are_not_finite_are_refused),
        cmocka_unit_test(every_damaged_header_is_survived),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void without_libsndfile_one_sentence_says_so(void **state)
{
    mye_wave w;

    (void)state;
    ASSERT_FAILS(mye_wave_parse(NULL, "a.wav", "", 0, &w, &err), MYE_ERR_UNSUPPORTED,
                 "without libsndfile");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(without_libsndfile_one_sentence_says_so)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
