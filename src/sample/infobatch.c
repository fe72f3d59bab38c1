/*
 * InfoBatch: of the samples with a small loss a random part is left out, and the others of them count
 * for those. The public code has three defects (data_pruning.md section 6.5), which `released` brings
 * back: samples not yet seen count as loss 3, all alike, and rounding may prune them in the first
 * epoch; weights are forgotten only in the epoch right behind delta E, where that is a whole number;
 * what is pruned depends on the losses alone (here: rho sets it, 0 is the published rule).
 */
#include <math.h>
#include <string.h>

#include "sample/draw.h"
#include "sample/select.h"

typedef struct infobatch_options {
    mye_budget budget;
    double r, delta;
    bool released;
} infobatch_options;

static const mye_param infobatch_params[] = {
    MYE_BUDGET_RHO(infobatch_options, budget, "0",
                   "share of the visits that is left out: the threshold is a quantile; 0: as "
                   "published, the mean loss"),
    {.name = "r",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(infobatch_options, r),
     .def = "0.5",
     .min = 0,
     .max = 0.9,
     .unit = "",
     .help = "share of the easy samples that is left out; grows where rho wants more"},
    {.name = "delta",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(infobatch_options, delta),
     .def = "0.875",
     .min = 0,
     .max = 1,
     .unit = "",
     .help = "share of the epochs that is pruned; all data behind it"},
    {.name = "released",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(infobatch_options, released),
     .def = "no",
     .unit = "",
     .help = "with the defects of the public code"},
    {.name = NULL}};

enum { KEPT = 1 };

/* losses [n], then whether they are known, and with `released` the weights that stay [n] */
static uint8_t *known_of(const mye_sample_facts *f, float *loss)
{
    return (uint8_t *)(loss + f->n);
}

static float *stale_of(const mye_sample_facts *f, float *loss)
{
    return loss + f->n + (f->n + 3) / 4;
}

static size_t infobatch_state_bytes(const void *options, const mye_sample_facts *f)
{
    const size_t n = (size_t)f->n;
    return n * sizeof(float) + (n + 3) / 4 * 4 +
           (((const infobatch_options *)options)->released ? n * sizeof(float) : 0);
}

static void infobatch_observe(const void *options, const mye_sample_facts *f, void *state,
                              void *scratch, int64_t epoch, const mye_sample_view *v)
{
    MYE_UNUSED(options);
    MYE_UNUSED(scratch);
    MYE_UNUSED(epoch);
    for (int b = 0; b < v->B; b++) {
        ((float *)state)[v->index[b]] = v->told.loss[b];
        known_of(f, state)[v->index[b]] = 1;
    }
}

static float loss_of(const mye_sample_facts *f, float *loss, int64_t i)
{
    return known_of(f, loss)[i] ? loss[i] : 3.0f;
}

/* The last epoch that is pruned, exclusive. */
static double end_of(const infobatch_options *o, const mye_sample_facts *f)
{
    return o->delta * (double)f->epochs;
}

/* Of how many samples, and how much of them, leaves the budget; the first epoch is full. */
static void share_easy(const infobatch_options *o, const mye_sample_facts *f, double *easy,
                       double *left_out)
{
    const int64_t end = (int64_t)ceil(end_of(o, f));
    mye_budget b = o->budget;
    b.warm = 1;
    b.anneal = f->epochs - (end < f->epochs ? end : f->epochs);
    const double less = 1 - mye_budget_make(&b, f).keep;
    *left_out = fmin(0.9, fmax(o->r, less / 0.95));
    *easy = *left_out > 0 ? fmin(0.95, less / *left_out) : 0;
}

/* The easy samples, in `order`; returns how many. */
static int64_t find_easy(const infobatch_options *o, const mye_sample_facts *f, float *loss,
                         double *left_out, int64_t *order)
{
    int64_t n = 0;
    *left_out = o->r;
    if (o->budget.rho > 0) {
        double easy;
        share_easy(o, f, &easy, left_out);
        mye_draw_rank(loss, f->n, order);
        n = (int64_t)floor(easy * (double)f->n);
        memmove(order, order + f->n - n, (size_t)n * sizeof *order);
        return n;
    }
    float sum = 0, mean;
    double exact = 0;
    for (int64_t i = 0; i < f->n; i++) {
        sum += loss_of(f, loss, i);
        exact += (double)loss_of(f, loss, i);
    }
    mean = o->released ? sum / (float)f->n : (float)(exact / (double)f->n);
    for (int64_t i = 0; i < f->n; i++)
        if (loss_of(f, loss, i) < mean && (o->released || known_of(f, loss)[i]))
            order[n++] = i;
    return n;
}

/* All others with weight 1 behind the easy ones that stay; shuffled. */
static void prune(const infobatch_options *o, const mye_sample_facts *f, float *loss, int64_t epoch,
                  mye_sample_epoch *out)
{
    double left_out;
    uint8_t *is_easy = out->work;
    const int64_t n = find_easy(o, f, loss, &left_out, out->order);
    for (int64_t i = 0; i < f->n; i++)
        is_easy[i] = 0;
    for (int64_t i = 0; i < n; i++)
        is_easy[out->order[i]] = 1;
    out->n = (int64_t)floor((1 - left_out) * (double)n);
    mye_draw_subset(f, epoch, KEPT, out->order, n, out->n, out->order);
    for (int64_t i = 0; i < out->n; i++)
        out->weight[i] = (float)(1 / (1 - left_out));
    for (int64_t i = 0; i < f->n; i++)
        if (!is_easy[i])
            out->order[out->n++] = i;
    out->keep = (double)out->n / (double)f->n;
    mye_draw_shuffle(f, epoch, KEPT + 1, out->n, out->order, out->weight);
}

/* The public code keeps one weight for each sample of the data set; who is pruned keeps an old one. */
static void released_weights(const infobatch_options *o, const mye_sample_facts *f, float *loss,
                             int64_t epoch, bool pruned, mye_sample_epoch *out)
{
    float *stale = stale_of(f, loss);
    const bool forget = epoch == 0 || pruned || (double)epoch == end_of(o, f) + 1;
    for (int64_t i = 0; i < f->n && forget; i++)
        stale[i] = 1;
    for (int64_t i = 0; i < out->n; i++) {
        if (pruned)
            stale[out->order[i]] = out->weight[i];
        else
            out->weight[i] = stale[out->order[i]];
    }
}

static void infobatch_epoch(const void *options, const mye_sample_facts *f, void *state,
                            int64_t epoch, mye_sample_epoch *out)
{
    const infobatch_options *o = options;
    const bool first = epoch == 0 && (!o->released || o->budget.rho > 0);
    const bool pruned =
        !first && (o->released ? (double)epoch <= end_of(o, f) : (double)epoch < end_of(o, f));
    if (pruned)
        prune(o, f, state, epoch, out);
    else
        mye_budget_full(f, epoch, out);
    if (o->released)
        released_weights(o, f, state, epoch, pruned, out);
}

static size_t infobatch_work_bytes(const void *options, const mye_sample_facts *f)
{
    MYE_UNUSED(options);
    return (size_t)f->n;
}

static bool infobatch_weighs(const void *options)
{
    MYE_UNUSED(options);
    return true;
}

const mye_sample_rule mye_sample_infobatch = {
    .entry = {.name = "infobatch",
              .brief = "leaves out a random part of the samples with a small loss, and weights the "
                       "others of them",
              .source = "Qin et al., InfoBatch, ICLR 2024; data_pruning.md 6.5",
              .params = infobatch_params,
              .options_size = sizeof(infobatch_options)},
    .state_bytes = infobatch_state_bytes,
    .open = mye_select_open,
    .work_bytes = infobatch_work_bytes,
    .weighs = infobatch_weighs,
    .epoch = infobatch_epoch,
    .observe = infobatch_observe,
    .scores = mye_select_scores};
