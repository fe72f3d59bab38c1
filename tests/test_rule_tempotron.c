/* Tempotron: T6, verdicts, the perceptron that it is when all times are equal (T8). */
#include "synapse_support.h"

static const double q_gradient[Q_UNITS] = {1.706116, 0.201744, 3.306765, 1.358210};

static mye_verdict learn_q(const char *rule, double theta, int count, double *d)
{
    stand s;
    stand_q(&s, "double-exp", rule, theta);
    const mye_verdict verdict = stand_learn(&s, count, NULL, d);
    stand_close(&s);
    return verdict;
}

static void a_mistake_moves_along_the_traces_at_the_maximum(void **state)
{
    double d[Q_UNITS];
    (void)state;
    assert_int_equal(learn_q("tempotron", 1, 0, d), MYE_WRONG);
    for (int i = 0; i < Q_UNITS; i++)
        ASSERT_NEAR(d[i], -q_gradient[i], 1e-6);
    assert_int_equal(learn_q("tempotron", 3, 1, d), MYE_WRONG);
    for (int i = 0; i < Q_UNITS; i++)
        ASSERT_NEAR(d[i], q_gradient[i], 1e-6);
    assert_int_equal(learn_q("tempotron", 3, 7, d), MYE_WRONG); /* any number above 0 is firing */
    ASSERT_NEAR(d[0], q_gradient[0], 1e-6);
    assert_int_equal(learn_q("tempotron", 1, 7, d), MYE_RIGHT);
    assert_true(norm(Q_UNITS, d) == 0);
    assert_int_equal(learn_q("tempotron", 3, 0, d), MYE_RIGHT);
    assert_true(norm(Q_UNITS, d) == 0);
}

/* V_max is 2.3132. */
static void maxima_within_the_margin_are_near(void **state)
{
    static const struct {
        double theta;
        int count;
        mye_verdict verdict;
    } known[] = {{2.3, 1, MYE_NEAR},   {2.2, 1, MYE_RIGHT},  {2.32, 0, MYE_NEAR},
                 {2.42, 0, MYE_RIGHT}, {2.32, 1, MYE_WRONG}, {2.5, 1, MYE_WRONG},
                 {2.3, 0, MYE_WRONG},  {2, 0, MYE_WRONG}};
    (void)state;
    for (int i = 0; i < COUNT_OF(known); i++) {
        double d[Q_UNITS];
        assert_int_equal(learn_q("tempotron:margin=0.1", known[i].theta, known[i].count, d),
                         known[i].verdict);
        const double sign = known[i].verdict == MYE_RIGHT ? 0 : known[i].count ? 1 : -1;
        for (int k = 0; k < Q_UNITS; k++)
            ASSERT_NEAR(d[k], sign * q_gradient[k], 1e-6);
    }
}

static void a_neuron_that_never_rises_is_woken_only_to_fire(void **state)
{
    const char *const rule[] = {"tempotron", "mst", "tdp1", "tdp2", "peak"};
    static const double coefficients[Q_UNITS] = {1.5 + 1.2 + 3, 0.5 + 1, 2 + 2.5, 1 + 0.8 + 1};
    (void)state;
    for (int r = 0; r < COUNT_OF(rule); r++) {
        double d[Q_UNITS];
        stand s;
        stand_q(&s, "double-exp", rule[r], 1);
        for (int i = 0; i < Q_UNITS; i++)
            s.w[i] = -0.1;
        stand_face(&s);
        assert_int_equal(stand_learn(&s, 1, NULL, d), MYE_WRONG);
        for (int i = 0; i < Q_UNITS; i++)
            ASSERT_NEAR(d[i], coefficients[i], 1e-12);
        assert_int_equal(stand_learn(&s, 0, NULL, d), MYE_RIGHT);
        assert_true(norm(Q_UNITS, d) == 0);
        stand_close(&s);
    }
}

/* ---- perceptrons ---- */

enum { UNITS = 500, PATTERNS = 64 };

static mye_patterns *open_patterns(mye_context *ctx, const char *text, uint64_t seed)
{
    mye_patterns *set = NULL;
    ASSERT_OK(mye_patterns_open(ctx, text, NULL, "train", seed, &set, &err));
    return set;
}

static mye_synapse_result learn_labels(mye_context *ctx, const mye_patterns *set, int64_t epochs,
                                       uint64_t seed)
{
    mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    mye_synapse *s = NULL;
    mye_synapse_result result;
    int32_t count[PATTERNS];
    options.lambda = 1e-4;
    options.init_mean = 0.03; /* V_max near theta: from 0.01 it takes about twice as long */
    options.epochs = epochs;
    options.seed = seed;
    for (int k = 0; k < PATTERNS; k++)
        count[k] = mye_patterns_at(set, k).label;
    ASSERT_OK(mye_synapse_create(ctx, UNITS, 1, &options, &s, &err));
    ASSERT_OK(mye_synapse_train(s, set, &(mye_aims){count, NULL, NULL}, NULL, &result, &err));
    mye_synapse_free(s);
    return result;
}

static void coefficients_alone_tell_patterns_apart(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        mye_context *ctx = make_context(NULL);
        mye_patterns *set = open_patterns(ctx, "single:patterns=64,times=shared", seed);
        mye_patterns *ordinary = NULL;
        mye_synapse_result r = learn_labels(ctx, set, 100, seed);
        print_message("%lld epochs\n", (long long)r.epochs);
        assert_true(r.converged && r.epochs >= 6 && r.epochs <= 70);
        assert_true(r.curve[r.epochs - 1].wrong == 0 && r.curve[0].wrong > 0.2);
        mye_synapse_result_free(ctx, &r);
        ASSERT_OK(mye_patterns_ordinary(set, &ordinary, &err));
        r = learn_labels(ctx, ordinary, 30, seed);
        assert_true(!r.converged && r.epochs == 30);
        for (int64_t e = 0; e < r.epochs; e++)
            assert_true(r.curve[e].wrong > 0.25);
        mye_synapse_result_free(ctx, &r);
        mye_patterns_free(ordinary);
        mye_patterns_free(set);
        mye_context_free(ctx);
    }
}

/* The perceptron: w.c against theta, +-lambda c with momentum. */
static int perceive(const mye_pattern *p, double lambda, double *w, double *v)
{
    double sum = 0;
    for (int64_t i = 0; i < p->n; i++)
        sum += w[p->spike[i].unit] * (double)p->spike[i].c;
    if ((sum >= 1) == (p->label > 0))
        return 0;
    for (int i = 0; i < UNITS; i++)
        v[i] *= 0.9;
    for (int64_t i = 0; i < p->n; i++)
        v[p->spike[i].unit] += (p->label > 0 ? lambda : -lambda) * (double)p->spike[i].c;
    for (int i = 0; i < UNITS; i++)
        w[i] += v[i];
    return 1;
}

static void with_equal_times_it_is_a_perceptron(void **state)
{
    static const char *const texts[] = {"single:patterns=64,times=equal",
                                        "single:patterns=64,times=equal,coefficient=normal"};
    static double w[UNITS], v[UNITS], state_of[UNITS];
    (void)state;
    for (int t = 0; t < 2; t++) {
        mye_context *ctx = make_context(NULL);
        mye_patterns *set = open_patterns(ctx, texts[t], 3);
        mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
        mye_lesson lesson;
        mye_desk desk;
        mye_pupil pupil = {calloc(UNITS, sizeof(double)), state_of, NULL};
        int errors = 1, epochs = 0, seen = 0;
        options.lambda = 1e-3;
        ASSERT_OK(mye_lesson_open(ctx, &options, &lesson, &err));
        ASSERT_OK(mye_desk_open(&lesson, UNITS, UNITS, &desk, &err));
        memset(v, 0, sizeof v);
        memset(state_of, 0, sizeof state_of);
        mye_pupil_init(&lesson, UNITS, 0, pupil.w);
        memcpy(w, pupil.w, sizeof w);
        for (; errors > 0 && epochs < 200; epochs++) {
            errors = 0;
            for (int64_t k = 0; k < PATTERNS; k++) {
                const mye_pattern p = mye_patterns_at(set, k);
                const mye_aim aim = {p.label, NULL};
                mye_course course;
                ASSERT_OK(mye_desk_course(&lesson, &desk, &p, 0, &course, &err));
                const mye_verdict verdict =
                    mye_pupil_learn(&lesson, &desk, &course, &aim, 1e-3, ++seen, &pupil);
                const int wrong = perceive(&p, 1e-3, w, v);
                assert_int_equal(verdict, wrong ? MYE_WRONG : MYE_RIGHT);
                errors += wrong;
            }
        }
        print_message("%d epochs\n", epochs);
        assert_true(errors == 0 && epochs > 2);
        for (int i = 0; i < UNITS; i++)
            ASSERT_NEAR(pupil.w[i], w[i], 1e-12);
        free(pupil.w);
        mye_desk_close(&desk);
        mye_lesson_close(&lesson);
        mye_patterns_free(set);
        mye_context_free(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistake_moves_along_the_traces_at_the_maximum),
        cmocka_unit_test(maxima_within_the_margin_are_near),
        cmocka_unit_test(a_neuron_that_never_rises_is_woken_only_to_fire),
        cmocka_unit_test(coefficients_alone_tell_patterns_apart),
        cmocka_unit_test(with_equal_times_it_is_a_perceptron),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
