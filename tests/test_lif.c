/*
 * The integrate-and-fire family against sequences worked out by hand, against a plain re-telling of
 * training_rules.md sections 2.1, 2.3, 3.2 and 4.1 in double, and against the definition of the
 * averaged derivative.
 */
#include "neuronbench.h"

/* ---- by hand ---- */

#define N_HAND 5
typedef struct hand {
    const char *neuron;
    float x[N_HAND], u[N_HAND], s[N_HAND];
} hand;

#define X1                              \
    {                                   \
        0.75f, 0.75f, 0.75f, 1.5f, 0.0f \
    }
#define X2                            \
    {                                 \
        1.0f, 0.5f, 0.0f, 0.25f, 2.0f \
    }

static const hand HAND[] = {
    {"lif", X1, {0.75f, 1.125f, 0.8125f, 1.90625f, 0.453125f}, {0, 1, 0, 1, 0}},
    {"lif:lambda=0.5,tau=9", X1, {0.75f, 1.125f, 0.8125f, 1.90625f, 0.453125f}, {0, 1, 0, 1, 0}},
    {"lif:lambda=0", X1, {0.75f, 0.75f, 0.75f, 1.5f, 0.0f}, {0, 0, 0, 1, 0}},
    {"lif:subtract=0.5", X1, {0.75f, 1.125f, 1.0625f, 1.78125f, 0.640625f}, {0, 1, 1, 1, 0}},
    {"lif:theta=0.75", X1, {0.75f, 0.75f, 0.75f, 1.5f, 0.375f}, {1, 1, 1, 1, 0}},
    {"lif:reset=hard", X1, {0.75f, 1.125f, 0.75f, 1.875f, 0.0f}, {0, 1, 0, 1, 0}},
    {"lif:reset=hard,v_reset=-0.5", X1, {0.25f, 0.625f, 0.8125f, 1.65625f, -0.5f}, {0, 0, 0, 1, 0}},
    {"lif:decay_input=yes",
     X1,
     {0.375f, 0.5625f, 0.65625f, 1.078125f, 0.0390625f},
     {0, 0, 0, 1, 0}},
    {"lif:decay_input=yes,reset=hard,v_reset=-0.5",
     X1,
     {-0.125f, 0.0625f, 0.15625f, 0.578125f, 0.0390625f},
     {0, 0, 0, 0, 0}},
    {"lif", X2, {1.0f, 0.5f, 0.25f, 0.375f, 2.1875f}, {1, 0, 0, 0, 1}},
    {"lif:strict=yes", X2, {1.0f, 1.0f, 0.5f, 0.5f, 2.25f}, {0, 0, 0, 0, 1}},
    {"lif_spikingjelly", X1, {0.375f, 0.5625f, 0.65625f, 1.078125f, 0.0f}, {0, 0, 0, 1, 0}},
    {"if", X1, {0.75f, 1.5f, 1.25f, 1.75f, 0.75f}, {0, 1, 1, 1, 0}},
    {"if:reset=hard,v_reset=0.25", X1, {1.0f, 1.0f, 1.0f, 1.75f, 0.25f}, {1, 1, 1, 1, 0}},
    {"plif", X1, {0.75f, 1.125f, 0.8125f, 1.90625f, 0.453125f}, {0, 1, 0, 1, 0}},
    {"plif:decay_input=yes,reset=hard",
     X1,
     {0.375f, 0.5625f, 0.65625f, 1.078125f, 0.0f},
     {0, 0, 0, 1, 0}},
    {"leaky:beta=0.5", X1, {0.75f, 1.125f, 0.3125f, 1.65625f, -0.171875f}, {0, 1, 0, 1, 0}},
    {"leaky:beta=0.5,reset=zero", X1, {0.75f, 1.125f, 0.75f, 1.875f, 0.0f}, {0, 1, 0, 1, 0}},
    {"leaky:beta=0.5,reset=none",
     X1,
     {0.75f, 1.125f, 1.3125f, 2.15625f, 1.078125f},
     {0, 1, 1, 1, 1}},
    {"leaky:beta=0.5", X2, {1.0f, 1.0f, 0.5f, 0.5f, 2.25f}, {0, 0, 0, 0, 1}},
};

static void check_hand(const hand *row, const char *kernels, bool smooth_off_floats)
{
    bench b;
    bench_options o = BENCH_OPTIONS;
    o.neuron = row->neuron;
    o.kernels = kernels;
    o.floats = smooth_off_floats;
    bench_open(&b, &o);
    const int64_t n = b.n * o.B;
    for (int64_t i = 0; i < bench_size(&b); i++)
        b.x[i] = row->x[i / n];
    bench_forward(&b, true);
    for (int64_t i = 0; i < bench_size(&b); i++) {
        if (b.u[i] != row->u[i / n] || bench_out(&b, i) != row->s[i / n])
            fail_msg("%s, step %d: u = %g, s = %g, not %g, %g", row->neuron, (int)(i / n),
                     (double)b.u[i], (double)bench_out(&b, i), (double)row->u[i / n],
                     (double)row->s[i / n]);
        assert_true(b.s[i] == row->s[i / n]);
    }
    bench_close(&b);
}

static void sequences_worked_out_by_hand_come_out_exactly(void **state)
{
    const mye_kernels *tables[8];
    (void)state;
    mye_kernels_all(tables);
    for (int k = 0; tables[k] != NULL; k++)
        for (size_t i = 0; i < sizeof HAND / sizeof *HAND; i++)
            check_hand(&HAND[i], tables[k]->name, i % 2 == 0);
}

static void a_neuron_may_emit_its_membrane(void **state)
{
    bench b;
    bench_options o = BENCH_OPTIONS;
    (void)state;
    o.neuron = "leaky:beta=0.5,emit=membrane";
    bench_open(&b, &o);
    assert_int_equal(b.node[NEURON].format, MYE_F32);
    bench_forward(&b, true);
    int64_t spikes = 0;
    for (int64_t i = 0; i < bench_size(&b); i++) {
        assert_true(bench_out(&b, i) == b.u[i]);
        assert_true(b.s[i] == (b.u[i] > 1.0f ? 1.0f : 0.0f));
        spikes += b.s[i] > 0.0f;
    }
    assert_true(spikes > 0);
    bench_close(&b);
}

/* ---- one neuron in double ---- */

typedef struct model {
    double lambda, a, R, theta, subtract;
    bool hard, strict, detached, late, membrane, decay_input;
    const mye_surrogate *surrogate;
    double sa, sb;
} model;

#define MOST_T 8
typedef struct trace {
    double u[MOST_T], s[MOST_T], above[MOST_T]; /* above: v_{t-1} - R */
    double margin;
} trace;

static model model_of(const bench *b)
{
    const mye_node *n = &b->node[NEURON];
    const char *name = n->neuron->entry.name;
    char text[MYE_METHOD_MAX];
    model m = {0};
    mye_method s;
    const mye_param *params = n->neuron->entry.params;
#define GET(key)             (mye_params_get(params, n->options, key, text, sizeof text, NULL) == MYE_OK)
#define NUMBER(key, missing) (GET(key) ? strtod(text, NULL) : (missing))
#define YES(key)             (GET(key) && (strcmp(text, "yes") == 0 || strcmp(text, "true") == 0))
    m.late = strcmp(name, "leaky") == 0;
    m.lambda = NUMBER("lambda", -1.0);
    if (m.late)
        m.lambda = NUMBER("beta", 0.0);
    else if (strcmp(name, "if") == 0)
        m.lambda = 1.0;
    else if (m.lambda < 0.0)
        m.lambda = 1.0 - 1.0 / NUMBER("tau", 0.0);
    m.theta = NUMBER("theta", 0.0);
    m.subtract = NUMBER("subtract", -1.0);
    if (m.subtract < 0.0)
        m.subtract = m.theta;
    assert_true(GET("reset"));
    m.hard = strcmp(text, "hard") == 0 || strcmp(text, "zero") == 0;
    if (strcmp(text, "none") == 0)
        m.subtract = 0.0;
    m.R = m.hard ? NUMBER("v_reset", 0.0) : 0.0;
    m.decay_input = YES("decay_input");
    m.a = m.decay_input ? 1.0 - m.lambda : 1.0;
    m.strict = YES("strict");
    m.detached = YES("detach_reset") || m.late;
    m.membrane = GET("emit") && strcmp(text, "membrane") == 0;
    assert_true(GET("surrogate"));
    assert_int_equal(mye_method_parse(b->ctx, &mye_kind_surrogate, text, &s, NULL), MYE_OK);
    m.surrogate = (const mye_surrogate *)s.entry;
    m.surrogate->constants(s.options, &m.sa, &m.sb);
    mye_method_free(b->ctx, &s);
    return m;
}

static trace run(const model *m, const bench *b, int64_t i)
{
    trace r = {.margin = 1.0};
    double v = m->R, late = 0.0;
    for (int t = 0; t < b->o.T; t++) {
        const double x = (double)bench_x(b, i + t * b->n * b->o.B);
        r.above[t] = v - m->R;
        r.u[t] = m->R + m->lambda * (v - m->R) + m->a * x - late;
        r.s[t] = (m->strict ? r.u[t] > m->theta : r.u[t] >= m->theta) ? 1.0 : 0.0;
        r.margin = fmin(r.margin, fabs(r.u[t] - m->theta));
        if (m->hard)
            v = (1.0 - r.s[t]) * r.u[t] + r.s[t] * m->R;
        else if (m->late)
            v = r.u[t], late = m->subtract * r.s[t];
        else
            v = r.u[t] - m->subtract * r.s[t];
    }
    return r;
}

static double slope_of(const model *m, double u)
{
    return m->surrogate->derivative(u - m->theta, m->sa, m->sb);
}

/* Section 3.2, four cases; returns dL/d(1/tau) along the way. */
static double back(const model *m, const trace *r, int T, const double *g, double *dx)
{
    double G = 0.0, dtau = 0.0;
    for (int t = T - 1; t >= 0; t--) {
        const double h = slope_of(m, r->u[t]), s = r->s[t];
        double du = m->membrane ? g[t] : g[t] * h;
        if (!m->hard && m->detached)
            du += G;
        else if (!m->hard)
            du += G - m->subtract * G * h;
        else if (m->detached)
            du += G * (1.0 - s);
        else
            du += G * (m->R - r->u[t]) * h + G * (1.0 - s);
        const double x = (r->u[t] - m->R - m->lambda * r->above[t]) / m->a;
        dtau += du * ((m->decay_input ? x : 0.0) - r->above[t]);
        dx[t] = m->a * du;
        G = m->lambda * du;
    }
    return dtau;
}

static const char *const VARIANTS[] = {
    "lif",
    "lif:detach_reset=no",
    "lif:decay_input=yes",
    "lif:decay_input=yes,detach_reset=no,subtract=0.8",
    "lif:reset=hard",
    "lif:reset=hard,detach_reset=no",
    "lif:reset=hard,v_reset=-0.25,surrogate=(atan:alpha=2)",
    "lif:reset=hard,v_reset=-0.25,detach_reset=no,surrogate=(atan:alpha=2)",
    "lif:reset=hard,v_reset=0.3,decay_input=yes",
    "lif:reset=hard,v_reset=0.3,decay_input=yes,detach_reset=no,tau=1.5",
    "lif:strict=yes,theta=0.7,surrogate=erf",
    "lif:lambda=0.3,surrogate=(fast_sigmoid:slope=5)",
    "lif:emit=membrane",
    "lif:emit=membrane,detach_reset=no",
    "lif:emit=membrane,reset=hard,v_reset=0.1,detach_reset=no",
    "lif_ottt",
    "lif_rate",
    "lif_sltt",
    "lif_spikingjelly",
    "if",
    "if:reset=hard,detach_reset=no",
    "plif:tau=3",
    "plif:tau=3,detach_reset=no",
    "plif:tau=3,decay_input=yes",
    "plif:tau=1.5,decay_input=yes,reset=hard,v_reset=-0.2",
    "plif:tau=1.5,decay_input=yes,reset=hard,v_reset=-0.2,detach_reset=no",
    "leaky",
    "leaky:reset=zero,beta=0.8,surrogate=fast_sigmoid",
    "leaky:reset=none",
    "leaky:emit=membrane,beta=0.7",
    "leaky:emit=membrane,beta=0.7,reset=zero",
};
enum { N_VARIANTS = sizeof VARIANTS / sizeof *VARIANTS };

/* Neurons that come too near the threshold may go either way in float; they get no gradient. */
static int64_t mute_undecided(bench *b, const model *m, double margin)
{
    int64_t muted = 0;
    const int64_t n = b->n * b->o.B;
    for (int64_t i = 0; i < n; i++) {
        const trace r = run(m, b, i);
        if (r.margin >= margin)
            continue;
        muted++;
        for (int t = 0; t < b->o.T; t++)
            b->g[i + t * n] = 0.0f;
    }
    assert_true(muted < n / 4);
    return muted;
}

static void near(const char *what, const char *name, double x, double truth, double tolerance)
{
    if (!(fabs(x - truth) <= tolerance * (1.0 + fabs(truth))))
        fail_msg("%s of %s: %.9g, not %.9g", what, name, x, truth);
}

static void check_variant(const char *text, const char *kernels)
{
    bench b;
    bench_options o = BENCH_OPTIONS;
    o.shape = (mye_shape){5, 3, 5, false};
    o.neuron = text;
    o.kernels = kernels;
    bench_open(&b, &o);
    const model m = model_of(&b);
    const int64_t n = b.n * o.B;
    double dtau = 0.0;
    mute_undecided(&b, &m, 1e-4);
    bench_forward(&b, true);
    bench_backward(&b);
    for (int64_t i = 0; i < n; i++) {
        const trace r = run(&m, &b, i);
        double g[MOST_T], dx[MOST_T];
        for (int t = 0; t < o.T; t++)
            g[t] = (double)b.g[i + t * n];
        dtau += back(&m, &r, o.T, g, dx);
        for (int t = 0; t < o.T && r.margin >= 1e-4; t++) {
            near("membrane", text, (double)b.u[i + t * n], r.u[t], 1e-6);
            assert_true((double)b.s[i + t * n] == r.s[t]);
            near("dx", text, (double)b.dx[i + t * n], dx[t], 2e-5);
        }
    }
    if (b.node[NEURON].n_weights > 0)
        near("dw", text, (double)b.dw, dtau * m.lambda * (1.0 - m.lambda), 2e-5);
    bench_close(&b);
}

static void forward_and_backward_agree_with_the_formulas_in_double(void **state)
{
    const mye_kernels *tables[8];
    (void)state;
    mye_kernels_all(tables);
    for (int k = 0; tables[k] != NULL; k++)
        for (int i = 0; i < N_VARIANTS; i++)
            check_variant(VARIANTS[i], tables[k]->name);
}

/* ---- one step without time ---- */

static void the_single_step_form_drops_time(void **state)
{
    static const char *const neurons[] = {"lif:decay_input=yes", "lif:reset=hard,detach_reset=no",
                                          "lif_sltt", "leaky:beta=0.7"};
    (void)state;
    for (size_t k = 0; k < sizeof neurons / sizeof *neurons; k++) {
        bench b;
        bench_options o = BENCH_OPTIONS;
        o.neuron = neurons[k];
        o.keeps_u = true;
        bench_open(&b, &o);
        const model m = model_of(&b);
        const int64_t n = b.n * o.B;
        for (int t = 0; t < o.T; t++) {
            mye_node_neuron.forward(&b.node[NEURON], &b.pass, t, t + 1);
            b.pass.t_base = t; /* the first row of every buffer is step t now */
            b.value[INPUT].grad_written = false;
            mye_node_neuron.backward(&b.node[NEURON], &b.pass, t, t + 1);
            b.pass.t_base = 0;
            for (int64_t i = 0; i < n; i++) {
                const trace r = run(&m, &b, i);
                if (r.margin >= 1e-4)
                    near("dx", neurons[k], (double)b.dx[i],
                         m.a * (double)b.g[i] * slope_of(&m, r.u[t]), 1e-5);
            }
        }
        bench_close(&b);
    }
}

/* PLIF's last membrane is gone in the single-step form; the step equation brings it back. */
static void the_single_step_form_has_the_gradient_of_w(void **state)
{
    static const char *const neurons[] = {"plif:tau=3", "plif:tau=1.5,decay_input=yes",
                                          "plif:decay_input=yes,reset=hard,v_reset=-0.2"};
    (void)state;
    for (size_t k = 0; k < sizeof neurons / sizeof *neurons; k++) {
        bench b;
        bench_options o = BENCH_OPTIONS;
        o.neuron = neurons[k];
        o.keeps_u = true;
        o.T = 1; /* buffers of one step; the pass is told that it has two */
        bench_open(&b, &o);
        const model m = model_of(&b);
        b.o.T = b.pass.T = 2;
        double truth = 0.0;
        for (int t = 0; t < 2; t++) {
            b.pass.t_base = t;
            mye_node_neuron.forward(&b.node[NEURON], &b.pass, t, t + 1);
        }
        mye_node_neuron.backward(&b.node[NEURON], &b.pass, 1, 2);
        for (int64_t i = 0; i < b.n * o.B; i++) {
            const double x = (double)b.x[i], u0 = m.R + m.a * x;
            const double s = u0 >= m.theta ? 1.0 : 0.0;
            const double above = m.hard ? (1.0 - s) * (u0 - m.R) : u0 - m.theta * s;
            const double u1 = m.R + m.lambda * above + m.a * x;
            truth += (double)b.g[i] * slope_of(&m, u1) * ((m.decay_input ? x : 0.0) - above);
        }
        near("dw", neurons[k], (double)b.dw, truth * m.lambda * (1.0 - m.lambda), 1e-4);
        b.o.T = 1;
        bench_close(&b);
    }
}

/* ---- rate-based learning ---- */

static void check_rates(const char *text, const char *kernels, bool spans)
{
    bench b;
    bench_options o = BENCH_OPTIONS;
    o.neuron = text;
    o.kernels = kernels;
    o.rates = true;
    o.spans = spans;
    bench_open(&b, &o);
    const model m = model_of(&b);
    const int mode = b.node[NEURON].neuron->rate_mode(&b.node[NEURON]);
    bench_forward(&b, false);
    for (int64_t i = 0; i < b.n * o.B; i++) {
        const trace r = run(&m, &b, i);
        double eps = 1.0, e = 0.0, rate = 0.0;
        for (int t = 0; t < o.T; t++) {
            const double h = slope_of(&m, r.u[t]);
            const double update[4] = {1.0, 1.0 - m.subtract * h, 1.0 - r.s[t] - r.u[t] * h,
                                      1.0 - r.s[t]};
            e += h * eps / o.T;
            rate += r.s[t] / o.T;
            eps = 1.0 + m.lambda * eps * update[mode];
        }
        if (r.margin < 1e-4)
            continue;
        near("averaged derivative", text, (double)b.value[NEURON].e[i], m.a * e, 1e-5);
        near("rate", text, (double)b.value[NEURON].r[i], rate, 1e-6);
    }
    bench_close(&b);
}

static const char *const RATES[] = {
    "lif",
    "lif:detach_reset=no",
    "lif:detach_reset=no,subtract=0.7",
    "lif:reset=hard,detach_reset=no",
    "lif:reset=hard",
    "lif:reset=hard,v_reset=-0.5",
    "lif:reset=hard,eligibility=hard",
    "lif:decay_input=yes",
    "lif_spikingjelly",
    "lif_rate",
    "if",
    "leaky",
    "leaky:reset=zero",
};

static void rate_collection_follows_the_formulas(void **state)
{
    const mye_kernels *tables[8];
    (void)state;
    mye_kernels_all(tables);
    for (int k = 0; tables[k] != NULL; k++)
        for (size_t i = 0; i < sizeof RATES / sizeof *RATES; i++)
            check_rates(RATES[i], tables[k]->name, i % 2 == 1);
}

/* e is what it is said to be, dr/dc: shift the current of all steps by a little. */
static void the_averaged_derivative_is_the_slope_of_the_rate(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof RATES / sizeof *RATES; k++) {
        if (strstr(RATES[k], "eligibility") != NULL)
            continue; /* deliberately another one */
        bench b;
        bench_options o = BENCH_OPTIONS;
        o.neuron = RATES[k];
        o.rates = o.smooth = true;
        bench_open(&b, &o);
        const int64_t n = b.n * o.B;
        const float d = 2e-3f;
        float *e = bench_floats(&b, n), *r = bench_floats(&b, n), *margin = bench_floats(&b, n);
        for (int64_t i = 0; i < n; i++)
            margin[i] = 1.0f;
        bench_forward(&b, true);
        for (int64_t i = 0; i < bench_size(&b); i++)
            margin[i % n] = fminf(margin[i % n], fabsf(b.u[i] - 1.0f));
        memcpy(e, b.value[NEURON].e, (size_t)n * sizeof *e);
        for (int64_t i = 0; i < bench_size(&b); i++)
            b.x[i] += d;
        bench_forward(&b, false);
        memcpy(r, b.value[NEURON].r, (size_t)n * sizeof *r);
        for (int64_t i = 0; i < bench_size(&b); i++)
            b.x[i] -= 2.0f * d;
        bench_forward(&b, false);
        for (int64_t i = 0; i < n; i++)
            if (margin[i] > 0.02f)
                near("dr/dc", RATES[k], (double)e[i],
                     (double)((r[i] - b.value[NEURON].r[i]) / (2.0f * d)), 2e-3);
        mye_free(b.ctx, e);
        mye_free(b.ctx, r);
        mye_free(b.ctx, margin);
        bench_close(&b);
    }
}

static void neurons_without_a_rate_based_form_say_so(void **state)
{
    static const struct {
        const char *neuron;
        int mode;
    } rows[] = {
        {"lif", 0},
        {"lif:detach_reset=no", 1},
        {"lif:detach_reset=no,reset=hard", 2},
        {"lif:reset=hard,v_reset=0.5", 3},
        {"lif:detach_reset=no,reset=hard,v_reset=0.5", -1},
        {"lif:emit=membrane", -1},
        {"plif", -1},
        {"leaky:reset=none", 0},
        {"relu", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bench b;
        bench_options o = BENCH_OPTIONS;
        o.neuron = rows[i].neuron;
        bench_open(&b, &o);
        assert_int_equal(b.node[NEURON].neuron->rate_mode(&b.node[NEURON]), rows[i].mode);
        bench_close(&b);
    }
}

/* ---- presets and options ---- */

static void presets_are_the_documented_defaults_and_options_win(void **state)
{
    static const struct {
        const char *neuron;
        double lambda, a, theta;
        bool hard, detached;
        mye_surrogate_id surrogate;
    } rows[] = {
        {"lif", 0.5, 1.0, 1.0, false, true, MYE_SURROGATE_sigmoid},
        {"lif_rate", 0.2, 1.0, 1.0, false, true, MYE_SURROGATE_sigmoid},
        {"lif_sltt", 1.0 - 1.0 / 1.1, 1.0, 1.0, false, false, MYE_SURROGATE_triangle},
        {"lif_ottt", 0.5, 1.0, 1.0, false, true, MYE_SURROGATE_sigmoid},
        {"lif_spikingjelly", 0.5, 0.5, 1.0, true, false, MYE_SURROGATE_sigmoid},
        {"lif_spikingjelly:tau=4,surrogate=atan", 0.75, 0.25, 1.0, true, false, MYE_SURROGATE_atan},
        {"lif_sltt:lambda=0.5,detach_reset=yes", 0.5, 1.0, 1.0, false, true,
         MYE_SURROGATE_triangle},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bench b;
        bench_options o = BENCH_OPTIONS;
        o.neuron = rows[i].neuron;
        bench_open(&b, &o);
        const model m = model_of(&b);
        near("lambda", rows[i].neuron, m.lambda, rows[i].lambda, 1e-12);
        near("gain", rows[i].neuron, m.a, rows[i].a, 1e-12);
        assert_true(m.theta == rows[i].theta && m.hard == rows[i].hard);
        assert_int_equal(m.detached, rows[i].detached);
        assert_int_equal(m.surrogate->id, rows[i].surrogate);
        bench_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_worked_out_by_hand_come_out_exactly),
        cmocka_unit_test(a_neuron_may_emit_its_membrane),
        cmocka_unit_test(forward_and_backward_agree_with_the_formulas_in_double),
        cmocka_unit_test(the_single_step_form_drops_time),
        cmocka_unit_test(the_single_step_form_has_the_gradient_of_w),
        cmocka_unit_test(rate_collection_follows_the_formulas),
        cmocka_unit_test(the_averaged_derivative_is_the_slope_of_the_rate),
        cmocka_unit_test(neurons_without_a_rate_based_form_say_so),
        cmocka_unit_test(presets_are_the_documented_defaults_and_options_win),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
