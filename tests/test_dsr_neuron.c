/* Neurons of DSR: sequences by hand, the clamp that they stand for, and its gradient. */
#include "neuronbench.h"

#include <stdio.h>

static bench_options one_neuron(const char *neuron, int T)
{
    bench_options o = BENCH_OPTIONS;
    o.neuron = neuron;
    o.shape = (mye_shape){1, 1, 1, false};
    o.T = T;
    o.B = 1;
    return o;
}

/* Spikes and membranes of one neuron under a constant input. */
static void check_sequence(const char *neuron, float x, const char *spikes, const double *u,
                           double amplitude)
{
    bench b;
    const int T = (int)strlen(spikes);
    const bench_options o = one_neuron(neuron, T);
    bench_open(&b, &o);
    for (int t = 0; t < T; t++)
        b.x[t] = x;
    bench_forward(&b, true);
    for (int t = 0; t < T; t++) {
        assert_true(fabs((double)b.u[t] - u[t]) < 1e-6);
        assert_true(bench_out(&b, t) == (float)(spikes[t] - '0'));
    }
    assert_true(b.node[NEURON].scaled);
    assert_true(fabs((double)b.value[NEURON].amplitude - amplitude) < 1e-6);
    float value = -1;
    mye_load_into(&b.pass, NEURON, (mye_at){1, 0, 0, 1}, &value, &b.lane[0]);
    assert_true(fabs((double)value - amplitude) < 1e-6); /* both fire at the second step */
    bench_close(&b);
}

static void a_spike_takes_theta_and_is_worth_theta(void **state)
{
    (void)state;
    const double u[] = {0.5, 1.0, -0.5, 0.0, 0.5, 1.0}; /* fires from alpha theta = 1 on */
    check_sequence("dsr_if:theta=2,alpha=0.5", 0.5f, "010001", u, 2.0);
}

static void a_leaky_spike_is_worth_theta_over_delta_t(void **state)
{
    (void)state;
    const double u[] = {0.6, 0.9, 0.65, 0.925, 0.6625}; /* beta = 1/2: u = v/2 + x/2 */
    check_sequence("dsr_lif:theta=0.8,alpha=1,tau=2,delta_t=1.38629436112", 1.2f, "01010", u,
                   0.8 / 1.38629436112);
}

static void a_threshold_below_its_bound_counts_as_the_bound(void **state)
{
    (void)state;
    bench b;
    const bench_options o = one_neuron("dsr_if:theta=2,alpha=1,bound=0.5", 3);
    bench_open(&b, &o);
    assert_true(b.w == 2.0f);
    b.w = -1.0f;
    for (int t = 0; t < 3; t++)
        b.x[t] = 0.5f;
    bench_forward(&b, false);
    assert_true(b.value[NEURON].amplitude == 0.5f);
    assert_int_equal(b.value[NEURON].spikes, 3);
    bench_close(&b);
}

static void floats_hold_what_a_spike_is_worth(void **state)
{
    (void)state;
    bench a, b;
    bench_options o = BENCH_OPTIONS;
    o.neuron = "dsr_if:theta=1.5";
    bench_open(&a, &o);
    o.floats = true;
    bench_open(&b, &o);
    bench_forward(&a, false);
    bench_forward(&b, false);
    int64_t spikes = 0;
    for (int64_t i = 0; i < bench_size(&a); i++) {
        assert_true(bench_out(&b, i) == 1.5f * bench_out(&a, i));
        spikes += bench_out(&a, i) > 0.0f;
    }
    assert_true(spikes > 0);
    bench_close(&a);
    bench_close(&b);
}

/* ---- the clamp ---- */

/* What a neuron stands for: options, and y(m) = clamp(slope m, 0, top_per_theta theta). */
typedef struct clamp {
    const char *neuron;
    double decay, slope, top_per_theta;
    double theta_scale; /* of the code's gradient of theta over that of y */
} clamp;

static double value_of(const clamp *c, double m, double theta)
{
    const double y = c->slope * m, top = c->top_per_theta * theta;
    return y < 0 ? 0 : y > top ? top : y;
}

static double weight_of(const clamp *c, int t, int T)
{
    double sum = 0;
    for (int i = 0; i < T; i++)
        sum += pow(c->decay, i);
    return pow(c->decay, T - 1 - t) / sum;
}

static void the_mean_of_many_steps_is_a_clamp_of_the_input(void **state)
{
    static const clamp rows[] = {
        {"dsr_if:theta=1.2", 1, 1, 1, 1},
        {"dsr_lif:theta=0.012,delta_t=0.01,tau=1,alpha=0.5", 0.99004983374916811, 1, 100, 0},
        {"dsr_lif:theta=0.012,delta_t=0.01,tau=2,alpha=0.5", 0.99501247919268232, 0.5, 100, 0},
    };
    enum { STEPS = 1000 };
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (double x = -0.4; x < 3.2; x += 0.35) {
            bench b;
            const bench_options o = one_neuron(rows[r].neuron, STEPS);
            double mean = 0;
            bench_open(&b, &o);
            for (int t = 0; t < STEPS; t++)
                b.x[t] = (float)x;
            bench_forward(&b, false);
            for (int t = 0; t < STEPS; t++)
                mean += weight_of(&rows[r], t, STEPS) * (double)bench_out(&b, t) *
                        (double)b.value[NEURON].amplitude;
            const double expected = value_of(&rows[r], x, (double)b.w);
            if (fabs(mean - expected) > 0.02)
                fail_msg("%s at %g: mean %g, clamp %g", rows[r].neuron, x, mean, expected);
            bench_close(&b);
        }
}

static const clamp GRADIENTS[] = {
    {"dsr_if:theta=0.7", 1, 1, 1, 1},
    {"dsr_lif:theta=0.1,delta_t=0.25,tau=2", 0.88249690258459546, 0.5, 4, 0.0625},
    {"dsr_lif:theta=0.4,delta_t=0.5,tau=1", 0.60653065971263342, 1, 2, 0.25},
};
enum { N_GRADIENTS = sizeof GRADIENTS / sizeof *GRADIENTS };

static double mean_input(const bench *b, const clamp *c, int64_t i)
{
    double mean = 0;
    for (int t = 0; t < b->o.T; t++)
        mean += weight_of(c, t, b->o.T) * (double)bench_x(b, t * b->n * b->o.B + i);
    return mean;
}

/* Sum over neurons of G y(mean + shift), with G the weighted sum of T g_t. */
static double represented(const bench *b, const clamp *c, const double *G, double theta,
                          int64_t only, double shift)
{
    double sum = 0;
    for (int64_t i = 0; i < b->n * b->o.B; i++)
        sum += G[i] * value_of(c, mean_input(b, c, i) + (i == only ? shift : 0), theta);
    return sum;
}

static void check_gradient(const clamp *c, bool is_static, bool in_place)
{
    bench b;
    bench_options o = BENCH_OPTIONS;
    double G[37 * 3] = {0};
    const double h = 1e-6;
    o.neuron = c->neuron;
    o.static_input = is_static;
    o.in_place = in_place;
    bench_open(&b, &o);
    const int64_t n = b.n * o.B;
    const double theta = (double)b.w;
    for (int64_t i = 0; i < n; i++)
        for (int t = 0; t < o.T; t++)
            G[i] += o.T * weight_of(c, t, o.T) * (double)b.g[t * n + i];
    bench_forward(&b, false);
    bench_backward(&b);
    for (int64_t i = 0; i < n; i++) {
        const double slope =
            (represented(&b, c, G, theta, i, h) - represented(&b, c, G, theta, i, -h)) / (2 * h);
        for (int t = 0; t < (is_static ? 1 : o.T); t++) /* every step has an equal part */
            assert_true(fabs((double)b.dx[t * n + i] * (is_static ? 1 : o.T) - slope) < 1e-5);
    }
    const double dtheta =
        (represented(&b, c, G, theta + h, -1, 0) - represented(&b, c, G, theta - h, -1, 0)) /
        (2 * h);
    assert_true(fabs(dtheta) > 0.1); /* somebody is saturated */
    assert_true(fabs((double)b.dw - c->theta_scale * dtheta) < 1e-4 * (1 + fabs(dtheta)));
    bench_close(&b);
}

static void the_gradient_is_that_of_the_clamp(void **state)
{
    (void)state;
    for (int r = 0; r < N_GRADIENTS; r++) {
        check_gradient(&GRADIENTS[r], false, false);
        check_gradient(&GRADIENTS[r], false, true);
        check_gradient(&GRADIENTS[r], true, false);
    }
}

static void a_mean_input_of_zero_is_inside_for_if_and_outside_for_lif(void **state)
{
    (void)state;
    for (int lif = 0; lif < 2; lif++) {
        bench b;
        const bench_options o = one_neuron(lif ? "dsr_lif" : "dsr_if", 2);
        bench_open(&b, &o);
        b.x[0] = b.x[1] = 0.0f;
        bench_forward(&b, false);
        bench_backward(&b);
        assert_true((b.dx[0] != 0.0f) == (lif == 0));
        bench_close(&b);
    }
}

static void threads_and_chunks_do_not_change_a_bit(void **state)
{
    (void)state;
    for (int r = 0; r < N_GRADIENTS; r++) {
        bench b[2];
        for (int k = 0; k < 2; k++) {
            bench_options o = BENCH_OPTIONS;
            o.neuron = GRADIENTS[r].neuron;
            o.shape = (mye_shape){24, 15, 15, false};
            o.threads = 1 + k;
            o.T = 9;
            bench_open(&b[k], &o);
            bench_forward(&b[k], false);
            bench_backward(&b[k]);
        }
        assert_memory_equal(b[0].dx, b[1].dx, (size_t)bench_size(&b[0]) * sizeof(float));
        assert_true(b[0].dw == b[1].dw && b[0].dw != 0.0f);
        assert_int_equal(b[0].value[NEURON].spikes, b[1].value[NEURON].spikes);
        bench_close(&b[0]);
        bench_close(&b[1]);
    }
}

static void every_neuron_on_means_says_all_of_it(void **state)
{
    int n = 0;
    (void)state;
    for (const mye_entry *const *e = mye_kind_neuron.entries; *e != NULL; e++) {
        const mye_neuron_type *type = (const mye_neuron_type *)*e;
        assert_true((type->mean_decay != NULL) == (type->mean_backward != NULL));
        if (type->mean_backward == NULL)
            continue;
        n++;
        assert_null(type->backward);
        assert_non_null(type->amplitude);
    }
    assert_int_equal(n, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spike_takes_theta_and_is_worth_theta),
        cmocka_unit_test(a_leaky_spike_is_worth_theta_over_delta_t),
        cmocka_unit_test(a_threshold_below_its_bound_counts_as_the_bound),
        cmocka_unit_test(floats_hold_what_a_spike_is_worth),
        cmocka_unit_test(the_mean_of_many_steps_is_a_clamp_of_the_input),
        cmocka_unit_test(the_gradient_is_that_of_the_clamp),
        cmocka_unit_test(a_mean_input_of_zero_is_inside_for_if_and_outside_for_lif),
        cmocka_unit_test(threads_and_chunks_do_not_change_a_bit),
        cmocka_unit_test(every_neuron_on_means_says_all_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
