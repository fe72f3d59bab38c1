/* The augmented code of images: times by place, coefficients by value. */
#include "image_support.h"

static const float value[12] = {0,     0.5f, 1, /* */ 0.04f, 0.051f, 0.25f, /* two rows of map 0 */
                                0.75f, 0,    0, /* */ 0,     0,      0.125f};
static const mye_maps maps = {2, 2, 3};

/* Expects t = step * group[i] and c = value[i] for the units listed. */
static void check(const char *text, const double *t_ms, double window)
{
    static const int32_t unit[] = {1, 2, 4, 5, 6, 11};
    mye_spike spike[12];
    double window_ms;
    assert_int_equal(encode_maps(text, maps, value, spike, &window_ms), 6);
    for (int k = 0; k < 6; k++) {
        assert_int_equal(spike[k].unit, unit[k]);
        assert_true(spike[k].c == value[unit[k]]);
        assert_true(spike[k].t_ms == t_ms[k]);
    }
    assert_true(window_ms == window);
}

static void time_is_the_group_and_coefficient_the_value(void **state)
{
    (void)state;
    check("augmented", (double[]){2, 4, 2, 4, 0, 4}, 6);
    check("augmented:share=row,step=3", (double[]){0, 0, 3, 3, 0, 3}, 6);
    check("augmented:share=place,step=1", (double[]){1, 2, 4, 5, 0, 5}, 6);
    check("augmented:share=map,step=1.5", (double[]){0, 0, 0, 0, 1.5, 1.5}, 3);
    check("augmented:share=all,step=7", (double[]){0, 0, 0, 0, 0, 0}, 7);
}

/* All times equal: the potential of a neuron is then K(t) (w . c), and its peak w . c. */
static void without_a_step_all_spikes_come_at_once(void **state)
{
    (void)state;
    check("augmented:step=0", (double[]){0, 0, 0, 0, 0, 0}, 0);
}

static void theta_decides_who_is_silent(void **state)
{
    mye_spike spike[12];
    double window_ms;
    (void)state;
    assert_int_equal(encode_maps("augmented:theta=0.5", maps, value, spike, &window_ms), 2);
    assert_int_equal(encode_maps("augmented:theta=0", maps, value, spike, &window_ms), 7);
    const float unusual[] = {NAN, -1, 0.5f};
    assert_int_equal(encode_maps("augmented", (mye_maps){1, 1, 3}, unusual, spike, &window_ms), 1);
    assert_int_equal(spike[0].unit, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_the_group_and_coefficient_the_value),
        cmocka_unit_test(without_a_step_all_spikes_come_at_once),
        cmocka_unit_test(theta_decides_who_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
