/*
 * What the tests of experiments share: running one by its text, looking a figure up, comparing two
 * studies, and watching or stopping one that runs.
 */
#ifndef EXPERIMENT_SUPPORT_H
#define EXPERIMENT_SUPPORT_H

#include <math.h>

#include "data_support.h"
#include "myelin/experiment.h"

typedef struct lab {
    mye_context *ctx;
    size_t live; /* bytes of the context itself */
    mye_study *study;
    /* what was told */
    int told, stop_at; /* stop_at: cancels at this call, 0: never */
    bool falls;        /* progress went back, or past its total   */
    double share;      /* of the last call                        */
    char phase[16];
} lab;

static inline void lab_open(lab *l, int threads)
{
    const mye_context_options options = {.threads = threads, .kernels = "ref"};
    *l = (lab){NULL};
    ASSERT_OK(mye_context_create(&options, &l->ctx, &err));
    l->live = mye_context_live_bytes(l->ctx);
}

static inline void lab_watch(void *user, const mye_progress *p)
{
    lab *l = user;
    const double share = (double)p->done / (double)p->total;
    l->falls = l->falls || !(share >= l->share) || share > 1 || p->total < 1 || p->left_s < 0 ||
               p->elapsed_s < 0 || (share == 1 && p->left_s > 0);
    l->share = share;
    snprintf(l->phase, sizeof l->phase, "%s", p->phase);
    if (++l->told == l->stop_at)
        mye_context_cancel(l->ctx);
}

static inline mye_status lab_try(lab *l, const char *text, mye_error *err)
{
    const mye_callbacks callbacks = {.progress = lab_watch, .user = l};
    mye_study_free(l->study);
    l->study = NULL;
    l->told = 0;
    l->share = 0;
    l->falls = false;
    const mye_status st = mye_experiment(l->ctx, text, NULL, &callbacks, &l->study, err);
    assert_true((st == MYE_OK) == (l->study != NULL));
    return st;
}

static inline void lab_run(lab *l, const char *text)
{
    ASSERT_OK(lab_try(l, text, &err));
    assert_true(l->study->seconds >= 0 && l->study->title[0]);
}

static inline void lab_close(lab *l)
{
    mye_study_free(l->study);
    assert_int_equal(mye_context_live_bytes(l->ctx), l->live);
    mye_context_free(l->ctx);
}

/* ---- figures ---- */

/* The panel whose title begins so. */
static inline const mye_study_panel *lab_panel(const lab *l, const char *title)
{
    for (int i = 0; i < l->study->n_panels; i++)
        if (strncmp(l->study->panel[i].title, title, strlen(title)) == 0)
            return &l->study->panel[i];
    fail_msg("no panel '%s'", title);
    abort(); /* not reached */
}

static inline const mye_study_series *lab_series(const lab *l, const char *title, const char *name)
{
    const mye_study_panel *p = lab_panel(l, title);
    for (int i = 0; i < p->n_series; i++)
        if (strcmp(p->series[i].name, name) == 0)
            return &p->series[i];
    fail_msg("no series '%s' in '%s'", name, title);
    abort(); /* not reached */
}

/* The mean at x, of a curve. */
static inline double lab_at(const lab *l, const char *title, const char *name, double x)
{
    const mye_study_series *s = lab_series(l, title, name);
    for (int i = 0; i < s->n; i++)
        if (s->point[i].x == x)
            return s->point[i].mean;
    fail_msg("no point at %g in '%s'", x, title);
    return 0;
}

/* The mean in a column, of a table. */
static inline double lab_cell(const lab *l, const char *title, const char *name, const char *label)
{
    const mye_study_series *s = lab_series(l, title, name);
    for (int i = 0; i < s->n; i++)
        if (s->point[i].label && strcmp(s->point[i].label, label) == 0)
            return s->point[i].mean;
    fail_msg("no column '%s' in '%s'", label, title);
    return 0;
}

/* ---- two studies ---- */

static inline bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static inline bool is_seconds(const mye_study_point *p)
{
    return strcmp(p->unit, "s") == 0;
}

/* Every number and name is the same, but for seconds. */
static inline void assert_same_study(const mye_study *a, const mye_study *b)
{
    assert_string_equal(a->command, b->command);
    assert_true(a->n_panels == b->n_panels && a->n_rasters == b->n_rasters);
    assert_true(a->classes == b->classes);
    for (int i = 0; i < a->n_panels; i++) {
        const mye_study_panel *p = &a->panel[i], *q = &b->panel[i];
        assert_string_equal(p->title, q->title);
        assert_int_equal(p->n_series, q->n_series);
        for (int s = 0; s < p->n_series; s++) {
            assert_string_equal(p->series[s].name, q->series[s].name);
            assert_int_equal(p->series[s].n, q->series[s].n);
            for (int k = 0; k < p->series[s].n; k++) {
                const mye_study_point *x = &p->series[s].point[k], *y = &q->series[s].point[k];
                if (x->x != y->x || x->runs != y->runs || strcmp(x->unit, y->unit) != 0 ||
                    (!is_seconds(x) &&
                     !(same_number(x->mean, y->mean) && same_number(x->sd, y->sd))))
                    fail_msg("'%s', '%s', point %d: %.17g is not %.17g", p->title,
                             p->series[s].name, k, x->mean, y->mean);
            }
        }
    }
    for (int i = 0; i < a->n_rasters; i++) {
        const size_t bytes = (size_t)a->raster[i].n * sizeof(float);
        assert_int_equal(a->raster[i].n, b->raster[i].n);
        assert_memory_equal(a->raster[i].x, b->raster[i].x, bytes);
        assert_memory_equal(a->raster[i].y, b->raster[i].y, bytes);
    }
    const size_t cells = (size_t)a->classes * (size_t)a->classes;
    if (cells > 0)
        assert_memory_equal(a->confusion, b->confusion, cells * sizeof(double));
}

/* ---- what every experiment keeps to ---- */

static inline void check_same_for_1_and_3_threads(const char *text)
{
    lab one, three;
    lab_open(&one, 1);
    lab_open(&three, 3);
    lab_run(&one, text);
    lab_run(&three, text);
    assert_same_study(one.study, three.study);
    lab_close(&one);
    lab_close(&three);
}

/* Progress is told, rises and ends at its end; stopped from the first call, it ends as cancelled. */
static inline void check_progress_and_stop(const char *text)
{
    for (int threads = 1; threads <= 3; threads += 2) {
        lab l;
        lab_open(&l, threads);
        lab_run(&l, text);
        assert_true(l.told > 1 && !l.falls && l.share == 1 && l.phase[0]);
        l.stop_at = 1;
        ASSERT_FAILS(lab_try(&l, text, &err), MYE_ERR_CANCELLED, "stopped");
        assert_true(l.share < 1);
        mye_context_resume(l.ctx);
        l.stop_at = 0;
        lab_run(&l, text);
        lab_close(&l);
    }
}

/* Refused in one sentence that has these words in it. */
static inline void check_refused(lab *l, const char *text, const char *words)
{
    mye_error why = {0};
    const mye_status st = lab_try(l, text, &why);
    if (st != MYE_ERR_ARG || !strstr(why.message, words))
        fail_msg("%s: expected '%s', got %s: %s", text, words, mye_status_name(st), why.message);
    assert_null(strchr(why.message, '\n'));
    assert_int_equal(l->told, 0); /* before the work */
}

/* Each allocation in turn is refused, up to `most`: told, and nothing leaks. */
static inline void check_no_memory(const char *text, long most)
{
    failing requests = {0};
    mye_context *ctx = make_context(&requests);
    const long blocks = requests.blocks;
    mye_status st = MYE_ERR_NOMEM;
    long n = 0;
    while (st != MYE_OK && n < most) {
        mye_error why = {0};
        mye_study *study = NULL;
        requests.calls = 0;
        requests.fail_at = ++n;
        st = mye_experiment(ctx, text, NULL, NULL, &study, &why);
        requests.fail_at = 0;
        if (st != MYE_OK && (st != MYE_ERR_NOMEM || !strstr(why.message, "not enough memory")))
            fail_msg("request %ld: %s: %s", n, mye_status_name(st), why.message);
        mye_study_free(study);
        if (requests.blocks != blocks)
            fail_msg("request %ld: %ld blocks left", n, requests.blocks - blocks);
    }
    print_message("%ld requests\n", n - 1);
    assert_true(n > 10);
    mye_context_free(ctx);
}

#endif
