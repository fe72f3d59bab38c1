/* The experiment `features`: clues are found from one number for a whole trial. */
#include "experiment_support.h"

#define TINY "features:units=60,features=5,trials=40,probes=3,runs=2,"

static const char *const condition[] = {"ordinary", "augmented", "same times, ordinary",
                                        "same times, augmented"};
enum { CONDITIONS = 4 };
static const char right[] = "features told right", clue[] = "spikes for a clue, of those wanted",
                  distractor[] = "spikes for a distractor";

static void coefficients_alone_are_enough_and_needed(void **state)
{
    lab l;
    (void)state;
    lab_open(&l, 2);
    lab_run(&l, "features:units=100,features=5,lambda=1e-4,trials=3000,probes=20,runs=2,tasks=1x1");
    for (int c = 0; c < CONDITIONS; c++) {
        if (c == 2)
            continue;
        assert_true(lab_cell(&l, right, condition[c], "1x1") >= 0.9);
        assert_true(lab_cell(&l, clue, condition[c], "1x1") > 0.7);
        assert_true(fabs(lab_cell(&l, distractor, condition[c], "1x1")) < 0.25);
    }
    /* Nothing tells features apart: clue and distractors get the same answer. */
    const double of_clue = lab_cell(&l, clue, condition[2], "1x1");
    assert_true(fabs(of_clue - lab_cell(&l, distractor, condition[2], "1x1")) < 1e-12);
    assert_true(lab_cell(&l, right, condition[2], "1x1") < 0.85);
    lab_close(&l);
}

/* Each trial is told right more often in the end than in the beginning. */
static void learning_is_drawn(void **state)
{
    lab l;
    (void)state;
    lab_open(&l, 2);
    lab_run(&l, "features:units=100,features=5,lambda=1e-4,trials=2000,probes=10,runs=1,tasks=1x1");
    const mye_study_series *s = lab_series(&l, "trials told right while learning", "ordinary");
    double begin = 0, end = 0;
    assert_int_equal(s->n, 40);
    for (int i = 0; i < 5; i++) {
        begin += s->point[i].mean / 5;
        end += s->point[s->n - 1 - i].mean / 5;
    }
    assert_true(end > begin + 0.1 && end <= 1);
    assert_true(s->point[0].x == 25 && s->point[39].x == 1975);
    /* What was wanted of each feature: one spike for the first. */
    for (int f = 0; f < 5; f++)
        assert_true(lab_at(&l, "response to each feature", "wanted", f) == (f == 0));
    lab_close(&l);
}

static void tasks_have_their_columns_in_the_order_given(void **state)
{
    lab l;
    (void)state;
    lab_open(&l, 2);
    lab_run(&l, TINY "tasks=(5x1..5,1x5)");
    for (int c = 0; c < CONDITIONS; c++) {
        const mye_study_series *s = lab_series(&l, right, condition[c]);
        assert_int_equal(s->n, 2);
        assert_string_equal(s->point[0].label, "5x1..5");
        assert_string_equal(s->point[1].label, "1x5");
        /* Five clues of five features: there is no distractor. */
        assert_true(isnan(lab_cell(&l, distractor, condition[c], "5x1..5")));
        assert_false(isnan(lab_cell(&l, distractor, condition[c], "1x5")));
    }
    /* The last task is drawn. */
    assert_true(lab_at(&l, "response to each feature, task 1x5", "wanted", 0) == 5);
    assert_true(lab_at(&l, "response to each feature, task 1x5", "wanted", 1) == 0);
    lab_run(&l, TINY "tasks=(5x1..5)");
    for (int f = 0; f < 5; f++)
        assert_true(lab_at(&l, "response to each feature", "wanted", f) == f + 1);
    lab_close(&l);
}

/* Fewer trials than points of the curve. */
static void curves_of_few_trials_have_gaps(void **state)
{
    lab l;
    int gaps = 0;
    (void)state;
    lab_open(&l, 1);
    lab_run(&l, "features:units=20,features=5,trials=7,probes=1,runs=1,tasks=1x1");
    const mye_study_series *s = lab_series(&l, "trials told right while learning", "ordinary");
    for (int i = 0; i < s->n; i++) {
        gaps += isnan(s->point[i].mean);
        assert_true(isnan(s->point[i].mean) || (s->point[i].mean >= 0 && s->point[i].mean <= 1));
    }
    assert_int_equal(gaps, 40 - 7);
    lab_close(&l);
}

static void a_second_test_has_noise(void **state)
{
    static const char with[] = "features told right, with noise";
    lab l;
    (void)state;
    lab_open(&l, 2);
    lab_run(&l, "features:units=100,features=5,lambda=1e-4,trials=2000,probes=10,runs=1,tasks=1x1,"
                "noise=(delete:share=1)");
    /* Nothing is heard, so nothing is answered: the clue is missed, the rest is right. */
    for (int c = 0; c < CONDITIONS; c++)
        assert_true(lab_cell(&l, with, condition[c], "1x1") == 0.8);
    assert_true(lab_cell(&l, right, "ordinary", "1x1") == 1);
    lab_close(&l);
}

/* Neurons that hear nothing while they learn have nothing to learn from. */
static void noise_while_learning_is_heard(void **state)
{
    lab quiet, deaf;
    (void)state;
    lab_open(&quiet, 2);
    lab_open(&deaf, 2);
    lab_run(&quiet, TINY "tasks=1x1,lambda=1e-3,train_noise=(jitter:sd=0)");
    lab_run(&deaf, TINY "tasks=1x1,lambda=1e-3");
    for (int c = 0; c < CONDITIONS; c++)
        assert_true(lab_cell(&quiet, clue, condition[c], "1x1") ==
                    lab_cell(&deaf, clue, condition[c], "1x1"));
    lab_run(&deaf, TINY "tasks=1x5,lambda=1e-3,init_mean=0,init_sd=0,train_noise=(delete:share=1)");
    for (int c = 0; c < CONDITIONS; c++)
        assert_true(lab_cell(&deaf, clue, condition[c], "1x5") == 0);
    lab_run(&quiet, TINY "tasks=1x5,lambda=1e-3,init_mean=0,init_sd=0");
    assert_true(lab_cell(&quiet, clue, "ordinary", "1x5") > 0);
    lab_close(&quiet);
    lab_close(&deaf);
}

static void options_that_make_no_sense_are_refused(void **state)
{
    lab l;
    (void)state;
    lab_open(&l, 1);
    check_refused(&l, TINY "tasks=2x2", "tasks are 1x1, 1x5, 5x1, 5x1..5 and 5x5, each once");
    check_refused(&l, TINY "tasks=(1x1,1x1)", "each once");
    check_refused(&l, TINY "tasks=(1x1,,5x1)", "each once");
    check_refused(&l, TINY "tasks=", "tasks want one of 1x1");
    check_refused(&l, TINY "longest=10", "no shorter than the shortest, got 10 and 500 ms");
    check_refused(&l, TINY "noise=jiter", "unknown noise 'jiter'");
    check_refused(&l, TINY "train_noise=jiter", "unknown noise 'jiter'");
    check_refused(&l, TINY "rule=psd", "rule 'psd' wants the times of spikes");
    check_refused(&l, TINY "rule=none", "unknown rule 'none'");
    check_refused(&l, "features:features=4", "features");
    check_refused(&l, "features:features=65", "features");
    check_refused(&l, "features:trials=0", "trials");
    check_refused(&l, "features:probes=0", "probes");
    check_refused(&l, "features:occurs=0", "occurs");
    check_refused(&l, "features:rate=0", "rate");
    check_refused(&l, "features:feature_ms=0", "feature_ms");
    check_refused(&l, "features:shortest=0", "shortest");
    lab_close(&l);
}

static void threads_make_no_difference(void **state)
{
    (void)state;
    check_same_for_1_and_3_threads(TINY "tasks=(1x1,5x1..5),lambda=1e-3");
}

static void progress_is_told_and_it_can_be_stopped(void **state)
{
    (void)state;
    check_progress_and_stop(TINY "tasks=(1x1,5x1..5)");
}

static void memory_that_runs_out_is_told(void **state)
{
    (void)state;
    check_no_memory("features:units=10,features=5,trials=3,probes=1,runs=1,tasks=1x1", 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coefficients_alone_are_enough_and_needed),
        cmocka_unit_test(learning_is_drawn),
        cmocka_unit_test(tasks_have_their_columns_in_the_order_given),
        cmocka_unit_test(curves_of_few_trials_have_gaps),
        cmocka_unit_test(a_second_test_has_noise),
        cmocka_unit_test(noise_while_learning_is_heard),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(threads_make_no_difference),
        cmocka_unit_test(progress_is_told_and_it_can_be_stopped),
        cmocka_unit_test(memory_that_runs_out_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
