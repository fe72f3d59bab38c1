/* Neurons of converted networks: exact sequences, what each computes, gradients, fine-tuning. */
#include "rule_support.h"

#include "neuron/transmit.h"

static void near(double a, double b, double most)
{
    if (!(fabs(a - b) <= most))
        fail_msg("%g is not %g", a, b);
}

/* ---- one neuron on a sequence ---- */

typedef struct sequence {
    int T;
    float x[12];
} sequence;

static void fill_sequence(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    const sequence *s = self;
    assert_int_equal(p->B, 1);
    memcpy(dst, s->x + t0, (size_t)(t1 - t0) * sizeof *dst);
}

typedef struct outcome {
    float o[12], V, S;
} outcome;

static mye_model *lone_neuron(mye_context *ctx, const char *op, const char *options, int n)
{
    mye_graph *graph = NULL;
    mye_model *model = NULL;
    mye_error err = {0};
    const int in = 0;
    assert_int_equal(mye_graph_create(ctx, n, 1, 1, "lif", &graph, &err), MYE_OK);
    if (mye_graph_add(graph, NULL, op, options, 1, &in, NULL, &err) != MYE_OK)
        fail_msg("%s: %s", op, err.message);
    if (mye_model_from_graph(graph, false, 1, &model, &err) != MYE_OK)
        fail_msg("%s: %s", op, err.message);
    return model;
}

typedef struct seen {
    outcome *out;
    float theta;
} seen;

static void see(void *self, const mye_pass *p, const mye_node *n, int t0, int t1)
{
    const seen *s = self;
    if (!mye_transmit_is(n))
        return;
    assert_int_equal(t1, t0 + 1);
    const float y = *mye_value_row(p, n->index, t0, 0), *u = p->value[n->index].u;
    s->out->o[t0] = y / s->theta;
    const bool emptied = strcmp(n->neuron->entry.name, "hard") == 0 && y != 0;
    s->out->V = emptied ? 0 : u[0] - y;
    s->out->S = u[1] + y / s->theta;
}

static outcome run_sequence(const char *op, const char *options, const sequence *s)
{
    mye_context *ctx = context(1);
    mye_model *model = lone_neuron(ctx, op, options, 1);
    const mye_run_options o = {
        .time = "bptt", .loss = "ce_mean", .T = s->T, .B = 1, .stepwise = true};
    mye_run *run = NULL;
    outcome out = {{0}, 0, 0};
    seen self = {&out, model->node[1]->weight[0].data[0]};
    assert_int_equal(mye_run_create(ctx, model, &o, &run, NULL), MYE_OK);
    mye_run_set_watch(run, (mye_watch){.node = see, .self = &self});
    sequence copy = *s;
    assert_int_equal(mye_run_step(run, 1, (mye_source){fill_sequence, &copy}, NULL, 0, NULL, NULL),
                     MYE_OK);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
    return out;
}

static const sequence A = {8, {.375f, .375f, .375f, .375f, .375f, .375f, .375f, .375f}};
static const sequence B = {10, {1, 1, 1, 1, 1, -1, -1, -1, -1, -1}};
static const sequence C = {5, {3.75f, -2, .5f, -3, 1.25f}};
static const sequence D = {5, {-2.5f, 1, 1, 1, 1}};
static const sequence E = {6, {2.5f, 2.5f, 0, 0, 0, -4}};
static const sequence F = {6, {.75f, -.5f, .75f, -.5f, .75f, -.5f}};

typedef struct row {
    const char *neuron;
    const sequence *s;
    outcome zero, half; /* v0 = 0, v0 = 0.5 */
} row;

static const row rows[] = {
    {"hard", &A, {{0, 0, 1, 0, 0, 1, 0, 0}, .75f, 2}, {{0, 1, 0, 0, 1, 0, 0, 1}, 0, 3}},
    {"soft", &A, {{0, 0, 1, 0, 0, 1, 0, 1}, 0, 3}, {{0, 1, 0, 1, 0, 0, 1, 0}, .5f, 3}},
    {"ter", &A, {{0, 0, 1, 0, 0, 1, 0, 1}, 0, 3}, {{0, 1, 0, 1, 0, 0, 1, 0}, .5f, 3}},
    {"aug", &A, {{0, 0, 1, 0, 0, 1, 0, 1}, 0, 3}, {{0, 1, 0, 1, 0, 0, 1, 0}, .5f, 3}},
    {"exact", &A, {{0, 0, 1, 0, 0, 1, 0, 1}, 0, 3}, {{0, 1, 0, 1, 0, 0, 1, 0}, .5f, 3}},
    {"soft",
     &B,
     {{1, 1, 1, 1, 1, 0, 0, 0, 0, 0}, -5, 5},
     {{1, 1, 1, 1, 1, 0, 0, 0, 0, 0}, -4.5f, 5}},
    {"ter",
     &B,
     {{1, 1, 1, 1, 1, -1, -1, -1, -1, -1}, 0, 0},
     {{1, 1, 1, 1, 1, 0, -1, -1, -1, -1}, -.5f, 1}},
    {"aug",
     &B,
     {{1, 1, 1, 1, 1, -1, -1, -1, -1, -1}, 0, 0},
     {{1, 1, 1, 1, 1, 0, -1, -1, -1, -1}, -.5f, 1}},
    {"exact",
     &B,
     {{1, 1, 1, 1, 1, -1, -1, -1, -1, -1}, 0, 0},
     {{1, 1, 1, 1, 1, -1, -1, -1, -1, -1}, .5f, 0}},
    {"soft", &C, {{1, 0, 1, 0, 0}, -1.5f, 2}, {{1, 1, 0, 0, 0}, -1, 2}},
    {"ter", &C, {{1, 0, 1, -1, 0}, -.5f, 1}, {{1, 1, 0, -1, 0}, 0, 1}},
    {"aug", &C, {{3, -1, 0, -2, 0}, .5f, 0}, {{4, -1, 0, -3, 1}, 0, 1}},
    {"exact", &C, {{3, -2, 1, -2, 0}, .5f, 0}, {{4, -2, 0, -2, 1}, 0, 1}},
    {"soft", &D, {{0, 0, 0, 0, 1}, .5f, 1}, {{0, 0, 0, 1, 1}, 0, 2}},
    {"ter", &D, {{0, 0, 0, 0, 1}, .5f, 1}, {{0, 0, 0, 1, 1}, 0, 2}},
    {"aug", &D, {{0, 0, 0, 0, 1}, .5f, 1}, {{0, 0, 0, 1, 1}, 0, 2}},
    {"exact", &D, {{0, 0, 0, 0, 1}, .5f, 1}, {{0, 0, 0, 1, 1}, 0, 2}},
    {"soft", &E, {{1, 1, 1, 1, 1, 0}, -4, 5}, {{1, 1, 1, 1, 1, 0}, -3.5f, 5}},
    {"ter", &E, {{1, 1, 1, 1, 1, -1}, -3, 4}, {{1, 1, 1, 1, 1, -1}, -2.5f, 4}},
    {"aug", &E, {{2, 3, 0, 0, 0, -4}, 0, 1}, {{3, 2, 0, 0, 0, -3}, -.5f, 2}},
    {"exact", &E, {{2, 3, 0, 0, 0, -4}, 0, 1}, {{3, 2, 0, 0, 0, -4}, .5f, 1}},
    {"soft", &F, {{0, 0, 1, 0, 0, 0}, -.25f, 1}, {{1, 0, 0, 0, 0, 0}, .25f, 1}},
    {"ter", &F, {{0, 0, 1, 0, 0, 0}, -.25f, 1}, {{1, 0, 0, 0, 0, 0}, .25f, 1}},
    {"aug", &F, {{0, 0, 1, 0, 0, 0}, -.25f, 1}, {{1, 0, 0, 0, 0, 0}, .25f, 1}},
    {"exact", &F, {{0, 0, 1, -1, 1, -1}, .75f, 0}, {{1, -1, 1, 0, 0, 0}, .25f, 1}},
};

static void expect(const row *r, const char *options, const outcome *want)
{
    const outcome got = run_sequence(r->neuron, options, r->s);
    for (int t = 0; t < r->s->T; t++)
        if (got.o[t] != want->o[t])
            fail_msg("%s (%s), sequence of %d from %g: o(%d) = %g, expected %g", r->neuron, options,
                     r->s->T, (double)r->s->x[0], t + 1, (double)got.o[t], (double)want->o[t]);
    assert_float_equal(got.V, want->V, 0);
    assert_float_equal(got.S, want->S, 0);
}

static void sequences_are_those_of_the_equations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        expect(&rows[i], "", &rows[i].zero);
        expect(&rows[i], "v0=0.5", &rows[i].half);
    }
}

static void limits_on_coefficients_hold(void **state)
{
    (void)state;
    const row burst = {"burst", &E, {{2, 3, 0, 0, 0, 0}, -4, 5}, {{0}, 0, 0}};
    const row burst2 = {"burst", &E, {{2, 2, 1, 0, 0, 0}, -4, 5}, {{0}, 0, 0}};
    const row aug2 = {"aug", &E, {{2, 2, 1, 0, 0, -2}, -2, 3}, {{0}, 0, 0}};
    const row shift = {"aug", &C, {{2, 0, 0, -2, 0}, .5f, 0}, {{0}, 0, 0}};
    expect(&burst, "", &burst.zero);
    expect(&burst2, "coef_max=2", &burst2.zero);
    expect(&aug2, "coef_max=2", &aug2.zero);
    /* v = 3.75: 2; 1.75 - 2: 0; .25: 0; .25 - 3 = -2.75: 2 of the 2 sent; -.75 + 1.25 */
    expect(&shift, "shift=yes", &shift.zero);
}

/* ---- kernels ---- */

enum { N = 1000, STEPS = 24 };

static void draw(float *x, int n, uint64_t seed, bool dyadic)
{
    for (int i = 0; i < n; i++) {
        const float r = mye_random_normal(seed, MYE_STREAM_TEST, (uint64_t)i);
        x[i] = dyadic ? rintf(8 * r) / 8 : 2 * r;
    }
}

static void kernels_agree_to_the_bit(void **state)
{
    const mye_kernels *all[8];
    (void)state;
    mye_kernels_all(all);
    const mye_transmit hows[] = {
        {.theta = .5f, .low = 0, .high = 1},
        {.theta = .7f, .low = 0, .high = 1, .to_zero = true},
        {.theta = .3f, .low = 1, .high = 1},
        {.theta = .1f, .low = MYE_TRANSMIT_MOST, .high = MYE_TRANSMIT_MOST},
        {.theta = .1f, .low = MYE_TRANSMIT_MOST, .high = MYE_TRANSMIT_MOST, .floor = true},
        {.theta = .1f, .low = 7, .high = 7, .shift = true},
    };
    static float x[N], theta[N], v[2][N], s[2][N], y[2][N];
    for (int i = 0; i < N; i++)
        theta[i] = 0.05f + 0.01f * (float)(i % 37);
    for (int k = 0; all[k] != NULL; k++)
        for (size_t h = 0; h < sizeof hows / sizeof *hows; h++)
            for (int own = 0; own < 2; own++) {
                memset(v, 0, sizeof v);
                for (int t = 0; t < STEPS; t++) {
                    draw(x, N, (uint64_t)(10 * t + own), t % 2);
                    int64_t count[2];
                    const mye_kernels *const both[] = {&mye_kernels_ref, all[k]};
                    for (int q = 0; q < 2; q++)
                        count[q] = both[q]->transmit(&hows[h], N, t == 0, x, own ? theta : NULL,
                                                     v[q], s[q], y[q]);
                    assert_int_equal(count[0], count[1]);
                    for (int i = 0; i < N; i++)
                        if (v[0][i] != v[1][i] || s[0][i] != s[1][i] || y[0][i] != y[1][i])
                            fail_msg("%s, mode %d, step %d, neuron %d: v %g %g, S %g %g, y %g %g",
                                     all[k]->name, (int)h, t, i, (double)v[0][i], (double)v[1][i],
                                     (double)s[0][i], (double)s[1][i], (double)y[0][i],
                                     (double)y[1][i]);
                }
            }
}

/* ---- what the neurons compute: random dyadic drives, a neuron each ---- */

enum { MANY = 20000 };

typedef struct drive {
    float *x, *v, *s, *y;
    double *U, *S; /* sums of the drive, of the coefficients */
} drive;

static drive open_drive(void)
{
    drive d = {.x = calloc(4 * MANY, sizeof(float)), .U = calloc(2 * MANY, sizeof(double))};
    d.v = d.x + MANY;
    d.s = d.v + MANY;
    d.y = d.s + MANY;
    d.S = d.U + MANY;
    return d;
}

static void close_drive(drive *d)
{
    free(d->x);
    free(d->U);
}

/* One step; `most`: drives are cut off there, in thresholds (0: not). */
static void step(drive *d, const mye_transmit *how, int t, double most)
{
    const mye_kernels *k = NULL;
    assert_int_equal(mye_kernels_find(NULL, &k, NULL), MYE_OK);
    draw(d->x, MANY, (uint64_t)t + 100, true);
    for (int i = 0; i < MANY; i++) {
        const double limit = most * (double)how->theta;
        d->x[i] *= 1 + (float)(i % 5);
        if (most > 0 && fabs((double)d->x[i]) > limit)
            d->x[i] = (float)copysign(limit, (double)d->x[i]);
        d->U[i] += (double)d->x[i];
    }
    k->transmit(how, MANY, t == 0, d->x, NULL, d->v, d->s, d->y);
    for (int i = 0; i < MANY; i++)
        d->S[i] += (double)(d->y[i] / how->theta);
}

static void aug_stays_within_a_threshold_of_relu(void **state)
{
    const mye_transmit how = {.theta = .5f, .low = MYE_TRANSMIT_MOST, .high = MYE_TRANSMIT_MOST};
    drive d = open_drive();
    (void)state;
    for (int t = 0; t < STEPS; t++) {
        step(&d, &how, t, 0);
        for (int i = 0; i < MANY; i++) {
            const double want = fmax(0, d.U[i]);
            assert_true(d.S[i] >= 0);
            if (!(fabs(.5 * d.S[i] - want) < .5))
                fail_msg("step %d, neuron %d: sent %g, drive %g", t, i, .5 * d.S[i], d.U[i]);
            if (t == 0)
                near(.5 * d.S[i], .5 * floor(want / .5), 0);
        }
    }
    close_drive(&d);
}

static void exact_is_the_staircase_of_the_sum(void **state)
{
    const mye_transmit how = {
        .theta = .5f, .low = MYE_TRANSMIT_MOST, .high = MYE_TRANSMIT_MOST, .floor = true};
    (void)state;
    for (int half = 0; half < 2; half++) {
        drive d = open_drive();
        const double v0 = .5 * half;
        for (int i = 0; i < MANY; i++)
            d.v[i] = (float)(v0 * .5);
        for (int t = 0; t < STEPS; t++) {
            step(&d, &how, t, 0);
            for (int i = 0; i < MANY; i++)
                near(d.S[i], fmax(0, floor(d.U[i] / .5 + v0)), 0);
        }
        close_drive(&d);
    }
}

static void ter_is_aug_where_drives_stay_within_a_threshold(void **state)
{
    const mye_transmit aug = {.theta = 1, .low = MYE_TRANSMIT_MOST, .high = MYE_TRANSMIT_MOST};
    const mye_transmit ter = {.theta = 1, .low = 1, .high = 1};
    drive a = open_drive(), b = open_drive();
    (void)state;
    for (int t = 0; t < STEPS; t++) {
        step(&a, &aug, t, 1);
        step(&b, &ter, t, 1);
        for (int i = 0; i < MANY; i++)
            assert_true(a.S[i] == b.S[i]);
    }
    close_drive(&a);
    close_drive(&b);
}

static void soft_counts_a_constant_drive(void **state)
{
    (void)state;
    for (int a = 0; a <= 8; a++)
        for (int half = 0; half < 2; half++) {
            sequence s = {12, {0}};
            for (int t = 0; t < s.T; t++)
                s.x[t] = (float)a / 8;
            const outcome got = run_sequence("soft", half ? "v0=0.5" : "", &s);
            near((double)got.S, floor(a * 12 / 8.0 + .5 * half), 0);
        }
}

/* ---- QCFS: the activation that is trained for so many levels ---- */

enum { LEVELS = 8, WIDE = 500 };

static void fill_wide(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    const int steps = p->value[0].steps == 1 ? 1 : t1 - t0;
    for (int t = 0; t < steps; t++)
        memcpy(dst + (ptrdiff_t)t * WIDE, self, WIDE * sizeof *dst);
}

/* Mean output over T steps of WIDE neurons with the same drive at every step. */
static void mean_output(const char *op, const char *options, int T, float *x, float *out)
{
    mye_context *ctx = context(1);
    mye_model *model = lone_neuron(ctx, op, options, WIDE);
    const mye_run_options o = {.time = "bptt", .loss = "ce_mean", .T = T, .B = 1};
    mye_run *run = NULL;
    mye_step_result r;
    assert_int_equal(mye_run_create(ctx, model, &o, &run, NULL), MYE_OK);
    assert_int_equal(mye_run_step(run, 1, (mye_source){fill_wide, x}, NULL, 0, &r, NULL), MYE_OK);
    memcpy(out, r.output, WIDE * sizeof *out);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void qcfs_is_what_its_spikes_say(void **state)
{
    float x[WIDE], h[WIDE], aug[WIDE], soft[WIDE];
    (void)state;
    for (int i = 0; i < WIDE; i++)
        x[i] = (float)(i - WIDE / 4) / 64;
    mean_output("qcfs", "L=8,lambda=2", 1, x, h);
    mean_output("aug", "theta=0.25,v0=0.5,coef_max=8", 1, x, aug);
    mean_output("soft", "theta=2,v0=0.5", LEVELS, x, soft);
    for (int i = 0; i < WIDE; i++)
        if (h[i] != aug[i] || h[i] != soft[i])
            fail_msg("h(%g) = %g, aug %g, soft %g", (double)x[i], (double)h[i], (double)aug[i],
                     (double)soft[i]);
}

/* After many steps the potential is what drive and spikes leave, to rounding. */
static void the_potential_does_not_drift(void **state)
{
    const mye_transmit how = {.theta = .3f, .low = MYE_TRANSMIT_MOST, .high = MYE_TRANSMIT_MOST};
    const mye_kernels *k = NULL;
    float x = 0, v = 0, s = 0, y = 0;
    double U = 0, sent = 0;
    (void)state;
    assert_int_equal(mye_kernels_find(NULL, &k, NULL), MYE_OK);
    for (int t = 0; t < 1000; t++) {
        x = 0.1f + mye_random_normal(3, MYE_STREAM_TEST, (uint64_t)t);
        U += (double)x;
        k->transmit(&how, 1, t == 0, &x, NULL, &v, &s, &y);
        sent += (double)y;
    }
    near((double)(v - y), U - sent, 1e-3);
}

/* ---- gradients ---- */

/* Does the gradient agree with finite differences? */
static bool agrees(mye_context *ctx, mye_model *model, const char *net, uint64_t seed)
{
    mye_gradcheck_options o = MYE_GRADCHECK_OPTIONS;
    mye_gradcheck_item *item = NULL;
    int n = 0;
    mye_error err = {0};
    o.T = 4;
    o.step = 5e-4;
    o.tolerance = 2e-3;
    o.seed = seed;
    if (mye_gradcheck(ctx, model, &o, &item, &n, &err) != MYE_OK)
        fail_msg("%s: %s", net, err.message);
    bool passed = true;
    for (int k = 0; k < n; k++)
        passed = passed && item[k].passed;
    mye_gradcheck_free(ctx, item);
    return passed;
}

/* Limits are kinks, and a difference that crosses one tells no slope: some samples may differ, not
 * all. A wrong gradient agrees with none. */
static void gradients_are_those_of_the_smooth_neuron(void **state)
{
    enum { SEEDS = 8, LEAST = 2 };
    static const char *const nets[] = {
        "6C3-SOFT(theta=0.5)-AP2-5C3-SOFT(theta=0.7,per=channel)-FC10",
        "6C3-HARD(theta=0.5)-AP2-FC10",
        "6C3-TER(theta=2,v0=0.5)-AP2-FC10",
        "6C3-AUG(theta=0.25,v0=0.5,per=channel)-AP2-5C3-AUG(theta=0.5)-FC10",
        "6C3-EXACT(theta=0.25,v0=0.5,per=neuron)-AP2-FC10",
        "6C3-BURST(theta=2,coef_max=2,v0=0.3,v0_per=neuron)-AP2-FC10",
    };
    mye_context *ctx = context(2);
    (void)state;
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
        for (int is_static = 0; is_static < 2; is_static++) {
            mye_model *model = model_of(ctx, nets[i], 2, 6, is_static);
            int agreed = 0;
            for (uint64_t seed = 1; seed <= SEEDS; seed++)
                agreed += agrees(ctx, model, nets[i], seed);
            if (agreed < LEAST)
                fail_msg("%s: the gradient agrees on %d of %d samples", nets[i], agreed, SEEDS);
            mye_model_free(model);
        }
    mye_context_free(ctx);
}

/* Rules that go step by step have the same gradient as BPTT where there is one step. */
static void rules_agree_at_one_step(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const char *net = i ? "6C3-SOFT(theta=0.25)-FC10" : "6C3-AUG(theta=0.25)-FC10";
        expect_same(net, true, "bptt", "sltt", "ce_step", 1, 1e-6);
        expect_same(net, true, "bptt", "bptt:checkpoint=node", "ce_mean", 4, 1e-6);
        expect_same(net, true, "bptt", "bptt:mode=s", "ce_mean", 4, 1e-6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_are_those_of_the_equations),
        cmocka_unit_test(limits_on_coefficients_hold),
        cmocka_unit_test(kernels_agree_to_the_bit),
        cmocka_unit_test(aug_stays_within_a_threshold_of_relu),
        cmocka_unit_test(exact_is_the_staircase_of_the_sum),
        cmocka_unit_test(ter_is_aug_where_drives_stay_within_a_threshold),
        cmocka_unit_test(soft_counts_a_constant_drive),
        cmocka_unit_test(qcfs_is_what_its_spikes_say),
        cmocka_unit_test(the_potential_does_not_drift),
        cmocka_unit_test(gradients_are_those_of_the_smooth_neuron),
        cmocka_unit_test(rules_agree_at_one_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
