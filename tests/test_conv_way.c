/* The choice of a layer's way, on tables with made-up costs; and what is measured for it. */
#include "cmocka_all.h"

#include "node/conv_way.h"

static double price[MYE_CONV_WAYS]; /* of each way; below 0: it does not fit */

static bool fits_direct(const mye_conv_shape *s, int pass)
{
    MYE_UNUSED(s);
    MYE_UNUSED(pass);
    return true;
}

static bool fits_spikes(const mye_conv_shape *s, int pass)
{
    MYE_UNUSED(s);
    MYE_UNUSED(pass);
    return price[MYE_CONV_SPIKES] >= 0;
}

static size_t no_bytes(const mye_conv_shape *s, int pass)
{
    MYE_UNUSED(s);
    MYE_UNUSED(pass);
    return 0;
}

static size_t packed_bytes; /* of the spikes way */

static size_t spike_bytes(const mye_conv_shape *s, int pass)
{
    MYE_UNUSED(s);
    return pass == MYE_CONV_WEIGHT ? 0 : packed_bytes;
}

#define COST(way, name)                                                                  \
    static double cost_##name(const mye_conv_shape *s, int64_t n, int pass, double rate) \
    {                                                                                    \
        MYE_UNUSED(s);                                                                   \
        MYE_UNUSED(n);                                                                   \
        MYE_UNUSED(pass);                                                                \
        return price[way] * ((way) == MYE_CONV_SPIKES ? rate : 1);                       \
    }
COST(MYE_CONV_DIRECT, direct)
COST(MYE_CONV_SPIKES, spikes)

static mye_kernels table;
static mye_value value;
static mye_node layer;
static mye_pass pass;

static int open_choice(void **state)
{
    (void)state;
    table = (mye_kernels){.conv = {[MYE_CONV_DIRECT] = {.name = "direct",
                                                        .fits = fits_direct,
                                                        .cost = cost_direct,
                                                        .pack_bytes = no_bytes,
                                                        .lane_bytes = no_bytes},
                                   [MYE_CONV_SPIKES] = {.name = "spikes",
                                                        .fits = fits_spikes,
                                                        .cost = cost_spikes,
                                                        .pack_bytes = spike_bytes,
                                                        .lane_bytes = no_bytes}}};
    packed_bytes = 0;
    value = (mye_value){.steps = 1, .n = 1000};
    layer = (mye_node){.index = 0};
    pass = (mye_pass){.k = &table,
                      .value = &value,
                      .B = 1,
                      .training = true,
                      .ways = 1u << MYE_CONV_DIRECT | 1u << MYE_CONV_SPIKES,
                      .forced = MYE_CONV_ANY};
    price[MYE_CONV_DIRECT] = 1;
    price[MYE_CONV_SPIKES] = 5; /* alike at 20 % */
    return 0;
}

static const char *choose(double rate)
{
    return mye_conv_choose(&layer, &pass, NULL, 1, MYE_CONV_FORWARD, rate)->name;
}

static void a_layer_takes_the_cheapest_way_that_fits(void **state)
{
    (void)state;
    assert_string_equal(choose(0.1), "spikes");
    value.way[MYE_CONV_FORWARD] = 0;
    assert_string_equal(choose(0.3), "direct");
    value.way[MYE_CONV_FORWARD] = 0;
    price[MYE_CONV_SPIKES] = -1;
    assert_string_equal(choose(0.1), "direct");
}

static void a_layer_leaves_its_way_for_a_clear_gain_only(void **state)
{
    (void)state;
    assert_string_equal(choose(0.19), "spikes");
    assert_string_equal(choose(0.21), "spikes");
    assert_string_equal(choose(0.23), "direct");
    assert_string_equal(choose(0.19), "direct");
    assert_string_equal(choose(0.17), "spikes");
}

static void inference_has_no_memory_of_its_way(void **state)
{
    (void)state;
    pass.training = false;
    assert_string_equal(choose(0.19), "spikes");
    assert_string_equal(choose(0.21), "direct");
    assert_string_equal(choose(0.19), "spikes");
}

static void passes_choose_for_themselves(void **state)
{
    (void)state;
    assert_string_equal(choose(0.1), "spikes");
    assert_string_equal(mye_conv_choose(&layer, &pass, NULL, 1, MYE_CONV_WEIGHT, 0.9)->name,
                        "direct");
    assert_int_equal(value.way[MYE_CONV_FORWARD], 1 + MYE_CONV_SPIKES);
    assert_int_equal(value.way[MYE_CONV_WEIGHT], 1 + MYE_CONV_DIRECT);
    assert_int_equal(value.way[MYE_CONV_DATA], 0);
}

static void a_forced_way_is_taken_where_it_fits(void **state)
{
    (void)state;
    pass.forced = MYE_CONV_SPIKES;
    assert_string_equal(choose(0.9), "spikes");
    price[MYE_CONV_SPIKES] = -1;
    assert_string_equal(choose(0.9), "direct");
}

static void ways_that_are_not_planned_for_are_not_taken(void **state)
{
    (void)state;
    pass.ways = 1u << MYE_CONV_DIRECT;
    assert_string_equal(choose(0.01), "direct");
}

static void a_way_that_packs_far_more_than_the_output_is_left_alone(void **state)
{
    (void)state;
    packed_bytes = (size_t)6 << 20; /* beside an output of 4000 bytes */
    assert_string_equal(choose(0.1), "direct");
    value.n = 1000000;
    assert_string_equal(choose(0.1), "spikes");
    value.n = 1000;
    pass.forced = MYE_CONV_SPIKES;
    assert_string_equal(choose(0.1), "spikes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_layer_takes_the_cheapest_way_that_fits, open_choice),
        cmocka_unit_test_setup(a_layer_leaves_its_way_for_a_clear_gain_only, open_choice),
        cmocka_unit_test_setup(inference_has_no_memory_of_its_way, open_choice),
        cmocka_unit_test_setup(passes_choose_for_themselves, open_choice),
        cmocka_unit_test_setup(a_forced_way_is_taken_where_it_fits, open_choice),
        cmocka_unit_test_setup(a_way_that_packs_far_more_than_the_output_is_left_alone,
                               open_choice),
        cmocka_unit_test_setup(ways_that_are_not_planned_for_are_not_taken, open_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
