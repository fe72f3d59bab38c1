/* SPIDE: its gradient against IDE's, backward neurons, masks, norms, dropout. */
#include "equilibrium_support.h"

static void spide_tends_to_ide_as_its_steps_grow(void **state)
{
    (void)state;
    static const char *const rules[] = {"spide:scale=1,T_B=8", "spide:scale=1,T_B=40",
                                        "spide:scale=1,T_B=1000"};
    mye_context *ctx = context(2);
    mye_model *model = model_of(ctx, small, IN, 1, 5);
    float *exact = gradient(ctx, model, "ide:tolerance=1e-6", 40, BATCH);
    double last = 0;
    for (int i = 0; i < 3; i++) {
        float *g = gradient(ctx, model, rules[i], 40, BATCH);
        const double c = cosine(g, exact, model->n_params);
        print_message("%s: cosine %.5f with IDE\n", rules[i], c);
        assert_true(c > last);
        last = c;
        free(g);
    }
    assert_true(last > 0.999);
    free(exact);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void grad_scale_is_the_factor_that_it_says(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model = model_of(ctx, small, IN, 1, 5);
    float *one = gradient(ctx, model, "spide:scale=16,T_B=20", 20, BATCH);
    float *released = gradient(ctx, model, "spide:scale=16,T_B=20,grad_scale=scale", 20, BATCH);
    double most = 0;
    for (size_t i = 0; i < model->n_params; i++) {
        assert_true(fabsf(16 * one[i] - released[i]) < 1e-4f);
        most = fmax(most, fabs((double)released[i]));
    }
    assert_true(most > 0.1);
    free(one);
    free(released);
    mye_model_free(model);
    mye_context_free(ctx);
}

/* ---- neurons ---- */

/* One layer without feedback: its backward neurons are driven by g alone. */
static void check_ternary_spikes(const char *net, double lambda)
{
    enum { STEPS = 25 };
    mye_context *ctx = context(1);
    mye_model *model = model_of(ctx, net, IN, 1, 2);
    mye_run *run = run_of(ctx, model, "spide:T_B=25,scale=10,threshold=0.75,amplitude=1.25", 12, 2);
    seen *s = calloc(1, sizeof *s);
    train_step(run, 2, s);
    int up = 0, down = 0, i0 = 2; /* input, dense, neuron */
    for (int i = 0; i < 2 * N0; i++) {
        const double g = (double)s->data[MYE_PROBE_RATE_GRADIENT][i0][i];
        double u = 0, beta = 0, full = 0;
        for (int t = 0; t < STEPS; t++) {
            u += g;
            const double spike = u >= 0.75 ? 1.25 : u <= -0.75 ? -1.25 : 0;
            const double got = (double)s->data[MYE_PROBE_BACKWARD_SPIKE][i0][t * 2 * N0 + i];
            assert_true(fabs(got - spike) < 1e-6);
            u = lambda * (u - spike);
            beta = lambda * beta + spike;
            full = lambda * full + 1;
            up += spike > 0;
            down += spike < 0;
        }
        assert_true(fabs(beta / full - (double)s->data[MYE_PROBE_BETA][i0][i]) < 1e-5);
    }
    assert_true(up > 0 && down > 0);
    free(s);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void backward_neurons_fire_ternary_spikes(void **state)
{
    (void)state;
    check_ternary_spikes("FC7-IF(subtract=2)-FC3", 1.0);
    check_ternary_spikes("FC7-LIF(lambda=0.75,subtract=2)-FC3", 0.75);
}

/* A decaying average of ones is 1 only up to rounding: counts decide. */
static void a_neuron_that_always_fires_is_masked_by_counts(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model = model_of(ctx, "FC7-LIF(lambda=0.95,subtract=2)-FC3", IN, 1, 2);
    mye_weight *w = weight(model, "fc1.weight"), *bias = weight(model, "fc1.bias");
    memset(w->data, 0, w->count * sizeof(float));
    for (int i = 0; i < N0; i++) /* three silent, one always, the others between */
        bias->data[i] = i < 3 ? -1.0f : i == 3 ? 4.0f : 0.3f * (float)i;
    mye_run *run = run_of(ctx, model, "spide:T_B=10", 15, 2);
    seen *s = calloc(1, sizeof *s);
    train_step(run, 2, s);
    for (int i = 0; i < N0; i++) {
        const float rate = s->data[MYE_PROBE_RATE][2][i], mask = s->data[MYE_PROBE_MASK][2][i];
        assert_true(mask == (i < 4 ? 0.0f : 0.5f));
        assert_true(i < 3 ? rate == 0.0f : i == 3 ? fabsf(rate - 1) < 1e-5f : rate < 1);
        assert_true(i >= 4 || bias->grad[i] == 0.0f);
    }
    free(s);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

/* ---- norm, dropout ---- */

static double norm_of(const mye_weight *w)
{
    double sum = 0;
    for (size_t i = 0; i < w->count; i++)
        sum += (double)w->data[i] * (double)w->data[i];
    return sqrt(sum);
}

static void feedback_weights_are_held_to_their_norm(void **state)
{
    (void)state;
    static const char *const rules[] = {"spide:T_B=5,norm=0.5", "ide:norm=0.5", "spide:T_B=5"};
    for (int i = 0; i < 3; i++) {
        mye_context *ctx = context(1);
        mye_model *model = model_of(ctx, small, IN, 1, 5);
        const double other = norm_of(weight(model, "fc2.weight"));
        const double before = norm_of(weight(model, "fb1.fc1.weight"));
        float *g = gradient(ctx, model, rules[i], 5, BATCH);
        const double after = norm_of(weight(model, "fb1.fc1.weight"));
        assert_true(before > 0.6);
        assert_true(i == 2 ? after == before : fabs(after - 0.5) < 1e-5);
        assert_true(norm_of(weight(model, "fc2.weight")) == other);
        free(g);
        mye_model_free(model);
        mye_context_free(ctx);
    }
}

static void dropout_has_one_mask_in_both_stages(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model = model_of(ctx,
                                "FC64-FB(FC64)-IF(subtract=2)-DO0.5-FC64-DO0.5-IF(subtract=2)-"
                                "FC3",
                                IN, 1, 5);
    mye_run *run = run_of(ctx, model, "spide:T_B=5", 5, BATCH);
    train_step(run, BATCH, NULL);
    for (int k = 1; k <= 2; k++) {
        const int i = node(model, k == 1 ? "drop1" : "drop2");
        const uint64_t *a = mye_run_pass(run)->value[i].state;
        const uint64_t *b = mye_run_rate_pass(run)->value[i].state;
        assert_memory_equal(a, b, BATCH * sizeof *a);
        assert_true(a[0] != 0 && a[0] != UINT64_MAX);
    }
    /* What never reaches the layer has no weight gradient. */
    const uint64_t *mask = mye_run_pass(run)->value[node(model, "drop1")].state;
    const mye_weight *w = weight(model, "fc2.weight");
    int silent = 0;
    for (int i = 0; i < 64; i++) {
        bool dropped = true;
        for (int b = 0; b < BATCH; b++)
            dropped = dropped && !(mask[b] >> i & 1);
        for (int j = 0; j < 64 && dropped; j++)
            assert_true(w->grad[i * 64 + j] == 0.0f);
        silent += dropped;
    }
    assert_true(silent > 0);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spide_tends_to_ide_as_its_steps_grow),
        cmocka_unit_test(grad_scale_is_the_factor_that_it_says),
        cmocka_unit_test(backward_neurons_fire_ternary_spikes),
        cmocka_unit_test(a_neuron_that_always_fires_is_masked_by_counts),
        cmocka_unit_test(feedback_weights_are_held_to_their_norm),
        cmocka_unit_test(dropout_has_one_mask_in_both_stages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
