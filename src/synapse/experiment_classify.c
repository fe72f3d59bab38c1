/*
 * Classification: groups of neurons learn the classes of patterns - random ones, images, sounds, a
 * file's - and are tested on others, with noise where that is asked for. The same patterns, neurons and
 * epochs with ordinary spikes (all coefficients 1) and with coefficients.
 */
#include <math.h>
#include <string.h>

#include "synapse/classify.h"

static const mye_param params[] = {
    {"average", MYE_PARAM_BOOL, offsetof(mye_classify_options, learn.average), 0, "no", 0, 0, NULL,
     NULL, "", "take the mean of the weights over all presentations"},
    {"batch", MYE_PARAM_INT, offsetof(mye_classify_options, learn.batch), 0, "1", 1, 65536, NULL,
     NULL, "patterns", "whose mistakes are added up before weights move"},
    {"decay", MYE_PARAM_FLOAT, offsetof(mye_classify_options, learn.decay), 0, "0", 0, 1, NULL,
     NULL, "", "the learning rate falls on a line by this share until the last epoch"},
    MYE_LEARN_NUMBERS(mye_classify_options, learn, "0.001", "100", "0.01", "0.01"),
    {"folds", MYE_PARAM_INT, offsetof(mye_classify_options, folds), 0, "0", 0, 1000, NULL, NULL,
     "folds",
     "test on each of so many parts of the training patterns in turn; 0: on the test patterns"},
    MYE_LEARN_METHODS(mye_classify_options, learn, "double-exp", "tempotron:margin=0.1",
                      "momentum"),
    {"neurons", MYE_PARAM_INT, offsetof(mye_classify_options, neurons), 0, "1", 1, 1000, NULL, NULL,
     "neurons", "of each class, or of all where the readout has them in common"},
    {"patterns", MYE_PARAM_TEXT, offsetof(mye_classify_options, patterns), 2048, "poisson", 0, 0,
     NULL, NULL, "SOURCE", "entry of 'myelin list pattern'; several with ';' between are compared"},
    {"readout", MYE_PARAM_METHOD, offsetof(mye_classify_options, readout), MYE_METHOD_MAX, "vmax",
     0, 0, NULL, &mye_kind_readout, "", "from neurons to a class"},
    MYE_RUNS_PARAMS(mye_classify_options, runs, seed, "3"),
    {"save", MYE_PARAM_TEXT, offsetof(mye_classify_options, save), 512, "", 0, 0, NULL, NULL,
     "FILE",
     "keep the neurons of the first run (with coefficients, of the last source) in this file"},
    {"snr", MYE_PARAM_TEXT, offsetof(mye_classify_options, snr), 128, "", 0, 0, NULL, NULL, "LIST",
     "signal-to-noise ratios of sounds to test at too, in dB: 20,10,0,-5"},
    {"spikes", MYE_PARAM_CHOICE, offsetof(mye_classify_options, spikes), 0, "both", 0, 0,
     "both|augmented|ordinary", NULL, "", "with coefficients, without, or one beside the other"},
    {"test_noise", MYE_PARAM_TEXT, offsetof(mye_classify_options, test_noise), 512, "", 0, 0, NULL,
     NULL, "NOISE", "to test with too, with ';' between: 'jitter:sd=2;delete:share=0.1'"},
    {"train_noise", MYE_PARAM_TEXT, offsetof(mye_classify_options, learn.noise), MYE_METHOD_MAX, "",
     0, 0, NULL, NULL, "NOISE", "while learning: 'jitter:sd=2 delete:share=0.1'"},
    {0},
};

/* ---- what is asked for ---- */

/* "a;b" into different texts of at most MYE_METHOD_MAX - 1 letters. */
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
        out[*n][length] = '\0';
        for (int i = 0; i < *n; i++)
            if (strcmp(out[i], out[*n]) == 0)
                return mye_fail(err, MYE_ERR_ARG, "%s: '%.80s' comes twice", what, out[i]);
        if (length == 0)
            return mye_fail(err, MYE_ERR_ARG, "%s: nothing stands before a ';'", what);
        ++*n;
        at += length + (at[length] == ';');
    }
    return MYE_OK;
}

/* What is only needed when neurons have learned is looked at before. */
static mye_status check_tests(const mye_classify *w, mye_error *err)
{
    for (int i = 0; i < w->n_noises; i++) {
        mye_noises one;
        const mye_status st = mye_noises_parse(w->ctx, w->noise[i], &one, err);
        mye_noises_free(&one);
        MYE_TRY(st);
    }
    for (int s = 0; s < w->n_sources; s++)
        for (int i = 0; i < w->snr.n; i++) {
            char text[MYE_METHOD_MAX];
            MYE_TRY(mye_classify_snr(w, w->source[s], w->snr.value[i], text, sizeof(text), err));
        }
    return MYE_OK;
}

static mye_status read_options(mye_classify *w, mye_error *err)
{
    const mye_classify_options *o = w->o;
    MYE_TRY(split("patterns", o->patterns, MYE_CLASSIFY_SOURCES, w->source, &w->n_sources, err));
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
    MYE_TRY(check_tests(w, err));
    if (o->save[0])
        MYE_TRY(mye_file_probe(w->ctx, o->save, err));
    w->n_columns = w->n_sources * (o->spikes == MYE_SPIKES_BOTH ? 2 : 1);
    w->n_tests = w->snr.n + w->n_noises;
    w->jobs = (int)(o->runs * (o->folds > 0 ? o->folds : 1));
    return MYE_OK;
}

bool mye_classify_is_augmented(const mye_classify *w, int c)
{
    return w->o->spikes == MYE_SPIKES_BOTH ? c % 2 == 1 : w->o->spikes == MYE_SPIKES_AUGMENTED;
}

const char *mye_classify_source(const mye_classify *w, int c)
{
    return w->source[w->o->spikes == MYE_SPIKES_BOTH ? c / 2 : c];
}

static mye_status make_columns(mye_classify *w, mye_error *err)
{
    const size_t jobs = (size_t)w->jobs, each = jobs * (size_t)(6 + w->n_tests);
    w->numbers = mye_alloc_array(w->ctx, (size_t)w->n_columns * each, sizeof(double));
    if (!w->numbers)
        return mye_no_memory(err, (size_t)w->n_columns * each * sizeof(double), "results of runs");
    for (int c = 0; c < w->n_columns; c++) {
        mye_classify_column *k = &w->column[c];
        double *at = w->numbers + (size_t)c * each;
        const char *source = mye_classify_source(w, c);
        const char *spikes = mye_classify_is_augmented(w, c) ? "augmented" : "ordinary";
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

static mye_status need_confusion(mye_classify *w, const mye_patterns *set, mye_error *err)
{
    const size_t cells = (size_t)set->info.classes * (size_t)set->info.classes;
    if (!w->confusion)
        w->confusion = mye_alloc_array(w->ctx, cells, sizeof(*w->confusion));
    return w->confusion ? MYE_OK : mye_no_memory(err, cells * sizeof(double), "counts of answers");
}

static mye_status one_source(mye_classify *w, int source, int run, mye_error *err)
{
    mye_patterns *set = NULL, *train = NULL, *test = NULL;
    const bool last = source == w->n_sources - 1;
    mye_status st = mye_classify_open(w, w->source[source], "train", run, &set, err);
    if (st == MYE_OK && last)
        st = need_confusion(w, set, err);
    if (st == MYE_OK && w->o->folds == 0) {
        st = mye_classify_open(w, w->source[source], "test", run, &test, err);
        if (st == MYE_OK)
            st = mye_classify_job(w, source, set, test, run, run, err);
    }
    if (st == MYE_OK && w->o->folds > 0)
        st = mye_classify_check_folds(w, set, err);
    for (int64_t f = 0; st == MYE_OK && f < w->o->folds; f++) {
        st = mye_classify_fold(w, set, f, &train, &test, err);
        if (st == MYE_OK)
            st = mye_classify_job(w, source, train, test, (int)(run * w->o->folds + f), run, err);
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

static void tell(const mye_classify *w)
{
    static const mye_panel_kind summary = {"accuracy", "", true, false};
    static const mye_panel_kind noisy = {"test accuracy with noise", "", true, false};
    static const mye_panel_kind curve = {"accuracy over the signal-to-noise ratio", "dB", false,
                                         true};
    static const mye_panel_kind wrong = {"wrong answers of neurons while learning",
                                         "part of the learning", false, true};
    for (int c = 0; c < w->n_columns; c++) {
        const mye_classify_column *k = &w->column[c];
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
        for (int i = 0; i < MYE_CLASSIFY_CURVE; i++) {
            const double mean = k->wrong[i] / w->jobs;
            mye_study_add(w->out, &wrong, k->name, (double)i / (MYE_CLASSIFY_CURVE - 1), NULL, "%",
                          &mean, 1);
        }
    }
}

static mye_status run(mye_context *ctx, const void *opt, const char *dir,
                      const mye_callbacks *callbacks, mye_study *out, mye_error *err)
{
    mye_classify *w = mye_alloc(ctx, sizeof(*w));
    if (!w)
        return mye_no_memory(err, sizeof(*w), "an experiment");
    w->ctx = ctx;
    w->o = opt;
    w->dir = dir;
    w->callbacks = callbacks;
    w->begin_s = mye_now_s();
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
              "Yu et al. 2020, Synaptic learning with augmented spikes", params,
              sizeof(mye_classify_options)},
    .title = "Classification",
    .run = run,
};
