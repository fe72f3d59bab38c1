/*
 * Construction of causality: a neuron learns to fire at given times in one pattern of noise. What it
 * finds are causes: afferents that fire a little before the times gain weight, as the psp is long.
 * The pattern is the same with ordinary spikes and with coefficients U(0, 2).
 */
#include <math.h>

#include "synapse/draws.h"
#include "synapse/experiment_kind.h"
#include "synapse/train_distance.h"

enum { LAGS = 40, EPOCHS_SHOWN = 256, TAG_TARGETS = 301 };
#define LAG_MS        2.0
#define VAN_ROSSUM_MS 10.0
#define GAUSS_MS      2.0
#define FIRST_MS      20.0 /* no spike is wanted before potentials have built up */

typedef struct options {
    mye_learn_options learn;
    char spikes[128];
    int64_t units, runs, seed;
    double window, rate;
} options;

static const mye_param params[] = {
    MYE_LEARN_NUMBERS(options, learn, "0.005", "3000", "0.01", "0.01"),
    MYE_LEARN_METHODS(options, learn, "double-exp", "psd", "plain"),
    {"rate", MYE_PARAM_FLOAT, offsetof(options, rate), 0, "10", 0.01, 10000, NULL, NULL, "Hz",
     "of each afferent"},
    MYE_RUNS_PARAMS(options, runs, seed, "10"),
    {"spikes", MYE_PARAM_TEXT, offsetof(options, spikes), 128, "1,2,4,8", 0, 0, NULL, NULL, "LIST",
     "numbers of wanted spikes"},
    {"units", MYE_PARAM_INT, offsetof(options, units), 0, "400", 1, 100000, NULL, NULL, "afferents",
     "how many"},
    {"window", MYE_PARAM_FLOAT, offsetof(options, window), 0, "200", 25, 1e6, NULL, NULL, "ms",
     "length of the pattern"},
    {0},
};

static const char *const condition[] = {"ordinary", "augmented"};
static const char *const coefficient[] = {"one", "uniform"};
enum { CONDITIONS = 2 };

/* What one run leaves. */
typedef struct trace {
    double epochs;                                      /* NAN: never learned                 */
    double distance[EPOCHS_SHOWN], agree[EPOCHS_SHOWN]; /* after each epoch                   */
    double lag_sum[LAGS], lag_n[LAGS];                  /* weights by lag to the next target  */
} trace;

typedef struct work {
    mye_context *ctx;
    const options *o;
    mye_numbers spikes;
    trace *trace;   /* [CONDITIONS][spikes][runs]                      */
    mye_study *out; /* the last job of each condition draws its spikes */
    int show;       /* the job that does                               */
} work;

/* One run while it learns. */
typedef struct look {
    const work *w;
    mye_desk desk;
    mye_course course;
    const double *target;
    int n_targets, job;
    trace *trace;
} look;

static void see_epoch(void *user, int64_t epoch, const double *w)
{
    look *l = user;
    mye_reader *r = &l->desk.reader;
    if (epoch > EPOCHS_SHOWN)
        return;
    mye_reader_face(r, &l->course, w);
    mye_reader_walk(r, false);
    for (int i = 0; i < r->walk.n; i++) {
        r->read_ms[i] = r->walk.spike[i].t_ms;
        if (l->job == l->w->show)
            mye_study_dot(l->w->out, r->read_ms[i], (double)epoch, 1);
    }
    l->trace->distance[epoch - 1] =
        mye_van_rossum(r->read_ms, r->walk.n, l->target, l->n_targets, VAN_ROSSUM_MS);
    l->trace->agree[epoch - 1] =
        mye_train_correlation(r->read_ms, r->walk.n, l->target, l->n_targets, GAUSS_MS);
}

/* Wanted times: one in each of n equal parts of the pattern, not near its ends. */
static void draw_targets(const options *o, uint64_t seed, int n, double *t_ms)
{
    mye_draws d = mye_draws_begin(seed, TAG_TARGETS);
    const double part = (o->window - FIRST_MS) / n;
    for (int i = 0; i < n; i++)
        t_ms[i] = FIRST_MS + part * (i + 0.25 + 0.5 * mye_draws_uniform(&d));
}

static void sum_lags(const mye_pattern *p, const double *w, const double *target, int n, trace *out)
{
    for (int64_t i = 0; i < p->n; i++) {
        double lag = target[0] - p->spike[i].t_ms;
        for (int k = 1; k < n; k++) {
            const double other = target[k] - p->spike[i].t_ms;
            lag = fabs(other) < fabs(lag) ? other : lag;
        }
        const int bin = (int)floor(lag / LAG_MS) + LAGS / 2;
        if (bin < 0 || bin >= LAGS)
            continue;
        out->lag_sum[bin] += w[p->spike[i].unit];
        out->lag_n[bin]++;
    }
}

static mye_status learn(look *l, const mye_lesson *lesson, const mye_patterns *set, double *weight,
                        mye_error *err)
{
    const mye_pattern p = mye_patterns_at(set, 0);
    const mye_aim aim = {l->n_targets, l->target};
    mye_school school;
    MYE_TRY(mye_desk_open(lesson, set->info.units, p.n, &l->desk, err));
    l->course = mye_course_make(&lesson->psp, &p, l->desk.block);
    mye_pupil_init(lesson, set->info.units, 0, weight);
    MYE_TRY(mye_school_run(lesson, set, &aim, weight, see_epoch, l, &school, err));
    l->trace->epochs = school.converged ? (double)school.epochs : (double)NAN;
    for (int64_t e = school.epochs; e < EPOCHS_SHOWN; e++) { /* it stays as it is */
        l->trace->distance[e] = l->trace->distance[school.epochs - 1];
        l->trace->agree[e] = l->trace->agree[school.epochs - 1];
    }
    sum_lags(&p, weight, l->target, l->n_targets, l->trace);
    return MYE_OK;
}

static mye_status one_run(void *arg, int i, mye_error *err)
{
    const work *w = arg;
    const int runs = (int)w->o->runs, run = i % runs;
    const int k = i / runs % w->spikes.n, c = i / runs / w->spikes.n;
    const uint64_t seed = (uint64_t)w->o->seed + (uint64_t)run;
    const mye_synapse_options teach = mye_learn_synapse(&w->o->learn, seed);
    double target[1000];
    char source[MYE_METHOD_MAX];
    look l = {.w = w, .target = target, .job = i, .trace = &w->trace[i]};
    mye_lesson lesson;
    mye_patterns *set = NULL;
    l.n_targets = (int)w->spikes.value[k];
    draw_targets(w->o, seed, l.n_targets, target);
    snprintf(source, sizeof(source),
             "poisson:units=%lld,patterns=1,classes=1,window=%.17g,rate=%.17g,coefficient=%s",
             (long long)w->o->units, w->o->window, w->o->rate, coefficient[c]);
    double *weight = mye_alloc_array(w->ctx, (size_t)w->o->units, sizeof(*weight));
    mye_status st = mye_lesson_open(w->ctx, &teach, &lesson, err);
    if (st == MYE_OK && !weight)
        st = mye_no_memory(err, (size_t)w->o->units * sizeof(*weight), "a run");
    if (st == MYE_OK)
        st = mye_patterns_open(w->ctx, source, NULL, "train", seed, &set, err);
    if (st == MYE_OK)
        st = learn(&l, &lesson, set, weight, err);
    mye_desk_close(&l.desk);
    mye_patterns_free(set);
    mye_lesson_close(&lesson);
    mye_free(w->ctx, weight);
    return st;
}

/* ---- what is told ---- */

static void tell_epochs(const work *w, int c, int k, const trace *t, double *column)
{
    static const mye_panel_kind took = {"epochs to learn", "wanted spikes", false, false};
    static const mye_panel_kind learned = {"runs that learned", "wanted spikes", false, false};
    const int runs = (int)w->o->runs;
    double share = 0;
    for (int r = 0; r < runs; r++) {
        column[r] = t[r].epochs;
        share += isfinite(t[r].epochs) ? 1.0 / runs : 0;
    }
    mye_study_add(w->out, &took, condition[c], w->spikes.value[k], NULL, "epochs", column, runs);
    mye_study_add(w->out, &learned, condition[c], w->spikes.value[k], NULL, "%", &share, 1);
}

static void tell_curves(const work *w, int c, const trace *t, double *column)
{
    char title[2][100];
    const int runs = (int)w->o->runs, wanted = (int)w->spikes.value[w->spikes.n - 1];
    snprintf(title[0], sizeof(title[0]), "van Rossum distance, %d wanted spikes", wanted);
    snprintf(title[1], sizeof(title[1]), "correlation with the wanted train, %d spikes", wanted);
    const mye_panel_kind panel[] = {{title[0], "epoch", false, true},
                                    {title[1], "epoch", false, true}};
    for (int e = 0; e < EPOCHS_SHOWN; e += e < 32 ? 1 : 8) {
        for (int r = 0; r < runs; r++)
            column[r] = t[r].distance[e];
        mye_study_add(w->out, &panel[0], condition[c], e + 1, NULL, "", column, runs);
        for (int r = 0; r < runs; r++)
            column[r] = t[r].agree[e];
        mye_study_add(w->out, &panel[1], condition[c], e + 1, NULL, "", column, runs);
    }
}

/* Mean weight over the lag, of all runs and numbers of spikes. */
static void tell_lags(const work *w, int c, const trace *t)
{
    static const mye_panel_kind panel = {
        "weight over lag", "ms from the afferent's spike to the nearest wanted one", false, true};
    static const mye_panel_kind peak = {"causes", "", true, false};
    const int n = w->spikes.n * (int)w->o->runs;
    double best = -(double)INFINITY, best_lag = 0;
    for (int b = 0; b < LAGS; b++) {
        double sum = 0, count = 0;
        for (int i = 0; i < n; i++) {
            sum += t[i].lag_sum[b];
            count += t[i].lag_n[b];
        }
        const double lag = (b - LAGS / 2 + 0.5) * LAG_MS;
        if (count < 1)
            continue;
        mye_study_put(w->out, &panel, condition[c], lag, sum / count);
        best_lag = sum / count > best ? lag : best_lag;
        best = sum / count > best ? sum / count : best;
    }
    mye_study_add(w->out, &peak, condition[c], 0, "lag of the largest mean weight", "ms", &best_lag,
                  1);
}

static mye_status tell(const work *w, mye_error *err)
{
    const int runs = (int)w->o->runs, each = w->spikes.n * runs;
    double *column = mye_alloc_array(w->ctx, (size_t)runs, sizeof(*column));
    if (!column)
        return mye_no_memory(err, (size_t)runs * sizeof(*column), "results of runs");
    for (int c = 0; c < CONDITIONS; c++) {
        for (int k = 0; k < w->spikes.n; k++)
            tell_epochs(w, c, k, &w->trace[c * each + k * runs], column);
        tell_curves(w, c, &w->trace[c * each + (w->spikes.n - 1) * runs], column);
        tell_lags(w, c, &w->trace[c * each]);
    }
    mye_free(w->ctx, column);
    return MYE_OK;
}

static mye_status run(mye_context *ctx, const void *opt, const char *dir,
                      const mye_callbacks *callbacks, mye_study *out, mye_error *err)
{
    work w = {.ctx = ctx, .o = opt, .out = out};
    MYE_UNUSED(dir);
    MYE_TRY(mye_numbers_parse("spikes", w.o->spikes, 1, 1000, &w.spikes, err));
    for (int i = 0; i < w.spikes.n; i++)
        if (w.spikes.value[i] != floor(w.spikes.value[i]))
            return mye_fail(err, MYE_ERR_ARG, "spikes wants whole numbers, got %g",
                            w.spikes.value[i]);
    const int jobs = CONDITIONS * w.spikes.n * (int)w.o->runs;
    w.show = jobs - (int)w.o->runs; /* augmented, the largest number, the first run */
    w.trace = mye_alloc_array(ctx, (size_t)jobs, sizeof(*w.trace));
    if (!w.trace)
        return mye_no_memory(err, (size_t)jobs * sizeof(*w.trace), "results of runs");
    mye_study_plane(out, "spikes while learning (augmented, first run)", "ms", "epoch", w.o->window,
                    EPOCHS_SHOWN);
    mye_status st = mye_jobs_run(ctx, jobs, one_run, &w, callbacks, "learn", err);
    if (st == MYE_OK)
        st = tell(&w, err);
    mye_free(ctx, w.trace);
    return st;
}

const mye_experiment_type mye_experiment_causality = {
    .entry = {"causality", "learn to fire at given times, and find what causes that",
              "Yu, Tang, Tan and Li 2013; Yu et al. 2020", params, sizeof(options)},
    .title = "Construction of causality",
    .run = run,
};
