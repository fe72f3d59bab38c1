/* Losses of parts of a network against plain formulas, hand values and finite differences. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "depth/local_loss.h"

enum { T = 3, B = 5, K = 12, CLASSES = 4 };

typedef struct fixture {
    const mye_loss *loss;
    const void *options;
    float out[T * B * K], grad[T * B * K], per_sample[B], time_weight[T];
    float image[B * K], mean[3], deviation[3], mix[B], weight[B];
    int32_t label[B], label_b[B];
    mye_target target;
    mye_loss_input in;
} fixture;

static const mye_local_similarity_options similarity = {.classes = CLASSES};
static const mye_local_supcon_options supcon = {.temperature = 0.5}; /* tame: for differences */

static fixture make(const mye_loss *loss, const void *options)
{
    static const int32_t label[B] = {0, 1, 0, 2, 1}, label_b[B] = {1, 2, 3, 2, 0};
    static const float mix[B] = {0.9f, 0.4f, 0.7f, 0.5f, 1.0f};
    static const float weight[B] = {0.5f, 1, 2, 0, 1.5f};
    fixture f = {.loss = loss, .options = options};
    for (int i = 0; i < T * B * K; i++)
        f.out[i] = mye_random_normal(9, MYE_STREAM_TEST, (uint64_t)i);
    for (int i = 0; i < B * K; i++)
        f.image[i] = 1.5f * mye_random_normal(10, MYE_STREAM_TEST, (uint64_t)i);
    for (int c = 0; c < 3; c++) {
        f.mean[c] = 0.4f + 0.1f * (float)c;
        f.deviation[c] = 0.2f + 0.05f * (float)c;
    }
    for (int t = 0; t < T; t++)
        f.time_weight[t] = 0.5f - 0.2f * (float)t;
    memcpy(f.label, label, sizeof label);
    memcpy(f.label_b, label_b, sizeof label_b);
    memcpy(f.mix, mix, sizeof mix);
    memcpy(f.weight, weight, sizeof weight);
    return f;
}

/* The fixture's pointers point into itself, so they are set where it lies. */
static void settle(fixture *f, bool mixed)
{
    f->target = (mye_target){.label = f->label,
                             .image = f->image,
                             .image_n = K,
                             .image_channels = 3,
                             .image_mean = f->mean,
                             .image_deviation = f->deviation};
    if (mixed) {
        f->target.label_b = f->label_b;
        f->target.mix = f->mix;
        f->target.weight = f->weight;
    }
    f->in = (mye_loss_input){.T = T,
                             .steps = T,
                             .B = B,
                             .K = K,
                             .out = f->out,
                             .time_weight = f->time_weight,
                             .target = &f->target};
}

/* With exactly the scratch that was asked for; grad begins as rubbish. */
static double eval(fixture *f, bool grad)
{
    const mye_loss_input *in = &f->in;
    const size_t bytes =
        f->loss->scratch_bytes ? f->loss->scratch_bytes(f->options, in->steps, in->B, in->K) : 0;
    f->in.scratch = bytes > 0 ? aligned_alloc(MYE_ALIGN, bytes) : NULL;
    if (bytes > 0)
        memset(f->in.scratch, 0xff, bytes);
    memset(f->grad, 0x7f, sizeof f->grad);
    memset(f->per_sample, 0, sizeof f->per_sample);
    const double value = f->loss->eval(f->options, in, grad ? f->grad : NULL, f->per_sample);
    free(f->in.scratch);
    return value;
}

static void assert_close(double have, double want, double tolerance)
{
    if (!(fabs(have - want) <= tolerance * (1 + fabs(want))))
        fail_msg("%.10g, wanted %.10g", have, want);
}

/* ---- the formulas, once more and plainly ---- */

static void collapsed(const fixture *f, int b, double x[K])
{
    for (int k = 0; k < K; k++) {
        x[k] = 0;
        for (int t = 0; t < T; t++)
            x[k] += (double)f->time_weight[t] * (double)f->out[(t * B + b) * K + k];
    }
}

static void normalised(int n, double *x, bool centred)
{
    double mean = 0, squares = 0;
    for (int k = 0; k < n && centred; k++)
        mean += x[k] / n;
    for (int k = 0; k < n; k++) {
        x[k] -= mean;
        squares += x[k] * x[k];
    }
    for (int k = 0; k < n; k++)
        x[k] /= sqrt(squares);
}

static double dot(int n, const double *a, const double *b)
{
    double sum = 0;
    for (int k = 0; k < n; k++)
        sum += a[k] * b[k];
    return sum;
}

static double weight_of(const fixture *f, int b)
{
    return f->target.weight ? (double)f->weight[b] : 1;
}

static double plain_similarity(const fixture *f, double own[B])
{
    double z[B][K], y[B][CLASSES] = {{0}}, loss = 0;
    for (int b = 0; b < B; b++) {
        const double mix = f->target.mix ? (double)f->mix[b] : 1;
        collapsed(f, b, z[b]);
        normalised(K, z[b], true);
        y[b][f->label[b]] += mix;
        y[b][f->label_b[b]] += 1 - mix;
        normalised(CLASSES, y[b], true);
    }
    for (int i = 0; i < B; i++) {
        own[i] = 0;
        for (int j = 0; j < B; j++)
            own[i] += pow(dot(K, z[i], z[j]) - dot(CLASSES, y[i], y[j]), 2) / B;
        loss += weight_of(f, i) * own[i] / B;
    }
    return loss;
}

static double plain_supcon(const fixture *f, double tau, double own[B])
{
    double z[B][K], loss = 0;
    int label[B], anchors = 0;
    for (int b = 0; b < B; b++) {
        collapsed(f, b, z[b]);
        normalised(K, z[b], false);
        label[b] = f->target.mix && f->mix[b] < 0.5f ? f->label_b[b] : f->label[b];
    }
    for (int i = 0; i < B; i++) {
        double sum = 0, logs = 0;
        int positives = 0;
        for (int a = 0; a < B; a++)
            sum += a == i ? 0 : exp(dot(K, z[i], z[a]) / tau);
        for (int p = 0; p < B; p++)
            if (p != i && label[p] == label[i]) {
                logs -= log(exp(dot(K, z[i], z[p]) / tau) / sum);
                positives++;
            }
        own[i] = positives ? logs / positives : 0;
        loss += weight_of(f, i) * own[i];
        anchors += positives > 0;
    }
    return loss / anchors;
}

static double plain_reconstruction(const fixture *f, double own[B])
{
    double x[K], loss = 0;
    for (int b = 0; b < B; b++) {
        own[b] = 0;
        collapsed(f, b, x);
        for (int k = 0; k < K; k++) {
            const int c = k % 3;
            const double v = fmin(1, fmax(0, (double)f->image[b * K + k] * (double)f->deviation[c] +
                                                 (double)f->mean[c]));
            const double p = 1 / (1 + exp(-x[k]));
            own[b] -= (v * log(p) + (1 - v) * log(1 - p)) / K;
        }
        loss += weight_of(f, b) * own[b] / B;
    }
    return loss;
}

/* ---- values and gradients of random outputs ---- */

/* Central differences at every output of every step. */
static void check_gradient(fixture *f, double tolerance)
{
    float grad[T * B * K];
    const int n = f->in.steps * f->in.B * f->in.K;
    double largest = 0;
    eval(f, true);
    memcpy(grad, f->grad, sizeof grad);
    for (int i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)grad[i]));
    assert_true(largest > 1e-3);
    for (int i = 0; i < n; i++) {
        const float x = f->out[i];
        f->out[i] = x + 1e-2f;
        const double up = eval(f, false), high = (double)f->out[i];
        f->out[i] = x - 1e-2f;
        const double down = eval(f, false), low = (double)f->out[i];
        f->out[i] = x;
        const double want = (up - down) / (high - low);
        if (!(fabs((double)grad[i] - want) <= tolerance * largest))
            fail_msg("%s: gradient %d is %.8g, differences say %.8g (largest %.3g)",
                     f->loss->entry.name, i, (double)grad[i], want, largest);
    }
}

static void check(fixture *f, double want, const double own[B])
{
    assert_close(eval(f, false), want, 1e-6);
    for (int b = 0; b < B; b++)
        assert_close((double)f->per_sample[b], own[b], 1e-6);
    check_gradient(f, 2e-3);
}

static void similarity_is_its_formula(void **state)
{
    (void)state;
    for (int mixed = 0; mixed < 2; mixed++) {
        fixture f = make(&mye_local_similarity, &similarity);
        double own[B];
        settle(&f, mixed);
        check(&f, plain_similarity(&f, own), own);
    }
}

static void supcon_is_its_formula(void **state)
{
    (void)state;
    for (int mixed = 0; mixed < 2; mixed++) {
        fixture f = make(&mye_local_supcon, &supcon);
        double own[B];
        settle(&f, mixed);
        check(&f, plain_supcon(&f, 0.5, own), own);
        assert_true(own[3] == 0 || mixed); /* the only one of label 2 is no anchor */
    }
}

static void supcon_takes_its_own_temperature(void **state)
{
    (void)state;
    const mye_local_supcon_options usual = MYE_LOCAL_SUPCON_OPTIONS;
    fixture f = make(&mye_local_supcon, &usual);
    double own[B];
    settle(&f, false);
    assert_close(eval(&f, true), plain_supcon(&f, 0.07, own), 1e-5);
    check_gradient(&f, 2e-2); /* differences of 1e-2 are coarse at such a temperature */
}

static void reconstruction_is_its_formula(void **state)
{
    (void)state;
    for (int mixed = 0; mixed < 2; mixed++) {
        fixture f = make(&mye_local_reconstruction, NULL);
        double own[B];
        settle(&f, mixed);
        check(&f, plain_reconstruction(&f, own), own);
    }
}

/* ---- hand values ---- */

/* One step of `n` samples of `width` values, of weight 1. */
static void outputs(fixture *f, int n, int width, const float *x)
{
    settle(f, false);
    memcpy(f->out, x, (size_t)(n * width) * sizeof *x);
    f->time_weight[0] = 1;
    f->in.T = f->in.steps = 1;
    f->in.B = n;
    f->in.K = width;
}

/* Rows less their means: (1,-1), (-1,1), (2,-2): R = 1, -1, 1. Labels 0, 1, 1 of two classes: Y = 1, -1,
 * -1 with the first, 1 between the others. Wrong by 2: the pairs (0,2) and (1,2), each twice. */
static void similarity_of_two_classes_by_hand(void **state)
{
    (void)state;
    static const float x[6] = {3, 1, 0, 2, 5, 1};
    const mye_local_similarity_options two = {.classes = 2};
    fixture f = make(&mye_local_similarity, &two);
    outputs(&f, 3, 2, x);
    f.label[0] = 0;
    f.label[1] = f.label[2] = 1;
    assert_close(eval(&f, true), 16.0 / 9, 1e-6);
    assert_close((double)f.per_sample[0], 4.0 / 3, 1e-6);
    assert_close((double)f.per_sample[2], 8.0 / 3, 1e-6);
    f.label[1] = 0; /* wrong by 2: (0,1) and (0,2) */
    assert_close(eval(&f, true), 16.0 / 9, 1e-6);
    f.label[0] = f.label[2] = 1; /* as the rows are */
    assert_close(eval(&f, true), 0, 1e-6);
}

/* Different labels of C classes lie at -1/(C - 1): rows of a regular simplex cost nothing. */
static void similarity_of_a_simplex_is_perfect(void **state)
{
    (void)state;
    static const float x[9] = {7, 2, 2, -1, 4, -1, 0, 0, 0.5f};
    const mye_local_similarity_options three = {.classes = 3};
    fixture f = make(&mye_local_similarity, &three);
    outputs(&f, 3, 3, x);
    for (int b = 0; b < 3; b++)
        f.label[b] = b;
    assert_close(eval(&f, true), 0, 1e-12);
    for (int i = 0; i < 9; i++)
        assert_true(fabs((double)f.grad[i]) < 1e-6);
}

/* z = (1,0), (0,1), (1,0); labels 0, 0, 1. With tau = 1/2 anchor 0 has s = 0 and 2: log(1 + e^2); anchor
 * 1 has 0 and 0: log 2. The third has no positives. */
static void supcon_by_hand(void **state)
{
    (void)state;
    static const float x[6] = {2, 0, 0, 3, 0.5f, 0};
    fixture f = make(&mye_local_supcon, &supcon);
    outputs(&f, 3, 2, x);
    f.label[0] = f.label[1] = 0;
    f.label[2] = 1;
    assert_close(eval(&f, true), (log(1 + exp(2)) + log(2)) / 2, 1e-6);
    assert_close((double)f.per_sample[0], log(1 + exp(2)), 1e-6);
    assert_close((double)f.per_sample[1], log(2), 1e-6);
    assert_true(f.per_sample[2] == 0);
}

/* Logit 0: log 2 whatever the pixel; gradient (1/2 - v) / (B K). A large right logit costs nothing. */
static void reconstruction_by_hand(void **state)
{
    (void)state;
    static const float x[4] = {0, 0, 80, -80}, image[4] = {1, -1, 9, -9};
    const float mean[1] = {0.5f}, deviation[1] = {0.25f};
    fixture f = make(&mye_local_reconstruction, NULL);
    outputs(&f, 1, 4, x);
    f.target = (mye_target){.label = f.label,
                            .image = image,
                            .image_n = 4,
                            .image_channels = 1,
                            .image_mean = mean,
                            .image_deviation = deviation};
    assert_close(eval(&f, true), log(2) / 2, 1e-12);
    assert_true(f.grad[0] == (0.5f - 0.75f) / 4 && f.grad[1] == (0.5f - 0.25f) / 4);
    assert_true(fabs((double)f.grad[2]) < 1e-30 && fabs((double)f.grad[3]) < 1e-30);
    f.target.image_mean = f.target.image_deviation = NULL; /* the image as it is: 1, 0, 1, 0 */
    assert_close(eval(&f, true), log(2) / 2, 1e-12);
    assert_true(f.grad[0] == -0.125f && f.grad[1] == 0.125f);
}

/* ---- edges ---- */

static void a_single_sample_has_nothing_to_be_like(void **state)
{
    (void)state;
    static const float x[3] = {1, 2, 4};
    const mye_loss *const losses[] = {&mye_local_similarity, &mye_local_supcon};
    const void *const options[] = {&similarity, &supcon};
    for (int i = 0; i < 2; i++) {
        fixture f = make(losses[i], options[i]);
        outputs(&f, 1, 3, x);
        assert_close(eval(&f, true), 0, 1e-12);
        for (int k = 0; k < 3; k++)
            assert_true(fabs((double)f.grad[k]) < 1e-6);
    }
    fixture f = make(&mye_local_reconstruction, NULL);
    settle(&f, false);
    f.in.B = 1;
    f.in.T = f.in.steps = 1;
    check_gradient(&f, 2e-3);
}

static void samples_without_direction_get_no_gradient(void **state)
{
    (void)state;
    static const float x[6] = {0, 0, 1, 2, 3, 1};
    const mye_loss *const losses[] = {&mye_local_similarity, &mye_local_supcon};
    const void *const options[] = {&similarity, &supcon};
    for (int i = 0; i < 2; i++) {
        fixture f = make(losses[i], options[i]);
        outputs(&f, 3, 2, x);
        assert_true(isfinite(eval(&f, true)));
        assert_true(f.grad[0] == 0 && f.grad[1] == 0);
        for (int k = 2; k < 6; k++)
            assert_true(isfinite(f.grad[k]));
    }
}

static void a_nan_reaches_the_loss(void **state)
{
    (void)state;
    const mye_loss *const losses[] = {&mye_local_similarity, &mye_local_supcon,
                                      &mye_local_reconstruction};
    const void *const options[] = {&similarity, &supcon, NULL};
    for (int i = 0; i < 3; i++) {
        fixture f = make(losses[i], options[i]);
        settle(&f, false);
        assert_true(isfinite(eval(&f, true)));
        f.out[K + 1] = NAN;
        assert_true(isnan(eval(&f, true)));
    }
}

static void an_image_that_is_missing_or_of_another_size_shows(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        fixture f = make(&mye_local_reconstruction, NULL);
        settle(&f, false);
        f.target.image = i == 0 ? NULL : f.image;
        f.target.image_n = i == 1 ? K - 1 : K;
        f.target.image_channels = i == 2 ? 5 : 3;
        assert_true(isnan(eval(&f, true)));
        for (int k = 0; k < T * B * K; k++)
            assert_true(f.grad[k] == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(similarity_is_its_formula),
        cmocka_unit_test(supcon_is_its_formula),
        cmocka_unit_test(supcon_takes_its_own_temperature),
        cmocka_unit_test(reconstruction_is_its_formula),
        cmocka_unit_test(similarity_of_two_classes_by_hand),
        cmocka_unit_test(similarity_of_a_simplex_is_perfect),
        cmocka_unit_test(supcon_by_hand),
        cmocka_unit_test(reconstruction_by_hand),
        cmocka_unit_test(a_single_sample_has_nothing_to_be_like),
        cmocka_unit_test(samples_without_direction_get_no_gradient),
        cmocka_unit_test(a_nan_reaches_the_loss),
        cmocka_unit_test(an_image_that_is_missing_or_of_another_size_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
