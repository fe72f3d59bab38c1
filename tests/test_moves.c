/* How weights move: each move against its formula; averages; the learning rate. */
#include "synapse/move.h"
#include "synapse_support.h"

enum { N = 5, STEPS = 40 };

typedef struct trial {
    mye_context *ctx;
    mye_method method;
    const mye_move_type *type;
    double w[N], state[N], g[N];
} trial;

static void trial_open(trial *t, const char *text)
{
    *t = (trial){.ctx = make_context(NULL)};
    ASSERT_OK(mye_method_parse(t->ctx, &mye_kind_move, text, &t->method, &err));
    t->type = (const mye_move_type *)t->method.entry;
    draw_normals(1, N, 0, 1, t->w);
}

static void trial_step(trial *t, int step, double lambda)
{
    draw_normals(100 + (uint64_t)step, N, 0, 2, t->g);
    t->type->move(t->method.options, lambda, N, t->g, t->type->has_state ? t->state : NULL, t->w);
}

static void trial_close(trial *t)
{
    mye_method_free(t->ctx, &t->method);
    assert_int_equal(mye_context_live_bytes(t->ctx), 0);
    mye_context_free(t->ctx);
}

static void plain_adds_lambda_times_the_direction(void **state)
{
    trial t;
    double w[N];
    (void)state;
    trial_open(&t, "plain");
    assert_false(t.type->has_state);
    memcpy(w, t.w, sizeof w);
    for (int k = 0; k < STEPS; k++) {
        trial_step(&t, k, 0.1 + k);
        for (int i = 0; i < N; i++)
            w[i] += (0.1 + k) * t.g[i];
        assert_memory_equal(w, t.w, sizeof w);
    }
    trial_close(&t);
}

/* The k-th direction still counts mu^(n - k) at step n. */
static void momentum_repeats_a_share_of_the_last_move(void **state)
{
    static const double mus[] = {0, 0.9, 0.99};
    (void)state;
    for (int m = 0; m < 3; m++) {
        double w[N], all[STEPS][N];
        char text[40];
        trial t;
        snprintf(text, sizeof text, "momentum:mu=%g", mus[m]);
        trial_open(&t, text);
        assert_true(t.type->has_state);
        memcpy(w, t.w, sizeof w);
        for (int n = 0; n < STEPS; n++) {
            trial_step(&t, n, 0.01);
            memcpy(all[n], t.g, sizeof all[n]);
            for (int i = 0; i < N; i++) {
                for (int k = 0; k <= n; k++)
                    w[i] += 0.01 * all[k][i] * pow(mus[m], n - k);
                ASSERT_NEAR(t.w[i], w[i], 1e-12);
            }
        }
        trial_close(&t);
    }
}

static void rmsprop_divides_by_the_root_of_the_mean_square(void **state)
{
    double w[N], s[N] = {0};
    trial t;
    (void)state;
    trial_open(&t, "rmsprop:decay=0.9,epsilon=1e-3");
    assert_true(t.type->has_state);
    memcpy(w, t.w, sizeof w);
    for (int k = 0; k < STEPS; k++) {
        trial_step(&t, k, 0.01);
        for (int i = 0; i < N; i++) {
            s[i] = 0.9 * s[i] + 0.1 * t.g[i] * t.g[i];
            w[i] += 0.01 * t.g[i] / (sqrt(s[i]) + 1e-3);
            ASSERT_NEAR(t.w[i], w[i], 1e-14);
        }
    }
    trial_close(&t);
    trial_open(&t, "rmsprop");
    memset(t.g, 0, sizeof t.g);
    memcpy(w, t.w, sizeof w);
    t.type->move(t.method.options, 1, N, t.g, t.state, t.w); /* 0 / epsilon */
    assert_memory_equal(w, t.w, sizeof w);
    trial_close(&t);
}

static void moves_refuse_what_would_run_away(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_method m;
    (void)state;
    ASSERT_FAILS(mye_method_parse(ctx, &mye_kind_move, "momentum:mu=1", &m, &err), MYE_ERR_ARG,
                 "mu");
    ASSERT_FAILS(mye_method_parse(ctx, &mye_kind_move, "rmsprop:epsilon=0", &m, &err), MYE_ERR_ARG,
                 "epsilon");
    ASSERT_FAILS(mye_method_parse(ctx, &mye_kind_move, "adam", &m, &err), MYE_ERR_ARG,
                 "unknown move 'adam'");
    mye_context_free(ctx);
}

/* ---- what is around them ---- */

static void the_learning_rate_falls_on_a_line(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    mye_lesson lesson;
    (void)state;
    options.epochs = 5;
    options.lambda = 0.2;
    options.decay = 0.8;
    ASSERT_OK(mye_lesson_open(ctx, &options, &lesson, &err));
    for (int e = 1; e <= 5; e++)
        ASSERT_NEAR(mye_lesson_lambda(&lesson, e), 0.2 * (1 - 0.2 * (e - 1)), 1e-15);
    mye_lesson_close(&lesson);
    options.epochs = 1;
    ASSERT_OK(mye_lesson_open(ctx, &options, &lesson, &err));
    assert_true(mye_lesson_lambda(&lesson, 1) == 0.2);
    mye_lesson_close(&lesson);
    mye_context_free(ctx);
}

/* Moves at some presentations only, with momentum; the mean of what the weights were after each. */
static void the_average_is_that_of_all_presentations(void **state)
{
    enum { SEEN = 50 };
    mye_context *ctx = make_context(NULL);
    mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    mye_lesson lesson;
    mye_desk desk;
    double w[N], kept[N] = {0}, sum[N] = {0}, mean[N] = {0};
    const mye_pupil pupil = {w, kept, sum};
    (void)state;
    ASSERT_OK(mye_lesson_open(ctx, &options, &lesson, &err));
    ASSERT_OK(mye_desk_open(&lesson, N, 0, &desk, &err));
    draw_normals(7, N, 3, 1, w);
    for (int seen = 1; seen <= SEEN; seen++) {
        if (seen % 7 == 1 || seen % 5 == 0) {
            draw_normals(50 + (uint64_t)seen, N, 0, 1, desk.reader.gradient);
            mye_pupil_move(&lesson, &desk, 0.3, seen, &pupil);
            assert_true(norm(N, desk.reader.gradient) == 0);
        }
        for (int i = 0; i < N; i++)
            mean[i] += w[i] / SEEN;
    }
    mye_pupil_average(&pupil, N, SEEN);
    for (int i = 0; i < N; i++)
        ASSERT_NEAR(w[i], mean[i], 1e-12);
    mye_desk_close(&desk);
    mye_lesson_close(&lesson);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_adds_lambda_times_the_direction),
        cmocka_unit_test(momentum_repeats_a_share_of_the_last_move),
        cmocka_unit_test(rmsprop_divides_by_the_root_of_the_mean_square),
        cmocka_unit_test(moves_refuse_what_would_run_away),
        cmocka_unit_test(the_learning_rate_falls_on_a_line),
        cmocka_unit_test(the_average_is_that_of_all_presentations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
