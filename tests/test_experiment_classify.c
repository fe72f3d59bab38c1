/* The experiment `classify`: classes of patterns are learned, with coefficients and without. */
#include "experiment_support.h"

#include "synapse/classify.h"

static const char *const spikes[] = {"ordinary", "augmented"};
static const char sum[] = "accuracy", noisy[] = "test accuracy with noise";

/* E1 of the specification: ten patterns of 500 afferents, one neuron. */
static void ten_random_patterns_are_learned_within_ten_epochs(void **state)
{
    lab l;
    (void)state;
    lab_open(&l, 2);
    lab_run(&l, "classify:readout=(levels:step=1),rule=tempotron,epochs=10,runs=5");
    for (int i = 0; i < 2; i++) {
        assert_true(lab_cell(&l, sum, spikes[i], "learned all") == 1);
        assert_true(lab_cell(&l, sum, spikes[i], "training") == 1);
        assert_true(lab_cell(&l, sum, spikes[i], "test") == 1);
        const double epochs = lab_cell(&l, sum, spikes[i], "epochs");
        assert_true(epochs >= 2 && epochs <= 10);
        assert_true(fabs(lab_cell(&l, sum, spikes[i], "spikes/pattern") - 1250) < 50);
        const mye_study_series *wrong = lab_series(&l, "wrong answers of neurons", spikes[i]);
        assert_true(wrong->point[0].mean > 0.2 && wrong->point[wrong->n - 1].mean == 0);
    }
    /* Each of 10 patterns in each of 5 runs. */
    assert_int_equal(l.study->classes, 2);
    assert_true(l.study->confusion[0] == 25 && l.study->confusion[3] == 25);
    assert_true(l.study->confusion[1] == 0 && l.study->confusion[2] == 0);
    assert_true(l.study->n_rasters == 1 && l.study->raster[0].n > 1000);
    assert_string_equal(l.study->command, "classify:epochs=10,rule=tempotron,"
                                          "readout=(levels:step=1),runs=5");
    lab_close(&l);
}

static void one_kind_of_spikes_is_as_beside_the_other(void **state)
{
    static const char *const text[] = {
        "classify:patterns=(poisson:units=40),runs=2,epochs=4,spikes=ordinary",
        "classify:patterns=(poisson:units=40),runs=2,epochs=4,spikes=augmented"};
    static const char *const column[] = {"test", "training", "epochs", "learned all"};
    lab both;
    (void)state;
    lab_open(&both, 1);
    lab_run(&both, "classify:patterns=(poisson:units=40),runs=2,epochs=4");
    assert_int_equal(lab_panel(&both, sum)->n_series, 2);
    for (int i = 0; i < 2; i++) {
        lab one;
        lab_open(&one, 1);
        lab_run(&one, text[i]);
        assert_int_equal(lab_panel(&one, sum)->n_series, 1);
        for (int c = 0; c < 4; c++)
            assert_true(lab_cell(&one, sum, spikes[i], column[c]) ==
                        lab_cell(&both, sum, spikes[i], column[c]));
        lab_close(&one);
    }
    lab_close(&both);
}

/* Equal times: only coefficients tell patterns apart. */
static void sources_stand_side_by_side(void **state)
{
    static const char easy[] = "poisson:units=50,patterns=8,rate=20";
    static const char hard[] = "single:units=50,patterns=8,times=equal";
    char text[300], name[100];
    lab l;
    (void)state;
    lab_open(&l, 1);
    snprintf(text, sizeof(text), "classify:patterns=(%s;%s),epochs=300,lambda=0.005,runs=2", easy,
             hard);
    lab_run(&l, text);
    assert_int_equal(lab_panel(&l, sum)->n_series, 4);
    snprintf(name, sizeof(name), "ordinary, %s", easy);
    assert_true(lab_cell(&l, sum, name, "training") == 1);
    snprintf(name, sizeof(name), "ordinary, %s", hard);
    assert_true(lab_cell(&l, sum, name, "training") < 0.9);
    assert_true(lab_cell(&l, sum, name, "spikes/pattern") == 50);
    snprintf(name, sizeof(name), "augmented, %s", hard);
    assert_true(lab_cell(&l, sum, name, "training") == 1);
    lab_close(&l);
}

static void noise_in_the_test_has_its_columns(void **state)
{
    lab l;
    (void)state;
    lab_open(&l, 1);
    lab_run(&l, "classify:runs=3,test_noise=(jitter:sd=0;delete:share=1;jitter:sd=500)");
    for (int i = 0; i < 2; i++) {
        const double clean = lab_cell(&l, noisy, spikes[i], "clean");
        assert_true(clean == 1 && clean == lab_cell(&l, sum, spikes[i], "test"));
        assert_true(lab_cell(&l, noisy, spikes[i], "jitter:sd=0") == clean);
        /* Nothing is heard: one class is answered always. */
        assert_true(lab_cell(&l, noisy, spikes[i], "delete:share=1") == 0.5);
        assert_true(lab_cell(&l, noisy, spikes[i], "jitter:sd=500") < 1);
    }
    lab_close(&l);
}

#ifdef MYELIN_HAVE_KISSFFT
static void sounds_are_tested_over_the_ratio_to_noise(void **state)
{
    static const char curve[] = "accuracy over the signal-to-noise ratio";
    lab l;
    (void)state;
    lab_open(&l, 2);
    lab_run(&l, "classify:patterns=(sound:data=(synthetic:train=8,test=8),taps=4),runs=1,epochs=20,"
                "snr=(200,-40),test_noise=(delete:share=1)");
    for (int i = 0; i < 2; i++) {
        const double clean = lab_cell(&l, noisy, spikes[i], "clean");
        assert_true(clean > 0.4);
        assert_true(lab_at(&l, curve, spikes[i], 200) == lab_cell(&l, noisy, spikes[i], "200 dB"));
        assert_true(fabs(lab_at(&l, curve, spikes[i], 200) - clean) < 0.1);
        assert_true(lab_at(&l, curve, spikes[i], -40) < clean - 0.1);
        assert_true(lab_cell(&l, noisy, spikes[i], "delete:share=1") == 0.1);
    }
    lab_close(&l);
}
#endif

/* ---- folds ---- */

static void every_pattern_is_tested_on_once(void **state)
{
    lab l;
    double all = 0;
    (void)state;
    lab_open(&l, 1);
    lab_run(&l,
            "classify:patterns=(poisson:units=40,patterns=13,classes=3),folds=4,runs=2,epochs=5");
    for (int i = 0; i < 9; i++)
        all += l.study->confusion[i];
    assert_true(all == 2 * 13);
    assert_int_equal(lab_series(&l, sum, "augmented")->point[0].runs, 8);
    lab_close(&l);
}

static bool has_group(const mye_patterns *set, int32_t group)
{
    for (int64_t k = 0; k < mye_patterns_about(set)->n; k++)
        if (mye_patterns_at(set, k).group == group)
            return true;
    return false;
}

static void groups_are_never_torn_apart(void **state)
{
    enum { N = 60, FOLDS = 4, GROUPS = 9 };
    mye_context *ctx = make_context(NULL);
    const mye_classify_options o = {.folds = FOLDS};
    const mye_classify w = {.ctx = ctx, .o = &o};
    mye_patterns *set = NULL;
    int seen[N] = {0};
    (void)state;
    ASSERT_OK(mye_patterns_create(ctx, 1, 2, &set, &err));
    for (int k = 0; k < N; k++) { /* the time says which one it is; every ninth has no group */
        const mye_spike s = {k, 1, 0};
        const int group = k % 9 == 8 ? 0 : GROUPS / 2 - k * 7 % (GROUPS + 1);
        const mye_pattern p = {&s, 1, N, k % 2, group};
        ASSERT_OK(mye_patterns_add(set, &p, &err));
    }
    for (int f = 0; f < FOLDS; f++) {
        mye_patterns *train = NULL, *test = NULL;
        ASSERT_OK(mye_classify_fold(&w, set, f, &train, &test, &err));
        assert_int_equal(mye_patterns_about(train)->n + mye_patterns_about(test)->n, N);
        for (int group = GROUPS / 2 - GROUPS; group <= GROUPS / 2; group++)
            assert_true(group == 0 || has_group(train, group) != has_group(test, group));
        for (int64_t k = 0; k < mye_patterns_about(test)->n; k++)
            seen[(int)mye_patterns_at(test, k).spike[0].t_ms]++;
        mye_patterns_free(train);
        mye_patterns_free(test);
    }
    for (int k = 0; k < N; k++)
        assert_int_equal(seen[k], 1);
    mye_patterns_free(set);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

/* ---- neurons that are kept ---- */

static void neurons_that_were_kept_answer_the_same(void **state)
{
    enum { N = 40, CLASSES = 4, EACH = 2 };
    static const char source[] = "poisson:units=60,patterns=40,classes=4";
    const char *path = in_dir(fresh_dir("classify_save"), "kept.safetensors");
    static int32_t answer[N], count[N * CLASSES * EACH];
    static double v_max[N * CLASSES * EACH], confusion[CLASSES * CLASSES];
    char text[2000];
    mye_patterns *set = NULL;
    mye_synapse *group = NULL;
    lab l;
    (void)state;
    lab_open(&l, 1);
    snprintf(text, sizeof(text),
             "classify:patterns=(%s),runs=1,seed=5,epochs=2,neurons=2,save=(%s)", source, path);
    lab_run(&l, text);
    const double accuracy = lab_cell(&l, sum, "augmented", "test");
    assert_true(accuracy < 1 && accuracy != lab_cell(&l, sum, "ordinary", "test"));
    ASSERT_OK(mye_synapse_load(l.ctx, path, &group, &err));
    assert_int_equal(mye_synapse_neurons(group), CLASSES * EACH);
    ASSERT_OK(mye_patterns_open(l.ctx, source, NULL, "test", 5, &set, &err));
    const mye_responses responses = {v_max, count};
    ASSERT_OK(mye_synapse_respond(group, set, &responses, &err));
    ASSERT_OK(mye_synapse_classify(l.ctx, "vmax", CLASSES, CLASSES * EACH, 1, N, &responses, answer,
                                   &err));
    for (int64_t k = 0; k < N; k++)
        confusion[mye_patterns_at(set, k).label * CLASSES + answer[k]]++;
    assert_memory_equal(confusion, l.study->confusion, sizeof(confusion));
    mye_synapse_free(group);
    mye_patterns_free(set);
    /* before anything is read or learned: the other mistake is not reached */
    ASSERT_FAILS(lab_try(&l, "classify:patterns=posson,save=(/nowhere/kept.safetensors)", &err),
                 MYE_ERR_IO, "/nowhere/kept.safetensors");
    lab_close(&l);
}

static void noise_in_training_changes_what_is_learned(void **state)
{
    lab quiet, loud;
    (void)state;
    lab_open(&quiet, 1);
    lab_open(&loud, 1);
    lab_run(&quiet, "classify:runs=1,epochs=30,readout=(levels:step=1),spikes=augmented");
    lab_run(&loud, "classify:runs=1,epochs=30,readout=(levels:step=1),spikes=augmented,"
                   "train_noise=(delete:share=1)");
    assert_true(lab_cell(&quiet, sum, "augmented", "training") == 1);
    /* It never hears a thing. */
    assert_true(lab_cell(&loud, sum, "augmented", "training") < 1);
    assert_true(lab_cell(&loud, sum, "augmented", "learned all") == 0);
    assert_true(lab_cell(&loud, sum, "augmented", "epochs") == 30);
    lab_close(&quiet);
    lab_close(&loud);
}

/* ---- what every experiment keeps to ---- */

static void options_that_make_no_sense_are_refused(void **state)
{
    lab l;
    (void)state;
    lab_open(&l, 1);
    check_refused(&l, "classify:patterns=", "classify wants patterns, got none");
    check_refused(&l, "classify:patterns=(poison)", "unknown pattern 'poison'");
    check_refused(&l, "classify:patterns=(poisson;poisson)", "patterns: 'poisson' comes twice");
    check_refused(&l, "classify:patterns=(;poisson)", "patterns: nothing stands before a ';'");
    check_refused(&l, "classify:snr=10", "patterns 'poisson' have no option snr; sounds do");
    check_refused(&l, "classify:snr=loud,patterns=sound", "snr wants numbers from -100 to 200");
    check_refused(&l, "classify:snr=10,folds=2,patterns=sound", "use one of them");
    check_refused(&l, "classify:folds=1", "folds are 0 (off) or 2 and more");
    check_refused(&l, "classify:folds=11", "fold 5 of 11 holds 0 patterns to test on and 10");
    check_refused(&l, "classify:test_noise=jiter", "unknown noise 'jiter'");
    check_refused(&l, "classify:test_noise=(delete:share=2)", "share");
    check_refused(&l, "classify:test_noise=(jitter;jitter)", "test_noise: 'jitter' comes twice");
    check_refused(&l, "classify:train_noise=jiter", "unknown noise 'jiter'");
    check_refused(&l, "classify:rule=psd", "rule 'psd' wants the times of spikes");
    check_refused(&l, "classify:readout=loudest", "unknown readout 'loudest'");
    check_refused(&l, "classify:spikes=none", "spikes wants one of both|augmented|ordinary");
    check_refused(&l, "classify:neurons=0", "neurons");
    check_refused(&l, "classify:batch=0", "batch");
    check_refused(&l, "classify:decay=2", "decay");
    check_refused(&l, "classify:average=maybe", "average");
    lab_close(&l);
}

static void threads_make_no_difference(void **state)
{
    (void)state;
    check_same_for_1_and_3_threads("classify:patterns=(poisson:units=60,patterns=30,classes=3),"
                                   "runs=2,epochs=6,neurons=2,batch=4,average=yes,"
                                   "train_noise=(jitter:sd=2),test_noise=(delete:share=0.2)");
}

static void progress_is_told_and_it_can_be_stopped(void **state)
{
    (void)state;
    check_progress_and_stop("classify:patterns=(poisson:units=60,patterns=30,classes=3),runs=2,"
                            "epochs=6");
}

static void memory_that_runs_out_is_told(void **state)
{
    (void)state;
    check_no_memory("classify:patterns=(poisson:units=10,patterns=4),runs=1,epochs=2,folds=2,"
                    "test_noise=(jitter:sd=2)",
                    3000);
}

static void sets_that_cannot_be_tested_are_refused(void **state)
{
    const mye_spike spike = {5, 1, 0};
    char text[4096], full[1500], none[1500];
    const char *dir = fresh_dir("classify_none");
    mye_patterns *set = NULL;
    lab l;
    (void)state;
    lab_open(&l, 1);
    snprintf(full, sizeof full, "%s/full.npz", dir);
    snprintf(none, sizeof none, "%s/none.npz", dir);
    ASSERT_OK(mye_patterns_create(l.ctx, 2, 2, &set, &err));
    ASSERT_OK(mye_patterns_write(set, none, &err));
    for (int k = 0; k < 4; k++)
        ASSERT_OK(mye_patterns_add(set, &(mye_pattern){&spike, 1, 10, k % 2, 0}, &err));
    ASSERT_OK(mye_patterns_write(set, full, &err));
    mye_patterns_free(set);
    snprintf(text, sizeof text, "classify:patterns=(file:path=%s,test=%s)", full, none);
    check_refused(&l, text, "has no patterns to test on");
    snprintf(text, sizeof text, "classify:patterns=(file:path=%s,test=%s)", none, full);
    check_refused(&l, text, "has no patterns to learn from");
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_random_patterns_are_learned_within_ten_epochs),
        cmocka_unit_test(one_kind_of_spikes_is_as_beside_the_other),
        cmocka_unit_test(sources_stand_side_by_side),
        cmocka_unit_test(noise_in_the_test_has_its_columns),
#ifdef MYELIN_HAVE_KISSFFT
        cmocka_unit_test(sounds_are_tested_over_the_ratio_to_noise),
#endif
        cmocka_unit_test(every_pattern_is_tested_on_once),
        cmocka_unit_test(groups_are_never_torn_apart),
        cmocka_unit_test(neurons_that_were_kept_answer_the_same),
        cmocka_unit_test(noise_in_training_changes_what_is_learned),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(sets_that_cannot_be_tested_are_refused),
        cmocka_unit_test(threads_make_no_difference),
        cmocka_unit_test(progress_is_told_and_it_can_be_stopped),
        cmocka_unit_test(memory_that_runs_out_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
