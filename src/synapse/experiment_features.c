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

#include "synapse/embedded.h"
#include "synapse/experiment_kind.h"

enum { FEATURES_MAX = 64, CURVE = 40, TAG_TRIAL = 501, TAG_PROBE };
#define PROBE_MS 1950.0

typedef struct options {
    mye_learn_options learn;
    char tasks[128], noise[MYE_METHOD_MAX];
    int64_t units, features, trials, probes, runs, seed;
    double rate, feature_ms, occurs, shortest, longest;
} options;

static const mye_param params[] = {
    {"feature_ms", MYE_PARAM_FLOAT, offsetof(options, feature_ms), 0, "50", 1, 1000, NULL, NULL,
     "ms", "length of a feature"},
    {"features", MYE_PARAM_INT, offsetof(options, features), 0, "10", 5, FEATURES_MAX, NULL, NULL,
     "features", "clues and distractors together"},
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
    double response[2][FEATURES_MAX]; /* spikes more for a feature: clean, with noise        */
    double right[CURVE];              /* share of trials told right, over the learning       */
} finding;

typedef struct work {
    mye_context *ctx;
    const options *o;
    mye_noises noise;
    int n_tasks, task[TASKS];
    finding *finding; /* [CONDITIONS][tasks][runs] */
} work;

/* One neuron at work. */
typedef struct student {
    const work *w;
    const mye_lesson *lesson;
    int wanted[FEATURES_MAX];
    mye_scene scene;
    mye_desk desk;
    mye_noisy trial, noisy;
    mye_pupil pupil;
} student;

static mye_status course_of(student *s, const mye_noisy *trial, mye_course *out, mye_error *err)
{
    const mye_pattern p = {trial->spike, trial->n, trial->window_ms, 0, 0};
    MYE_TRY(mye_desk_reserve(&s->desk, p.n, err));
    *out = mye_course_make(&s->lesson->psp, &p, s->desk.block);
    return MYE_OK;
}

/* The trial with noise; as it is where the list is empty. */
static mye_status add_noise(student *s, const mye_noises *noises, uint64_t seed, mye_error *err)
{
    const mye_pattern p = {s->trial.spike, s->trial.n, s->trial.window_ms, 0, 0};
    if (noises->n == 0)
        return MYE_OK;
    MYE_TRY(mye_noises_apply(noises, &p, s->scene.units, seed, &s->noisy, err));
    mye_spikes_sort(s->noisy.spike, s->noisy.n);
    const mye_noisy clean = s->trial;
    s->trial = s->noisy;
    s->noisy = clean;
    return MYE_OK;
}

static mye_status learn(student *s, finding *out, mye_error *err)
{
    const options *o = s->w->o;
    const uint64_t seed = mye_random_derive(s->scene.seed, TAG_TRIAL);
    for (int64_t i = 0; i < o->trials; i++) {
        mye_draws draws = mye_draws_begin(seed, (uint64_t)i);
        int occurs[FEATURES_MAX];
        mye_aim aim = {0, NULL};
        mye_course course;
        const double ms = o->shortest + (o->longest - o->shortest) * mye_draws_uniform(&draws);
        if (mye_context_cancelled(s->w->ctx))
            return mye_fail(err, MYE_ERR_CANCELLED, "the experiment was stopped");
        MYE_TRY(mye_scene_trial(&s->scene, &draws, ms, o->occurs, occurs, &s->trial, err));
        for (int f = 0; f < s->scene.features; f++)
            aim.count += occurs[f] * s->wanted[f];
        MYE_TRY(add_noise(s, &s->lesson->noise, mye_random_derive(seed, (uint64_t)i), err));
        MYE_TRY(course_of(s, &s->trial, &course, err));
        const mye_verdict verdict = mye_pupil_learn(s->lesson, &s->desk, &course, &aim,
                                                    s->lesson->o.lambda, i + 1, &s->pupil);
        out->right[i * CURVE / o->trials] += verdict == MYE_RIGHT;
    }
    for (int64_t k = 0; k < CURVE; k++) {
        const int64_t from = (k * o->trials + CURVE - 1) / CURVE;
        const int64_t to = ((k + 1) * o->trials + CURVE - 1) / CURVE;
        out->right[k] = to > from ? out->right[k] / (double)(to - from) : (double)NAN;
    }
    return MYE_OK;
}

static mye_status count_spikes(student *s, const mye_noisy *trial, int *n, mye_error *err)
{
    mye_course course;
    MYE_TRY(course_of(s, trial, &course, err));
    mye_reader_face(&s->desk.reader, &course, s->pupil.w);
    mye_reader_walk(&s->desk.reader, false);
    *n = s->desk.reader.walk.n;
    return MYE_OK;
}

/* Spikes in one background with feature f in its middle (f < 0: without), maybe with noise. */
static mye_status probe(student *s, int f, int64_t number, bool noise, int *n, mye_error *err)
{
    const uint64_t seed =
        mye_random_derive(mye_random_derive(s->scene.seed, TAG_PROBE), (uint64_t)number);
    mye_draws before = mye_draws_begin(seed, 0), after = mye_draws_begin(seed, 1);
    const double half = PROBE_MS / 2, length = f < 0 ? 0 : s->scene.feature_ms;
    s->trial.n = 0;
    MYE_TRY(mye_scene_background(&s->scene, &before, 0, half, &s->trial, err));
    if (f >= 0)
        MYE_TRY(mye_scene_feature(&s->scene, f, half, &s->trial, err));
    MYE_TRY(mye_scene_background(&s->scene, &after, half + length, half, &s->trial, err));
    s->trial.window_ms = PROBE_MS + length;
    if (noise)
        MYE_TRY(add_noise(s, &s->w->noise, mye_random_derive(seed, (uint64_t)(f + 2)), err));
    return count_spikes(s, &s->trial, n, err);
}

static mye_status test(student *s, finding *out, mye_error *err)
{
    for (int noise = 0; noise < 2; noise++) {
        for (int64_t i = 0; i < s->w->o->probes; i++) {
            int without, with;
            MYE_TRY(probe(s, -1, i, noise, &without, err));
            for (int f = 0; f < s->scene.features; f++) {
                MYE_TRY(probe(s, f, i, noise, &with, err));
                out->response[noise][f] += (with - without) / (double)s->w->o->probes;
            }
        }
    }
    return MYE_OK;
}

static mye_status enter(student *s, mye_error *err)
{
    mye_context *ctx = s->w->ctx;
    const size_t units = (size_t)s->scene.units;
    MYE_TRY(mye_lesson_check_times(s->lesson, false, err));
    MYE_TRY(mye_desk_open(s->lesson, s->scene.units, 256, &s->desk, err));
    MYE_TRY(mye_scene_open(ctx, &s->scene, err));
    s->pupil.w = mye_alloc_array(ctx, units, sizeof(double));
    s->pupil.state = mye_alloc_array(ctx, units, sizeof(double));
    if (!s->pupil.w || !s->pupil.state)
        return mye_no_memory(err, units * sizeof(double), "a neuron");
    mye_pupil_init(s->lesson, s->scene.units, 0, s->pupil.w);
    return MYE_OK;
}

static void leave(student *s)
{
    mye_context *ctx = s->w->ctx;
    mye_desk_close(&s->desk);
    mye_scene_close(&s->scene);
    mye_free(ctx, s->trial.spike);
    mye_free(ctx, s->noisy.spike);
    mye_free(ctx, s->pupil.w);
    mye_free(ctx, s->pupil.state);
}

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
    mye_lesson lesson;
    student s = {.w = w,
                 .lesson = &lesson,
                 .scene = {.units = (int32_t)w->o->units,
                           .features = (int)w->o->features,
                           .rate_hz = w->o->rate,
                           .feature_ms = w->o->feature_ms,
                           .coefficient = condition[c].coefficient,
                           .same_times = condition[c].same_times,
                           .seed = seed},
                 .trial = {.ctx = w->ctx},
                 .noisy = {.ctx = w->ctx}};
    for (int f = 0; f < s.scene.features; f++)
        s.wanted[f] = worth(w->task[k], f);
    mye_status st = mye_lesson_open(w->ctx, &teach, &lesson, err);
    if (st == MYE_OK)
        st = enter(&s, err);
    if (st == MYE_OK)
        st = learn(&s, &w->finding[i], err);
    if (st == MYE_OK)
        st = test(&s, &w->finding[i], err);
    leave(&s);
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
    for (int i = 0; i < w->o->features; i++) {
        for (int r = 0; r < runs; r++)
            column[r] = f[r].response[0][i];
        if (c == 0)
            mye_study_put(out, &each, "wanted", i, worth(task, i));
    }
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
