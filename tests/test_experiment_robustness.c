/* The experiment `robustness`: what was learned without noise is read with it. */
#include "experiment_support.h"

#define TINY "robustness:patterns=(poisson:units=100,rate=10),copies=5,runs=3,"

static const char *const spikes[] = {"ordinary", "augmented"};
static const char jitter[] = "accuracy, noise jitter", lost[] = "accuracy, noise delete";

static double spread_at(const lab *l, const char *title, const char *name, double x)
{
    const mye_study_series *s = lab_series(l, title, name);
    for (int i = 0; i < s->n; i++)
        if (s->point[i].x == x)
            return s->point[i].sd;
    fail_msg("no point at %g", x);
    return 0;
}

static void without_noise_it_is_what_was_learned(void **state)
{
    lab l, trained;
    (void)state;
    lab_open(&l, 2);
    lab_open(&trained, 2);
    /* Few epochs, so that not all is learned. */
    lab_run(&l, "robustness:patterns=(poisson:units=60,patterns=30),epochs=3,copies=2,runs=2,"
                "noise=(jitter=0;coefficient=0;delete=0;insert=0)");
    lab_run(&trained, "classify:patterns=(poisson:units=60,patterns=30),epochs=3,runs=2,"
                      "readout=(levels:step=1),rule=tempotron");
    assert_int_equal(l.study->n_panels, 4);
    for (int i = 0; i < 2; i++) {
        const double wanted = lab_cell(&trained, "accuracy", spikes[i], "training");
        assert_true(wanted > 0.5 && wanted < 1);
        for (int p = 0; p < 4; p++) {
            const mye_study_series *s = &l.study->panel[p].series[i];
            assert_int_equal(s->n, 2); /* clean, and a noise of 0 */
            assert_true(s->point[0].mean == wanted && s->point[1].mean == wanted);
        }
    }
    lab_close(&l);
    lab_close(&trained);
}

/* No further point is better than one before it by more than the spread of runs. */
static void more_noise_is_not_better(void **state)
{
    lab l;
    (void)state;
    lab_open(&l, 2);
    lab_run(&l, TINY "noise=(jitter=1,8,200;delete=0.1,0.4,1)");
    for (int i = 0; i < 2; i++)
        for (int p = 0; p < 2; p++) {
            const mye_study_series *s = lab_series(&l, p ? lost : jitter, spikes[i]);
            assert_true(s->n == 4 && s->point[0].x == 0 && s->point[0].mean == 1);
            for (int k = 1; k < s->n; k++) {
                const double spread = fmax(s->point[k].sd, s->point[k - 1].sd);
                assert_true(s->point[k].mean <= s->point[k - 1].mean + spread + 0.05);
            }
            assert_true(s->point[3].mean < 0.8);
        }
    /* No spike is left: a neuron that is silent tells one class of two. */
    assert_true(lab_at(&l, lost, "ordinary", 1) == 0.5 && lab_at(&l, lost, "augmented", 1) == 0.5);
    assert_true(spread_at(&l, lost, "ordinary", 1) == 0);
    lab_close(&l);
}

static void noise_while_learning_adds_series(void **state)
{
    static const char *const name[] = {"ordinary", "augmented", "ordinary, noise learned",
                                       "augmented, noise learned"};
    lab plain, more;
    (void)state;
    lab_open(&plain, 2);
    lab_open(&more, 2);
    lab_run(&plain, TINY "noise=(jitter=3,8)");
    lab_run(&more, TINY "noise=(jitter=3,8),train_noise=(jitter:sd=3)");
    assert_int_equal(lab_panel(&plain, jitter)->n_series, 2);
    assert_int_equal(lab_panel(&more, jitter)->n_series, 4);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(lab_panel(&more, jitter)->series[i].name, name[i]);
        /* The curves without it are what they were. */
        assert_true(i > 1 ||
                    lab_at(&more, jitter, name[i], 3) == lab_at(&plain, jitter, name[i], 3));
    }
    /* It helps against the noise that was there. */
    for (int i = 0; i < 2; i++)
        assert_true(lab_at(&more, jitter, name[i + 2], 3) > lab_at(&more, jitter, name[i], 3));
    lab_close(&plain);
    lab_close(&more);
}

static void axes_are_named_by_the_noise(void **state)
{
    lab l;
    (void)state;
    lab_open(&l, 1);
    lab_run(&l, "robustness:patterns=(poisson:units=20),runs=1,copies=1,epochs=2,"
                "noise=(insert=0.5;jitter=2)");
    assert_int_equal(l.study->n_panels, 2);
    assert_non_null(strstr(l.study->panel[0].title, "insert"));
    assert_non_null(strstr(l.study->panel[0].x_name, "Hz"));
    assert_non_null(strstr(l.study->panel[1].x_name, "ms"));
    assert_true(isnan(l.study->panel[0].series[0].point[0].sd)); /* of one run */
    lab_close(&l);
}

static void options_that_make_no_sense_are_refused(void **state)
{
    lab l;
    (void)state;
    lab_open(&l, 1);
    check_refused(&l, TINY "noise=", "noise wants a kind with its strengths");
    check_refused(&l, TINY "noise=jitter", "noise wants at most 8 times NAME=X,Y");
    check_refused(&l, TINY "noise=(jiter=1)", "unknown noise 'jiter'");
    check_refused(&l, TINY "noise=(jitter=1,)", "jitter ends with a comma");
    check_refused(&l, TINY "noise=(jitter=-1)", "jitter wants numbers from 0");
    check_refused(&l, TINY "noise=(jitter=)", "jitter wants numbers");
    check_refused(&l, TINY "noise=(delete=0.5,2)", "share wants a number in [0, 1]");
    check_refused(&l, TINY "noise=(jitter=1;jitter=2)", "noise 'jitter' comes twice");
    check_refused(&l, TINY "train_noise=jiter", "unknown noise 'jiter'");
    check_refused(&l, TINY "rule=psd", "rule 'psd' wants the times of spikes");
    check_refused(&l, TINY "readout=loud", "unknown readout 'loud'");
    check_refused(&l, TINY "neurons=0", "neurons");
    check_refused(&l, TINY "epochs=0", "epochs");
    check_refused(&l, "robustness:patterns=poison", "unknown pattern 'poison'");
    check_refused(&l, "robustness:copies=0", "copies");
    check_refused(&l, "robustness:copies=1001", "copies");
    lab_close(&l);
}

static void threads_make_no_difference(void **state)
{
    (void)state;
    check_same_for_1_and_3_threads(TINY "noise=(jitter=3;insert=1),train_noise=(delete:share=0.1),"
                                        "neurons=2,readout=vmax,epochs=10");
}

static void progress_is_told_and_it_can_be_stopped(void **state)
{
    (void)state;
    check_progress_and_stop(TINY "noise=(jitter=3),epochs=5");
}

static void memory_that_runs_out_is_told(void **state)
{
    (void)state;
    check_no_memory("robustness:patterns=(poisson:units=10,patterns=4),runs=1,copies=1,epochs=2,"
                    "noise=(jitter=2)",
                    3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_noise_it_is_what_was_learned),
        cmocka_unit_test(more_noise_is_not_better),
        cmocka_unit_test(noise_while_learning_adds_series),
        cmocka_unit_test(axes_are_named_by_the_noise),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(threads_make_no_difference),
        cmocka_unit_test(progress_is_told_and_it_can_be_stopped),
        cmocka_unit_test(memory_that_runs_out_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
