/* The experiment `capacity`: few patterns are learned by heart, many are not. */
#include "experiment_support.h"

#define TINY "capacity:units=30,epochs=200,runs=3,"

static const char *const condition[] = {"ordinary", "augmented", "coefficients", "perceptron"};
enum { CONDITIONS = 4 };
static const char learned[] = "runs that learned all", took[] = "epochs they took",
                  critical[] = "critical load";

static void few_patterns_are_learned_and_many_are_not(void **state)
{
    lab l;
    (void)state;
    lab_open(&l, 2);
    lab_run(&l, TINY "load=(0.5,6)");
    for (int c = 0; c < CONDITIONS; c++) {
        assert_true(lab_at(&l, learned, condition[c], 0.5) == 1);
        assert_true(lab_at(&l, learned, condition[c], 6) == 0);
        const double epochs = lab_at(&l, took, condition[c], 0.5);
        assert_true(epochs >= 2 && epochs <= 200);
        assert_true(isnan(lab_at(&l, took, condition[c], 6)));
        /* From 1 at 0.5 to 0 at 6: half way. */
        assert_true(lab_cell(&l, critical, condition[c], "half of the runs learn") == 3.25);
    }
    assert_int_equal(lab_panel(&l, learned)->n_series, CONDITIONS);
    assert_string_equal(l.study->command, "capacity:epochs=200,load=(0.5,6),runs=3,units=30");
    lab_close(&l);
}

/* A perceptron holds two patterns for each weight; times hold more. */
static void spike_times_hold_more_than_coefficients(void **state)
{
    lab l;
    (void)state;
    lab_open(&l, 2);
    lab_run(&l, TINY "load=(1.5)");
    const double ordinary = lab_at(&l, learned, "ordinary", 1.5);
    assert_true(ordinary > lab_at(&l, learned, "coefficients", 1.5));
    assert_true(isnan(lab_cell(&l, critical, "ordinary", "half of the runs learn")));
    lab_close(&l);
}

static void loads_may_come_in_any_order(void **state)
{
    lab a, b;
    (void)state;
    lab_open(&a, 1);
    lab_open(&b, 1);
    lab_run(&a, "capacity:units=10,epochs=50,runs=2,load=(6,0.2,0.5)");
    lab_run(&b, "capacity:units=10,epochs=50,runs=2,load=(0.2,0.5,6)");
    for (int c = 0; c < CONDITIONS; c++) {
        const double x = lab_cell(&a, critical, condition[c], "half of the runs learn");
        assert_true(same_number(x, lab_cell(&b, critical, condition[c], "half of the runs learn")));
    }
    assert_true(lab_series(&a, learned, "ordinary")->point[0].x == 0.2);
    lab_close(&a);
    lab_close(&b);
}

static void at_least_one_pattern_is_learned(void **state)
{
    lab l;
    (void)state;
    lab_open(&l, 1);
    lab_run(&l, "capacity:units=1,epochs=50,runs=1,load=(0.01)");
    lab_close(&l);
}

/* A seed is that of the first run: the second run with 1 is the first with 2. */
static void runs_have_seeds_one_after_the_other(void **state)
{
    lab two, first, second;
    (void)state;
    lab_open(&two, 1);
    lab_open(&first, 1);
    lab_open(&second, 1);
    lab_run(&two, "capacity:units=30,epochs=200,load=(0.5),runs=2");
    lab_run(&first, "capacity:units=30,epochs=200,load=(0.5),runs=1");
    lab_run(&second, "capacity:units=30,epochs=200,load=(0.5),runs=1,seed=2");
    int differ = 0;
    for (int c = 0; c < CONDITIONS; c++) {
        const double a = lab_at(&first, took, condition[c], 0.5);
        const double b = lab_at(&second, took, condition[c], 0.5);
        assert_true(lab_at(&two, took, condition[c], 0.5) == (a + b) / 2);
        differ += a != b;
    }
    assert_true(differ > 0);
    lab_close(&two);
    lab_close(&first);
    lab_close(&second);
}

static void options_that_make_no_sense_are_refused(void **state)
{
    lab l;
    (void)state;
    lab_open(&l, 1);
    check_refused(&l, "capacity:load=abc", "load wants numbers from 0.01 to 1000");
    check_refused(&l, "capacity:load=(1,,2)", "load wants numbers");
    check_refused(&l, "capacity:load=(1,)", "load ends with a comma");
    check_refused(&l, "capacity:load=0.001", "load wants numbers");
    check_refused(&l, "capacity:load=1e9", "load wants numbers");
    check_refused(&l, "capacity:load=nan", "load wants numbers");
    check_refused(&l, "capacity:load=", "load wants numbers");
    check_refused(&l, "capacity:units=0", "units");
    check_refused(&l, "capacity:runs=0", "runs");
    check_refused(&l, "capacity:epochs=0", "epochs");
    check_refused(&l, "capacity:window=0", "window");
    check_refused(&l, "capacity:lambda=0", "lambda");
    check_refused(&l, "capacity:init_sd=-1", "init_sd");
    check_refused(&l, "capacity:seed=-1", "seed");
    check_refused(&l, "capacity:rule=tempo", "unknown rule 'tempo'");
    check_refused(&l, "capacity:move=away", "unknown move 'away'");
    check_refused(&l, "capacity:psp=none", "unknown psp 'none'");
    check_refused(&l, "capacity:rule=psd", "rule 'psd' wants the times of spikes");
    check_refused(&l, "capacity:lode=1", "lode");
    check_refused(&l, "capcity", "unknown experiment 'capcity'");
    lab_close(&l);
}

static void lists_of_numbers_have_an_end(void **state)
{
    char text[1024] = "capacity:units=1,epochs=1,runs=1,load=(1";
    lab l;
    (void)state;
    lab_open(&l, 1);
    for (int i = 1; i < 64; i++)
        strcat(text, ",1");
    strcat(text, ",1)");
    check_refused(&l, text, "load takes at most 64 numbers");
    lab_close(&l);
}

static void threads_make_no_difference(void **state)
{
    (void)state;
    check_same_for_1_and_3_threads("capacity:units=15,epochs=60,runs=3,load=(0.5,1,3)");
}

static void progress_is_told_and_it_can_be_stopped(void **state)
{
    (void)state;
    check_progress_and_stop("capacity:units=15,epochs=60,runs=3,load=(0.5,1,3)");
}

static void memory_that_runs_out_is_told(void **state)
{
    (void)state;
    check_no_memory("capacity:units=5,epochs=3,runs=1,load=(0.5)", 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_patterns_are_learned_and_many_are_not),
        cmocka_unit_test(spike_times_hold_more_than_coefficients),
        cmocka_unit_test(loads_may_come_in_any_order),
        cmocka_unit_test(at_least_one_pattern_is_learned),
        cmocka_unit_test(runs_have_seeds_one_after_the_other),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(lists_of_numbers_have_an_end),
        cmocka_unit_test(threads_make_no_difference),
        cmocka_unit_test(progress_is_told_and_it_can_be_stopped),
        cmocka_unit_test(memory_that_runs_out_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
