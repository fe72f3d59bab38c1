/*
 * What the tests of single neurons share: one neuron in front of one pattern, the pattern of the
 * specification, random patterns, and a neuron coded a second time.
 */
#ifndef SYNAPSE_SUPPORT_H
#define SYNAPSE_SUPPORT_H

#include <math.h>

#include "data_support.h"
#include "myelin/myelin.h"
#include "synapse/group.h"

#define SPIKES_MOST 4000 /* of a random pattern */
#define COUNT_OF(a) ((int)(sizeof(a) / sizeof((a)[0])))

/* |got - want| is at most `within` times max(1, |want|). */
#define ASSERT_NEAR(got, want, within)                                                          \
    do {                                                                                        \
        const double got_ = (got), want_ = (want);                                              \
        if (!(fabs(got_ - want_) <= (within) * (fabs(want_) > 1 ? fabs(want_) : 1)))            \
            fail_msg("line %d: %s is %.12g, expected %.12g, off by %.3g", __LINE__, #got, got_, \
                     want_, got_ - want_);                                                      \
    } while (0)

/* ---- numbers ---- */

/* Draw `i` of a test's stream `seed`. */
static inline double draw_uniform(uint64_t seed, uint64_t i)
{
    return (double)(mye_random_u64(seed, MYE_STREAM_TEST, i) >> 11) * 0x1p-53;
}

static inline void draw_normals(uint64_t seed, int n, double mean, double sd, double *out)
{
    for (int i = 0; i < n; i++)
        out[i] = mean + sd * (double)mye_random_normal(seed, MYE_STREAM_TEST, (uint64_t)i);
}

/* Poisson spikes of `units` afferents as one process; coefficients uniform in [0, 2), or 1. */
static inline int draw_spikes(uint64_t seed, int units, double rate_hz, double window_ms,
                              bool augmented, mye_spike *out)
{
    const double mean_ms = 1000 / (rate_hz * units);
    int n = 0;
    for (double t = 0; n < SPIKES_MOST; n++) {
        const uint64_t i = 3 * (uint64_t)n;
        t -= mean_ms * log(1 - draw_uniform(seed, i));
        if (t >= window_ms)
            break;
        const double c = augmented ? 2 * draw_uniform(seed, i + 1) : 1;
        out[n] = (mye_spike){t, (float)c, (int32_t)(units * draw_uniform(seed, i + 2))};
    }
    assert_true(n < SPIKES_MOST);
    return n;
}

/* sum of x y */
static inline double dot(int n, const double *x, const double *y)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

static inline double norm(int n, const double *x)
{
    return sqrt(dot(n, x, x));
}

/* ---- the pattern of the specification ---- */

#define Q_UNITS 4

static const double q_weights[Q_UNITS] = {0.4, -0.2, 0.3, 0.5};

/* Coefficients that are no floats come as two spikes: the float, and the rest. */
static const mye_spike q_spikes[] = {
    {5, 1.5f, 0},  {8, 0.5f, 1},
    {12, 2, 2},    {15, 1, 3},
    {30, 1.2f, 0}, {30, (float)(1.2 - (double)1.2f), 0},
    {33, 0.8f, 3}, {33, (float)(0.8 - (double)0.8f), 3},
    {35, 2.5f, 2}, {60, 1, 1},
    {62, 3, 0},    {65, 1, 3},
};
enum { Q_SPIKES = sizeof(q_spikes) / sizeof(q_spikes[0]) };
static const mye_pattern q_pattern = {q_spikes, Q_SPIKES, 200, 0, 0};

/* ---- one neuron in front of one pattern ---- */

typedef struct stand {
    mye_context *ctx;
    mye_lesson lesson;
    mye_patterns *set;
    mye_desk desk;
    mye_course course;
    mye_reader *r;
    double *w;
    int32_t units;
} stand;

static inline void stand_open(stand *s, const char *psp, const char *rule, double theta,
                              int32_t units)
{
    mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    *s = (stand){.ctx = make_context(NULL), .units = units};
    options.psp = psp;
    options.rule = rule;
    options.move = "plain";
    options.theta = theta;
    ASSERT_OK(mye_lesson_open(s->ctx, &options, &s->lesson, &err));
    ASSERT_OK(mye_desk_open(&s->lesson, units, SPIKES_MOST, &s->desk, &err));
    s->r = &s->desk.reader;
    s->w = calloc((size_t)units, sizeof(double));
    assert_non_null(s->w);
}

/* The reader in front of the pattern with the weights that there are now. */
static inline void stand_face(stand *s)
{
    mye_reader_face(s->r, &s->course, s->w);
}

static inline void stand_show(stand *s, const mye_spike *spike, int64_t n, double window_ms)
{
    const mye_pattern given = {spike, n, window_ms, 0, 0};
    mye_patterns_free(s->set);
    ASSERT_OK(mye_patterns_create(s->ctx, s->units, 1, &s->set, &err));
    ASSERT_OK(mye_patterns_add(s->set, &given, &err));
    const mye_pattern kept = mye_patterns_at(s->set, 0);
    ASSERT_OK(mye_desk_course(&s->lesson, &s->desk, &kept, 0, &s->course, &err));
    stand_face(s);
}

static inline void stand_close(stand *s)
{
    mye_patterns_free(s->set);
    mye_desk_close(&s->desk);
    mye_lesson_close(&s->lesson);
    assert_int_equal(mye_context_live_bytes(s->ctx), 0);
    mye_context_free(s->ctx);
    free(s->w);
}

/* The specification's neuron and pattern. */
static inline void stand_q(stand *s, const char *psp, const char *rule, double theta)
{
    stand_open(s, psp, rule, theta, Q_UNITS);
    memcpy(s->w, q_weights, sizeof q_weights);
    stand_show(s, q_spikes, Q_SPIKES, 200);
}

/* A random neuron and pattern; with `wild` half of the weights are negative. */
static inline int stand_random(stand *s, const char *psp, uint64_t seed, bool wild,
                               mye_spike *spike)
{
    enum { UNITS = 100 };
    stand_open(s, psp, "tempotron", 1, UNITS);
    draw_normals(seed + 1000, UNITS, wild ? 0.02 : 0.1, wild ? 0.5 : 0.05, s->w);
    const int n = draw_spikes(seed, UNITS, 5, 500, true, spike);
    stand_show(s, spike, n, 500);
    return n;
}

/* What the rule learns from the pattern, in direction [units]. */
static inline mye_verdict stand_learn(stand *s, int count, const double *t_ms, double *direction)
{
    const mye_aim aim = {count, t_ms};
    const mye_verdict verdict =
        mye_lesson_rule(&s->lesson)->learn(s->lesson.rule.options, s->r, &aim);
    memcpy(direction, s->r->gradient, (size_t)s->units * sizeof(double));
    memset(s->r->gradient, 0, (size_t)s->units * sizeof(double));
    return verdict;
}

/* Spikes of the neuron with threshold theta. */
static inline const mye_walk *stand_walk(stand *s, double theta, bool peaks)
{
    s->r->theta = theta;
    mye_reader_walk(s->r, peaks);
    return &s->r->walk;
}

/* theta*_k with an exactness for finite differences; its gradient (may be NULL). */
static inline double stand_critical(stand *s, int k, mye_chain_mode mode, double *gradient)
{
    double theta, t_ms;
    int touch;
    if (!mye_reader_critical(s->r, k, 1e-13, &theta, &touch, &t_ms))
        fail_msg("no critical threshold of %d spikes", k);
    if (gradient) {
        mye_reader_chain(s->r, &s->r->walk, touch, t_ms, theta, mode, 1);
        memcpy(gradient, s->r->gradient, (size_t)s->units * sizeof(double));
        memset(s->r->gradient, 0, (size_t)s->units * sizeof(double));
    }
    return theta;
}

/* What a rule learns from pattern Q, for a spike too few and one too many, is its formula: the gradient
 * `by_formula` adds to g at theta*, which V touches at t_ms behind n spikes. */
static inline void check_direction(const char *rule,
                                   void (*by_formula)(const stand *s, int n, double t_ms,
                                                      double theta, double *g))
{
    static const char *const psp[] = {"double-exp", "exp"};
    for (int p = 0; p < 2; p++)
        for (int wanted = 0; wanted < 10; wanted += 9) {
            double theta, t_ms, d[Q_UNITS], g[Q_UNITS] = {0};
            int touch;
            stand s;
            stand_q(&s, psp[p], rule, 1);
            const int fired = stand_walk(&s, 1, false)->n, k = wanted ? fired + 1 : fired;
            assert_int_equal(stand_learn(&s, fired, NULL, d), MYE_RIGHT);
            assert_true(norm(Q_UNITS, d) == 0);
            assert_int_equal(stand_learn(&s, wanted, NULL, d), MYE_WRONG);
            assert_true(mye_reader_critical(s.r, k, 1e-9, &theta, &touch, &t_ms));
            by_formula(&s, touch, t_ms, theta, g);
            for (int i = 0; i < Q_UNITS; i++)
                ASSERT_NEAR(d[i], wanted ? g[i] : -g[i], 1e-9);
            stand_close(&s);
        }
}

/* Mean number of updates until a neuron fires `wanted` spikes on a random pattern; section 3.4. */
static inline double updates_to_fire(const char *rule, int wanted, bool augmented, int patterns)
{
    enum { UNITS = 500, MOST = 2000 };
    static mye_spike spike[SPIKES_MOST];
    static double direction[UNITS];
    int64_t updates = 0;
    for (int k = 0; k < patterns; k++) {
        stand s;
        int left = MOST;
        stand_open(&s, "double-exp", rule, 1, UNITS);
        draw_normals(500 + (uint64_t)k, UNITS, 0.001, 0.01, s.w);
        stand_show(&s, spike, draw_spikes((uint64_t)k, UNITS, 5, 500, augmented, spike), 500);
        while (left > 0 && stand_learn(&s, wanted, NULL, direction) != MYE_RIGHT) {
            for (int i = 0; i < UNITS; i++)
                s.w[i] += 1e-3 * direction[i];
            stand_face(&s);
            updates++;
            left--;
        }
        assert_true(left > 0);
        stand_close(&s);
    }
    return (double)updates / patterns;
}

/* Updates for 1, 5 and 20 spikes are those of the specification: its means are of five patterns, whose
 * standard error is up to 9 %, so a factor of 1.3. */
static inline void check_updates(const char *rule, const double ordinary[3],
                                 const double augmented[3], int patterns)
{
    static const int wanted[3] = {1, 5, 20};
    for (int i = 0; i < 3; i++) {
        const double o = updates_to_fire(rule, wanted[i], false, patterns);
        const double a = updates_to_fire(rule, wanted[i], true, patterns);
        print_message("%s, %d spikes: %.1f updates (ordinary), %.1f (augmented)\n", rule, wanted[i],
                      o, a);
        assert_true(o > ordinary[i] / 1.3 && o < 1.3 * ordinary[i]);
        assert_true(a > augmented[i] / 1.3 && a < 1.3 * augmented[i]);
    }
}

/* ---- the same neuron by its definition ---- */

/* V at t, from formula (1): every spike and every reset summed up. */
static inline double defined_v(const mye_psp *psp, const mye_spike *spike, int n, const double *w,
                               double theta, const mye_walk *walk, double t)
{
    double v = 0;
    for (int i = 0; i < n; i++)
        if (spike[i].t_ms < t || (psp->rise == 0 && spike[i].t_ms == t))
            v += w[spike[i].unit] * (double)spike[i].c * mye_psp_at(psp, t - spike[i].t_ms);
    for (int j = 0; walk && j < walk->n && walk->spike[j].t_ms < t; j++)
        v -= theta * exp(-(t - walk->spike[j].t_ms) / psp->tau_m);
    return v;
}

/* Clock-driven: two decaying sums, looked at every dt. Spikes sorted by time; returns how many. */
static inline int clock_driven(const mye_psp *psp, const mye_spike *spike, int n, const double *w,
                               double theta, double end_ms, double dt, double *fired, int room)
{
    const double dm = exp(-dt / psp->tau_m), ds = exp(-dt / psp->tau_s);
    double a = 0, b = 0;
    int at = 0, count = 0;
    for (int64_t step = 1; (double)step * dt <= end_ms; step++) {
        const double now = (double)step * dt;
        a *= dm;
        b *= ds;
        for (; at < n && spike[at].t_ms <= now; at++) {
            const double age = now - spike[at].t_ms;
            const double g = psp->gain * w[spike[at].unit] * (double)spike[at].c;
            a += g * exp(-age / psp->tau_m);
            b += psp->rise * g * exp(-age / psp->tau_s);
        }
        while (a - b >= theta && count < room) {
            fired[count++] = now;
            a -= theta;
        }
    }
    return count;
}

/* ---- a group before random patterns, with random aims ---- */

enum { B_UNITS = 60, B_NEURONS = 6, B_PATTERNS = 50 };

typedef struct bench {
    mye_context *ctx;
    size_t live; /* bytes of the context itself */
    mye_patterns *set;
    mye_synapse *s;
    int32_t count[B_PATTERNS * B_NEURONS];
    mye_synapse_result result;
} bench;

static inline void bench_open(bench *b, int threads, const mye_synapse_options *options)
{
    const mye_context_options of_context = {.threads = threads, .kernels = "ref"};
    *b = (bench){NULL};
    ASSERT_OK(mye_context_create(&of_context, &b->ctx, &err));
    b->live = mye_context_live_bytes(b->ctx);
    ASSERT_OK(mye_patterns_open(b->ctx, "poisson:units=60,patterns=50,rate=20,window=200", NULL,
                                "train", 4, &b->set, &err));
    for (int i = 0; i < B_PATTERNS * B_NEURONS; i++)
        b->count[i] = (int32_t)(4 * draw_uniform(9, (uint64_t)i));
    ASSERT_OK(mye_synapse_create(b->ctx, B_UNITS, B_NEURONS, options, &b->s, &err));
}

static inline mye_status bench_train(bench *b, const mye_callbacks *callbacks, mye_error *err)
{
    const mye_aims aims = {b->count, NULL, NULL};
    return mye_synapse_train(b->s, b->set, &aims, callbacks, &b->result, err);
}

static inline void bench_close(bench *b)
{
    mye_synapse_result_free(b->ctx, &b->result);
    mye_synapse_free(b->s);
    mye_patterns_free(b->set);
    assert_int_equal(mye_context_live_bytes(b->ctx), b->live);
    mye_context_free(b->ctx);
}

#endif
