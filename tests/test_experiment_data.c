/* What single neurons come to on real data: spoken digits, MNIST; sounds of the generator in noise. */
#include <stdlib.h>
#include <string.h>

#include "experiment_support.h"
#include "myelin/myelin.h"

static const char accuracy[] = "accuracy", noisy[] = "test accuracy with noise";

static bool has_feature(const char *name)
{
    const mye_feature *f = mye_features();
    while (f->name && strcmp(f->name, name) != 0)
        f++;
    return f->name && f->present;
}

/* Sounds want libraries. */
static void skip_without(const char *feature)
{
    if (has_feature(feature))
        return;
    print_message("skipped: this build has no %s\n", feature);
    skip();
}

/* Runs with the shared data sets, or skips where one is missing. */
static void run_on(lab *l, const char *name, const char *text)
{
    if (name)
        SKIP_WITHOUT(shared_dir(name));
    assert_int_equal(setenv("MYELIN_DATA", shared_dir(""), 1), 0);
    lab_open(l, 2);
    lab_run(l, text);
}

/* The specification's first trial: 40 weights a digit; 74 to 75 % against 65 to 69 % there. */
static void coefficients_tell_digits_apart(void **state)
{
    lab l;
    (void)state;
    skip_without("sndfile");
    skip_without("kissfft");
    run_on(&l, "fsdd",
           "classify:patterns=(sound:data=fsdd),psp=(double-exp:tau_m=40,tau_s=10),lambda=1e-4,"
           "epochs=15,runs=3");
    const double ordinary = lab_cell(&l, accuracy, "ordinary", "test");
    const double augmented = lab_cell(&l, accuracy, "augmented", "test");
    assert_true(ordinary > 0.55 && augmented > 0.67 && augmented > ordinary + 0.04);
    lab_close(&l);
}

static void delays_and_groups_tell_digits_right(void **state)
{
    lab l;
    (void)state;
    skip_without("sndfile");
    skip_without("kissfft");
    run_on(&l, "fsdd",
           "classify:patterns=(sound:data=fsdd,taps=8,tap_ms=50),psp=(double-exp:tau_m=40,"
           "tau_s=10),lambda=1e-4,epochs=15,init_mean=0.002,init_sd=0.005,neurons=3,runs=1");
    const double augmented = lab_cell(&l, accuracy, "augmented", "test");
    assert_true(augmented >= 0.93 && augmented > lab_cell(&l, accuracy, "ordinary", "test"));
    lab_close(&l);
}

static void ten_neurons_read_mnist(void **state)
{
    lab l;
    (void)state;
    run_on(&l, "mnist",
           "classify:patterns=(image:feature=gabor,code=(augmented:step=0)),spikes=augmented,"
           "rule=(tempotron:margin=0.2),lambda=3e-3,move=plain,decay=0.9,epochs=1,init_mean=0,"
           "init_sd=0.001,runs=1");
    assert_true(lab_cell(&l, accuracy, "augmented", "test") >= 0.975);
    lab_close(&l);
}

/* Noise fills silent bands with weak spikes; those without coefficients count like all others. */
static void coefficients_hear_through_noise(void **state)
{
    lab l;
    (void)state;
    skip_without("kissfft");
    run_on(&l, NULL,
           "classify:patterns=(sound:data=(synthetic:train=20,test=10),taps=8,hop=20,ear=dense),"
           "lambda=1e-4,epochs=10,init_mean=0.002,init_sd=0.005,runs=1,snr=(20,10)");
    assert_true(lab_cell(&l, accuracy, "augmented", "test") > 0.75);
    assert_true(lab_cell(&l, noisy, "augmented", "10 dB") >
                lab_cell(&l, noisy, "ordinary", "10 dB") + 0.1);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coefficients_tell_digits_apart),
        cmocka_unit_test(delays_and_groups_tell_digits_right),
        cmocka_unit_test(ten_neurons_read_mnist),
        cmocka_unit_test(coefficients_hear_through_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
