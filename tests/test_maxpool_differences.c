/* Max pooling of differences: the running output is the maximum of the running inputs. */
#include "nodebench.h"
#include "rule_support.h"

enum { STEPS = 6, BATCH = 3 };

typedef struct window {
    int k, s, p;    /* vertical   */
    int kw, sw, pw; /* horizontal */
} window;

static const window WINDOWS[] = {{2, 2, 0, 2, 2, 0}, {3, 2, 1, 3, 2, 1}, {3, 1, 1, 3, 1, 1},
                                 {2, 1, 0, 2, 1, 0}, {2, 3, 1, 2, 3, 1}, {2, 2, 0, 3, 1, 1},
                                 {1, 1, 0, 2, 2, 0}, {3, 3, 0, 2, 2, 0}};
enum { N_WINDOWS = sizeof WINDOWS / sizeof *WINDOWS };

static int add_pool(bench *q, const char *op, window w, int in)
{
    char text[128];
    snprintf(text, sizeof text,
             "%s:kernel=%d,stride=%d,padding=%d,kernel_w=%d,stride_w=%d,padding_w=%d", op, w.k, w.s,
             w.p, w.kw, w.sw, w.pw);
    return bench_add(q, text, in);
}

/* Signed multiples of 1/8 (or bits): sums are exact, and windows have ties. */
static void fill_dyadic(bench *q, uint64_t seed)
{
    const mye_value *in = &q->value[0];
    for (int t = 0; t < in->steps; t++)
        for (int b = 0; b < q->pass.B; b++)
            for (int64_t i = 0; i < in->n; i++) {
                const uint64_t at = (uint64_t)((t * q->pass.B + b) * in->n + i);
                const uint64_t v = mye_random_below(seed, MYE_STREAM_TEST, at, 17);
                uint64_t *bits = mye_value_bits(&q->pass, 0, t, b);
                if (in->format == MYE_F32)
                    mye_value_row(&q->pass, 0, t, b)[i] = ((float)v - 8) / 8;
                else if (v % 2 == 1)
                    bits[i / 64] |= UINT64_C(1) << (i % 64);
                else
                    bits[i / 64] &= ~(UINT64_C(1) << (i % 64));
            }
}

static bench *pool_bench(bench_setup s, window w)
{
    s.T = s.T > 0 ? s.T : STEPS;
    s.B = BATCH;
    bench *q = bench_create(s);
    add_pool(q, "maxpool_differences", w, 0);
    bench_build(q);
    fill_dyadic(q, 5);
    return q;
}

/* Where the first maximum of a window is. */
static int64_t first_max(const float *x, mye_shape s, window w, int oh, int ow, int c)
{
    int64_t best = -1;
    for (int i = 0; i < w.k; i++)
        for (int j = 0; j < w.kw; j++) {
            const int h = oh * w.s - w.p + i, col = ow * w.sw - w.pw + j;
            if (h < 0 || h >= s.h || col < 0 || col >= s.w)
                continue;
            const int64_t at = ((int64_t)h * s.w + col) * s.c + c;
            if (best < 0 || x[at] > x[best])
                best = at;
        }
    return best;
}

/* X of sample b up to and with step t. */
static void sum_inputs(bench *q, int t, int b, float *sum)
{
    const int64_t n = q->value[0].n;
    memset(sum, 0, (size_t)n * sizeof *sum);
    for (int s = 0; s <= t; s++) {
        const float *x = bench_row(q, 0, s, b);
        for (int64_t i = 0; i < n; i++)
            sum[i] += x[i];
    }
}

/* ---- values ---- */

static void check_running_output(bench *q, window w, int b)
{
    const mye_shape s = q->node[0].shape, out = q->node[1].shape;
    float *sum = calloc((size_t)q->value[0].n, sizeof *sum);
    float *sent = calloc((size_t)q->value[1].n, sizeof *sent);
    for (int t = 0; t < q->pass.T; t++) {
        const float *y = mye_value_row(&q->pass, 1, t, b);
        for (int64_t i = 0; i < q->value[1].n; i++)
            sent[i] += y[i];
        sum_inputs(q, t, b, sum);
        for (int oh = 0; oh < out.h; oh++)
            for (int ow = 0; ow < out.w; ow++)
                for (int c = 0; c < s.c; c++) {
                    const float most = sum[first_max(sum, s, w, oh, ow, c)];
                    const float got = sent[((int64_t)oh * out.w + ow) * s.c + c];
                    if (got != most)
                        fail_msg("step %d, window %d %d, channel %d: %g sent, maximum %g", t, oh,
                                 ow, c, (double)got, (double)most);
                }
    }
    free(sum);
    free(sent);
}

static void the_running_output_is_the_maximum_of_the_running_inputs(void **state)
{
    static const int channels[] = {1, 5, 32, 100};
    MYE_UNUSED(state);
    for (int i = 0; i < N_WINDOWS; i++)
        for (size_t j = 0; j < sizeof channels / sizeof *channels; j++)
            for (int kind = 0; kind < 3; kind++) { /* moving floats, moving bits, static floats */
                const mye_shape s = {channels[j], 7, i % 2 == 0 ? 8 : 6, false};
                bench *q =
                    pool_bench((bench_setup){.shape = s, .bits = kind == 1, .is_static = kind == 2},
                               WINDOWS[i]);
                assert_int_equal(q->value[1].format, MYE_F32);
                assert_false(q->node[1].is_static);
                bench_forward(q);
                for (int b = 0; b < BATCH; b++)
                    check_running_output(q, WINDOWS[i], b);
                bench_free(q);
            }
}

/* What all inputs lost, the output loses: the maximum of negative sums is negative, also at the
 * border, where padding does not win. */
static void what_was_sent_too_much_is_taken_back(void **state)
{
    MYE_UNUSED(state);
    bench *q = pool_bench((bench_setup){.T = 2, .shape = {1, 4, 4, false}}, WINDOWS[1]);
    for (int t = 0; t < 2; t++)
        for (int b = 0; b < BATCH; b++)
            for (int i = 0; i < 16; i++)
                mye_value_row(&q->pass, 0, t, b)[i] = t == 0 ? 1.0f : -3.0f;
    bench_forward(q);
    for (int64_t i = 0; i < q->value[1].n; i++) {
        assert_true(mye_value_row(&q->pass, 1, 0, 0)[i] == 1);
        assert_true(mye_value_row(&q->pass, 1, 1, 0)[i] == -3);
    }
    bench_free(q);
}

static void forward_in_spans(bench *q, int span)
{
    const mye_node *n = q->list[1];
    bench_scratch(q, n, MYE_OP_FORWARD);
    for (int t = 0; t < q->pass.T; t += span)
        n->type->forward(n, &q->pass, t, t + span < q->pass.T ? t + span : q->pass.T);
    bench_unscratch(q);
}

static void spans_carry_the_sums_and_begin_anew_at_the_first_step(void **state)
{
    MYE_UNUSED(state);
    for (int i = 0; i < N_WINDOWS; i++) {
        const bench_setup s = {.shape = {5, 7, 6, false}};
        bench *a = pool_bench(s, WINDOWS[i]), *q = pool_bench(s, WINDOWS[i]);
        const size_t n = (size_t)(STEPS * BATCH * a->value[1].n);
        bench_forward(a);
        for (int span = 1; span <= 4; span++) {
            fill_dyadic(q, 77); /* other inputs before leave nothing behind */
            forward_in_spans(q, span);
            fill_dyadic(q, 5);
            forward_in_spans(q, span);
            assert_floats_equal("y", q->value[1].data, a->value[1].data, n);
        }
        bench_free(q);
        bench_free(a);
    }
}

static void one_step_is_max_pooling(void **state)
{
    MYE_UNUSED(state);
    for (int i = 0; i < N_WINDOWS; i++) {
        bench *q[2];
        for (int k = 0; k < 2; k++) {
            q[k] = bench_create((bench_setup){.T = 1, .B = BATCH, .shape = {5, 7, 6, false}});
            add_pool(q[k], k == 0 ? "maxpool" : "maxpool_differences", WINDOWS[i], 0);
            bench_build(q[k]);
            bench_forward(q[k]);
            bench_backward(q[k]);
        }
        assert_floats_equal("y", q[1]->value[1].data, q[0]->value[1].data,
                            (size_t)(BATCH * q[0]->value[1].n));
        assert_floats_equal("dx", q[1]->value[0].grad, q[0]->value[0].grad,
                            (size_t)(BATCH * q[0]->value[0].n));
        bench_free(q[0]);
        bench_free(q[1]);
    }
}

static void two_threads_give_the_bits_of_one(void **state)
{
    MYE_UNUSED(state);
    bench *q[2];
    for (int k = 0; k < 2; k++) {
        q[k] = pool_bench((bench_setup){.shape = {24, 7, 6, false}, .threads = k + 1}, WINDOWS[1]);
        bench_forward(q[k]);
        bench_backward(q[k]);
    }
    const size_t rows = STEPS * BATCH;
    assert_floats_equal("y", q[1]->value[1].data, q[0]->value[1].data,
                        rows * (size_t)q[0]->value[1].n);
    assert_floats_equal("dx", q[1]->value[0].grad, q[0]->value[0].grad,
                        rows * (size_t)q[0]->value[0].n);
    bench_free(q[0]);
    bench_free(q[1]);
}

/* ---- gradients ---- */

/* X(t) of element i: whole numbers, all different within a sample, in another order at each step. */
static float apart(int64_t i, int t, int b)
{
    return t < 0 ? 0 : (float)((i * (37 + 2 * t) + 11 * b + 29 * t) % 127);
}

/* So the differences that are tried do not change a maximum, and steps do. */
static void fill_apart(bench *q)
{
    const mye_value *in = &q->value[0];
    assert_true(in->n <= 127);
    for (int t = 0; t < in->steps; t++)
        for (int b = 0; b < q->pass.B; b++)
            for (int64_t i = 0; i < in->n; i++)
                mye_value_row(&q->pass, 0, t, b)[i] = apart(i, t, b) - apart(i, t - 1, b);
}

static void gradients_over_all_steps_equal_finite_differences(void **state)
{
    MYE_UNUSED(state);
    for (int i = 0; i < N_WINDOWS; i++)
        for (int is_static = 0; is_static < 2; is_static++) {
            bench *q = bench_create((bench_setup){
                .T = 4, .B = 2, .shape = {3, 7, 6, false}, .is_static = is_static == 1});
            const int in = bench_add(q, "scale:value=0.5", 0);
            bench_add(q, "identity", add_pool(q, "maxpool_differences", WINDOWS[i], in));
            bench_build(q);
            fill_apart(q);
            bench_check_gradients(q);
            bench_free(q);
        }
}

/* The definition, with maxima that change from step to step. */
static void gradients_go_to_the_maxima_of_the_sums(void **state)
{
    MYE_UNUSED(state);
    for (int i = 0; i < N_WINDOWS; i++) {
        const window w = WINDOWS[i];
        bench *q = pool_bench((bench_setup){.shape = {5, 7, 6, false}}, w);
        const mye_shape s = q->node[0].shape, out = q->node[1].shape;
        const size_t n = (size_t)q->value[0].n;
        float *sum = calloc(n, sizeof *sum), *want = calloc(n, sizeof *want);
        bench_forward(q);
        bench_backward(q);
        for (int t = STEPS - 1; t >= 0; t--) {
            const float *g = mye_grad_row(&q->pass, 1, t, 1),
                        *next = t + 1 < STEPS ? mye_grad_row(&q->pass, 1, t + 1, 1) : NULL;
            sum_inputs(q, t, 1, sum);
            for (int64_t o = 0; o < q->value[1].n; o++) {
                const int c = (int)(o % s.c), ow = (int)(o / s.c % out.w),
                          oh = (int)(o / s.c / out.w);
                want[first_max(sum, s, w, oh, ow, c)] += g[o] - (next != NULL ? next[o] : 0);
            }
            assert_floats_near("dx", mye_grad_row(&q->pass, 0, t, 1), want, n, 1e-5);
        }
        free(sum);
        free(want);
        bench_free(q);
    }
}

/* As SLTT and OTTT call it: buffers of one step, forward and backward in turn. */
static void one_step_alone_hands_its_gradient_to_the_maxima_of_the_sums(void **state)
{
    MYE_UNUSED(state);
    const window w = WINDOWS[1];
    bench *q = pool_bench((bench_setup){.shape = {5, 7, 6, false}}, w);
    const mye_node *node = q->list[1];
    const mye_shape s = q->node[0].shape, out = q->node[1].shape;
    const int64_t n = q->value[0].n;
    float *sum = calloc((size_t)n, sizeof *sum), *want = calloc((size_t)n, sizeof *want);
    q->value[1].steps = 1;
    for (int t = 0; t < STEPS; t++) {
        sum_inputs(q, t, 1, sum);
        bench_scratch(q, node, MYE_OP_FORWARD);
        q->pass.t_base = t;
        mye_value *in = &q->value[0], whole = *in;
        in->data = (float *)whole.data + t * BATCH * n; /* what a buffer of one step holds */
        in->grad_written = false;
        node->type->forward(node, &q->pass, t, t + 1);
        bench_unscratch(q);
        memcpy(q->value[1].grad, q->coef + t * BATCH * q->value[1].n,
               (size_t)(BATCH * q->value[1].n) * sizeof(float));
        bench_scratch(q, node, MYE_OP_BACKWARD);
        node->type->backward(node, &q->pass, t, t + 1);
        bench_unscratch(q);
        memset(want, 0, (size_t)n * sizeof *want);
        for (int64_t o = 0; o < q->value[1].n; o++)
            want[first_max(sum, s, w, (int)(o / s.c / out.w), (int)(o / s.c % out.w),
                           (int)(o % s.c))] += q->coef[(t * BATCH + 1) * q->value[1].n + o];
        assert_floats_near("dx", q->value[0].grad + n, want, (size_t)n, 1e-5);
        q->pass.t_base = 0;
        *in = whole;
    }
    free(sum);
    free(want);
    bench_free(q);
}

/* ---- in networks ---- */

#define NET "6C3-LIF-MPD2-8C3-LIF-MPD3s2p1-FC10"

static void infer(mye_context *ctx, const mye_model *model, int T, int B, int n, float *out)
{
    const mye_run_options o = {.time = "bptt", .loss = "ce_mean", .T = T, .B = B, .exact = true};
    mye_run *run = NULL;
    uint64_t seed = 5;
    mye_step_result r;
    assert_int_equal(mye_run_create(ctx, model, &o, &run, NULL), MYE_OK);
    for (int twice = 0; twice < 2; twice++) /* the second batch begins anew */
        assert_int_equal(mye_run_step(run, n, (mye_source){fill_frame, &seed}, NULL, 3, &r, NULL),
                         MYE_OK);
    memcpy(out, r.output, 3 * 10 * sizeof *out);
    mye_run_free(run);
}

/* A batch of 128 is computed step by step, a small one with all steps at once. */
static void large_and_small_batches_infer_the_same(void **state)
{
    MYE_UNUSED(state);
    mye_context *ctx = context(2);
    mye_model *model = model_of(ctx, NET, 2, 12, false);
    float few[30], many[30], part[30];
    infer(ctx, model, 5, 3, 3, few);
    infer(ctx, model, 5, 130, 130, many);
    infer(ctx, model, 5, 130, 3, part);
    assert_floats_near("output", many, few, 30, 1e-6);
    assert_floats_near("output", part, few, 30, 1e-6);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void orders_and_plans_give_the_same_gradient(void **state)
{
    MYE_UNUSED(state);
    static const char *const same[] = {"bptt:checkpoint=node", "bptt:checkpoint=block"};
    for (int is_static = 0; is_static < 2; is_static++)
        for (int i = 0; i < 2; i++)
            expect_same(NET, is_static == 1, "bptt", same[i], "ce_mean", 4, 0);
    expect_same(NET, false, "sltt", "bptt", "ce_mean", 1, 1e-5);
}

/* The maximum of the mean input is the mean of what is sent: the rate pass is exact behind this
 * pooling (behind max pooling of spikes it is not). */
static double rate_loss(const char *net, const char *time)
{
    mye_context *ctx = context(1);
    mye_model *model = model_of(ctx, net, 2, 12, false);
    double loss = 0;
    free(gradient(ctx, model, time, 5, 5, &loss));
    mye_model_free(model);
    mye_context_free(ctx);
    return loss;
}

static void the_rate_pass_is_exact(void **state)
{
    MYE_UNUSED(state);
    const char *net = "6C3-LIF-MPD2-FC10", *rates = "rate:output=rates";
    assert_true(fabs(rate_loss(net, "rate") - rate_loss(net, rates)) < 1e-5);
    net = "6C3-LIF-MP2-FC10";
    assert_true(fabs(rate_loss(net, "rate") - rate_loss(net, rates)) > 1e-3);
    expect_same("6C3-LIF-MPD2-8C3-LIF-FC10", false, "rate", "rate:mode=s", "ce_mean", 4, 1e-4);
}

/* One network for every rule that takes it; step by step, both visits of a loss of all steps. */
static void rules_that_go_step_by_step_learn_through_it(void **state)
{
    MYE_UNUSED(state);
    static const char *const rules[] = {"sltt", "ottt"}, *const losses[] = {"ce_mean", "ce_mse"};
    mye_context *ctx = context(2);
    mye_model *model = model_of(ctx, NET, 2, 12, false);
    for (int i = 0; i < 4; i++) {
        double loss = 0, exact = 0;
        float *g = gradient_of(ctx, model, rules[i / 2], losses[i % 2], 4, 5, &loss);
        float *e = gradient_of(ctx, model, "bptt", losses[i % 2], 4, 5, &exact);
        const double together = cosine(g, e, model->n_params);
        assert_true(fabs(loss - exact) < 1e-5);
        if (!(together > 0.5))
            fail_msg("%s, %s: cosine with bptt %g", rules[i / 2], losses[i % 2], together);
        free(g);
        free(e);
    }
    mye_model_free(model);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_running_output_is_the_maximum_of_the_running_inputs),
        cmocka_unit_test(what_was_sent_too_much_is_taken_back),
        cmocka_unit_test(spans_carry_the_sums_and_begin_anew_at_the_first_step),
        cmocka_unit_test(one_step_is_max_pooling),
        cmocka_unit_test(two_threads_give_the_bits_of_one),
        cmocka_unit_test(gradients_over_all_steps_equal_finite_differences),
        cmocka_unit_test(gradients_go_to_the_maxima_of_the_sums),
        cmocka_unit_test(one_step_alone_hands_its_gradient_to_the_maxima_of_the_sums),
        cmocka_unit_test(large_and_small_batches_infer_the_same),
        cmocka_unit_test(orders_and_plans_give_the_same_gradient),
        cmocka_unit_test(the_rate_pass_is_exact),
        cmocka_unit_test(rules_that_go_step_by_step_learn_through_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
