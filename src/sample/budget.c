/* The budget of a run: see draw.h. */
#include "sample/draw.h"

#include <math.h>

#define LEAST_KEPT 0.05

static double middle(const mye_budget *b, const mye_sample_facts *f, int64_t full)
{
    const double E = (double)f->epochs, n_full = (double)full;
    return E > n_full ? ((1 - b->rho) * E - n_full) / (E - n_full) : 1;
}

mye_budget_plan mye_budget_make(const mye_budget *b, const mye_sample_facts *f)
{
    const double E = (double)f->epochs;
    mye_budget_plan p = {.warm = b->warm, .anneal = b->anneal};
    if (p.warm < 0)
        p.warm = (int64_t)fmax(1, ceil(0.05 * E));
    if (p.anneal < 0)
        p.anneal = f->has_batch_norm ? (int64_t)ceil(0.10 * E) : 0;
    if (b->rho <= 0) {
        p.keep = 1;
        return p;
    }
    while (p.anneal > 0 &&
           (p.warm + p.anneal >= f->epochs || middle(b, f, p.warm + p.anneal) < LEAST_KEPT))
        p.anneal--;
    while (p.warm > 0 && (p.warm >= f->epochs || middle(b, f, p.warm) < LEAST_KEPT))
        p.warm--;
    p.keep = fmin(1, fmax(LEAST_KEPT, middle(b, f, p.warm + p.anneal)));
    return p;
}

bool mye_budget_is_full(const mye_budget *b, const mye_budget_plan *p, const mye_sample_facts *f,
                        int64_t epoch)
{
    return b->rho <= 0 || epoch < p->warm || epoch >= f->epochs - p->anneal;
}

int64_t mye_budget_samples(double keep, const mye_sample_facts *f)
{
    const int64_t batch = f->batch < f->n ? f->batch : f->n;
    const int64_t m = (int64_t)floor(keep * (double)f->n + 1e-6) / batch * batch;
    if (keep >= 1)
        return f->n;
    return m > batch ? m : batch;
}

void mye_budget_full(const mye_sample_facts *f, int64_t epoch, mye_sample_epoch *out)
{
    mye_draw_all(f, epoch, out->order);
    out->n = f->n;
    out->keep = 1;
}

bool mye_budget_even(const mye_budget *b, const mye_sample_facts *f, int64_t epoch,
                     mye_sample_epoch *out)
{
    if (b->rho <= 0) {
        mye_budget_full(f, epoch, out);
        return true;
    }
    out->keep = 1 - b->rho;
    out->n = mye_budget_samples(out->keep, f);
    return false;
}
