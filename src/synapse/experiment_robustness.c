/*
 * Robustness: patterns are learned by heart without noise (or with it), then read with noise. The same
 * neurons, patterns and draws with ordinary spikes and with coefficients.
 */
#include <string.h>

#include "synapse/trial.h"

enum { NOISES_MAX = 8, COPIES_MAX = 1000 };

typedef struct options {
    mye_learn_options learn;
    char patterns[MYE_METHOD_MAX], readout[MYE_METHOD_MAX], noise[512];
    int64_t neurons, copies, runs, seed;
} options;

static const mye_param params[] = {
    {"copies", MYE_PARAM_INT, offsetof(options, copies), 0, "20", 1, COPIES_MAX, NULL, NULL,
     "copies", "noisy copies of each pattern that are read"},
    MYE_LEARN_NUMBERS(options, learn, "0.001", "200", "0.01", "0.01"),
    MYE_LEARN_METHODS(options, learn, "double-exp", "tempotron", "momentum"),
    {"neurons", MYE_PARAM_INT, offsetof(options, neurons), 0, "1", 1, 1000, NULL, NULL, "neurons",
     "of each class, or of all where the readout has them in common"},
    {"noise", MYE_PARAM_TEXT, offsetof(options, noise), 512,
     "jitter=1,2,4,8;coefficient=0.1,0.3,0.6;delete=0.1,0.3;insert=0.5,1", 0, 0, NULL, NULL, "LIST",
     "kinds of noise with their strengths: NAME=X,Y;NAME=X"},
    {"patterns", MYE_PARAM_METHOD, offsetof(options, patterns), MYE_METHOD_MAX, "poisson", 0, 0,
     NULL, &mye_kind_pattern, "", "what is learned"},
    {"readout", MYE_PARAM_METHOD, offsetof(options, readout), MYE_METHOD_MAX, "levels:step=1", 0, 0,
     NULL, &mye_kind_readout, "", "from neurons to a class"},
    MYE_RUNS_PARAMS(options, runs, seed, "5"),
    {"train_noise", MYE_PARAM_TEXT, offsetof(options, learn.noise), MYE_METHOD_MAX, "", 0, 0, NULL,
     NULL, "NOISE", "noise while learning, for another pair of curves: 'jitter:sd=2'"},
    {0},
};

/* One kind of noise over its strengths. */
typedef struct sweep {
    const mye_noise_type *type;
    mye_numbers level;
} sweep;

typedef struct work {
    mye_context *ctx;
    const options *o;
    mye_learn_options plain; /* without noise while learning */
    const char *dir;
    const mye_callbacks *callbacks;
    int n_sweeps, n_series;
    sweep sweep[NOISES_MAX];
    double *accuracy; /* [series][1 + points][runs], the first clean */
    int points;       /* of all sweeps */
} work;

static const char *const series_name[] = {"ordinary", "augmented", "ordinary, noise learned",
                                          "augmented, noise learned"};

/* The noise of one point, as text. */
static void noise_text(const sweep *s, int i, char out[MYE_METHOD_MAX])
{
    snprintf(out, MYE_METHOD_MAX, "%s:%s=%.17g", s->type->entry.name, s->type->strength,
             s->level.value[i]);
}

static mye_status check_noise(const work *w, const char *text, mye_error *err)
{
    mye_noises parsed;
    const mye_status st = mye_noises_parse(w->ctx, text, &parsed, err);
    mye_noises_free(&parsed);
    return st;
}

/* A kind of noise once, at strengths that it takes: known before the work. */
static mye_status check_sweep(const work *w, const sweep *s, mye_error *err)
{
    for (const sweep *other = w->sweep; other < s; other++)
        if (other->type == s->type)
            return mye_fail(err, MYE_ERR_ARG, "noise '%s' comes twice; give all its strengths once",
                            s->type->entry.name);
    for (int i = 0; i < s->level.n; i++) {
        char text[MYE_METHOD_MAX];
        noise_text(s, i, text);
        MYE_TRY(check_noise(w, text, err));
    }
    return MYE_OK;
}

static mye_status read_sweeps(work *w, mye_error *err)
{
    for (const char *at = w->o->noise; *at;) {
        char one[200], *equals;
        const size_t n = strcspn(at, ";");
        const mye_entry *entry;
        snprintf(one, sizeof(one), "%.*s", (int)n, at);
        equals = strchr(one, '=');
        if (w->n_sweeps == NOISES_MAX || n >= sizeof(one) || !equals)
            return mye_fail(err, MYE_ERR_ARG,
                            "noise wants at most %d times NAME=X,Y with ';' between, got '%.80s'",
                            NOISES_MAX, w->o->noise);
        *equals = '\0';
        MYE_TRY(mye_kind_entry(&mye_kind_noise, one, &entry, err));
        sweep *s = &w->sweep[w->n_sweeps++];
        s->type = (const mye_noise_type *)entry;
        MYE_TRY(mye_numbers_parse(one, equals + 1, 0, 1e6, &s->level, err));
        MYE_TRY(check_sweep(w, s, err));
        w->points += s->level.n;
        at += n + (at[n] == ';');
    }
    if (w->n_sweeps == 0)
        return mye_fail(err, MYE_ERR_ARG, "noise wants a kind with its strengths: NAME=X,Y");
    return check_noise(w, w->o->learn.noise, err);
}

/* Mean accuracy over noisy copies. */
static mye_status test_noise(const work *w, const mye_trial *t, const mye_patterns *set,
                             const char *noise, double *accuracy, mye_error *err)
{
    double sum = 0;
    for (int64_t copy = 0; copy < w->o->copies; copy++) {
        mye_patterns *noisy = NULL;
        double one = 0;
        mye_status st = mye_patterns_noise(set, noise, t->seed, copy, &noisy, err);
        if (st == MYE_OK)
            st = mye_trial_test(t, noisy, &one, NULL, err);
        mye_patterns_free(noisy);
        MYE_TRY(st);
        sum += one;
    }
    *accuracy = sum / (double)w->o->copies;
    return MYE_OK;
}

static mye_status test_all(const work *w, const mye_trial *t, const mye_patterns *set, int s,
                           int run, mye_error *err)
{
    const int runs = (int)w->o->runs;
    double *out = w->accuracy + (size_t)s * (size_t)(1 + w->points) * (size_t)runs + run;
    MYE_TRY(mye_trial_test(t, set, out, NULL, err));
    for (int k = 0; k < w->n_sweeps; k++)
        for (int i = 0; i < w->sweep[k].level.n; i++) {
            char noise[MYE_METHOD_MAX];
            noise_text(&w->sweep[k], i, noise);
            out += runs;
            MYE_TRY(test_noise(w, t, set, noise, out, err));
        }
    return MYE_OK;
}

static mye_status one_series(const work *w, const mye_patterns *set, int s, int run, mye_error *err)
{
    mye_trial t = {.ctx = w->ctx,
                   .learn = s < 2 ? &w->plain : &w->o->learn,
                   .readout = w->o->readout,
                   .each = (int)w->o->neurons,
                   .seed = (uint64_t)w->o->seed + (uint64_t)run};
    mye_status st = mye_trial_learn(&t, set, err);
    if (st == MYE_OK)
        st = test_all(w, &t, set, s, run, err);
    mye_trial_close(&t);
    return st;
}

static void tell_progress(const work *w, int done, int total, double begin_s)
{
    const double elapsed = mye_now_s() - begin_s;
    const mye_progress p = {.phase = "noise",
                            .done = done,
                            .total = total,
                            .elapsed_s = elapsed,
                            .left_s = elapsed * (total - done) / done};
    if (w->callbacks && w->callbacks->progress)
        w->callbacks->progress(w->callbacks->user, &p);
}

static mye_status all_runs(const work *w, mye_error *err)
{
    const double begin_s = mye_now_s();
    const int runs = (int)w->o->runs;
    for (int run = 0; run < runs; run++) {
        mye_patterns *set = NULL;
        mye_status st = mye_patterns_open(w->ctx, w->o->patterns, w->dir, "train",
                                          (uint64_t)w->o->seed + (uint64_t)run, &set, err);
        if (st == MYE_OK)
            st = mye_trial_check(set, set, err);
        /* Augmented ones, then the same patterns without coefficients. */
        for (int i = 0; st == MYE_OK && i < w->n_series; i++) {
            const int half = w->n_series / 2, s = i < half ? 2 * i + 1 : 2 * (i - half);
            if (i == half)
                mye_patterns_flatten(set);
            st = one_series(w, set, s, run, err);
            if (st == MYE_OK)
                tell_progress(w, run * w->n_series + i + 1, runs * w->n_series, begin_s);
        }
        mye_patterns_free(set);
        MYE_TRY(st);
    }
    return MYE_OK;
}

static void tell(const work *w, mye_study *out)
{
    const int runs = (int)w->o->runs;
    for (int s = 0; s < w->n_series; s++) {
        const double *clean = w->accuracy + (size_t)s * (size_t)(1 + w->points) * (size_t)runs;
        const double *at = clean + runs;
        for (int k = 0; k < w->n_sweeps; k++) {
            const mye_noise_type *type = w->sweep[k].type;
            const mye_param *p = type->entry.params;
            char title[200], x_name[80];
            while (strcmp(p->name, type->strength) != 0)
                p++;
            snprintf(title, sizeof(title), "accuracy, noise %s (%s)", type->entry.name,
                     type->entry.brief);
            snprintf(x_name, sizeof(x_name), "%s%s%s", p->help, p->unit[0] ? ", " : "", p->unit);
            const mye_panel_kind panel = {title, x_name, false, false};
            mye_study_add(out, &panel, series_name[s], 0, NULL, "%", clean, runs);
            for (int i = 0; i < w->sweep[k].level.n; i++, at += runs)
                mye_study_add(out, &panel, series_name[s], w->sweep[k].level.value[i], NULL, "%",
                              at, runs);
        }
    }
}

static mye_status run(mye_context *ctx, const void *opt, const char *dir,
                      const mye_callbacks *callbacks, mye_study *out, mye_error *err)
{
    work w = {.ctx = ctx, .o = opt, .dir = dir, .callbacks = callbacks};
    w.plain = w.o->learn;
    w.plain.noise[0] = '\0';
    w.n_series = w.o->learn.noise[0] ? 4 : 2;
    MYE_TRY(read_sweeps(&w, err));
    const size_t n = (size_t)w.n_series * (size_t)(1 + w.points) * (size_t)w.o->runs;
    w.accuracy = mye_alloc_array(ctx, n, sizeof(*w.accuracy));
    if (!w.accuracy)
        return mye_no_memory(err, n * sizeof(*w.accuracy), "results of runs");
    const mye_status st = all_runs(&w, err);
    if (st == MYE_OK)
        tell(&w, out);
    mye_free(ctx, w.accuracy);
    return st;
}

const mye_experiment_type mye_experiment_robustness = {
    .entry = {"robustness", "how noise on spikes hurts, over its strength", "Yu et al. 2020",
              params, sizeof(options)},
    .title = "Robustness",
    .run = run,
};
