/* The experiment `causality`: spikes come at their times, because of what fires before them. */
#include "experiment_support.h"

#define TINY "causality:units=200,runs=4,spikes="

static const char *const condition[] = {"ordinary", "augmented"};

static void one_and_two_spikes_are_learned_in_every_run(void **state)
{
    lab l;
    (void)state;
    lab_open(&l, 2);
    lab_run(&l, TINY "(1,2)");
    for (int c = 0; c < 2; c++)
        for (int n = 1; n <= 2; n++) {
            const double epochs = lab_at(&l, "epochs to learn", condition[c], n);
            assert_true(lab_at(&l, "runs that learned", condition[c], n) == 1);
            assert_true(epochs >= 3 && epochs <= 300);
        }
    lab_close(&l);
}

static void trains_end_at_the_wanted_one(void **state)
{
    lab l;
    (void)state;
    lab_open(&l, 2);
    lab_run(&l, TINY "2");
    for (int c = 0; c < 2; c++) {
        const mye_study_series *far = lab_series(&l, "van Rossum distance, 2", condition[c]);
        const mye_study_series *near = lab_series(&l, "correlation with the wanted", condition[c]);
        const double begin = far->point[0].mean, end = far->point[far->n - 1].mean;
        assert_true(far->point[0].x == 1 && far->point[far->n - 1].x > 200);
        assert_true(end < 0.25 && end < begin / 3);
        assert_true(near->point[near->n - 1].mean > 0.9);
        for (int i = 0; i < far->n; i++)
            assert_true(far->point[i].mean >= 0 && near->point[i].mean >= 0 &&
                        near->point[i].mean <= 1 + 1e-9);
    }
    lab_close(&l);
}

/* Mean weight of afferents that fire from `from` to `to` ms before a wanted time. */
static double mean_weight(const lab *l, const char *name, double from, double to)
{
    const mye_study_series *s = lab_series(l, "weight over lag", name);
    double sum = 0;
    int n = 0;
    for (int i = 0; i < s->n; i++)
        if (s->point[i].x > from && s->point[i].x < to) {
            sum += s->point[i].mean;
            n++;
        }
    assert_true(n > 0);
    return sum / n;
}

/* The psp is largest after 9.2 ms, so causes fire a little before; what fires after the wanted time
 * cannot be one. */
static void causes_fire_before_the_wanted_time(void **state)
{
    lab l;
    (void)state;
    lab_open(&l, 2);
    lab_run(&l, "causality:units=200,runs=10,spikes=(1,2)");
    for (int c = 0; c < 2; c++) {
        const double before = mean_weight(&l, condition[c], 0, 10);
        assert_true(before > 0.02);
        assert_true(before > 1.5 * mean_weight(&l, condition[c], -10, 0));
        const double best = lab_cell(&l, "causes", condition[c], "lag of the largest mean weight");
        assert_true(best > 0 && best < 15);
    }
    lab_close(&l);
}

static void spikes_while_learning_are_drawn(void **state)
{
    lab l;
    int late = 0;
    (void)state;
    lab_open(&l, 1);
    lab_run(&l, TINY "1,window=100");
    assert_int_equal(l.study->n_rasters, 1);
    const mye_study_raster *r = &l.study->raster[0];
    assert_true(r->width == 100 && r->height == 256 && r->n > 0);
    for (int i = 0; i < r->n; i++) {
        assert_true(r->x[i] >= 0 && r->y[i] >= 1 && r->y[i] <= 256 && r->size[i] == 1);
        assert_true(i == 0 || r->y[i] >= r->y[i - 1]);
        late += r->y[i] == r->y[r->n - 1];
    }
    assert_int_equal(late, 1); /* as wanted */
    lab_close(&l);
}

static void what_cannot_be_learned_is_told(void **state)
{
    lab l;
    (void)state;
    lab_open(&l, 1);
    lab_run(&l, "causality:units=1,rate=0.01,runs=2,epochs=3,spikes=1");
    for (int c = 0; c < 2; c++) {
        assert_true(lab_at(&l, "runs that learned", condition[c], 1) == 0);
        assert_true(isnan(lab_at(&l, "epochs to learn", condition[c], 1)));
        /* One spike is wanted and none comes: a half. */
        assert_true(lab_at(&l, "van Rossum", condition[c], 1) == 0.5);
        assert_true(lab_at(&l, "correlation", condition[c], 1) == 0);
    }
    lab_close(&l);
}

static void options_that_make_no_sense_are_refused(void **state)
{
    lab l;
    (void)state;
    lab_open(&l, 1);
    check_refused(&l, "causality:spikes=0", "spikes wants numbers from 1 to 1000");
    check_refused(&l, "causality:spikes=(1,2,)", "spikes ends with a comma");
    check_refused(&l, "causality:spikes=1.5", "spikes wants whole numbers, got 1.5");
    check_refused(&l, "causality:spikes=many", "spikes wants numbers");
    check_refused(&l, "causality:window=24", "window");
    check_refused(&l, "causality:rate=0", "rate");
    check_refused(&l, "causality:units=0", "units");
    check_refused(&l, "causality:runs=0", "runs");
    check_refused(&l, "causality:rule=psp", "unknown rule 'psp'");
    check_refused(&l, "causality:rule=psd:near=-1", "near");
    lab_close(&l);
}

static void threads_make_no_difference(void **state)
{
    (void)state;
    check_same_for_1_and_3_threads("causality:units=60,rate=20,epochs=100,runs=3,spikes=(1,3)");
}

static void progress_is_told_and_it_can_be_stopped(void **state)
{
    (void)state;
    check_progress_and_stop("causality:units=60,rate=20,epochs=100,runs=3,spikes=(1,3)");
}

static void memory_that_runs_out_is_told(void **state)
{
    (void)state;
    check_no_memory("causality:units=20,rate=20,epochs=3,runs=1,spikes=1", 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_and_two_spikes_are_learned_in_every_run),
        cmocka_unit_test(trains_end_at_the_wanted_one),
        cmocka_unit_test(causes_fire_before_the_wanted_time),
        cmocka_unit_test(spikes_while_learning_are_drawn),
        cmocka_unit_test(what_cannot_be_learned_is_told),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(threads_make_no_difference),
        cmocka_unit_test(progress_is_told_and_it_can_be_stopped),
        cmocka_unit_test(memory_that_runs_out_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
