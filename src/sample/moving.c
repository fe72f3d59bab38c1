/* Moving averages of scores: see moving.h. */
#include "sample/moving.h"

#include <math.h>
#include <string.h>

#include "sample/score.h"
#include "sample/select.h"

/* ---- scores ---- */

static float loss_of(const mye_told *told, int b)
{
    return mye_score_of(MYE_SCORE_LOSS, told, b);
}

static float error_of(const mye_told *told, int b)
{
    return mye_score_of(MYE_SCORE_EL2N, told, b);
}

static float uncertainty_of(const mye_told *told, int b)
{
    return 1 - told->confidence[b];
}

static const struct {
    unsigned tells;
    float (*of)(const mye_told *told, int b);
} scores[] = {{0, loss_of}, {MYE_TELL_ERROR, error_of}, {MYE_TELL_CONFIDENCE, uncertainty_of}};

unsigned mye_moving_tells(const mye_moving_options *o)
{
    return o->budget.rho > 0 ? scores[o->score].tells : 0;
}

/* ---- state ---- */

size_t mye_moving_state_bytes(const void *options, const mye_sample_facts *f)
{
    MYE_UNUSED(options);
    return (size_t)f->n * (2 * sizeof(float) + sizeof(uint32_t) + 1);
}

mye_moving mye_moving_of(const mye_sample_facts *f, void *state)
{
    mye_moving m = {.mean = state};
    m.variance = m.mean + f->n;
    m.seen = (uint32_t *)(void *)(m.variance + f->n);
    m.chosen = (uint8_t *)(m.seen + f->n);
    return m;
}

mye_status mye_moving_open(mye_context *ctx, const void *options, const mye_sample_facts *f,
                           void *state, mye_error *err)
{
    MYE_UNUSED(ctx);
    MYE_UNUSED(options);
    MYE_UNUSED(err);
    mye_select_unknown(mye_moving_of(f, state).mean, f->n);
    return MYE_OK;
}

void mye_moving_observe(const mye_moving_options *o, const mye_sample_facts *f, void *state,
                        int64_t epoch, const mye_sample_view *v)
{
    const mye_moving m = mye_moving_of(f, state);
    if (o->budget.rho <= 0)
        return;
    for (int b = 0; b < v->B; b++) {
        const int64_t i = v->index[b];
        const double now = (double)scores[o->score].of(&v->told, b);
        const double step = m.seen[i] > 0 ? now - (double)m.mean[i] : 0;
        m.mean[i] = m.seen[i] > 0 ? (float)((double)m.mean[i] + o->a * step) : (float)now;
        m.variance[i] = (float)((1 - o->a) * ((double)m.variance[i] + o->a * step * step));
        m.seen[i] = (uint32_t)epoch + 1;
    }
}

/* ---- choice ---- */

enum { TIES = 1, ANY };

static void choose(const mye_sample_facts *f, int64_t epoch, const mye_moving_choice *c, int64_t k,
                   uint8_t *chosen, int64_t *order)
{
    const int64_t any = (int64_t)floor(c->any * (double)k + 0.5), top = k - any;
    mye_select_rank(f, epoch, TIES, c->rank, c->work, order);
    mye_draw_subset(f, epoch, ANY, order + top, f->n - top, any, order + top);
    memset(chosen, 0, (size_t)f->n);
    for (int64_t i = 0; i < k; i++)
        chosen[order[i]] = 1;
}

void mye_moving_epoch(const mye_moving_options *o, const mye_sample_facts *f, void *state,
                      int64_t epoch, const mye_moving_choice *choice, mye_sample_epoch *out)
{
    const mye_moving m = mye_moving_of(f, state);
    const mye_budget_plan p = mye_budget_make(&o->budget, f);
    if (mye_budget_is_full(&o->budget, &p, f, epoch)) {
        mye_budget_full(f, epoch, out);
        return;
    }
    if ((epoch - p.warm) % o->every == 0)
        choose(f, epoch, choice, mye_budget_samples(p.keep, f), m.chosen, out->order);
    out->n = mye_select_marked(f, epoch, m.chosen, 1, out->order);
    out->keep = p.keep;
    out->mean_age = mye_select_mean_age(m.seen, f->n, epoch);
}
