/*
 * Learning capacity: how many random patterns a tempotron tells apart by heart, over the load alpha =
 * patterns / afferents. One spike of each afferent a pattern, labels drawn; a run succeeds when no
 * pattern is wrong within the epochs. Conditions say what tells patterns apart:
 *   ordinary      times                           (Guetig and Sompolinsky 2006: alpha about 3)
 *   augmented     times and coefficients U(0, 2)
 *   coefficients  coefficients N(0, 1); all patterns have the same times
 *   perceptron    coefficients N(0, 1); all spikes have one time: exactly a perceptron (alpha 2)
 */
#include <math.h>
#include <stdlib.h>

#include "synapse/experiment_kind.h"

typedef struct options {
    mye_learn_options learn;
    char load[256];
    int64_t units, runs, seed;
    double window;
} options;

static const mye_param params[] = {
    MYE_LEARN_NUMBERS(options, learn, "0.015", "1000", "0.01", "0.01"),
    {"load", MYE_PARAM_TEXT, offsetof(options, load), 256, "0.5,1,1.5,2,2.5,3", 0, 0, NULL, NULL,
     "LIST", "patterns for each afferent"},
    MYE_LEARN_METHODS(options, learn, "double-exp:tau_m=15,tau_s=3.75", "tempotron", "momentum"),
    MYE_RUNS_PARAMS(options, runs, seed, "6"),
    {"units", MYE_PARAM_INT, offsetof(options, units), 0, "100", 1, 100000, NULL, NULL, "afferents",
     "one spike each"},
    {"window", MYE_PARAM_FLOAT, offsetof(options, window), 0, "500", 1e-3, 1e7, NULL, NULL, "ms",
     "times are uniform in it"},
    {0},
};

static const struct {
    const char *name, *source;
} condition[] = {
    {"ordinary", "coefficient=one,times=random"},
    {"augmented", "coefficient=uniform,times=random"},
    {"coefficients", "coefficient=normal,times=shared"},
    {"perceptron", "coefficient=normal,times=equal"},
};
enum { CONDITIONS = sizeof(condition) / sizeof(condition[0]) };

typedef struct work {
    mye_context *ctx;
    const options *o;
    mye_numbers load;
    double *epochs; /* [CONDITIONS][loads][runs]; NAN: never learned */
} work;

static mye_status learn(const work *w, const mye_patterns *set, uint64_t seed, double *epochs,
                        mye_error *err)
{
    const mye_synapse_options teach = mye_learn_synapse(&w->o->learn, seed);
    const size_t n = (size_t)set->info.n, units = (size_t)set->info.units;
    mye_lesson lesson;
    mye_school school;
    double *weight = mye_alloc_array(w->ctx, units, sizeof(*weight));
    mye_aim *aim = mye_alloc_array(w->ctx, n, sizeof(*aim));
    mye_status st = mye_lesson_open(w->ctx, &teach, &lesson, err);
    if (st == MYE_OK && (!weight || !aim))
        st = mye_no_memory(err, n * sizeof(*aim), "a run");
    for (size_t k = 0; st == MYE_OK && k < n; k++)
        aim[k].count = set->label[k];
    if (st == MYE_OK) {
        mye_pupil_init(&lesson, set->info.units, 0, weight);
        st = mye_school_run(&lesson, set, aim, weight, NULL, NULL, &school, err);
    }
    if (st == MYE_OK)
        *epochs = school.converged ? (double)school.epochs : (double)NAN;
    mye_lesson_close(&lesson);
    mye_free(w->ctx, weight);
    mye_free(w->ctx, aim);
    return st;
}

/* The longest jobs, those with most patterns, come first. */
static mye_status one_run(void *arg, int i, mye_error *err)
{
    const work *w = arg;
    const int runs = (int)w->o->runs;
    const int run = i % runs, c = i / runs % CONDITIONS, l = w->load.n - 1 - i / runs / CONDITIONS;
    const uint64_t seed = (uint64_t)w->o->seed + (uint64_t)run;
    const double patterns = fmax(1, floor(w->load.value[l] * (double)w->o->units + 0.5));
    char source[MYE_METHOD_MAX];
    mye_patterns *set = NULL;
    snprintf(source, sizeof(source), "single:units=%lld,patterns=%.0f,window=%.17g,%s",
             (long long)w->o->units, patterns, w->o->window, condition[c].source);
    mye_status st = mye_patterns_open(w->ctx, source, NULL, "train", seed, &set, err);
    if (st == MYE_OK)
        st = learn(w, set, seed, &w->epochs[(c * w->load.n + l) * runs + run], err);
    mye_patterns_free(set);
    return st;
}

/* Where the share of successes falls through a half, on a line between loads; NAN: not in them. */
static double critical_load(const mye_numbers *load, const double *share)
{
    for (int l = 0; l + 1 < load->n; l++)
        if (share[l] >= 0.5 && share[l + 1] < 0.5)
            return load->value[l] + (load->value[l + 1] - load->value[l]) * (share[l] - 0.5) /
                                        (share[l] - share[l + 1]);
    return (double)NAN;
}

static void tell(const work *w, mye_study *out)
{
    static const mye_panel_kind success = {"runs that learned all", "load (patterns / afferents)",
                                           false, false};
    static const mye_panel_kind took = {"epochs they took", "load (patterns / afferents)", false,
                                        false};
    static const mye_panel_kind critical = {"critical load", "", true, false};
    const int runs = (int)w->o->runs;
    for (int c = 0; c < CONDITIONS; c++) {
        double share[MYE_NUMBERS_MAX];
        for (int l = 0; l < w->load.n; l++) {
            const double *epochs = &w->epochs[(c * w->load.n + l) * runs];
            double learned = 0;
            for (int r = 0; r < runs; r++)
                learned += isfinite(epochs[r]) != 0;
            share[l] = learned / runs;
            mye_study_add(out, &success, condition[c].name, w->load.value[l], NULL, "%", &share[l],
                          1);
            mye_study_add(out, &took, condition[c].name, w->load.value[l], NULL, "epochs", epochs,
                          runs);
        }
        const double at = critical_load(&w->load, share);
        mye_study_add(out, &critical, condition[c].name, 0, "half of the runs learn", "", &at, 1);
    }
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static mye_status run(mye_context *ctx, const void *opt, const char *dir,
                      const mye_callbacks *callbacks, mye_study *out, mye_error *err)
{
    work w = {.ctx = ctx, .o = opt};
    MYE_UNUSED(dir);
    MYE_TRY(mye_numbers_parse("load", w.o->load, 0.01, 1000, &w.load, err));
    qsort(w.load.value, (size_t)w.load.n, sizeof(*w.load.value), by_value);
    const int jobs = CONDITIONS * w.load.n * (int)w.o->runs;
    w.epochs = mye_alloc_array(ctx, (size_t)jobs, sizeof(*w.epochs));
    if (!w.epochs)
        return mye_no_memory(err, (size_t)jobs * sizeof(*w.epochs), "results of runs");
    const mye_status st = mye_jobs_run(ctx, jobs, one_run, &w, callbacks, "learn", err);
    if (st == MYE_OK)
        tell(&w, out);
    mye_free(ctx, w.epochs);
    return st;
}

const mye_experiment_type mye_experiment_capacity = {
    .entry = {"capacity", "how many random patterns a neuron tells apart, over the load",
              "Guetig and Sompolinsky 2006; Yu et al. 2020", params, sizeof(options)},
    .title = "Learning capacity",
    .run = run,
};
