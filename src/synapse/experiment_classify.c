/*
 * Classification: groups of neurons learn the classes of patterns - random ones, images, sounds, a
 * file's - and are tested on others, with noise where that is asked for. The same patterns, neurons and
 * epochs with ordinary spikes (all coefficients 1) and with coefficients.
 */
#include <math.h>
#include <string.h>

#include "synapse/trial.h"

enum { SOURCES_MAX = 8, CURVE = 64, RASTER_MAX = 4000, TRACE = 400 };
enum { SPIKES_BOTH, SPIKES_AUGMENTED, SPIKES_ORDINARY };

typedef struct options {
    mye_learn_options learn;
    char patterns[2048], readout[MYE_METHOD_MAX], test_noise[512], snr[128];
    int spikes;
    int64_t neurons, folds, runs, seed;
} options;

static const mye_param params[] = {
    {"average", MYE_PARAM_BOOL, offsetof(options, learn.average), 0, "no", 0, 0, NULL, NULL, "",
     "take the mean of the weights over all presentations"},
    {"batch", MYE_PARAM_INT, offsetof(options, learn.batch), 0, "1", 1, 65536, NULL, NULL,
     "patterns", "whose mistakes are added up before weights move"},
    {"decay", MYE_PARAM_FLOAT, offsetof(options, learn.decay), 0, "0", 0, 1, NULL, NULL, "",
     "the learning rate falls on a line by this share until the last epoch"},
    MYE_LEARN_NUMBERS(options, learn, "0.001", "100", "0.01", "0.01"),
    {"folds", MYE_PARAM_INT, offsetof(options, folds), 0, "0", 0, 1000, NULL, NULL, "folds",
     "test on each of so many parts of the training patterns in turn; 0: on the test patterns"},
    MYE_LEARN_METHODS(options, learn, "double-exp", "tempotron:margin=0.1", "momentum"),
    {"neurons", MYE_PARAM_INT, offsetof(options, neurons), 0, "1", 1, 1000, NULL, NULL, "neurons",
     "of each class, or of all where the readout has them in common"},
    {"patterns", MYE_PARAM_TEXT, offsetof(options, patterns), 2048, "poisson", 0, 0, NULL, NULL,
     "SOURCE", "entry of 'myelin list pattern'; several with ';' between are compared"},
    {"readout", MYE_PARAM_METHOD, offsetof(options, readout), MYE_METHOD_MAX, "vmax", 0, 0, NULL,
     &mye_kind_readout, "", "from neurons to a class"},
    MYE_RUNS_PARAMS(options, runs, seed, "3"),
    {"snr", MYE_PARAM_TEXT, offsetof(options, snr), 128, "", 0, 0, NULL, NULL, "LIST",
     "signal-to-noise ratios of sounds to test at too, in dB: 20,10,0,-5"},
    {"spikes", MYE_PARAM_CHOICE, offsetof(options, spikes), 0, "both", 0, 0,
     "both|augmented|ordinary", NULL, "", "with coefficients, without, or one beside the other"},
    {"test_noise", MYE_PARAM_TEXT, offsetof(options, test_noise), 512, "", 0, 0, NULL, NULL,
     "NOISE", "to test with too, with ';' between: 'jitter:sd=2;delete:share=0.1'"},
    {"train_noise", MYE_PARAM_TEXT, offsetof(options, learn.noise), MYE_METHOD_MAX, "", 0, 0, NULL,
     NULL, "NOISE", "while learning: 'jitter:sd=2 delete:share=0.1'"},
    {0},
};

/* Figures of one source and kind of spikes; columns hold one number for each run and fold. */
typedef struct column {
    char name[MYE_METHOD_MAX + 16];
    double *test, *train, *epochs, *converged, *spikes, *seconds; /* [jobs]                  */
    double *noisy;                                                /* [tests][jobs]           */
    double wrong[CURVE];                                          /* sum over jobs           */
} column;

typedef struct work {
    mye_context *ctx;
    const options *o;
    const char *dir;
    const mye_callbacks *callbacks;
    mye_study *out;
    int n_sources, n_columns, jobs, n_tests;
    char source[SOURCES_MAX][MYE_METHOD_MAX];
    column column[2 * SOURCES_MAX];
    mye_numbers snr;
    int n_noises;
    char noise[MYE_NUMBERS_MAX][MYE_METHOD_MAX];
    double *numbers; /* all columns */
    double *confusion;
} work;

/* ---- what is asked for ---- */

/* "a;b" into texts of at most MYE_METHOD_MAX - 1 letters. */
static mye_status split(const char *what, const char *list, int most, char (*out)[MYE_METHOD_MAX],
                        int *n, mye_error *err)
{
    *n = 0;
    for (const char *at = list; *at;) {
        const size_t length = strcspn(at, ";");
        if (*n == most || length >= MYE_METHOD_MAX)
            return mye_fail(err, MYE_ERR_ARG, "%s takes at most %d entries of %d letters", what,
                            most, MYE_METHOD_MAX - 1);
        memcpy(out[*n], at, length);
        out[(*n)++][length] = '\0';
        at += length + (at[length] == ';');
    }
    return MYE_OK;
}

static mye_status read_options(work *w, mye_error *err)
{
    const options *o = w->o;
    MYE_TRY(split("patterns", o->patterns, SOURCES_MAX, w->source, &w->n_sources, err));
    MYE_TRY(split("test_noise", o->test_noise, MYE_NUMBERS_MAX, w->noise, &w->n_noises, err));
    if (o->snr[0])
        MYE_TRY(mye_numbers_parse("snr", o->snr, -100, 200, &w->snr, err));
    if (w->n_sources == 0)
        return mye_fail(err, MYE_ERR_ARG, "classify wants patterns, got none");
    if (o->folds == 1)
        return mye_fail(err, MYE_ERR_ARG, "folds are 0 (off) or 2 and more, got 1");
    if (o->folds > 0 && w->snr.n > 0)
        return mye_fail(err, MYE_ERR_ARG,
                        "snr tests on the test patterns, folds on the training "
                        "patterns; use one of them");
    w->n_columns = w->n_sources * (o->spikes == SPIKES_BOTH ? 2 : 1);
    w->n_tests = w->snr.n + w->n_noises;
    w->jobs = (int)(o->runs * (o->folds > 0 ? o->folds : 1));
    return MYE_OK;
}

static bool is_augmented(const work *w, int c)
{
    return w->o->spikes == SPIKES_BOTH ? c % 2 == 1 : w->o->spikes == SPIKES_AUGMENTED;
}

static mye_status make_columns(work *w, mye_error *err)
{
    const size_t jobs = (size_t)w->jobs, each = jobs * (size_t)(6 + w->n_tests);
    w->numbers = mye_alloc_array(w->ctx, (size_t)w->n_columns * each, sizeof(double));
    if (!w->numbers)
        return mye_no_memory(err, (size_t)w->n_columns * each * sizeof(double), "results of runs");
    for (int c = 0; c < w->n_columns; c++) {
        column *k = &w->column[c];
        double *at = w->numbers + (size_t)c * each;
        const char *source = w->source[w->o->spikes == SPIKES_BOTH ? c / 2 : c];
        const char *spikes = is_augmented(w, c) ? "augmented" : "ordinary";
        double **field[] = {&k->test,      &k->train,  &k->epochs,
                            &k->converged, &k->spikes, &k->seconds};
        for (int f = 0; f < 6; f++, at += jobs)
            *field[f] = at;
        k->noisy = at;
        if (w->n_sources > 1)
            snprintf(k->name, sizeof(k->name), "%s, %s", spikes, source);
        else
            snprintf(k->name, sizeof(k->name), "%s", spikes);
    }
    return MYE_OK;
}

/* ---- patterns ---- */

/* The source with another ratio of sound to noise. */
static mye_status with_snr(const work *w, const char *source, double snr, char *out, size_t size,
                           mye_error *err)
{
    mye_method method = {0};
    char number[40];
    MYE_TRY(mye_method_parse(w->ctx, &mye_kind_pattern, source, &method, err));
    const mye_param *p = method.entry->params;
    while (p && p->name && strcmp(p->name, "snr") != 0)
        p++;
    mye_status st = MYE_OK;
    if (!p || !p->name)
        st = mye_fail(err, MYE_ERR_ARG, "patterns '%.80s' have no option snr; sounds do", source);
    if (st == MYE_OK)
        st = mye_params_set(method.entry->params, method.options, "snr",
                            mye_format_double(snr, number, sizeof(number)), err);
    if (st == MYE_OK)
        st = mye_method_text(&method, false, out, size, err);
    mye_method_free(w->ctx, &method);
    return st;
}

static mye_status open_set(const work *w, const char *source, const char *split_name, int run,
                           mye_patterns **out, mye_error *err)
{
    return mye_patterns_open(w->ctx, source, w->dir, split_name,
                             (uint64_t)w->o->seed + (uint64_t)run, out, err);
}

/* The fold of pattern k: by its group where groups are known, else classes are dealt out. */
static int64_t fold_of(const mye_patterns *set, int64_t k, int64_t folds, const int64_t *dealt)
{
    return set->group[k] > 0 ? set->group[k] % folds : dealt[set->label[k]] % folds;
}

static mye_status cut_fold(const work *w, const mye_patterns *set, int64_t fold,
                           mye_patterns **train, mye_patterns **test, mye_error *err)
{
    const size_t n = (size_t)set->info.n;
    int64_t *index = mye_alloc_array(w->ctx, 2 * n, sizeof(*index));
    int64_t *dealt = mye_alloc_array(w->ctx, (size_t)set->info.classes, sizeof(*dealt));
    int64_t n_train = 0, n_test = 0;
    mye_status st = index && dealt ? MYE_OK : mye_no_memory(err, 2 * n * sizeof(*index), "folds");
    for (int64_t k = 0; st == MYE_OK && k < set->info.n; k++) {
        if (fold_of(set, k, w->o->folds, dealt) == fold)
            index[n + (size_t)n_test++] = k;
        else
            index[n_train++] = k;
        dealt[set->label[k]]++;
    }
    if (st == MYE_OK && (n_train == 0 || n_test == 0))
        st = mye_fail(err, MYE_ERR_ARG,
                      "fold %lld of %lld holds %lld patterns to test on and %lld "
                      "to learn from",
                      (long long)fold, (long long)w->o->folds, (long long)n_test,
                      (long long)n_train);
    if (st == MYE_OK)
        st = mye_patterns_choose(set, index, n_train, train, err);
    if (st == MYE_OK)
        st = mye_patterns_choose(set, index + n, n_test, test, err);
    mye_free(w->ctx, index);
    mye_free(w->ctx, dealt);
    return st;
}

/* ---- one job ---- */

static void keep_curve(column *k, const mye_synapse_result *r)
{
    for (int i = 0; i < CURVE; i++) {
        const double at = (double)i * (double)(r->epochs - 1) / (CURVE - 1);
        k->wrong[i] += r->curve[(int64_t)(at + 0.5)].wrong;
    }
}

static mye_status test_noise(const work *w, const mye_trial *t, const mye_patterns *test, int c,
                             int job, mye_error *err)
{
    for (int i = 0; i < w->n_noises; i++) {
        mye_patterns *noisy = NULL;
        double *to = &w->column[c].noisy[(w->snr.n + i) * w->jobs + job];
        mye_status st = mye_patterns_noise(test, w->noise[i], t->seed, 0, &noisy, err);
        if (st == MYE_OK)
            st = mye_trial_test(t, noisy, to, NULL, err);
        mye_patterns_free(noisy);
        MYE_TRY(st);
    }
    return MYE_OK;
}

static mye_status test_snr(const work *w, const mye_trial *t, int c, int job, int run,
                           mye_error *err)
{
    const char *source = w->source[w->o->spikes == SPIKES_BOTH ? c / 2 : c];
    for (int i = 0; i < w->snr.n; i++) {
        char text[MYE_METHOD_MAX];
        mye_patterns *given = NULL, *set = NULL;
        double *to = &w->column[c].noisy[i * w->jobs + job];
        mye_status st = with_snr(w, source, w->snr.value[i], text, sizeof(text), err);
        if (st == MYE_OK)
            st = open_set(w, text, "test", run, &given, err);
        if (st == MYE_OK)
            st = mye_trial_spikes(given, is_augmented(w, c), &set, err);
        if (st == MYE_OK)
            st = mye_trial_test(t, set, to, NULL, err);
        mye_patterns_free(given);
        mye_patterns_free(set);
        MYE_TRY(st);
    }
    return MYE_OK;
}

/* The first pattern of the last column, and what the first neuron of its class makes of it. */
static mye_status draw(const work *w, const mye_trial *t, const mye_patterns *set, int c,
                       mye_error *err)
{
    static const mye_panel_kind panel = {"membrane potential of a neuron of its class", "ms", false,
                                         true};
    const mye_pattern p = mye_patterns_at(set, 0);
    const int each = t->neurons / t->classes, neuron = each > 0 ? p.label * each : 0;
    const double end = p.window_ms > 0 ? p.window_ms : 1;
    double t_ms[TRACE], v[TRACE];
    char title[200];
    snprintf(title, sizeof(title), "a pattern of class %.40s (dots: coefficients)",
             set->class_name[p.label]);
    mye_study_plane(w->out, title, "ms", "afferent", end, set->info.units);
    for (int64_t i = 0; i < p.n && i < RASTER_MAX; i++)
        mye_study_dot(w->out, p.spike[i].t_ms, p.spike[i].unit, fabs((double)p.spike[i].c));
    for (int i = 0; i < TRACE; i++)
        t_ms[i] = end * i / (TRACE - 1);
    MYE_TRY(mye_synapse_potential(t->group, &p, neuron, t_ms, TRACE, v, err));
    for (int i = 0; i < TRACE; i++)
        mye_study_put(w->out, &panel, w->column[c].name, t_ms[i], v[i]);
    mye_study_put(w->out, &panel, "threshold", 0, 1);
    mye_study_put(w->out, &panel, "threshold", end, 1);
    return MYE_OK;
}

static mye_status one_column(work *w, const mye_patterns *train, const mye_patterns *test, int c,
                             int job, int run, mye_error *err)
{
    column *k = &w->column[c];
    mye_trial t = {.ctx = w->ctx,
                   .learn = &w->o->learn,
                   .readout = w->o->readout,
                   .each = (int)w->o->neurons,
                   .seed = (uint64_t)w->o->seed + (uint64_t)run,
                   .callbacks = w->callbacks};
    const bool last = c == w->n_columns - 1;
    mye_status st = mye_trial_learn(&t, train, err);
    if (st == MYE_OK)
        st = mye_trial_test(&t, train, &k->train[job], NULL, err);
    if (st == MYE_OK)
        st = mye_trial_test(&t, test, &k->test[job], last ? w->confusion : NULL, err);
    if (st == MYE_OK) {
        k->epochs[job] = (double)t.result.epochs;
        k->converged[job] = t.result.converged;
        k->spikes[job] = (double)test->info.spikes / (double)test->info.n;
        k->seconds[job] = t.result.train_s;
        keep_curve(k, &t.result);
        st = test_noise(w, &t, test, c, job, err);
    }
    if (st == MYE_OK)
        st = test_snr(w, &t, c, job, run, err);
    if (st == MYE_OK && last && job == 0)
        st = draw(w, &t, test, c, err);
    mye_trial_close(&t);
    return st;
}

/* Both kinds of spikes of one source, on the same patterns. */
static mye_status both_spikes(work *w, int source, const mye_patterns *train,
                              const mye_patterns *test, int job, int run, mye_error *err)
{
    const int n = w->o->spikes == SPIKES_BOTH ? 2 : 1;
    for (int i = 0; i < n; i++) {
        const int c = source * n + i;
        mye_patterns *mine = NULL, *other = NULL;
        mye_status st = mye_trial_spikes(train, is_augmented(w, c), &mine, err);
        if (st == MYE_OK)
            st = mye_trial_spikes(test, is_augmented(w, c), &other, err);
        if (st == MYE_OK)
            st = one_column(w, mine, other, c, job, run, err);
        mye_patterns_free(mine);
        mye_patterns_free(other);
        MYE_TRY(st);
    }
    return MYE_OK;
}

static mye_status need_confusion(work *w, const mye_patterns *set, mye_error *err)
{
    const size_t cells = (size_t)set->info.classes * (size_t)set->info.classes;
    if (!w->confusion)
        w->confusion = mye_alloc_array(w->ctx, cells, sizeof(*w->confusion));
    return w->confusion ? MYE_OK : mye_no_memory(err, cells * sizeof(double), "counts of answers");
}

static mye_status one_source(work *w, int source, int run, mye_error *err)
{
    mye_patterns *set = NULL, *train = NULL, *test = NULL;
    const bool last = source == w->n_sources - 1;
    mye_status st = open_set(w, w->source[source], "train", run, &set, err);
    if (st == MYE_OK && last)
        st = need_confusion(w, set, err);
    if (st == MYE_OK && w->o->folds == 0) {
        st = open_set(w, w->source[source], "test", run, &test, err);
        if (st == MYE_OK)
            st = both_spikes(w, source, set, test, run, run, err);
    }
    for (int64_t f = 0; st == MYE_OK && f < w->o->folds; f++) {
        st = cut_fold(w, set, f, &train, &test, err);
        if (st == MYE_OK)
            st = both_spikes(w, source, train, test, (int)(run * w->o->folds + f), run, err);
        mye_patterns_free(train);
        mye_patterns_free(test);
        train = test = NULL;
    }
    if (st == MYE_OK && last && run == w->o->runs - 1)
        mye_study_confusion(w->out, set->info.classes, w->confusion, set->info.class_name);
    mye_patterns_free(set);
    mye_patterns_free(train);
    mye_patterns_free(test);
    return st;
}

/* ---- what is told ---- */

static void tell(const work *w)
{
    static const mye_panel_kind summary = {"accuracy", "", true, false};
    static const mye_panel_kind noisy = {"test accuracy with noise", "", true, false};
    static const mye_panel_kind curve = {"accuracy over the signal-to-noise ratio", "dB", false,
                                         true};
    static const mye_panel_kind wrong = {"wrong answers of neurons while learning",
                                         "part of the learning", false, true};
    for (int c = 0; c < w->n_columns; c++) {
        const column *k = &w->column[c];
        const struct {
            const char *label, *unit;
            const double *value;
        } field[] = {{"test", "%", k->test},
                     {"training", "%", k->train},
                     {"epochs", "", k->epochs},
                     {"learned all", "%", k->converged},
                     {"spikes/pattern", "", k->spikes},
                     {"learning", "s", k->seconds}};
        for (int f = 0; f < 6; f++)
            mye_study_add(w->out, &summary, k->name, f, field[f].label, field[f].unit,
                          field[f].value, w->jobs);
        if (w->n_tests > 0)
            mye_study_add(w->out, &noisy, k->name, 0, "clean", "%", k->test, w->jobs);
        for (int i = 0; i < w->n_tests; i++) {
            char label[MYE_METHOD_MAX];
            const double *value = k->noisy + i * w->jobs;
            if (i < w->snr.n)
                snprintf(label, sizeof(label), "%g dB", w->snr.value[i]);
            else
                snprintf(label, sizeof(label), "%s", w->noise[i - w->snr.n]);
            mye_study_add(w->out, &noisy, k->name, i + 1, label, "%", value, w->jobs);
            if (i < w->snr.n)
                mye_study_add(w->out, &curve, k->name, w->snr.value[i], NULL, "%", value, w->jobs);
        }
        for (int i = 0; i < CURVE; i++) {
            const double mean = k->wrong[i] / w->jobs;
            mye_study_add(w->out, &wrong, k->name, (double)i / (CURVE - 1), NULL, "%", &mean, 1);
        }
    }
}

static mye_status run(mye_context *ctx, const void *opt, const char *dir,
                      const mye_callbacks *callbacks, mye_study *out, mye_error *err)
{
    work *w = mye_alloc(ctx, sizeof(*w));
    if (!w)
        return mye_no_memory(err, sizeof(*w), "an experiment");
    w->ctx = ctx;
    w->o = opt;
    w->dir = dir;
    w->callbacks = callbacks;
    w->out = out;
    mye_status st = read_options(w, err);
    if (st == MYE_OK)
        st = make_columns(w, err);
    for (int64_t r = 0; st == MYE_OK && r < w->o->runs; r++)
        for (int s = 0; st == MYE_OK && s < w->n_sources; s++)
            st = one_source(w, s, (int)r, err);
    if (st == MYE_OK)
        tell(w);
    mye_free(ctx, w->numbers);
    mye_free(ctx, w->confusion);
    mye_free(ctx, w);
    return st;
}

const mye_experiment_type mye_experiment_classify = {
    .entry = {"classify", "learn the classes of patterns, images, sounds or a file",
              "Yu et al. 2020, Synaptic learning with augmented spikes", params, sizeof(options)},
    .title = "Classification",
    .run = run,
};
