/* Transposed convolution: the adjoint of conv2d, gradients, inputs of every kind, what is refused. */
#include "nodebench.h"

static void gradients_match_finite_differences(void **state)
{
    MYE_UNUSED(state);
    static const char *const cases[] = {
        "conv_transpose2d:channels=5,kernel=3",
        "conv_transpose2d:channels=4,kernel=3,stride=2,bias=no",
        "conv_transpose2d:channels=6,kernel=2,kernel_w=3,stride=2,stride_w=3,padding=0,padding_w=1,"
        "output_padding=1,output_padding_w=0",
        "conv_transpose2d:channels=8,kernel=4,groups=2,padding=1,stride=2",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int kind = 0; kind < 4; kind++) {
            bench *q = bench_create((bench_setup){.T = 2,
                                                  .B = 2,
                                                  .shape = {4, 4, 5, false},
                                                  .is_static = kind == 1,
                                                  .alias = kind == 2});
            /* kind 3: behind a virtual node, and read twice, so that gradients are added */
            int at = kind == 3 ? bench_add(q, "scale:value=0.5", 0) : 0;
            const int first = bench_add(q, cases[i], at);
            if (kind == 3)
                bench_join(q, "add", first, bench_add(q, cases[i], at));
            bench_build(q);
            bench_check_gradients(q);
            bench_free(q);
        }
}

/* <conv(x), y> = <x, conv^T(y)> with the same weights. */
static void it_is_the_adjoint_of_the_convolution(void **state)
{
    MYE_UNUSED(state);
    bench *c = bench_create((bench_setup){.T = 1, .B = 2, .shape = {3, 7, 8, false}});
    bench *t = bench_create((bench_setup){.T = 1, .B = 2, .shape = {5, 4, 4, false}});
    bench_add(c, "conv2d:channels=5,kernel=3,stride=2,bias=no", 0);
    bench_add(t,
              "conv_transpose2d:channels=3,kernel=3,stride=2,bias=no,output_padding=0,"
              "output_padding_w=1",
              0);
    bench_build(c);
    bench_build(t);
    const mye_weight *w = &c->node[1].weight[0];
    assert_int_equal(w->count, t->node[1].weight[0].count);
    memcpy(t->node[1].weight[0].data, w->data, w->count * sizeof(float));
    assert_int_equal(t->node[1].shape.h, 7);
    assert_int_equal(t->node[1].shape.w, 8);
    bench_forward(c);
    bench_forward(t);
    double left = 0, right = 0;
    const float *x = c->value[0].data, *cx = c->value[1].data;
    const float *y = t->value[0].data, *ty = t->value[1].data;
    for (int64_t i = 0; i < 2 * c->value[1].n; i++)
        left += (double)cx[i] * (double)y[i];
    for (int64_t i = 0; i < 2 * c->value[0].n; i++)
        right += (double)x[i] * (double)ty[i];
    assert_true(fabs(left) > 0.1);
    assert_true(fabs(left - right) < 1e-4);
    bench_free(c);
    bench_free(t);
}

static void spikes_as_bits_and_as_floats_give_the_same(void **state)
{
    MYE_UNUSED(state);
    bench *q[2];
    for (int i = 0; i < 2; i++) {
        q[i] =
            bench_create((bench_setup){.T = 2, .B = 3, .shape = {5, 6, 6, false}, .bits = i == 1});
        bench_add(q[i], "conv_transpose2d:channels=7,kernel=3,stride=2", 0);
        bench_build(q[i]);
    }
    for (int t = 0; t < 2; t++)
        for (int b = 0; b < 3; b++)
            for (int i = 0; i < 5 * 6 * 6; i++) {
                const bool spike = bench_draw(5, (uint64_t)((t * 3 + b) * 1000 + i)) > 0.3f;
                mye_value_row(&q[0]->pass, 0, t, b)[i] = spike ? 1.0f : 0.0f;
                mye_value_bits(&q[1]->pass, 0, t, b)[i / 64] |= (uint64_t)spike << (i % 64);
            }
    for (int i = 0; i < 2; i++) {
        bench_forward(q[i]);
        bench_backward(q[i]);
    }
    assert_floats_equal("output", q[0]->value[1].data, q[1]->value[1].data, 2 * 3 * 7 * 12 * 12);
    assert_floats_equal("weight gradient", q[0]->node[1].weight[0].grad,
                        q[1]->node[1].weight[0].grad, q[0]->node[1].weight[0].count);
    bench_free(q[0]);
    bench_free(q[1]);
}

static void what_does_not_fit_is_refused_with_a_sentence(void **state)
{
    MYE_UNUSED(state);
    static const struct {
        const char *text, *word;
        mye_shape shape;
    } cases[] = {
        {"conv_transpose2d", "number of output channels", {4, 5, 5, false}},
        {"conv_transpose2d:channels=6,groups=4", "into 4 groups", {4, 5, 5, false}},
        {"conv_transpose2d:channels=4", "flattened", {4, 5, 5, true}},
        {"conv_transpose2d:channels=4,stride=2,output_padding=2",
         "below its stride",
         {4, 5, 5, false}},
        {"conv_transpose2d:channels=4,kernel=1,padding=3", "1 to 2^31", {4, 5, 5, false}},
        {"conv_transpose2d:channels=1048576,stride=9", "1 to 2^31", {4, 50, 50, false}},
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

static void multiply_adds_are_those_of_the_convolution(void **state)
{
    MYE_UNUSED(state);
    bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {4, 8, 8, false}});
    mye_ops ops = {0};
    const mye_node *n = &q->node[bench_add(q, "conv_transpose2d:channels=6,kernel=3,stride=2", 0)];
    n->type->count(n, &ops);
    assert_true(ops.macs == 8 * 8 * 4 * 3 * 3 * 6);
    bench_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_match_finite_differences),
        cmocka_unit_test(it_is_the_adjoint_of_the_convolution),
        cmocka_unit_test(spikes_as_bits_and_as_floats_give_the_same),
        cmocka_unit_test(what_does_not_fit_is_refused_with_a_sentence),
        cmocka_unit_test(multiply_adds_are_those_of_the_convolution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
