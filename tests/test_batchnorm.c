/* Batch norm against its formulas in double precision. */
#include "node/batchnorm.h"
#include "nodebench.h"

typedef struct norm_case {
    const char *text;
    mye_shape shape;
    int T, B;
    bool is_static, far; /* far: channels with a mean of 1000 deviations */
} norm_case;

static bench *norm_bench(norm_case c)
{
    bench *q =
        bench_create((bench_setup){.T = c.T, .B = c.B, .shape = c.shape, .is_static = c.is_static});
    bench_add(q, c.text, 0);
    bench_build(q);
    const mye_node *n = &q->node[1];
    for (int i = 0; i < c.shape.c; i++) {
        mye_node_find(n, "running_mean")->data[i] = 0.25f;
        if (mye_node_find(n, "weight") == NULL)
            continue;
        mye_node_find(n, "weight")->data[i] = 1 + bench_draw(2, (uint64_t)i) / 2;
        mye_node_find(n, "bias")->data[i] = bench_draw(3, (uint64_t)i);
    }
    float *x = q->value[0].data;
    for (int64_t i = 0; i < q->value[0].steps * c.B * q->value[0].n; i++)
        x[i] = x[i] * (1 + (float)(i % c.shape.c % 7)) + (c.far ? 1000 : 0.5f);
    return q;
}

/* The batch's values of one channel in steps [t0, t1). */
typedef struct moments {
    double mean, var, count; /* var biased */
} moments;

static moments channel_moments(bench *q, int c, int t0, int t1)
{
    const mye_shape s = q->node[0].shape;
    double sum = 0, square = 0, count = 0;
    for (int t = t0; t < t1; t++)
        for (int b = 0; b < q->pass.B; b++)
            for (int i = 0; i < s.h * s.w; i++, count++)
                sum += (double)mye_value_row(&q->pass, 0, t, b)[i * s.c + c];
    for (int t = t0; t < t1; t++)
        for (int b = 0; b < q->pass.B; b++)
            for (int i = 0; i < s.h * s.w; i++) {
                const double x = (double)mye_value_row(&q->pass, 0, t, b)[i * s.c + c];
                square += (x - sum / count) * (x - sum / count);
            }
    const moments m = {sum / count, square / count, count};
    return m;
}

static double weight_of(bench *q, const char *role, int c, double other)
{
    const mye_weight *w = mye_node_find(&q->node[1], role);
    return w != NULL ? (double)w->data[c] : other;
}

/* Outputs of steps [t0, t1), normalised with these moments. */
static void check_outputs(bench *q, int c, int t0, int t1, moments m, double tolerance)
{
    const mye_shape s = q->node[0].shape;
    for (int t = t0; t < t1; t++)
        for (int b = 0; b < q->pass.B; b++) {
            const float *y = bench_row(q, 1, t, b), *x = mye_value_row(&q->pass, 0, t, b);
            for (int i = 0; i < s.h * s.w; i++) {
                const double z = ((double)x[i * s.c + c] - m.mean) / sqrt(m.var + 1e-5);
                const double want = z * weight_of(q, "weight", c, 1) + weight_of(q, "bias", c, 0);
                if (fabs((double)y[i * s.c + c] - want) > tolerance * (1 + fabs(want)))
                    fail_msg("t %d b %d pixel %d channel %d: %.8g, not %.8g", t, b, i, c,
                             (double)y[i * s.c + c], want);
            }
        }
}

static void check_channel(bench *q, norm_case k, int c)
{
    const bool per_step = strstr(k.text, "per_step") != NULL;
    const int steps = q->value[0].steps, group = per_step ? 1 : steps;
    double mean = 0.25, var = 1;
    for (int t = 0; t < steps; t += group) {
        const moments m = channel_moments(q, c, t, t + group);
        check_outputs(q, c, t, t + group, m, k.far ? 2e-3 : 1e-5);
        const int copies = k.is_static ? k.T : 1, updates = per_step ? copies : 1;
        const double count = m.count * (per_step ? 1 : copies);
        for (int i = 0; i < updates; i++) {
            mean = 0.9 * mean + 0.1 * m.mean;
            var = 0.9 * var + 0.1 * m.var * count / (count - 1);
        }
    }
    assert_true(fabs(weight_of(q, "running_mean", c, 0) - mean) < 1e-5 * (1 + fabs(mean)));
    assert_true(fabs(weight_of(q, "running_var", c, 0) - var) < 1e-5 * (1 + var));
}

static const norm_case cases[] = {
    {"batchnorm", {5, 6, 7, false}, 3, 4, false, false},
    {"batchnorm:statistics=per_step", {5, 6, 7, false}, 3, 4, false, false},
    {"batchnorm", {5, 6, 7, false}, 3, 4, true, false},
    {"batchnorm:statistics=per_step", {5, 6, 7, false}, 3, 4, true, false},
    {"batchnorm:affine=no", {64, 12, 12, false}, 2, 3, false, false},
    {"batchnorm", {12, 1, 1, true}, 2, 9, false, false},
    {"batchnorm", {9000, 1, 1, true}, 2, 3, false, false},
    {"batchnorm", {8256, 2, 1, false}, 1, 3, false, false},
    {"batchnorm", {3, 30, 30, false}, 2, 3, false, true},
    {"batchnorm:statistics=per_step", {3, 30, 30, false}, 2, 3, false, true},
};

static void outputs_and_running_statistics_match_the_formula_in_double(void **state)
{
    MYE_UNUSED(state);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench *q = norm_bench(cases[i]);
        bench_forward(q);
        for (int c = 0; c < cases[i].shape.c; c += 1 + c / 64)
            check_channel(q, cases[i], c);
        bench_free(q);
    }
}

static void gradients_match_finite_differences(void **state)
{
    MYE_UNUSED(state);
    for (size_t i = 0; i < 6; i++) {
        norm_case c = cases[i];
        c.shape.h = c.shape.h > 3 ? 3 : c.shape.h;
        bench *q = norm_bench(c);
        bench_check_gradients(q);
        bench_free(q);
    }
}

static void a_channel_of_equal_values_has_no_variance(void **state)
{
    MYE_UNUSED(state);
    bench *q = norm_bench(cases[0]);
    for (int64_t i = 0; i < 3 * 4 * q->value[0].n; i++)
        ((float *)q->value[0].data)[i] = 0.1f;
    bench_forward(q);
    const mye_batchnorm_state s = mye_batchnorm_state_of(&q->node[1], &q->pass);
    for (int c = 0; c < 5; c++) {
        assert_true(s.var[c] < 1e-12f);
        assert_true(fabsf(bench_row(q, 1, 1, 1)[c] - mye_node_find(&q->node[1], "bias")->data[c]) <
                    1e-3f);
    }
    bench_free(q);
}

static void evaluation_uses_the_running_values(void **state)
{
    MYE_UNUSED(state);
    for (size_t i = 0; i < 2; i++) {
        bench *q = norm_bench(cases[i]);
        q->pass.training = false;
        mye_node_find(&q->node[1], "running_var")->data[2] = 4;
        bench_forward(q);
        check_outputs(q, 2, 0, 3, (moments){0.25, 4, 0}, 1e-5);
        assert_true(weight_of(q, "running_mean", 2, 0) == 0.25);
        bench_check_gradients(q);
        bench_free(q);
    }
}

static void a_repeated_pass_leaves_the_running_values(void **state)
{
    MYE_UNUSED(state);
    bench *q = norm_bench(cases[1]);
    q->pass.repeated = true;
    bench_forward(q);
    assert_true(weight_of(q, "running_mean", 1, 0) == 0.25);
    assert_true(weight_of(q, "running_var", 1, 0) == 1);
    check_outputs(q, 1, 2, 3, channel_moments(q, 1, 2, 3), 1e-5);
    bench_free(q);
}

static void steps_one_by_one_give_what_all_at_once_give(void **state)
{
    MYE_UNUSED(state);
    bench *a = norm_bench(cases[1]), *b = norm_bench(cases[1]);
    const mye_node *n = &b->node[1];
    bench_forward(a);
    bench_scratch(b, n, MYE_OP_FORWARD);
    for (int t = 0; t < 3; t++)
        n->type->forward(n, &b->pass, t, t + 1);
    bench_unscratch(b);
    for (int t = 0; t < 3; t++) {
        float row[5 * 6 * 7];
        memcpy(row, bench_row(a, 1, t, 2), sizeof row);
        assert_floats_equal("output", row, bench_row(b, 1, t, 2), 5 * 6 * 7);
    }
    bench_free(a);
    bench_free(b);
}

/* ---- rate-based ---- */

static void rate_statistics_are_those_of_the_steps(void **state)
{
    MYE_UNUSED(state);
    for (int released = 0; released < 2; released++)
        for (size_t i = 0; i < 2; i++) {
            norm_case c = cases[i];
            bench *spikes = norm_bench(c);
            c.T = 1;
            bench *rates = norm_bench(c);
            bench_forward(spikes);
            mye_batchnorm_prepare_rates(&spikes->node[1], &spikes->pass, &rates->pass, released,
                                        released ? 2 : 1);
            const mye_batchnorm_state s = mye_batchnorm_state_of(&rates->node[1], &rates->pass);
            const moments all = channel_moments(spikes, 3, 0, 3);
            double mean = all.mean, var_eps = all.var + (released ? 2e-5 : 1e-5);
            if (i == 1 && released) {
                const moments last = channel_moments(spikes, 3, 2, 3);
                mean = last.mean;
                var_eps = last.var + 2e-5;
            } else if (i == 1) {
                double sum = 0;
                for (int t = 0; t < 3; t++)
                    sum += 1 / (channel_moments(spikes, 3, t, t + 1).var + 1e-5) / 3;
                var_eps = 1 / sum;
            }
            assert_true(fabs((double)s.mean[3] - mean) < 1e-5);
            assert_true(fabs((double)s.rstd[3] * sqrt(var_eps) - 1) < 1e-5);
            bench_free(spikes);
            bench_free(rates);
        }
}

/* dc of training_rules.md section 4.2 for channel c, with mean and var that are not the batch's. */
static void check_rate_gradient(bench *q, int c, double mean, double rstd)
{
    const mye_shape s = q->node[0].shape;
    const int pixels = s.h * s.w;
    const double M = (double)q->pass.B * pixels, gamma = weight_of(q, "weight", c, 1);
    double gv = 0, sum_g = 0, sum_d = 0, dgamma = 0;
    for (int i = 0; i < q->pass.B * pixels; i++) {
        const double g = (double)q->coef[i * s.c + c];
        const double d = (double)((float *)q->value[0].data)[i * s.c + c] - mean;
        gv += -0.5 * g * gamma * d * rstd * rstd * rstd;
        sum_g += g * gamma;
        sum_d += d;
        dgamma += g * d * rstd;
    }
    const double gm = -sum_g * rstd - gv * 2 / M * sum_d;
    for (int i = 0; i < q->pass.B * pixels; i++) {
        const double g = (double)q->coef[i * s.c + c];
        const double d = (double)((float *)q->value[0].data)[i * s.c + c] - mean;
        const double want = g * gamma * rstd + gv * 2 * d / M + gm / M;
        assert_true(fabs((double)q->value[0].grad[i * s.c + c] - want) < 1e-5 * (1 + fabs(want)));
    }
    const float got = mye_node_find(&q->node[1], "weight")->grad[c];
    assert_true(fabs((double)got - dgamma) < 1e-4 * (1 + fabs(dgamma)));
}

static void the_rate_pass_uses_given_statistics_and_its_own_deviations(void **state)
{
    MYE_UNUSED(state);
    norm_case c = cases[0];
    bench *spikes = norm_bench(c);
    c.T = 1;
    bench *rates = norm_bench(c);
    rates->pass.rates = true;
    bench_forward(spikes);
    mye_batchnorm_prepare_rates(&spikes->node[1], &spikes->pass, &rates->pass, false, 1);
    bench_forward(rates);
    bench_backward(rates);
    assert_true(weight_of(rates, "running_mean", 0, 0) == 0.25);
    for (int i = 0; i < 5; i++) {
        const mye_batchnorm_state s = mye_batchnorm_state_of(&rates->node[1], &rates->pass);
        const moments m = channel_moments(spikes, i, 0, 3);
        check_outputs(rates, i, 0, 1, m, 1e-5);
        check_rate_gradient(rates, i, (double)s.mean[i], (double)s.rstd[i]);
    }
    bench_free(spikes);
    bench_free(rates);
}

static void flattened_images_are_refused(void **state)
{
    MYE_UNUSED(state);
    bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {3, 4, 4, true}});
    mye_error err;
    const int in = 0;
    assert_int_equal(bench_try(q, "batchnorm", 1, &in, &err), -1);
    assert_non_null(strstr(err.message, "flattened"));
    bench_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_and_running_statistics_match_the_formula_in_double),
        cmocka_unit_test(gradients_match_finite_differences),
        cmocka_unit_test(a_channel_of_equal_values_has_no_variance),
        cmocka_unit_test(evaluation_uses_the_running_values),
        cmocka_unit_test(a_repeated_pass_leaves_the_running_values),
        cmocka_unit_test(steps_one_by_one_give_what_all_at_once_give),
        cmocka_unit_test(rate_statistics_are_those_of_the_steps),
        cmocka_unit_test(the_rate_pass_uses_given_statistics_and_its_own_deviations),
        cmocka_unit_test(flattened_images_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
