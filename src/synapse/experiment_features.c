/*
 * Feature detection from aggregate labels: short features come back in a stream of background; some are
 * clues, each worth a number of spikes; the neuron is told only how many spikes a whole trial is worth.
 * It has to find out which features, where and how many each. Conditions:
 *   ordinary                features differ in their spikes, all coefficients 1
 *   augmented               and carry coefficients U(0, 2), as the background does
 *   same times, ordinary    all features have the same spikes: nothing tells them apart
 *   same times, augmented   their coefficients alone do
 * Guetig 2016, Spiking neurons can discover predictive features by aggregate-label learning.
 */
#include <math.h>
#include <string.h>

#include "synapse/experiment_kind.h"
#include "synapse/listener.h"

enum { CURVE = 40 };

typedef struct options {
    mye_learn_options learn;
    char tasks[128], noise[MYE_METHOD_MAX];
    int64_t units, features, trials, probes, runs, seed;
    double rate, feature_ms, occurs, shortest, longest;
} options;

static const mye_param params[] = {
    {"feature_ms", MYE_PARAM_FLOAT, offsetof(options, feature_ms), 0, "50", 1, 1000, NULL, NULL,
     "ms", "length of a feature"},
    {"features", MYE_PARAM_INT, offsetof(options, features), 0, "10", 5, MYE_FEATURES_MAX, NULL,
     NULL, "features", "clues and distractors together"},
    {"init_mean", MYE_PARAM_FLOAT, offsetof(options, learn.init_mean), 0, "0.006", -1e6, 1e6, NULL,
     NULL, "", "first weights are normal: their mean"},
    {"init_sd", MYE_PARAM_FLOAT, offsetof(options, learn.init_sd), 0, "0.01", 0, 1e6, NULL, NULL,
     "", "and their deviation"},
    {"lambda", MYE_PARAM_FLOAT, offsetof(options, learn.lambda), 0, "1e-5", 1e-12, 1e6, NULL, NULL,
     "", "learning rate"},
    {"longest", MYE_PARAM_FLOAT, offsetof(options, longest), 0, "1500", 1, 1e6, NULL, NULL, "ms",
     "background of a trial at most"},
    MYE_LEARN_METHODS(options, learn, "double-exp", "mst:tolerance=1e-6", "momentum:mu=0.99"),
    {"noise", MYE_PARAM_TEXT, offsetof(options, noise), MYE_METHOD_MAX,
     "delete:share=0.2 jitter:sd=2", 0, 0, NULL, NULL, "NOISE", "of the second test"},
    {"occurs", MYE_PARAM_FLOAT, offsetof(options, occurs), 0, "0.5", 0.01, 20, NULL, NULL, "times",
     "mean number of each feature in a trial"},
    {"probes", MYE_PARAM_INT, offsetof(options, probes), 0, "50", 1, 10000, NULL, NULL, "probes",
     "backgrounds that each feature is shown in when it is tested"},
    {"rate", MYE_PARAM_FLOAT, offsetof(options, rate), 0, "5", 0.01, 1000, NULL, NULL, "Hz",
     "of an afferent, in features and background"},
    MYE_RUNS_PARAMS(options, runs, seed, "2"),
    {"shortest", MYE_PARAM_FLOAT, offsetof(options, shortest), 0, "500", 1, 1e6, NULL, NULL, "ms",
     "background of a trial at least"},
    {"tasks", MYE_PARAM_TEXT, offsetof(options, tasks), 128, "1x1,1x5,5x1,5x1..5,5x5", 0, 0, NULL,
     NULL, "LIST", "clues x spikes of each; 1..5: the first is worth 1, the second 2 and so on"},
    {"train_noise", MYE_PARAM_TEXT, offsetof(options, learn.noise), MYE_METHOD_MAX, "", 0, 0, NULL,
     NULL, "NOISE", "of the trials that are learned from: 'jitter:sd=2'"},
    {"trials", MYE_PARAM_INT, offsetof(options, trials), 0, "10000", 1, 1e9, NULL, NULL, "trials",
     "to learn from"},
    {"units", MYE_PARAM_INT, offsetof(options, units), 0, "500", 1, 100000, NULL, NULL, "afferents",
     "how many"},
    {0},
};

static const struct {
    const char *name;
    int clues, first, step; /* spikes of clue k: first + k step */
} task_list[] = {
    {"1x1", 1, 1, 0}, {"1x5", 1, 5, 0}, {"5x1", 5, 1, 0}, {"5x1..5", 5, 1, 1}, {"5x5", 5, 5, 0},
};
enum { TASKS = sizeof(task_list) / sizeof(task_list[0]) };

static const struct {
    const char *name;
    int coefficient;
    bool same_times;
} condition[] = {
    {"ordinary", MYE_DRAW_ONES, false},
    {"augmented", MYE_DRAW_UNIFORM, false},
    {"same times, ordinary", MYE_DRAW_ONES, true},
    {"same times, augmented", MYE_DRAW_UNIFORM, true},
};
enum { CONDITIONS = sizeof(condition) / sizeof(condition[0]) };

/* What one neuron has learned. */
typedef struct finding {
    double response[2][MYE_FEATURES_MAX]; /* spikes more for a feature: clean, with noise        */
    double right[CURVE];                  /* share of trials told right, over the learning       */
} finding;

typedef struct work {
    mye_context *ctx;
    const options *o;
    mye_noises noise;
    int n_tasks, task[TASKS];
    finding *finding; /* [CONDITIONS][tasks][runs] */
} work;

static int worth(int task, int feature)
{
    return feature < task_list[task].clues ? task_list[task].first + feature * task_list[task].step
                                           : 0;
}

static mye_status one_run(void *arg, int i, mye_error *err)
{
    const work *w = arg;
    const int runs = (int)w->o->runs, run = i % runs, k = i / runs % w->n_tasks;
    const int c = i / runs / w->n_tasks;
    const uint64_t seed = (uint64_t)w->o->seed + (uint64_t)run;
    const mye_synapse_options teach = mye_learn_synapse(&w->o->learn, seed);
    const options *o = w->o;
    finding *out = &w->finding[i];
    mye_lesson lesson;
    mye_listener l = {.ctx = w->ctx,
                      .lesson = &lesson,
                      .scene = {.units = (int32_t)o->units,
                                .features = (int)o->features,
                                .rate_hz = o->rate,
                                .feature_ms = o->feature_ms,
                                .coefficient = condition[c].coefficient,
                                .same_times = condition[c].same_times,
                                .seed = seed}};
    const mye_hearing_plan plan = {o->trials, o->shortest, o->longest, o->occurs};
    for (int f = 0; f < l.scene.features; f++)
        l.wanted[f] = worth(w->task[k], f);
    mye_status st = mye_lesson_open(w->ctx, &teach, &lesson, err);
    if (st == MYE_OK)
        st = mye_listener_open(&l, err);
    if (st == MYE_OK)
        st = mye_listener_learn(&l, &plan, CURVE, out->right, err);
    for (int noise = 0; st == MYE_OK && noise < 2; noise++)
        st = mye_listener_test(&l, o->probes, noise ? &w->noise : NULL, out->response[noise], err);
    mye_listener_close(&l);
    mye_lesson_close(&lesson);
    return st;
}

/* ---- what is told ---- */

/* Share of features whose response rounds to what they are worth. */
static double told_right(const work *w, const finding *f, int task, int noise)
{
    int right = 0;
    for (int i = 0; i < w->o->features; i++)
        right += fabs(f->response[noise][i] - worth(task, i)) < 0.5;
    return (double)right / (double)w->o->features;
}

static double mean_response(const work *w, const finding *f, int task, bool clues)
{
    double sum = 0;
    const int from = clues ? 0 : task_list[task].clues;
    const int to = clues ? task_list[task].clues : (int)w->o->features;
    for (int i = from; i < to; i++)
        sum += clues ? f->response[0][i] / worth(task, i) : f->response[0][i];
    return to > from ? sum / (to - from) : (double)NAN;
}

static void tell_task(const work *w, int c, int k, double *column, mye_study *out)
{
    static const mye_panel_kind panel[] = {
        {"features told right", "", true, false},
        {"features told right, with noise", "", true, false},
        {"spikes for a clue, of those wanted", "", true, false},
        {"spikes for a distractor", "", true, false},
    };
    const int runs = (int)w->o->runs, task = w->task[k];
    const finding *f = &w->finding[(c * w->n_tasks + k) * runs];
    for (int p = 0; p < 4; p++) {
        for (int r = 0; r < runs; r++)
            column[r] =
                p < 2 ? told_right(w, &f[r], task, p) : mean_response(w, &f[r], task, p == 2);
        mye_study_add(out, &panel[p], condition[c].name, k, task_list[task].name, p < 3 ? "%" : "",
                      column, runs);
    }
}

/* The last task: how learning went, and each feature's response. */
static void tell_last(const work *w, int c, double *column, mye_study *out)
{
    char title[2][100];
    const int runs = (int)w->o->runs, task = w->task[w->n_tasks - 1];
    const finding *f = &w->finding[(c * w->n_tasks + w->n_tasks - 1) * runs];
    snprintf(title[0], sizeof(title[0]), "trials told right while learning, task %s",
             task_list[task].name);
    snprintf(title[1], sizeof(title[1]), "response to each feature, task %s", task_list[task].name);
    const mye_panel_kind curve = {title[0], "trials", false, true};
    const mye_panel_kind each = {title[1], "feature (clues first)", false, true};
    for (int k = 0; k < CURVE; k++) {
        for (int r = 0; r < runs; r++)
            column[r] = f[r].right[k];
        mye_study_add(out, &curve, condition[c].name, (k + 0.5) * (double)w->o->trials / CURVE,
                      NULL, "%", column, runs);
    }
    for (int i = 0; c == 0 && i < w->o->features; i++)
        mye_study_put(out, &each, "wanted", i, worth(task, i));
    for (int i = 0; i < w->o->features; i++) {
        for (int r = 0; r < runs; r++)
            column[r] = f[r].response[0][i];
        mye_study_add(out, &each, condition[c].name, i, NULL, "", column, runs);
    }
}

static mye_status read_tasks(work *w, mye_error *err)
{
    for (const char *at = w->o->tasks; *at;) {
        const size_t n = strcspn(at, ",");
        bool is_new = true;
        int k = 0;
        while (k < TASKS &&
               (strlen(task_list[k].name) != n || memcmp(task_list[k].name, at, n) != 0))
            k++;
        for (int i = 0; i < w->n_tasks; i++)
            is_new = is_new && w->task[i] != k;
        if (k == TASKS || !is_new)
            return mye_fail(err, MYE_ERR_ARG,
                            "tasks are 1x1, 1x5, 5x1, 5x1..5 and 5x5, each once, got '%.80s'",
                            w->o->tasks);
        w->task[w->n_tasks++] = k;
        at += n + (at[n] == ',');
    }
    if (w->n_tasks == 0)
        return mye_fail(err, MYE_ERR_ARG, "tasks want one of 1x1, 1x5, 5x1, 5x1..5, 5x5");
    if (w->o->longest < w->o->shortest)
        return mye_fail(err, MYE_ERR_ARG,
                        "the longest trial is to be no shorter than the "
                        "shortest, got %g and %g ms",
                        w->o->longest, w->o->shortest);
    return mye_noises_parse(w->ctx, w->o->noise, &w->noise, err);
}

static mye_status tell(const work *w, mye_study *out, mye_error *err)
{
    double *column = mye_alloc_array(w->ctx, (size_t)w->o->runs, sizeof(*column));
    if (!column)
        return mye_no_memory(err, (size_t)w->o->runs * sizeof(*column), "results of runs");
    for (int c = 0; c < CONDITIONS; c++) {
        for (int k = 0; k < w->n_tasks; k++)
            tell_task(w, c, k, column, out);
        tell_last(w, c, column, out);
    }
    mye_free(w->ctx, column);
    return MYE_OK;
}

static mye_status run(mye_context *ctx, const void *opt, const char *dir,
                      const mye_callbacks *callbacks, mye_study *out, mye_error *err)
{
    work w = {.ctx = ctx, .o = opt};
    MYE_UNUSED(dir);
    mye_status st = read_tasks(&w, err);
    const int jobs = CONDITIONS * w.n_tasks * (int)w.o->runs;
    if (st == MYE_OK) {
        w.finding = mye_alloc_array(ctx, (size_t)jobs, sizeof(*w.finding));
        if (!w.finding)
            st = mye_no_memory(err, (size_t)jobs * sizeof(*w.finding), "results of runs");
    }
    if (st == MYE_OK)
        st = mye_jobs_run(ctx, jobs, one_run, &w, callbacks, "learn", err);
    if (st == MYE_OK)
        st = tell(&w, out, err);
    mye_free(ctx, w.finding);
    mye_noises_free(&w.noise);
    return st;
}

const mye_experiment_type mye_experiment_features = {
    .entry = {"features", "find features in a stream from one number for all of it",
              "Guetig 2016, aggregate-label learning; Yu et al. 2020", params, sizeof(options)},
    .title = "Feature detection",
    .run = run,
};
