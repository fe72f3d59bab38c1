/* Losses against direct formulas and finite differences. */
#include <math.h>

#include "data_support.h"
#include "net/run.h"

extern const mye_loss mye_loss_sparsemax_mean;

enum { T = 3, B = 4, K = 5 };

typedef struct fixture {
    mye_context *ctx;
    float out[T * B * K], grad[T * B * K], per_sample[B], time_weight[T];
    int32_t label[B], label_b[B];
    float mix[B], weight[B];
    mye_target target;
    mye_loss_input in;
} fixture;

static void fill(fixture *f)
{
    memset(f, 0, sizeof *f);
    f->ctx = make_context(NULL);
    for (int i = 0; i < T * B * K; i++)
        f->out[i] = 2.0f * mye_random_normal(5, MYE_STREAM_TEST, (uint64_t)i);
    for (int t = 0; t < T; t++)
        f->time_weight[t] = 1.0f / T;
    for (int b = 0; b < B; b++) {
        f->label[b] = b % K;
        f->label_b[b] = (b + 2) % K;
        f->mix[b] = 0.3f + 0.2f * (float)b;
        f->weight[b] = 0.5f * (float)(b + 1);
    }
    f->target = (mye_target){.label = f->label};
    f->in = (mye_loss_input){.T = T,
                             .steps = T,
                             .B = B,
                             .K = K,
                             .out = f->out,
                             .time_weight = f->time_weight,
                             .target = &f->target};
}

static mye_target mixed_target(const fixture *f)
{
    return (mye_target){
        .label = f->label, .label_b = f->label_b, .mix = f->mix, .weight = f->weight};
}

static double eval(fixture *f, const char *text, bool grad, bool per_sample)
{
    mye_method method = {0};
    ASSERT_OK(mye_method_parse(f->ctx, &mye_kind_loss, text, &method, &err));
    const mye_loss *loss = (const mye_loss *)(const void *)method.entry;
    const double value = loss->eval(method.options, &f->in, grad ? f->grad : NULL,
                                    per_sample ? f->per_sample : NULL);
    mye_method_free(f->ctx, &method);
    return value;
}

/* ---- the formulas, once more and plainly ---- */

static double target_of(const fixture *f, int b, int k, double smoothing)
{
    const double mix = f->target.mix ? (double)f->mix[b] : 1.0;
    double q = f->label[b] == k ? mix : 0.0;
    if (f->target.label_b && f->label_b[b] == k)
        q += 1.0 - mix;
    return q * (1.0 - smoothing) + smoothing / K;
}

static double cross_entropy(const fixture *f, int b, const double *x, double smoothing)
{
    double sum = 0, loss = 0;
    for (int k = 0; k < K; k++)
        sum += exp(x[k]);
    for (int k = 0; k < K; k++)
        loss -= target_of(f, b, k, smoothing) * log(exp(x[k]) / sum);
    return loss;
}

static double squared(const fixture *f, int b, const double *x, double constant)
{
    double sum = 0;
    for (int k = 0; k < K; k++)
        sum += pow(x[k] - (isnan(constant) ? target_of(f, b, k, 0) : constant), 2);
    return sum / K;
}

static void row(const fixture *f, int t, int b, double x[K])
{
    for (int k = 0; k < K; k++)
        x[k] = (double)f->out[(t * B + b) * K + k];
}

static void mean_row(const fixture *f, int b, double x[K])
{
    for (int k = 0; k < K; k++) {
        x[k] = 0;
        for (int t = 0; t < T; t++)
            x[k] += (double)f->time_weight[t] * (double)f->out[(t * B + b) * K + k];
    }
}

static double weight_of(const fixture *f, int b)
{
    return f->target.weight ? (double)f->weight[b] : 1.0;
}

static void assert_near(double have, double want)
{
    if (fabs(have - want) > 1e-6 * (1 + fabs(want)))
        fail_msg("%.10g, wanted %.10g", have, want);
}

/* Central differences of the loss against its gradient, at every output. */
static void check_gradient(fixture *f, const char *text)
{
    float grad[T * B * K];
    memset(f->grad, 0x7f, sizeof f->grad); /* must be written, not added to */
    eval(f, text, true, false);
    memcpy(grad, f->grad, sizeof grad);
    for (int i = 0; i < T * B * K; i++) {
        const float x = f->out[i];
        f->out[i] = x + 1e-2f;
        const double up = eval(f, text, false, false), high = (double)f->out[i];
        f->out[i] = x - 1e-2f;
        const double down = eval(f, text, false, false), low = (double)f->out[i];
        f->out[i] = x;
        const double want = (up - down) / (high - low);
        if (fabs((double)grad[i] - want) > 2e-5)
            fail_msg("%s: gradient %d is %.8g, differences say %.8g", text, i, (double)grad[i],
                     want);
    }
}

/* ---- values ---- */

static void ce_mean_is_the_cross_entropy_of_the_mean_output(void **state)
{
    (void)state;
    fixture f;
    double want = 0, x[K];
    fill(&f);
    for (int b = 0; b < B; b++) {
        mean_row(&f, b, x);
        want += cross_entropy(&f, b, x, 0) / B;
    }
    assert_near(eval(&f, "ce_mean", false, false), want);
    mye_context_free(f.ctx);
}

static void ce_step_is_the_mean_cross_entropy_of_the_steps(void **state)
{
    (void)state;
    fixture f;
    double want = 0, x[K];
    fill(&f);
    for (int t = 0; t < T; t++)
        for (int b = 0; b < B; b++) {
            row(&f, t, b, x);
            want += cross_entropy(&f, b, x, 0) / B / T;
        }
    assert_near(eval(&f, "ce_step", false, false), want);
    mye_context_free(f.ctx);
}

static void ce_mse_mixes_cross_entropy_and_squared_error(void **state)
{
    (void)state;
    fixture f;
    double onehot = 0, constant = 0, x[K];
    fill(&f);
    for (int t = 0; t < T; t++)
        for (int b = 0; b < B; b++) {
            row(&f, t, b, x);
            const double ce = 0.8 * cross_entropy(&f, b, x, 0);
            onehot += (ce + 0.2 * squared(&f, b, x, NAN)) / B / T;
            constant += (ce + 0.2 * squared(&f, b, x, 0.7)) / B / T;
        }
    assert_near(eval(&f, "ce_mse:a=0.2", false, false), onehot);
    assert_near(eval(&f, "ce_mse:a=0.2,target=constant,means=0.7", false, false), constant);
    mye_context_free(f.ctx);
}

static void mse_mean_is_the_squared_error_of_the_mean_output(void **state)
{
    (void)state;
    fixture f;
    double want = 0, x[K];
    fill(&f);
    for (int b = 0; b < B; b++) {
        mean_row(&f, b, x);
        want += squared(&f, b, x, NAN) / B;
    }
    assert_near(eval(&f, "mse_mean", false, false), want);
    mye_context_free(f.ctx);
}

/* Sparsemax from the definition: the largest support, by size of entries, whose entries stay over 0. */
static double sparsemax_loss(const fixture *f, int b, const double *x)
{
    double z[K], t = 0, loss = 0.5;
    memcpy(z, x, sizeof z);
    for (int i = 0; i < K; i++)
        for (int k = 1; k < K - i; k++)
            if (z[k - 1] < z[k]) {
                const double swap = z[k];
                z[k] = z[k - 1];
                z[k - 1] = swap;
            }
    double sum = 0;
    for (int k = 0; k < K; k++) {
        sum += z[k];
        if (1 + (k + 1) * z[k] > sum)
            t = (sum - 1) / (k + 1);
    }
    for (int k = 0; k < K; k++) {
        loss += z[k] > t ? (z[k] * z[k] - t * t) / 2 : 0;
        loss -= target_of(f, b, k, 0) * x[k];
    }
    return loss;
}

static void sparsemax_mean_is_its_formula_of_the_mean_output(void **state)
{
    (void)state;
    fixture f;
    double x[K];
    fill(&f);
    for (int mixed = 0; mixed < 2; mixed++) {
        double want = 0;
        f.target = mixed ? mixed_target(&f) : (mye_target){.label = f.label};
        for (int b = 0; b < B; b++) {
            mean_row(&f, b, x);
            want += weight_of(&f, b) * sparsemax_loss(&f, b, x) / B;
        }
        assert_near(eval(&f, "sparsemax_mean", false, false), want);
    }
    mye_context_free(f.ctx);
}

/* Equal outputs of ten classes: 9/20 and p = 1/10 each; a lead of 1: nothing to learn. */
static void sparsemax_mean_of_equal_outputs_and_of_a_clear_one(void **state)
{
    (void)state;
    enum { TEN = 10 };
    float out[TEN], grad[TEN];
    fixture f;
    fill(&f);
    f.time_weight[0] = 1;
    f.in = (mye_loss_input){.T = 1,
                            .steps = 1,
                            .B = 1,
                            .K = TEN,
                            .out = out,
                            .time_weight = f.time_weight,
                            .target = &f.target};
    f.label[0] = 4;
    for (int scale = 0; scale < 2; scale++) {
        for (int k = 0; k < TEN; k++)
            out[k] = 1000.0f * (float)scale + 1;
        assert_near(eval(&f, "sparsemax_mean", false, false), 0.45);
    }
    mye_loss_sparsemax_mean.eval(NULL, &f.in, grad, NULL);
    for (int k = 0; k < TEN; k++)
        assert_near((double)grad[k], k == 4 ? -0.9 : 0.1);
    out[4] += 1;
    assert_near(mye_loss_sparsemax_mean.eval(NULL, &f.in, grad, NULL), 0);
    for (int k = 0; k < TEN; k++)
        assert_true(grad[k] == 0);
    mye_context_free(f.ctx);
}

static void smoothing_mixup_and_weights_enter_as_written(void **state)
{
    (void)state;
    fixture f;
    double want = 0, x[K];
    fill(&f);
    f.target = mixed_target(&f);
    for (int b = 0; b < B; b++) {
        mean_row(&f, b, x);
        want += weight_of(&f, b) * cross_entropy(&f, b, x, 0.1) / B;
    }
    assert_near(eval(&f, "ce_mean:smoothing=0.1", false, false), want);
    mye_context_free(f.ctx);
}

static void mixup_of_a_label_with_itself_changes_nothing(void **state)
{
    (void)state;
    fixture f;
    fill(&f);
    const double plain = eval(&f, "ce_mean", false, false);
    f.target = (mye_target){.label = f.label, .label_b = f.label, .mix = f.mix};
    assert_near(eval(&f, "ce_mean", false, false), plain);
    mye_context_free(f.ctx);
}

static void losses_of_samples_are_added_without_weights(void **state)
{
    (void)state;
    fixture f;
    double x[K];
    fill(&f);
    f.target.weight = f.weight;
    for (int b = 0; b < B; b++)
        f.per_sample[b] = 10.0f;
    eval(&f, "ce_mean", true, true);
    for (int b = 0; b < B; b++) {
        mean_row(&f, b, x);
        assert_near((double)f.per_sample[b], 10 + cross_entropy(&f, b, x, 0));
    }
    mye_context_free(f.ctx);
}

static void losses_of_steps_add_up_span_by_span(void **state)
{
    (void)state;
    fixture f;
    float whole[T * B * K], sample[B];
    fill(&f);
    const double all = eval(&f, "ce_step", true, true);
    memcpy(whole, f.grad, sizeof whole);
    memcpy(sample, f.per_sample, sizeof sample);
    memset(f.per_sample, 0, sizeof f.per_sample);
    double sum = 0;
    f.in.steps = 1;
    for (int t = 0; t < T; t++) {
        f.in.out = f.out + t * B * K;
        sum += eval(&f, "ce_step", true, true);
        assert_memory_equal(f.grad, whole + t * B * K, B * K * sizeof *f.grad);
    }
    assert_near(sum, all);
    for (int b = 0; b < B; b++)
        assert_near((double)f.per_sample[b], (double)sample[b]);
    mye_context_free(f.ctx);
}

/* ---- gradients ---- */

static void gradients_agree_with_finite_differences(void **state)
{
    (void)state;
    static const char *const losses[] = {"ce_mean",
                                         "ce_mean:smoothing=0.1",
                                         "ce_step",
                                         "ce_step:smoothing=0.2",
                                         "sparsemax_mean",
                                         "mse_mean",
                                         "mse_mean:target=constant,means=0.3",
                                         "ce_mse:a=0.3",
                                         "ce_mse:a=0.3,target=constant,means=0.5,smoothing=0.1"};
    fixture f;
    fill(&f);
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        f.target = (mye_target){.label = f.label};
        check_gradient(&f, losses[i]);
        f.target = mixed_target(&f);
        check_gradient(&f, losses[i]);
    }
    mye_context_free(f.ctx);
}

static void the_gradient_follows_the_readouts_weights(void **state)
{
    (void)state;
    fixture f;
    fill(&f);
    f.time_weight[0] = 0.0f; /* only the last step counts */
    f.time_weight[1] = 0.0f;
    f.time_weight[2] = 1.0f;
    check_gradient(&f, "ce_mean");
    for (int i = 0; i < 2 * B * K; i++)
        assert_true(f.grad[i] == 0.0f);
    mye_context_free(f.ctx);
}

static void large_outputs_neither_overflow_nor_lose_a_nan(void **state)
{
    (void)state;
    fixture f;
    fill(&f);
    for (int i = 0; i < T * B * K; i++)
        f.out[i] *= 1e30f;
    assert_true(isfinite(eval(&f, "sparsemax_mean", true, false)));
    assert_true(isfinite(eval(&f, "ce_mean", true, false)));
    for (int i = 0; i < T * B * K; i++)
        assert_true(isfinite(f.grad[i]));
    f.out[7] = NAN;
    assert_true(isnan(eval(&f, "ce_mean", false, false)));
    assert_true(isnan(eval(&f, "ce_step", false, false)));
    assert_true(isnan(eval(&f, "mse_mean", false, false)));
    assert_true(isnan(eval(&f, "sparsemax_mean", false, false)));
    mye_context_free(f.ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ce_mean_is_the_cross_entropy_of_the_mean_output),
        cmocka_unit_test(ce_step_is_the_mean_cross_entropy_of_the_steps),
        cmocka_unit_test(ce_mse_mixes_cross_entropy_and_squared_error),
        cmocka_unit_test(mse_mean_is_the_squared_error_of_the_mean_output),
        cmocka_unit_test(sparsemax_mean_is_its_formula_of_the_mean_output),
        cmocka_unit_test(sparsemax_mean_of_equal_outputs_and_of_a_clear_one),
        cmocka_unit_test(smoothing_mixup_and_weights_enter_as_written),
        cmocka_unit_test(mixup_of_a_label_with_itself_changes_nothing),
        cmocka_unit_test(losses_of_samples_are_added_without_weights),
        cmocka_unit_test(losses_of_steps_add_up_span_by_span),
        cmocka_unit_test(gradients_agree_with_finite_differences),
        cmocka_unit_test(the_gradient_follows_the_readouts_weights),
        cmocka_unit_test(large_outputs_neither_overflow_nor_lose_a_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
