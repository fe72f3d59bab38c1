/* One job of the experiment `classify`: learn, test, with noise, draw. */
#include <math.h>

#include "synapse/classify.h"

enum { RASTER_MAX = 4000, TRACE = 400 };

static void keep_curve(mye_classify_column *k, const mye_synapse_result *r)
{
    for (int i = 0; i < MYE_CLASSIFY_CURVE; i++) {
        const double at = (double)i * (double)(r->epochs - 1) / (MYE_CLASSIFY_CURVE - 1);
        k->wrong[i] += r->curve[(int64_t)(at + 0.5)].wrong;
    }
}

static mye_status test_noise(const mye_classify *w, const mye_trial *t, const mye_patterns *test,
                             int c, int job, mye_error *err)
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

static mye_status test_snr(const mye_classify *w, const mye_trial *t, int c, int job, int run,
                           mye_error *err)
{
    const char *source = mye_classify_source(w, c);
    for (int i = 0; i < w->snr.n; i++) {
        char text[MYE_METHOD_MAX];
        mye_patterns *set = NULL;
        double *to = &w->column[c].noisy[i * w->jobs + job];
        mye_status st = mye_classify_snr(w, source, w->snr.value[i], text, sizeof(text), err);
        if (st == MYE_OK)
            st = mye_classify_open(w, text, "test", run, &set, err);
        if (st == MYE_OK && !mye_classify_is_augmented(w, c))
            mye_patterns_flatten(set);
        if (st == MYE_OK)
            st = mye_trial_test(t, set, to, NULL, err);
        mye_patterns_free(set);
        MYE_TRY(st);
    }
    return MYE_OK;
}

/* The first pattern of the last column, and what the first neuron of its class makes of it. */
static mye_status draw(const mye_classify *w, const mye_trial *t, const mye_patterns *set, int c,
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

/* Of all groups, where one of them is at `done` of `total`. */
static void tell(const mye_classify *w, const mye_progress *one, double done, double total)
{
    enum { PARTS = 1000 }; /* of the learning of a group */
    const int64_t all = (int64_t)w->n_columns * w->jobs * PARTS;
    const int64_t at = w->learned * PARTS + (int64_t)(PARTS * done / total);
    mye_progress p = *one;
    p.done = at;
    p.total = all;
    p.elapsed_s = mye_now_s() - w->begin_s;
    p.left_s = at > 0 ? p.elapsed_s * (double)(all - at) / (double)at : 0;
    if (w->callbacks && w->callbacks->progress)
        w->callbacks->progress(w->callbacks->user, &p);
}

static void on_progress(void *user, const mye_progress *one)
{
    tell(user, one, (double)one->done, (double)one->total);
}

static mye_status one_column(mye_classify *w, const mye_patterns *train, const mye_patterns *test,
                             int c, int job, int run, mye_error *err)
{
    mye_classify_column *k = &w->column[c];
    const mye_callbacks callbacks = {.progress = on_progress, .user = w};
    mye_trial t = {.ctx = w->ctx,
                   .learn = &w->o->learn,
                   .readout = w->o->readout,
                   .each = (int)w->o->neurons,
                   .seed = (uint64_t)w->o->seed + (uint64_t)run,
                   .callbacks = &callbacks};
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
    if (st == MYE_OK && last && job == 0 && w->o->save[0])
        st = mye_synapse_save(t.group, w->o->save, err);
    if (st == MYE_OK)
        tell(w, &(mye_progress){.phase = "learn"}, 1, 1);
    w->learned++;
    mye_trial_close(&t);
    return st;
}

mye_status mye_classify_job(mye_classify *w, int source, mye_patterns *train, mye_patterns *test,
                            int job, int run, mye_error *err)
{
    const int n = w->o->spikes == MYE_SPIKES_BOTH ? 2 : 1;
    MYE_TRY(mye_trial_check(train, test, err));
    /* Augmented spikes first: sets are large, and lose their coefficients where they stand. */
    for (int c = source * n + n - 1; c >= source * n; c--) {
        if (!mye_classify_is_augmented(w, c)) {
            mye_patterns_flatten(train);
            mye_patterns_flatten(test);
        }
        MYE_TRY(one_column(w, train, test, c, job, run, err));
    }
    return MYE_OK;
}
