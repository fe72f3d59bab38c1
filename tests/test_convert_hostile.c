/* Conversion of networks and with arguments that nobody means well with. */
#include "convert_support.h"

#include <math.h>

/* A file with the weights of a fresh network, all those of fc1 the same number. */
static const char *weights_file(mye_context *ctx, float fc1)
{
    static char path[1200];
    mye_model_options o = MYE_MODEL_OPTIONS;
    mye_model *model = NULL;
    o.net = SMALL_NET;
    o.neuron = "relu";
    o.C = 1;
    o.H = o.W = 8;
    o.static_input = true;
    ASSERT_OK(mye_model_create(ctx, &o, &model, &err));
    for (int i = 0; i < model->n_nodes; i++) {
        mye_weight *w = mye_node_find(model->node[i], "weight");
        for (size_t k = 0; w != NULL && strcmp(w->name, "fc1.weight") == 0 && k < w->count; k++)
            w->data[k] = fc1;
    }
    snprintf(path, sizeof path, "%s/w.safetensors", fresh_dir("convert_hostile_w"));
    ASSERT_OK(mye_weights_save(ctx, model, path, &err));
    mye_model_free(model);
    return path;
}

static mye_status open_weights(mye_context *ctx, float fc1, mye_conversion **c, mye_error *err)
{
    mye_conversion_options o = MYE_CONVERSION_OPTIONS;
    o.net = SMALL_NET;
    o.data = "idx";
    o.data_dir = SMALL_DATA;
    return mye_conversion_open(ctx, weights_file(ctx, fc1), &o, NULL, c, err);
}

static void weights_that_are_not_finite_are_refused(void **state)
{
    static const struct {
        float fc1;
        const char *words;
    } row[] = {{INFINITY, "'fc1.weight'"}, {NAN, "'fc1.weight'"}, {3e38f, "'relu2'"}};
    mye_context *ctx = make_context(NULL);
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        mye_conversion *c = NULL;
        ASSERT_FAILS(open_weights(ctx, row[i].fc1, &c, &err), MYE_ERR_FORMAT, row[i].words);
        assert_null(c);
    }
    mye_context_free(ctx);
}

/* A grid on which all weights of a layer are 0 has 0 bits for them. */
static void a_layer_of_zeros_is_verified_as_such(void **state)
{
    const int steps[] = {1, 3};
    mye_context *ctx = make_context(NULL);
    mye_conversion *c = NULL;
    mye_convert_proof p;
    (void)state;
    ASSERT_OK(open_weights(ctx, 0, &c, &err));
    ASSERT_OK(mye_convert_verify(c, "exact", steps, 2, 4, NULL, &p, &err));
    assert_int_equal(p.weight_bits, 0);
    assert_int_equal(p.row[0].differ + p.row[1].differ, 0);
    mye_convert_proof_free(ctx, &p);
    mye_conversion_free(c);
    mye_context_free(ctx);
}

/* One step of the quantised ANN cannot say counts of more than MYE_TRANSMIT_MOST. */
static void counts_without_bound_are_not_verified(void **state)
{
    const int steps[] = {1, 8, 9};
    const double levels = (double)MYE_TRANSMIT_MOST / 16 / 8;
    char method[64], halved[96];
    mye_context *ctx = make_context(NULL);
    mye_conversion *c = NULL;
    mye_convert_proof p;
    (void)state;
    ASSERT_OK(open_weights(ctx, .5f, &c, &err));
    snprintf(method, sizeof method, "exact:levels=%.0f", levels);
    snprintf(halved, sizeof halved, "%s,scale=0.5", method);
    ASSERT_FAILS(mye_convert_verify(c, method, steps, 3, 0, NULL, &p, &err), MYE_ERR_ARG,
                 "at most");
    ASSERT_FAILS(mye_convert_verify(c, halved, steps, 2, 0, NULL, &p, &err), MYE_ERR_ARG,
                 "at most");
    ASSERT_OK(mye_convert_verify(c, method, steps, 2, 0, NULL, &p, &err));
    assert_int_equal(p.row[0].differ + p.row[1].differ, 0);
    mye_convert_proof_free(ctx, &p);
    mye_conversion_free(c);
    mye_context_free(ctx);
}

static void thresholds_too_small_for_a_float_are_noted(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_conversion *c = NULL;
    mye_snn *snn = NULL;
    (void)state;
    ASSERT_OK(open_weights(ctx, 1e-38f, &c, &err));
    for (int64_t i = 0; i < c->layer[1].n; i++)
        c->layer[1].max[i] = 1e-36f;
    ASSERT_OK(mye_convert(c, "aug:levels=1e6", &snn, &err));
    assert_true(mye_node_find(mye_snn_neuron(snn, 1), "theta")->data[0] == 1);
    assert_non_null(strstr(mye_snn_notes(snn), "'relu2'"));
    mye_snn_free(snn);
    mye_conversion_free(c);
    mye_context_free(ctx);
}

static void a_network_is_saved_for_steps_that_there_are(void **state)
{
    static const int wrong[] = {-1, 0, 4097};
    mye_context *ctx = make_context(NULL);
    mye_conversion *c = NULL;
    mye_snn *snn = NULL;
    (void)state;
    const char *path = in_dir(small_ann("convert_hostile_ann"), "snn.safetensors");
    ASSERT_OK(mye_conversion_open(ctx, small_ann("convert_hostile_ann"), NULL, NULL, &c, &err));
    ASSERT_OK(mye_convert(c, "aug", &snn, &err));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ASSERT_FAILS(mye_convert_save(c, snn, wrong[i], path, &err), MYE_ERR_ARG, "4096");
        assert_int_not_equal(access(path, F_OK), 0);
    }
    mye_snn_free(snn);
    mye_conversion_free(c);
    mye_context_free(ctx);
}

static void a_result_outlives_its_network(void **state)
{
    const int steps[] = {1};
    const mye_measure_options o = {.steps = steps, .n_steps = 1};
    mye_context *ctx = make_context(NULL);
    mye_conversion *c = NULL;
    mye_snn *snn = NULL;
    mye_convert_result r;
    (void)state;
    ASSERT_OK(mye_conversion_open(ctx, small_ann("convert_hostile_ann"), NULL, NULL, &c, &err));
    ASSERT_OK(mye_convert(c, "aug:levels=3", &snn, &err));
    ASSERT_OK(mye_convert_measure(c, snn, &o, NULL, &r, &err));
    assert_ptr_not_equal(r.method, mye_snn_method(snn));
    mye_snn_free(snn);
    assert_non_null(strstr(r.method, "levels=3"));
    mye_convert_result_free(ctx, &r);
    mye_conversion_free(c);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_that_are_not_finite_are_refused),
        cmocka_unit_test(a_layer_of_zeros_is_verified_as_such),
        cmocka_unit_test(counts_without_bound_are_not_verified),
        cmocka_unit_test(thresholds_too_small_for_a_float_are_noted),
        cmocka_unit_test(a_network_is_saved_for_steps_that_there_are),
        cmocka_unit_test(a_result_outlives_its_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
