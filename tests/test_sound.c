/* The source `sound`: data sets, splits, noise, threads. */
#include "sound_support.h"

static void digits_have_the_authors_split(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *dir = shared_dir("fsdd");
    int64_t of_class[10] = {0}, of_group[6] = {0};

    (void)state;
    SKIP_WITHOUT(dir);
    mye_patterns *train = hear(ctx, "sound:data=fsdd", dir, "train", 1);
    mye_patterns *test = hear(ctx, "sound:data=fsdd", dir, "test", 1);
    const mye_patterns_info *a = mye_patterns_about(train), *b = mye_patterns_about(test);
    assert_true(a->n == 1200 && b->n == 300 && a->units == 40 && a->classes == 10);
    assert_string_equal(a->class_name[7], "7");
    const double mean = (double)(a->spikes + b->spikes) / 1500;
    print_message("spikes of a digit: %.1f\n", mean);
    assert_true(mean > 160 && mean < 185);
    for (int64_t k = 0; k < 300; k++) {
        const mye_pattern p = mye_patterns_at(test, k);
        of_class[p.label]++;
        of_group[p.group]++;
        assert_true(p.n > 0 && p.spike[0].c >= 0.3F / 0.7F && p.spike[p.n - 1].t_ms < p.window_ms);
    }
    for (int k = 0; k < 10; k++)
        assert_int_equal(of_class[k], 30);
    for (int k = 0; k < 6; k++)
        assert_int_equal(of_group[k], 50);
    mye_patterns_free(train);
    mye_patterns_free(test);
    train = hear(ctx, "sound:data=(fsdd:fold=2)", dir, "train", 1);
    test = hear(ctx, "sound:data=(fsdd:fold=2)", dir, "test", 1);
    assert_true(mye_patterns_about(train)->n == 900 && mye_patterns_about(test)->n == 300);
    mye_patterns_free(train);
    mye_patterns_free(test);
    mye_context_free(ctx);
}

static void folds_keep_recordings_together(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *dir = shared_dir("esc10-clips");

    (void)state;
    SKIP_WITHOUT(dir);
    mye_patterns *train = hear(ctx, "sound:data=(folder:fold=4)", dir, "train", 1);
    mye_patterns *test = hear(ctx, "sound:data=(folder:fold=4)", dir, "test", 1);
    assert_true(mye_patterns_about(train)->n == 240 && mye_patterns_about(test)->n == 80);
    assert_string_equal(mye_patterns_about(test)->class_name[1], "chainsaw");
    for (int64_t k = 0; k < 240; k++)
        assert_in_range(mye_patterns_at(train, k).group, 1, 3);
    for (int64_t k = 0; k < 80; k++)
        assert_int_equal(mye_patterns_at(test, k).group, 4);
    mye_patterns_free(train);
    mye_patterns_free(test);
    mye_context_free(ctx);
}

static const char *tones_dir(const char *name, bool is_divided)
{
    static char dir[1024];
    static const char *const classes[] = {"high", "low"};
    char path[1200], command[1300];

    snprintf(dir, sizeof dir, "%s", fresh_dir(name));
    for (int split = 0; split < (is_divided ? 2 : 1); split++)
        for (int k = 0; k < 2; k++) {
            snprintf(path, sizeof path, "%.900s/%s%s", dir,
                     !is_divided ? ""
                     : split     ? "test/"
                                 : "train/",
                     classes[k]);
            snprintf(command, sizeof command, "mkdir -p '%s'", path);
            assert_int_equal(system(command), 0);
            for (int i = 0; i < 10; i++) {
                char file[1300];
                snprintf(file, sizeof file, "%s/%d.wav", path, i);
                write_tone(file, (k ? 300 : 1500) + 20 * i, 4000, 8000);
            }
        }
    return dir;
}

static void folders_are_split_by_name_or_by_folder(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *dir = tones_dir("sound-whole", false);

    (void)state;
    mye_patterns *train = hear(ctx, "sound:data=folder", dir, "train", 1);
    mye_patterns *test = hear(ctx, "sound:data=folder", dir, "test", 1);
    assert_int_equal(mye_patterns_about(train)->n + mye_patterns_about(test)->n, 20);
    assert_true(mye_patterns_about(test)->n > 0 && mye_patterns_about(train)->n > 10);
    mye_patterns_free(train);
    mye_patterns_free(test);
    dir = tones_dir("sound-divided", true);
    test = hear(ctx, "sound:data=(folder:path=sound-divided),taps=2", MYELIN_BINARY_DIR "/tests",
                "test", 1);
    assert_true(mye_patterns_about(test)->n == 20 && mye_patterns_about(test)->units == 80);
    assert_string_equal(mye_patterns_about(test)->class_name[1], "low");
    assert_non_null(strstr(mye_patterns_about(test)->source, "sound-divided"));
    mye_patterns_free(test);
    mye_context_free(ctx);
}

static void bad_sounds_are_told_of(void **state)
{
    static const struct {
        const char *text;
        mye_status status;
        const char *words;
    } cases[] = {
        {"sound:data=nonsense", MYE_ERR_ARG, "nonsense"},
        {"sound:ear=(keypoint:near=-1)", MYE_ERR_ARG, "near"},
        {"sound:bands=256,taps=1024,ear=(segments:parts=20)", MYE_ERR_ARG,
         "at most 1048576 afferents, got 5242880"},
        {"sound:data=fsdd", MYE_ERR_IO, "fsdd: not found"},
        {"sound:data=(folder:fold=3)", MYE_ERR_FORMAT, "belongs to the test split"},
        {"sound:data=(folder:path=none)", MYE_ERR_IO, "none: not found"},
        {"sound:data=(folder:path=high)", MYE_ERR_FORMAT, "a subfolder for each class, got 0"},
    };
    mye_context *ctx = make_context(NULL);
    char dir[1100];
    mye_patterns *set = NULL;

    (void)state;
    snprintf(dir, sizeof dir, "%s", tones_dir("sound-bad", false));
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        ASSERT_FAILS(mye_patterns_open(ctx, cases[k].text, dir, "test", 1, &set, &err),
                     cases[k].status, cases[k].words);
    write_file(in_dir(dir, "low/7.wav"), "RIFFxxxxWAVE", 12);
    write_file(in_dir(dir, "low/8.wav"), "RIFF", 4);
    ASSERT_FAILS(
        mye_patterns_open(ctx, "sound:data=(folder:hold_out=0)", dir, "train", 1, &set, &err),
        MYE_ERR_FORMAT, "low/7.wav: it has no chunk 'data'");
    assert_null(set);
    write_file(in_dir(dir, "0_jackson_0.wav"), "", 0);
    write_file(in_dir(dir, "9_a.wav"), "", 0);
    ASSERT_FAILS(mye_patterns_open(ctx, "sound:data=fsdd", dir, "test", 1, &set, &err),
                 MYE_ERR_FORMAT, "9_a.wav: expected the name DIGIT_SPEAKER_INDEX.wav");
    mye_context_free(ctx);
}

static void synthetic_sounds_depend_on_the_seed_alone(void **state)
{
    const char *text = "sound:data=(synthetic:train=3,test=2),snr=10,train=same";
    mye_context *ctx = make_context(NULL);
    mye_context_options three = MYE_CONTEXT_OPTIONS;
    mye_context *other = NULL;

    (void)state;
    three.threads = 3;
    ASSERT_OK(mye_context_create(&three, &other, &err));
    mye_patterns *a = hear(ctx, text, NULL, "train", 4), *b = hear(other, text, NULL, "train", 4);
    mye_patterns *c = hear(ctx, text, NULL, "train", 5), *d = hear(ctx, text, NULL, "test", 4);
    assert_int_equal(mye_patterns_about(a)->n, 30);
    assert_int_equal(mye_patterns_about(d)->n, 20);
    assert_true(same_sets(a, b) && !same_sets(a, c));
    for (int64_t k = 0; k < 20; k++) /* test sounds are not those of training */
        assert_true(mye_patterns_at(a, k).window_ms != mye_patterns_at(d, k).window_ms ||
                    mye_patterns_at(a, k).n != mye_patterns_at(d, k).n);
    mye_patterns_free(a);
    mye_patterns_free(b);
    mye_patterns_free(c);
    mye_patterns_free(d);
    mye_context_free(other);
    mye_context_free(ctx);
}

/* Adds a pattern's coefficients to x [units]. */
static void add_up(const mye_pattern *p, double *x)
{
    for (int64_t i = 0; i < p->n; i++)
        x[p->spike[i].unit] += (double)p->spike[i].c;
}

/* The class whose mean training pattern is nearest. */
static int nearest(const double *mean, int classes, int units, const mye_pattern *p)
{
    double *x = calloc((size_t)units, sizeof *x), best = INFINITY;
    int found = -1;
    add_up(p, x);
    for (int k = 0; k < classes; k++) {
        double d = 0;
        for (int u = 0; u < units; u++)
            d += (x[u] - mean[k * units + u]) * (x[u] - mean[k * units + u]);
        found = d < best ? k : found;
        best = fmin(d, best);
    }
    free(x);
    return found;
}

static void synthetic_classes_can_be_told_apart(void **state)
{
    const char *text = "sound:data=(synthetic:train=20,test=20),ear=segments,trim=0.3";
    mye_context *ctx = make_context(NULL);
    mye_patterns *train = hear(ctx, text, NULL, "train", 1),
                 *test = hear(ctx, text, NULL, "test", 1);
    const mye_patterns_info *info = mye_patterns_about(train);
    double *mean = calloc((size_t)info->classes * (size_t)info->units, sizeof *mean);
    int right = 0;

    (void)state;
    for (int64_t k = 0; k < info->n; k++) {
        const mye_pattern p = mye_patterns_at(train, k);
        add_up(&p, mean + p.label * info->units);
    }
    for (int i = 0; i < info->classes * info->units; i++)
        mean[i] /= 20;
    for (int64_t k = 0; k < mye_patterns_about(test)->n; k++) {
        const mye_pattern p = mye_patterns_at(test, k);
        right += nearest(mean, info->classes, info->units, &p) == p.label;
    }
    print_message("nearest mean: %d of 200\n", right);
    assert_true(right > 120 && info->classes == 10);
    free(mean);
    mye_patterns_free(train);
    mye_patterns_free(test);
    mye_context_free(ctx);
}

static void training_is_clean_noisy_or_mixed(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_patterns *plain = hear(ctx, "sound:data=(synthetic:train=2)", NULL, "train", 1);
    mye_patterns *clean = hear(ctx, "sound:data=(synthetic:train=2),snr=0", NULL, "train", 1);
    mye_patterns *same =
        hear(ctx, "sound:data=(synthetic:train=2),snr=0,train=same", NULL, "train", 1);
    mye_patterns *mixed = hear(ctx, "sound:data=(synthetic:train=2),train=mixed", NULL, "train", 1);

    (void)state;
    assert_true(same_sets(plain, clean) && !same_sets(plain, same));
    assert_int_equal(mye_patterns_about(mixed)->n, 100);
    for (int64_t k = 0; k < 20; k++) { /* the first of five copies is the clean one */
        const mye_pattern p = mye_patterns_at(plain, k), q = mye_patterns_at(mixed, 5 * k);
        assert_true(p.n == q.n && p.label == q.label);
        assert_memory_equal(p.spike, q.spike, (size_t)p.n * sizeof *p.spike);
    }
    mye_patterns_free(plain);
    mye_patterns_free(clean);
    mye_patterns_free(same);
    mye_patterns_free(mixed);
    mye_context_free(ctx);
}

static void memory_may_run_out(void **state)
{
    long refused = 0;

    (void)state;
    for (long n = 1;; n += 1 + n / 16) {
        failing f = {0};
        mye_context *ctx = make_context(&f);
        mye_patterns *set = NULL;
        mye_error err = {0};
        f.fail_at = f.calls + n;
        const mye_status st = mye_patterns_open(
            ctx, "sound:data=(synthetic:train=1),snr=5,train=same", NULL, "train", 1, &set, &err);
        f.fail_at = 0;
        mye_patterns_free(set);
        assert_int_equal(mye_context_live_bytes(ctx), 0);
        mye_context_free(ctx);
        if (st == MYE_OK)
            break;
        assert_int_equal(st, MYE_ERR_NOMEM);
        refused++;
    }
    assert_true(refused > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_have_the_authors_split),
        cmocka_unit_test(folds_keep_recordings_together),
        cmocka_unit_test(folders_are_split_by_name_or_by_folder),
        cmocka_unit_test(bad_sounds_are_told_of),
        cmocka_unit_test(synthetic_sounds_depend_on_the_seed_alone),
        cmocka_unit_test(synthetic_classes_can_be_told_apart),
        cmocka_unit_test(training_is_clean_noisy_or_mixed),
        cmocka_unit_test(memory_may_run_out),
    };
#if defined MYELIN_HAVE_KISSFFT && defined MYELIN_HAVE_SNDFILE
    return cmocka_run_group_tests(tests, NULL, NULL);
#else
    (void)tests;
    printf("SKIPPED: this build cannot hear sounds\n");
    return 77;
#endif
}
