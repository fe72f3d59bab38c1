/* Convolution nodes: gradients, virtual inputs, static values, threads. */
#include "nodebench.h"

static bench *image_bench(int T, int B, int c, int h, int w, bool is_static)
{
    return bench_create((bench_setup){
        .T = T, .B = B, .shape = {c, h, w, false}, .is_static = is_static, .kernels = NULL});
}

static void check_chain(const char *const *text, mye_shape shape, bool is_static)
{
    for (int alias = 0; alias < 2; alias++) {
        bench *q = bench_create((bench_setup){
            .T = 3, .B = 2, .shape = shape, .is_static = is_static, .alias = alias == 1});
        int at = 0;
        for (int i = 0; text[i] != NULL; i++)
            at = bench_add(q, text[i], at);
        bench_build(q);
        bench_check_gradients(q);
        bench_free(q);
    }
}

static void convolution_gradients_match_finite_differences(void **state)
{
    MYE_UNUSED(state);
    const char *const cases[] = {
        "conv2d:channels=5,kernel=3",
        "conv2d:channels=4,kernel=3,stride=2,padding=1,bias=no",
        "conv2d:channels=6,kernel=2,kernel_w=3,stride=1,stride_w=2,padding=0,padding_w=1",
        "conv2d:channels=8,kernel=3,groups=2",
        "conv2d:channels=3,kernel=1,padding=0",
        "sws_conv2d:channels=5,kernel=3",
        "sws_conv2d:channels=66,kernel=3,gain=no,groups=2",
        "dense:features=7",
        "dense:features=3,bias=no",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const chain[] = {cases[i], NULL};
        check_chain(chain, (mye_shape){4, 5, 6, false}, false);
        check_chain(chain, (mye_shape){4, 5, 6, false}, true);
    }
}

static void chains_through_virtual_nodes_have_right_gradients(void **state)
{
    MYE_UNUSED(state);
    const char *const a[] = {"conv2d:channels=4,kernel=3,bias=no",
                             "batchnorm:gamma=0.7",
                             "identity",
                             "conv2d:channels=3,kernel=3,stride=2",
                             "flatten",
                             "dense:features=5",
                             NULL};
    const char *const b[] = {"sws_conv2d:channels=4,kernel=3",
                             "scale:value=2.74,learn=yes",
                             "avgpool:kernel=2",
                             "dropout:p=0.25",
                             "dense:features=4",
                             "readout",
                             NULL};
    for (int is_static = 0; is_static < 2; is_static++) {
        check_chain(a, (mye_shape){3, 5, 5, false}, is_static == 1);
        check_chain(b, (mye_shape){3, 4, 4, false}, is_static == 1);
    }
}

static void a_residual_block_has_right_gradients(void **state)
{
    MYE_UNUSED(state);
    for (int alias = 0; alias < 2; alias++) {
        bench *q = bench_create(
            (bench_setup){.T = 2, .B = 2, .shape = {3, 4, 4, false}, .alias = alias == 1});
        const int stem = bench_add(q, "conv2d:channels=4,kernel=3", 0);
        const int conv = bench_add(q, "conv2d:channels=4,kernel=3,bias=no", stem);
        const int norm = bench_add(q, "batchnorm", conv);
        const int sum = bench_join(q, "add", norm, stem);
        const int twice = bench_join(q, "add", sum, sum);
        bench_add(q, "conv2d:channels=2,kernel=3", twice);
        bench_build(q);
        bench_check_gradients(q);
        bench_free(q);
    }
}

static void a_static_input_gives_what_equal_steps_give(void **state)
{
    MYE_UNUSED(state);
    bench *q[2];
    for (int i = 0; i < 2; i++) {
        q[i] = image_bench(3, 2, 3, 6, 6, i == 1);
        const int a = bench_add(q[i], "conv2d:channels=4,kernel=3", 0);
        bench_add(q[i], "conv2d:channels=5,kernel=3", bench_add(q[i], "batchnorm", a));
        bench_build(q[i]);
    }
    const size_t row = (size_t)(2 * q[1]->value[0].n), out = (size_t)(2 * q[1]->value[3].n);
    for (int t = 0; t < 3; t++) {
        memcpy((float *)q[0]->value[0].data + t * row, q[1]->value[0].data, row * 4);
        for (size_t i = 0; i < out; i++)
            q[0]->coef[t * out + i] = q[1]->coef[i] / 3;
    }
    for (int i = 0; i < 2; i++) {
        bench_forward(q[i]);
        bench_backward(q[i]);
    }
    for (int t = 0; t < 3; t++)
        assert_floats_near("output", (float *)q[0]->value[3].data + t * out, q[1]->value[3].data,
                           out, 1e-5);
    for (int i = 1; i < 4; i++)
        for (int k = 0; k < q[0]->node[i].n_weights; k++) {
            const mye_weight *a = &q[0]->node[i].weight[k], *b = &q[1]->node[i].weight[k];
            /* a bias before batch norm has gradient 0: nothing to compare */
            if (a->trainable && !(i == 1 && k == 1))
                assert_floats_near(a->name, a->grad, b->grad, a->count, 1e-4);
            if (!a->trainable)
                assert_floats_near(a->name, a->data, b->data, a->count, 1e-5);
        }
    bench_free(q[0]);
    bench_free(q[1]);
}

static bench *busy_bench(int threads)
{
    bench *q = bench_create(
        (bench_setup){.T = 3, .B = 5, .threads = threads, .shape = {3, 17, 17, false}});
    int at = bench_add(q, "sws_conv2d:channels=70,kernel=3", 0);
    at = bench_add(q, "batchnorm", at);
    at = bench_add(q, "scale:value=1.5,learn=yes", at);
    at = bench_add(q, "dropout:p=0.3", at);
    const int skip = at;
    at = bench_add(q, "conv2d:channels=70,kernel=3", at);
    at = bench_add(q, "batchnorm:statistics=per_step", at);
    at = bench_join(q, "add", at, skip);
    at = bench_add(q, "maxpool:kernel=3,stride=2,padding=1", at);
    at = bench_add(q, "avgpool:kernel=2", at);
    bench_add(q, "dense:features=10", at);
    bench_build(q);
    bench_forward(q);
    bench_backward(q);
    return q;
}

static void one_two_and_five_threads_give_the_same_bits(void **state)
{
    MYE_UNUSED(state);
    bench *one = busy_bench(1);
    for (int threads = 2; threads <= 5; threads += 3) {
        bench *many = busy_bench(threads);
        const int last = one->pass.n_nodes - 1;
        assert_floats_equal("output", one->value[last].data, many->value[last].data,
                            (size_t)(3 * 5 * one->value[last].n));
        assert_floats_equal("input gradient", one->value[0].grad, many->value[0].grad,
                            (size_t)(3 * 5 * one->value[0].n));
        for (int i = 1; i <= last; i++)
            for (int k = 0; k < one->node[i].n_weights; k++) {
                const mye_weight *a = &one->node[i].weight[k], *b = &many->node[i].weight[k];
                assert_floats_equal(a->name, a->data, b->data, a->count);
                if (a->trainable)
                    assert_floats_equal(a->name, a->grad, b->grad, a->count);
            }
        bench_free(many);
    }
    bench_free(one);
}

static void spikes_as_bits_and_as_floats_give_the_same(void **state)
{
    MYE_UNUSED(state);
    bench *q[2];
    for (int i = 0; i < 2; i++) {
        q[i] =
            bench_create((bench_setup){.T = 2, .B = 3, .shape = {5, 7, 6, false}, .bits = i == 1});
        bench_add(q[i], "conv2d:channels=9,kernel=3", 0);
        bench_add(q[i], "dense:features=4", 1);
        bench_build(q[i]);
    }
    for (int t = 0; t < 2; t++)
        for (int b = 0; b < 3; b++)
            for (int i = 0; i < 5 * 7 * 6; i++) {
                const bool spike = bench_draw(5, (uint64_t)((t * 3 + b) * 1000 + i)) > 0.3f;
                mye_value_row(&q[0]->pass, 0, t, b)[i] = spike ? 1.0f : 0.0f;
                mye_value_bits(&q[1]->pass, 0, t, b)[i / 64] |= (uint64_t)spike << (i % 64);
            }
    for (int i = 0; i < 2; i++) {
        bench_forward(q[i]);
        bench_backward(q[i]);
    }
    assert_floats_equal("output", q[0]->value[2].data, q[1]->value[2].data, 2 * 3 * 4);
    for (int i = 1; i < 3; i++)
        assert_floats_equal("weight gradient", q[0]->node[i].weight[0].grad,
                            q[1]->node[i].weight[0].grad, q[0]->node[i].weight[0].count);
    bench_free(q[0]);
    bench_free(q[1]);
}

static void standardised_weights_match_the_formula_in_double(void **state)
{
    MYE_UNUSED(state);
    bench *q = image_bench(1, 1, 2, 1, 1, false);
    bench_add(q, "sws_conv2d:channels=3,kernel=1,eps=0.0001", 0);
    bench_build(q);
    const mye_node *n = &q->node[1];
    n->weight[2].data[1] = 1.7f; /* gain */
    bench_forward(q);
    const float *x = q->value[0].data, *w = n->weight[0].data;
    for (int o = 0; o < 3; o++) {
        const double a = (double)w[o], b = (double)w[3 + o], mean = (a + b) / 2;
        const double var = (a - mean) * (a - mean) + (b - mean) * (b - mean);
        const double s = sqrt(2 * var + 1e-4), gain = (double)n->weight[2].data[o];
        const double y = gain / s * ((a - mean) * (double)x[0] + (b - mean) * (double)x[1]);
        assert_true(fabs((double)((float *)q->value[1].data)[o] -
                         (y + (double)n->weight[1].data[o])) < 1e-5);
    }
    bench_free(q);
}

static void shapes_that_do_not_fit_are_refused_with_a_sentence(void **state)
{
    MYE_UNUSED(state);
    static const struct {
        const char *text, *word;
        mye_shape shape;
    } cases[] = {
        {"conv2d:channels=4,kernel=7,padding=0", "larger than its padded input", {3, 5, 5, false}},
        {"conv2d:channels=4,groups=2", "into 2 groups", {3, 5, 5, false}},
        {"conv2d:kernel=3", "number of output channels", {3, 5, 5, false}},
        {"conv2d:channels=4", "flattened", {3, 5, 5, true}},
        {"conv2d:channels=1048576", "2^31", {3, 500, 500, false}},
        {"dense", "number of output features", {3, 5, 5, false}},
        {"dense:features=16777216", "2^31", {3, 50, 50, false}},
        {"sws_conv2d:channels=4,kernel=1", "at least 2 weights", {1, 5, 5, false}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = cases[i].shape});
        mye_error err;
        const int in = 0;
        assert_int_equal(bench_try(q, cases[i].text, 1, &in, &err), -1);
        if (strstr(err.message, cases[i].word) == NULL)
            fail_msg("%s: '%s' lacks '%s'", cases[i].text, err.message, cases[i].word);
        bench_free(q);
    }
}

static void multiply_adds_are_those_of_the_dense_computation(void **state)
{
    MYE_UNUSED(state);
    bench *q = image_bench(1, 1, 4, 8, 8, false);
    mye_ops ops = {0};
    const mye_node *conv = &q->node[bench_add(q, "conv2d:channels=6,kernel=3,groups=2", 0)];
    conv->type->count(conv, &ops);
    assert_true(ops.macs == 8 * 8 * 6 * 3 * 3 * 2);
    const mye_node *dense = &q->node[bench_add(q, "dense:features=10", 1)];
    dense->type->count(dense, &ops);
    assert_true(ops.macs == 6 * 8 * 8 * 10);
    bench_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolution_gradients_match_finite_differences),
        cmocka_unit_test(chains_through_virtual_nodes_have_right_gradients),
        cmocka_unit_test(a_residual_block_has_right_gradients),
        cmocka_unit_test(a_static_input_gives_what_equal_steps_give),
        cmocka_unit_test(one_two_and_five_threads_give_the_same_bits),
        cmocka_unit_test(spikes_as_bits_and_as_floats_give_the_same),
        cmocka_unit_test(standardised_weights_match_the_formula_in_double),
        cmocka_unit_test(shapes_that_do_not_fit_are_refused_with_a_sentence),
        cmocka_unit_test(multiply_adds_are_those_of_the_dense_computation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
