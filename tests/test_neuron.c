/* The driver of all neurons: formats, spans, threads, static input, probes, the gradient check. */
#include "neuronbench.h"

/* Names cover every neuron with its defaults and the variants that take other ways. */
static const char *const NEURONS[] = {
    "if",
    "leaky",
    "leaky:reset=zero",
    "lif",
    "lif:detach_reset=no",
    "lif:decay_input=yes,reset=hard,v_reset=0.25,detach_reset=no",
    "lif_spikingjelly",
    "plif:tau=3,decay_input=yes",
};
enum { N_NEURONS = sizeof NEURONS / sizeof *NEURONS };

/* Several chunks a sample, whole pixels, tails in every word. */
static bench_options big(const char *neuron)
{
    bench_options o = BENCH_OPTIONS;
    o.neuron = neuron;
    o.shape = (mye_shape){24, 13, 11, false};
    o.T = 4;
    o.B = 3;
    return o;
}

static void same_outputs(const bench *a, const bench *b)
{
    for (int64_t i = 0; i < bench_size(a); i++)
        if (bench_out(a, i) != bench_out(b, i))
            fail_msg("%s: output %d differs", a->o.neuron, (int)i);
}

static void same_floats(const bench *a, const char *what, const float *x, const float *y, int64_t n)
{
    if (memcmp(x, y, (size_t)n * sizeof *x) != 0)
        fail_msg("%s: %s differs", a->o.neuron, what);
}

static void every_neuron_is_found_by_its_name(void **state)
{
    (void)state;
    for (const mye_entry *const *e = mye_kind_neuron.entries; *e != NULL; e++) {
        assert_ptr_equal(mye_neuron_type_find((*e)->name), *e);
        assert_true((*e)->brief[0] != '\0' && (*e)->source[0] != '\0');
        if (e != mye_kind_neuron.entries)
            assert_true(strcmp(e[-1]->name, e[0]->name) < 0);
    }
    assert_null(mye_neuron_type_find("axon"));
}

static void spikes_as_bits_equal_spikes_as_floats(void **state)
{
    (void)state;
    for (int k = 0; k < N_NEURONS; k++) {
        bench a, b;
        bench_options o = big(NEURONS[k]);
        bench_open(&a, &o);
        o.floats = true;
        bench_open(&b, &o);
        assert_int_equal(a.value[NEURON].format, MYE_BITS);
        assert_int_equal(b.value[NEURON].format, MYE_F32);
        bench_forward(&a, true);
        bench_forward(&b, true);
        same_outputs(&a, &b);
        same_floats(&a, "probed spikes", a.s, b.s, bench_size(&a));
        same_floats(&a, "probed membrane", a.u, b.u, bench_size(&a));
        bench_close(&a);
        bench_close(&b);
    }
}

static void spikes_are_counted_and_unused_bits_are_zero(void **state)
{
    bench b;
    bench_options o = big("lif");
    (void)state;
    bench_open(&b, &o);
    const mye_value *v = &b.value[NEURON];
    memset(v->data, 0xff, (size_t)(o.T * o.B * v->row) * 8);
    bench_forward(&b, false);
    const int64_t counted = b.pass.k->bits_count(o.T * o.B * v->row, v->data);
    int64_t spikes = 0;
    for (int64_t i = 0; i < bench_size(&b); i++)
        spikes += bench_out(&b, i) > 0.0f;
    assert_true(spikes > 0);
    assert_int_equal(v->spikes, spikes);
    assert_int_equal(counted, spikes);
    b.pass.repeated = true; /* recomputed: the same bits, counted once */
    mye_node_neuron.forward(&b.node[NEURON], &b.pass, 0, o.T);
    assert_int_equal(v->spikes, spikes);
    bench_close(&b);
}

static void steps_one_by_one_equal_all_steps_bit_for_bit(void **state)
{
    (void)state;
    for (int k = 0; k < N_NEURONS; k++) {
        bench a, b;
        bench_options o = big(NEURONS[k]);
        o.keeps_u = true;
        bench_open(&a, &o);
        o.rates = a.node[NEURON].neuron->rate_mode(&a.node[NEURON]) >= 0;
        bench_close(&a);
        bench_open(&a, &o);
        o.spans = true;
        bench_open(&b, &o);
        bench_forward(&a, true);
        bench_forward(&b, true);
        const int64_t n = a.n * o.B;
        same_outputs(&a, &b);
        same_floats(&a, "membrane", a.u, b.u, bench_size(&a));
        same_floats(&a, "last membrane", a.value[NEURON].u, b.value[NEURON].u, n);
        same_floats(&a, "last membrane", a.value[NEURON].u, a.u + (o.T - 1) * n, n);
        assert_int_equal(a.value[NEURON].spikes, b.value[NEURON].spikes);
        if (o.rates) {
            same_floats(&a, "e", a.value[NEURON].e, b.value[NEURON].e, n);
            same_floats(&a, "r", a.value[NEURON].r, b.value[NEURON].r, n);
        }
        bench_close(&a);
        bench_close(&b);
    }
}

static void two_threads_give_the_same_bits_as_one(void **state)
{
    (void)state;
    for (int k = 0; k < N_NEURONS; k++) {
        bench a, b;
        bench_options o = big(NEURONS[k]);
        bench_open(&a, &o);
        o.threads = 2;
        bench_open(&b, &o);
        bench_forward(&a, false);
        bench_forward(&b, false);
        bench_backward(&a);
        bench_backward(&b);
        same_outputs(&a, &b);
        same_floats(&a, "dx", a.dx, b.dx, bench_size(&a));
        same_floats(&a, "dw", &a.dw, &b.dw, 1);
        assert_int_equal(a.value[NEURON].spikes, b.value[NEURON].spikes);
        bench_close(&a);
        bench_close(&b);
    }
}

static void the_gradient_may_be_written_in_place(void **state)
{
    (void)state;
    for (int k = 0; k < N_NEURONS; k++) {
        bench a, b;
        bench_options o = big(NEURONS[k]);
        bench_open(&a, &o);
        o.in_place = true;
        bench_open(&b, &o);
        float *g = bench_floats(&a, bench_size(&a));
        memcpy(g, a.g, (size_t)bench_size(&a) * sizeof *g);
        bench_forward(&a, false);
        bench_backward(&a);
        bench_backward(&b);
        same_floats(&a, "dx", a.dx, b.g, bench_size(&a));
        same_floats(&a, "dw", &a.dw, &b.dw, 1);
        same_floats(&a, "own gradient", g, a.g, bench_size(&a));
        mye_free(a.ctx, g);
        bench_close(&a);
        bench_close(&b);
    }
}

static void a_static_input_is_one_step_repeated(void **state)
{
    (void)state;
    for (int k = 0; k < N_NEURONS; k++) {
        bench a, b;
        bench_options o = big(NEURONS[k]);
        bench_open(&a, &o);
        o.static_input = true;
        bench_open(&b, &o);
        const int64_t n = a.n * o.B;
        for (int t = 0; t < o.T; t++)
            memcpy(a.x + t * n, b.x, (size_t)n * sizeof *a.x);
        bench_forward(&a, true);
        bench_forward(&b, true);
        bench_backward(&a);
        bench_backward(&b);
        same_outputs(&a, &b);
        same_floats(&a, "dw", &a.dw, &b.dw, 1);
        for (int64_t i = 0; i < n; i++) {
            float sum = 0.0f;
            for (int t = o.T - 1; t >= 0; t--)
                sum += a.dx[i + t * n];
            assert_true(fabsf(sum - b.dx[i]) <= 1e-5f * (1.0f + fabsf(sum)));
        }
        bench_close(&a);
        bench_close(&b);
    }
}

static void a_single_step_is_the_same_with_and_without_history(void **state)
{
    bench a;
    bench_options o = big("lif:detach_reset=no");
    (void)state;
    o.T = 1;
    o.keeps_u = true;
    bench_open(&a, &o);
    bench_forward(&a, false);
    bench_backward(&a);
    float *dx = bench_floats(&a, bench_size(&a));
    memcpy(dx, a.dx, (size_t)bench_size(&a) * sizeof *dx);
    a.pass.T = 2; /* so that one step is not the whole */
    a.value[INPUT].grad_written = false;
    mye_node_neuron.backward(&a.node[NEURON], &a.pass, 0, 1);
    same_floats(&a, "dx", dx, a.dx, bench_size(&a));
    mye_free(a.ctx, dx);
    bench_close(&a);
}

static void long_sequences_use_no_more_scratch_than_planned(void **state)
{
    static const mye_shape shapes[] = {{1, 1, 1, false},    {64, 1, 1, false},  {65, 1, 1, false},
                                       {5000, 1, 1, false}, {3, 29, 31, false}, {100, 7, 5, false}};
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        bench a, b; /* bench_close looks at the guard behind the scratch */
        bench_options o = BENCH_OPTIONS;
        o.neuron = "plif";
        o.shape = shapes[i];
        o.T = 200;
        o.B = 1;
        bench_open(&a, &o);
        bench_forward(&a, true);
        bench_backward(&a);
        o.floats = true;
        bench_open(&b, &o);
        bench_forward(&b, true);
        same_outputs(&a, &b);
        bench_close(&a);
        bench_close(&b);
    }
}

/* ---- the gradient check: spikes replaced by the surrogate's primitive ---- */

static const char *const SMOOTH[] = {
    "if",
    "if:detach_reset=no,reset=hard,v_reset=-0.1",
    "leaky",
    "leaky:reset=zero,surrogate=(fast_sigmoid:slope=2)",
    "leaky:reset=none",
    "leaky:emit=membrane",
    "lif",
    "lif:detach_reset=no",
    "lif:detach_reset=no,surrogate=(atan:alpha=1)",
    "lif:detach_reset=no,reset=hard,v_reset=0.2",
    "lif:detach_reset=no,decay_input=yes,reset=hard,v_reset=0.2",
    "lif:detach_reset=no,emit=membrane",
    "lif:detach_reset=yes,reset=hard,v_reset=0.2",
    "lif_ottt",
    "lif_rate",
    "lif_sltt:surrogate=erf",
    "lif_spikingjelly",
    "plif:detach_reset=no",
    "plif:detach_reset=yes",
    "plif:detach_reset=no,tau=3,decay_input=yes",
    "plif:detach_reset=no,tau=3,decay_input=yes,reset=hard,v_reset=-0.3",
    "plif:detach_reset=yes,tau=3,reset=hard,v_reset=-0.3",
};

/* sum_t g_t out_t of each neuron */
static void losses(bench *b, double *loss)
{
    const int64_t n = b->n * b->o.B;
    bench_forward(b, false);
    memset(loss, 0, (size_t)n * sizeof *loss);
    for (int64_t i = 0; i < bench_size(b); i++)
        loss[i % n] += (double)b->g[i] * (double)bench_out(b, i);
}

/* A detached reset is the true step: no gradient for neurons that could cross it. */
static void mute_at_the_threshold(bench *b)
{
    const int64_t n = b->n * b->o.B;
    bench_forward(b, true);
    for (int64_t i = 0; i < bench_size(b); i++)
        if (fabsf(b->u[i] - 1.0f) < 0.02f)
            for (int t = 0; t < b->o.T; t++)
                b->g[i % n + t * n] = 0.0f;
}

static void check_slope(const bench *b, const char *what, double slope, double gradient)
{
    if (!(fabs(slope - gradient) <= 3e-3 * (1.0 + fabs(gradient))))
        fail_msg("%s of %s: slope %g, gradient %g", what, b->o.neuron, slope, gradient);
}

static void check_gradient(const char *neuron)
{
    enum { MOST = 256 };
    const float d = 2e-3f;
    double up[MOST], down[MOST];
    bench b;
    bench_options o = BENCH_OPTIONS;
    o.neuron = neuron;
    o.smooth = true;
    bench_open(&b, &o);
    const int64_t n = b.n * o.B;
    mute_at_the_threshold(&b);
    bench_backward(&b);
    for (int t = 0; t < o.T; t++) { /* neurons are independent: shift all of a step at once */
        for (int64_t i = 0; i < n; i++)
            b.x[i + t * n] += d;
        losses(&b, up);
        for (int64_t i = 0; i < n; i++)
            b.x[i + t * n] -= 2.0f * d;
        losses(&b, down);
        for (int64_t i = 0; i < n; i++) {
            b.x[i + t * n] += d;
            check_slope(&b, "dx", (up[i] - down[i]) / (2.0 * (double)d), (double)b.dx[i + t * n]);
        }
    }
    if (b.node[NEURON].n_weights > 0) {
        double sum = 0.0;
        b.w += d;
        losses(&b, up);
        b.w -= 2.0f * d;
        losses(&b, down);
        for (int64_t i = 0; i < n; i++)
            sum += (up[i] - down[i]) / (2.0 * (double)d);
        check_slope(&b, "dw", sum, (double)b.dw);
    }
    bench_close(&b);
}

static void gradients_equal_finite_differences(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof SMOOTH / sizeof *SMOOTH; i++)
        check_gradient(SMOOTH[i]);
}

static void every_neuron_with_spikes_is_gradient_checked(void **state)
{
    (void)state;
    for (const mye_entry *const *e = mye_kind_neuron.entries; *e != NULL; e++) {
        const size_t length = strlen((*e)->name);
        const mye_neuron_type *type = (const mye_neuron_type *)*e;
        bool found = !type->spiking || type->mean_backward != NULL; /* these: test_dsr_neuron.c */
        for (size_t i = 0; i < sizeof SMOOTH / sizeof *SMOOTH; i++)
            found = found || (strncmp(SMOOTH[i], (*e)->name, length) == 0 &&
                              (SMOOTH[i][length] == ':' || SMOOTH[i][length] == '\0'));
        if (!found)
            fail_msg("%s has no gradient check", (*e)->name);
    }
}

/* ---- ReLU, rate pass, options ---- */

static void relu_passes_what_is_positive(void **state)
{
    bench b;
    bench_options o = big("relu");
    (void)state;
    o.T = 1;
    bench_open(&b, &o);
    assert_int_equal(b.node[NEURON].format, MYE_F32);
    assert_true(b.node[NEURON].neuron->single_step);
    bench_forward(&b, true);
    bench_backward(&b);
    for (int64_t i = 0; i < bench_size(&b); i++) {
        assert_true(bench_out(&b, i) == (b.x[i] > 0.0f ? b.x[i] : 0.0f));
        assert_true(b.dx[i] == (b.x[i] > 0.0f ? b.g[i] : 0.0f));
    }
    assert_int_equal(b.value[NEURON].spikes, 0);
    bench_close(&b);
}

static void the_rate_pass_multiplies_by_the_averaged_derivative(void **state)
{
    (void)state;
    for (int in_place = 0; in_place < 2; in_place++) {
        bench b;
        bench_options o = big("lif");
        o.T = 1;
        o.threads = 2;
        o.in_place = in_place == 1;
        bench_open(&b, &o);
        float *g = bench_floats(&b, bench_size(&b));
        memcpy(g, b.g, (size_t)bench_size(&b) * sizeof *g);
        b.pass.rates = true;
        mye_neuron_backward_rate(&b.node[NEURON], &b.pass, b.x);
        for (int64_t i = 0; i < bench_size(&b); i++)
            assert_true(b.dx[i] == g[i] * b.x[i]);
        mye_free(b.ctx, g);
        bench_close(&b);
    }
}

static void options_that_mean_nothing_are_refused_by_name(void **state)
{
    static const char *const rows[][2] = {
        {"lif:lambda=-0.5", "lambda"},
        {"lif:subtract=-0.5", "subtract"},
        {"plif:tau=1", "tau"},
        {"plif:tau=inf", "tau"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bench b;
        bench_options o = BENCH_OPTIONS;
        mye_error err = {0};
        o.neuron = "relu";
        bench_open(&b, &o); /* a good one; then the same node with bad options */
        mye_method bad;
        const mye_kind *kind = &mye_kind_neuron;
        assert_int_equal(mye_method_parse(b.ctx, kind, rows[i][0], &bad, &err), MYE_OK);
        mye_node n = b.node[NEURON];
        n.neuron = (const mye_neuron_type *)bad.entry;
        n.options = bad.options;
        assert_int_equal(mye_node_neuron.shape(&n, &o.shape, &err), MYE_ERR_ARG);
        assert_true(strstr(err.message, rows[i][1]) != NULL);
        assert_true(strstr(err.message, "neuron") != NULL);
        mye_method_free(b.ctx, &bad);
        bench_close(&b);
    }
}

/* A neuron whose type does not say how to fuse goes step by step. */
static void the_fused_way_gives_the_bits_of_the_general_one(void **state)
{
    static const int steps[] = {1, 3, 9, 40};
    (void)state;
    for (int k = 0; k < N_NEURONS * 8; k++) {
        bench a, b;
        bench_options o = big(NEURONS[k / 8]);
        o.T = steps[k / 2 % 4];
        o.static_input = k % 2 == 1;
        o.keeps_u = o.static_input;
        bench_open(&a, &o);
        mye_neuron_type general = *a.node[NEURON].neuron;
        o.rates = general.rate_mode(&a.node[NEURON]) >= 0;
        bench_close(&a);
        bench_open(&a, &o);
        bench_open(&b, &o);
        general.fuse = NULL;
        b.node[NEURON].neuron = &general;
        bench_forward(&a, false);
        bench_forward(&b, false);
        bench_backward(&a);
        bench_backward(&b);
        const int64_t n = a.n * o.B;
        same_outputs(&a, &b);
        same_floats(&a, "dx", a.dx, b.dx, o.static_input ? n : bench_size(&a));
        same_floats(&a, "dw", &a.dw, &b.dw, 1);
        assert_int_equal(a.value[NEURON].spikes, b.value[NEURON].spikes);
        if (o.keeps_u)
            same_floats(&a, "u", a.value[NEURON].u, b.value[NEURON].u, n);
        if (o.rates) {
            same_floats(&a, "e", a.value[NEURON].e, b.value[NEURON].e, n);
            same_floats(&a, "r", a.value[NEURON].r, b.value[NEURON].r, n);
        }
        bench_close(&a);
        bench_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_neuron_is_found_by_its_name),
        cmocka_unit_test(spikes_as_bits_equal_spikes_as_floats),
        cmocka_unit_test(spikes_are_counted_and_unused_bits_are_zero),
        cmocka_unit_test(steps_one_by_one_equal_all_steps_bit_for_bit),
        cmocka_unit_test(two_threads_give_the_same_bits_as_one),
        cmocka_unit_test(the_gradient_may_be_written_in_place),
        cmocka_unit_test(a_static_input_is_one_step_repeated),
        cmocka_unit_test(a_single_step_is_the_same_with_and_without_history),
        cmocka_unit_test(long_sequences_use_no_more_scratch_than_planned),
        cmocka_unit_test(gradients_equal_finite_differences),
        cmocka_unit_test(every_neuron_with_spikes_is_gradient_checked),
        cmocka_unit_test(relu_passes_what_is_positive),
        cmocka_unit_test(the_rate_pass_multiplies_by_the_averaged_derivative),
        cmocka_unit_test(the_fused_way_gives_the_bits_of_the_general_one),
        cmocka_unit_test(options_that_mean_nothing_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
