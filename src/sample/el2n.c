/*
 * EL2N and GraNd: one subset for the rest of the run, of the samples with the highest scores early in
 * training.
 *
 *   el2n        |softmax - y|, the norm of the error
 *   grand       norm of the gradient of the readout, which DeepCore calls GraNd
 *   grand-full  norm of the gradient of all convolution and dense layers, which the paper calls so
 *
 * The paper averages over ten networks at one epoch; here it is the first epochs of one run, which count
 * in its budget. For the paper's way, average the scores.csv of several runs into one file.
 */
#include <math.h>

#include "sample/draw.h"
#include "sample/score.h"
#include "sample/scores_file.h"
#include "sample/select.h"

enum { EL2N, GRAND, GRAND_FULL };
enum { HIGHEST, LOWEST };

typedef struct el2n_options {
    mye_budget budget; /* warm: the epochs whose scores are averaged */
    int score, keep;
    double offset;
    char file[192];
} el2n_options;

static const mye_param el2n_params[] = {
    MYE_BUDGET_RHO(el2n_options, budget, "0.5",
                   "share of the visits that is left out; 0: plain training"),
    {.name = "score",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(el2n_options, score),
     .def = "el2n",
     .choices = "el2n|grand|grand-full",
     .unit = "",
     .help = "norm of the error, of the readout's gradient, of all layers' gradient"},
    {.name = "at",
     .type = MYE_PARAM_INT,
     .offset = offsetof(el2n_options, budget.warm),
     .def = "-1",
     .min = -1,
     .max = 1e9,
     .unit = "epochs",
     .help = "full epochs at the beginning, whose scores are averaged; they count as visited, and "
             "are fewer where rho leaves fewer; -1: 5 %, at least 1, and none with a file"},
    {.name = "keep",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(el2n_options, keep),
     .def = "highest",
     .choices = "highest|lowest",
     .unit = "",
     .help = "which samples stay"},
    {.name = "offset",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(el2n_options, offset),
     .def = "0",
     .min = 0,
     .max = 0.99,
     .unit = "",
     .help = "share of all samples, those with the very highest scores, that goes too: their "
             "labels may be wrong"},
    {.name = "file",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(el2n_options, file),
     .size = sizeof(((el2n_options *)NULL)->file),
     .def = "",
     .unit = "",
     .help = "scores that another run has exported (its scores.csv), in place of own ones"},
    {.name = NULL}};

/* means [n], NAN: not seen; then of how many scores [n] */
static uint32_t *counts_of(const mye_sample_facts *f, void *state)
{
    return (uint32_t *)(void *)((float *)state + f->n);
}

static size_t el2n_state_bytes(const void *options, const mye_sample_facts *f)
{
    MYE_UNUSED(options);
    return (size_t)f->n * (sizeof(float) + sizeof(uint32_t));
}

static bool has_file(const el2n_options *o)
{
    return o->file[0] != '\0';
}

static mye_budget_plan plan_of(const el2n_options *o, const mye_sample_facts *f)
{
    mye_budget b = o->budget;
    if (has_file(o))
        b.warm = 0;
    return mye_budget_make(&b, f);
}

/* Samples that go because their scores are the very highest. */
static int64_t skipped(const el2n_options *o, const mye_sample_facts *f)
{
    return (int64_t)floor(o->offset * (double)f->n + 1e-6);
}

static mye_status check_source(const el2n_options *o, mye_error *err)
{
    if (has_file(o) && o->budget.warm > 0)
        return mye_fail(err, MYE_ERR_ARG,
                        "sample 'el2n' takes its scores from a file (file=%s) or from its own "
                        "epochs (at=%lld), not from both",
                        o->file, (long long)o->budget.warm);
    if (has_file(o) && o->score != EL2N)
        return mye_fail(err, MYE_ERR_ARG,
                        "sample 'el2n' takes its scores from a file (file=%s), so it measures none "
                        "(score=%s)",
                        o->file, o->score == GRAND ? "grand" : "grand-full");
    if (!has_file(o) && o->budget.warm == 0)
        return mye_fail(err, MYE_ERR_ARG,
                        "sample 'el2n' wants a file of scores, or at least 1 epoch to take them "
                        "in, got at=0");
    return MYE_OK;
}

static mye_status el2n_check(const void *options, const mye_sample_facts *f, mye_error *err)
{
    const el2n_options *o = options;
    const mye_budget_plan p = plan_of(o, f);
    MYE_TRY(check_source(o, err));
    if (o->keep == LOWEST && o->offset > 0)
        return mye_fail(err, MYE_ERR_ARG,
                        "sample 'el2n' with keep=lowest leaves the highest scores out anyway: "
                        "offset has to be 0, got %g",
                        o->offset);
    if (o->budget.rho <= 0)
        return MYE_OK;
    if (!has_file(o) && p.warm == 0)
        return mye_fail(err, MYE_ERR_ARG,
                        "sample 'el2n' takes its scores in full epochs, and rho=%g of %lld epochs "
                        "leaves none: train longer, prune less, or give a file",
                        o->budget.rho, (long long)f->epochs);
    const int64_t kept = mye_budget_samples(p.keep, f);
    if (kept + skipped(o, f) > f->n)
        return mye_fail(err, MYE_ERR_ARG,
                        "sample 'el2n' keeps %lld of %lld samples, and offset=%g drops %lld: these "
                        "are more than there are",
                        (long long)kept, (long long)f->n, o->offset, (long long)skipped(o, f));
    return MYE_OK;
}

static mye_status el2n_open(mye_context *ctx, const void *options, const mye_sample_facts *f,
                            void *state, mye_error *err)
{
    const el2n_options *o = options;
    mye_select_unknown(state, f->n);
    return has_file(o) ? mye_scores_read(ctx, o->file, MYE_SCORES_ALL, f->n, state, err) : MYE_OK;
}

static mye_score score_of(const el2n_options *o)
{
    static const mye_score of[] = {
        [EL2N] = MYE_SCORE_EL2N, [GRAND] = MYE_SCORE_OUT, [GRAND_FULL] = MYE_SCORE_DELTA};
    return of[o->score];
}

static unsigned el2n_tells(const void *options, const mye_sample_facts *f)
{
    const el2n_options *o = options;
    MYE_UNUSED(f);
    return o->budget.rho <= 0 || has_file(o) ? 0 : mye_score_tells(score_of(o));
}

static void el2n_observe(const void *options, const mye_sample_facts *f, void *state, void *scratch,
                         int64_t epoch, const mye_sample_view *v)
{
    const el2n_options *o = options;
    float *mean = state;
    uint32_t *count = counts_of(f, state);
    MYE_UNUSED(scratch);
    if (o->budget.rho <= 0 || epoch >= plan_of(o, f).warm)
        return;
    for (int b = 0; b < v->B; b++) {
        const int64_t i = v->index[b];
        const float now = mye_score_of(score_of(o), &v->told, b);
        count[i]++;
        mean[i] = count[i] == 1 ? now : mean[i] + (now - mean[i]) / (float)count[i];
    }
}

static size_t el2n_work_bytes(const void *options, const mye_sample_facts *f)
{
    return ((const el2n_options *)options)->budget.rho > 0 ? mye_select_work_bytes(f) + (size_t)f->n
                                                           : 0;
}

enum { TIES = 1 };

static void el2n_epoch(const void *options, const mye_sample_facts *f, void *state, int64_t epoch,
                       mye_sample_epoch *out)
{
    const el2n_options *o = options;
    const mye_budget_plan p = plan_of(o, f);
    if (mye_budget_is_full(&o->budget, &p, f, epoch)) {
        mye_budget_full(f, epoch, out);
        return;
    }
    /* Scores stay as they are from here on, so the subset is the same each time. */
    const int64_t n = mye_budget_samples(p.keep, f);
    const int64_t first = o->keep == LOWEST ? f->n - n : skipped(o, f);
    uint8_t *kept = (uint8_t *)out->work + mye_select_work_bytes(f);
    mye_select_rank(f, 0, TIES, state, out->work, out->order);
    for (int64_t i = 0; i < f->n; i++)
        kept[out->order[i]] = i >= first && i < first + n;
    out->n = mye_select_marked(f, epoch, kept, 1, out->order);
    out->keep = p.keep;
}

static const float *el2n_scores(const void *options, const mye_sample_facts *f, const void *state)
{
    const el2n_options *o = options;
    MYE_UNUSED(f);
    return o->budget.rho > 0 || has_file(o) ? state : NULL;
}

const mye_sample_rule mye_sample_el2n = {
    .entry = {.name = "el2n",
              .brief = "one subset: the highest error or gradient norms of the first epochs, or of "
                       "a file",
              .source = "Paul et al., Deep Learning on a Data Diet, NeurIPS 2021; data_pruning.md "
                        "6.8",
              .params = el2n_params,
              .options_size = sizeof(el2n_options)},
    .check = el2n_check,
    .state_bytes = el2n_state_bytes,
    .open = el2n_open,
    .work_bytes = el2n_work_bytes,
    .tells = el2n_tells,
    .epoch = el2n_epoch,
    .observe = el2n_observe,
    .scores = el2n_scores};
