/* Direct feedback: the identity forward, the output's error through fixed weights backward. */
#include "node/direct_feedback.h"

#include "net_fixture.h"
#include "nodebench.h"

enum { T = 3, B = 4, K = 5 };

typedef struct fixture {
    bench *q;
    float error[T * B * K];
} fixture;

/* Node 1 is the one. rows: of the error, 1 or T. */
static fixture make(mye_shape shape, bool is_static, int rows)
{
    fixture f = {.q = bench_create((bench_setup){
                     .T = T, .B = B, .shape = shape, .is_static = is_static, .threads = 2})};
    bench_add(f.q, "direct_feedback:classes=5", 0);
    bench_build(f.q);
    for (int i = 0; i < T * B * K; i++)
        f.error[i] = bench_draw(50, (uint64_t)i);
    f.q->pass.output_grad_steps = rows;
    f.q->pass.output_classes = K;
    return f;
}

static void run(fixture *f, bool known)
{
    const mye_node *n = &f->q->node[1];
    f->q->pass.output_grad = known ? f->error : NULL;
    memset(f->q->value[1].grad, 0xff, 16); /* what readers say is not read */
    bench_scratch(f->q, n, MYE_OP_BACKWARD);
    n->type->backward(n, &f->q->pass, 0, n->is_static ? 1 : T);
    bench_unscratch(f->q);
}

/* (e B)_i of row r, from the weights as the outside world has them: [K][C][H][W]. */
static void expect(const fixture *f, int t, int b, const float *e, float before)
{
    const mye_node *n = &f->q->node[1];
    const mye_shape s = n->shape;
    const int64_t size = mye_shape_size(s);
    float *outside = malloc((size_t)(K * size) * sizeof *outside);
    float *want = malloc((size_t)size * sizeof *want);
    mye_weight_export(&n->weight[0], n->weight[0].data, outside);
    for (int64_t i = 0; i < size; i++) {
        const int64_t c = i % s.c, pixel = i / s.c;
        double sum = (double)before;
        for (int k = 0; k < K; k++)
            sum += (double)e[k] * (double)outside[k * size + c * s.h * s.w + pixel];
        want[i] = (float)sum;
    }
    assert_floats_near("gradient", mye_grad_row(&f->q->pass, 0, t, b), want, (size_t)size, 1e-5);
    free(outside);
    free(want);
}

static void the_value_is_the_inputs(void **state)
{
    MYE_UNUSED(state);
    fixture f = make((mye_shape){3, 4, 2, false}, false, T);
    assert_null(f.q->value[1].data);
    assert_floats_equal("value", bench_row(f.q, 1, 2, 1), mye_value_row(&f.q->pass, 0, 2, 1), 24);
    assert_int_equal(mye_direct_feedback_classes(&f.q->node[1]), K);
    assert_int_equal(mye_direct_feedback_classes(&f.q->node[0]), 0);
    bench_free(f.q);
}

static void each_step_gets_its_row_of_the_error(void **state)
{
    MYE_UNUSED(state);
    static const mye_shape shapes[] = {{3, 4, 2, false}, {37, 1, 1, true}, {6, 3, 3, true}};
    for (int i = 0; i < 3; i++)
        for (int rows = 1; rows <= T; rows += T - 1) {
            fixture f = make(shapes[i], false, rows);
            run(&f, true);
            for (int t = 0; t < T; t++)
                for (int b = 0; b < B; b++)
                    expect(&f, t, b, f.error + ((rows == 1 ? 0 : t) * B + b) * K, 0);
            bench_free(f.q);
        }
}

static void a_static_value_gets_the_sum_of_the_rows(void **state)
{
    MYE_UNUSED(state);
    for (int rows = 1; rows <= T; rows += T - 1) {
        fixture f = make((mye_shape){3, 4, 2, false}, true, rows);
        run(&f, true);
        for (int b = 0; b < B; b++) {
            float e[K] = {0};
            for (int t = 0; t < rows; t++)
                for (int k = 0; k < K; k++)
                    e[k] += f.error[(t * B + b) * K + k];
            expect(&f, 0, b, e, 0);
        }
        bench_free(f.q);
    }
}

static void it_adds_to_what_other_readers_said(void **state)
{
    MYE_UNUSED(state);
    fixture f = make((mye_shape){3, 4, 2, false}, false, T);
    for (int i = 0; i < T * B * 24; i++)
        f.q->value[0].grad[i] = 0.5f;
    f.q->value[0].grad_written = true;
    run(&f, true);
    for (int t = 0; t < T; t++)
        expect(&f, t, 3, f.error + (t * B + 3) * K, 0.5f);
    bench_free(f.q);
}

static void steps_are_those_of_the_pass_also_in_a_window(void **state)
{
    MYE_UNUSED(state);
    fixture f = make((mye_shape){3, 4, 2, false}, false, T);
    const mye_node *n = &f.q->node[1];
    f.q->pass.output_grad = f.error;
    f.q->pass.t_base = 2; /* the buffers begin with step 2 */
    bench_scratch(f.q, n, MYE_OP_BACKWARD);
    n->type->backward(n, &f.q->pass, 2, 3);
    bench_unscratch(f.q);
    for (int b = 0; b < B; b++)
        expect(&f, 2, b, f.error + (2 * B + b) * K, 0);
    bench_free(f.q);
}

/* Unknown, or of another size: nothing outside the error's memory is read. */
static void an_unknown_error_is_no_gradient(void **state)
{
    MYE_UNUSED(state);
    for (int mode = 0; mode < 2; mode++) {
        fixture f = make((mye_shape){3, 4, 2, false}, false, T);
        if (mode == 1)
            f.q->pass.output_classes = K - 1;
        run(&f, mode == 1);
        for (int i = 0; i < T * B * 24; i++)
            assert_true(f.q->value[0].grad[i] == 0);
        bench_free(f.q);
    }
}

static void bad_options_are_refused(void **state)
{
    MYE_UNUSED(state);
    mye_error err;
    const int in = 0;
    bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {64, 64, 64, false}});
    assert_int_equal(bench_try(q, "direct_feedback", 1, &in, &err), -1);
    assert_non_null(strstr(err.message, "wants a number of classes, got 0"));
    assert_int_equal(bench_try(q, "direct_feedback:classes=10000", 1, &in, &err), -1);
    assert_non_null(strstr(err.message, "more than 2^31 weights"));
    bench_free(q);
}

/* ---- the weights, as a model draws them ---- */

static mye_model *build(mye_context *ctx, const char *options, uint64_t seed)
{
    mye_graph *graph = NULL;
    mye_model *model = NULL;
    mye_error err = {0};
    int at = 0;
    assert_int_equal(mye_graph_create(ctx, 2, 6, 6, "lif", &graph, &err), MYE_OK);
    assert_int_equal(mye_graph_chain(graph, "conv2d", &at, &err, "channels=7"), MYE_OK);
    assert_int_equal(mye_graph_chain(graph, "direct_feedback", &at, &err, "%s", options), MYE_OK);
    assert_int_equal(mye_graph_chain(graph, "direct_feedback", &at, &err, "%s", options), MYE_OK);
    assert_int_equal(mye_graph_chain(graph, "dense", &at, &err, "features=10"), MYE_OK);
    if (mye_model_from_graph(graph, true, seed, &model, &err) != MYE_OK)
        fail_msg("%s", err.message);
    return model;
}

static void rows_are_random_and_of_length_one(void **state)
{
    mye_model *m = build(*state, "classes=10", 1);
    const size_t n = 7 * 36;
    assert_int_equal(m->n_buffers, 2 * ((10 * n + 15) / 16 * 16));
    for (int node = 2; node < 4; node++) {
        const mye_weight *w = mye_node_find(m->node[node], "feedback");
        float *outside = malloc(10 * n * sizeof *outside);
        assert_non_null(w);
        assert_false(w->trainable);
        assert_null(w->grad);
        mye_weight_export(w, w->data, outside);
        for (size_t k = 0; k < 10; k++) {
            double squares = 0, sum = 0;
            for (size_t i = 0; i < n; i++) {
                squares += (double)outside[k * n + i] * (double)outside[k * n + i];
                sum += (double)outside[k * n + i];
            }
            assert_true(fabs(squares - 1) < 1e-5);
            assert_true(fabs(sum) < 5); /* sqrt(n) times a mean that is normal with 1/sqrt(n) */
            assert_true(k == 0 || memcmp(outside, outside + k * n, n * sizeof *outside) != 0);
        }
        free(outside);
    }
    mye_model_free(m);
}

static void their_seed_is_the_networks_or_their_own(void **state)
{
    static const struct {
        const char *options;
        bool equal; /* in networks of seed 1 and 2 */
    } cases[] = {{"classes=10", false}, {"classes=10,seed=3", true}};
    for (int i = 0; i < 2; i++) {
        mye_model *a = build(*state, cases[i].options, 1), *b = build(*state, cases[i].options, 2);
        assert_true((memcmp(a->buffer, b->buffer, a->n_buffers * sizeof(float)) == 0) ==
                    cases[i].equal);
        /* Two nodes with one seed have different weights. */
        assert_true(memcmp(a->node[2]->weight[0].data, a->node[3]->weight[0].data, 64) != 0);
        mye_model_free(a);
        mye_model_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_value_is_the_inputs),
        cmocka_unit_test(each_step_gets_its_row_of_the_error),
        cmocka_unit_test(a_static_value_gets_the_sum_of_the_rows),
        cmocka_unit_test(it_adds_to_what_other_readers_said),
        cmocka_unit_test(steps_are_those_of_the_pass_also_in_a_window),
        cmocka_unit_test(an_unknown_error_is_no_gradient),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test_setup_teardown(rows_are_random_and_of_length_one, context_setup,
                                        context_teardown),
        cmocka_unit_test_setup_teardown(their_seed_is_the_networks_or_their_own, context_setup,
                                        context_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
