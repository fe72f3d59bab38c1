/* Draws and inclusion probabilities: see draw.h. */
#include "sample/draw.h"

#include <math.h>
#include <stdlib.h>

void mye_draw_all(const mye_sample_facts *f, int64_t epoch, int64_t *order)
{
    mye_random_permutation(f->seed, MYE_STREAM_SHUFFLE, (uint64_t)epoch << 40, f->n, order);
}

static uint64_t seed_of(const mye_sample_facts *f, uint64_t tag)
{
    return mye_random_derive(mye_random_derive(f->seed, 0x73616d706c65), tag);
}

static uint64_t below(const mye_sample_facts *f, int64_t epoch, uint64_t tag, int64_t at, int64_t n)
{
    return mye_random_below(seed_of(f, tag), MYE_STREAM_METHOD,
                            ((uint64_t)epoch << 40) + (uint64_t)at, (uint64_t)n);
}

double mye_draw_uniform(const mye_sample_facts *f, int64_t epoch, uint64_t tag, uint64_t at)
{
    const uint64_t bits =
        mye_random_u64(seed_of(f, tag), MYE_STREAM_METHOD, ((uint64_t)epoch << 40) + at);
    return (double)(bits >> 11) * 0x1p-53;
}

void mye_draw_subset(const mye_sample_facts *f, int64_t epoch, uint64_t tag, const int64_t *from,
                     int64_t n, int64_t m, int64_t *out)
{
    for (int64_t i = 0; i < n && out != from; i++)
        out[i] = from != NULL ? from[i] : i;
    for (int64_t i = 0; i < m; i++) {
        const int64_t k = i + (int64_t)below(f, epoch, tag, i, n - i), swap = out[i];
        out[i] = out[k];
        out[k] = swap;
    }
}

void mye_draw_shuffle(const mye_sample_facts *f, int64_t epoch, uint64_t tag, int64_t n,
                      int64_t *order, float *weight)
{
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t k = (int64_t)below(f, epoch, tag, i, i + 1), swap = order[i];
        order[i] = order[k];
        order[k] = swap;
        if (weight == NULL)
            continue;
        const float kept = weight[i];
        weight[i] = weight[k];
        weight[k] = kept;
    }
}

/* ---- ranks: a heap sort, for it wants neither memory nor a context ---- */

static float key(const float *score, int64_t i)
{
    return isnan(score[i]) ? INFINITY : score[i];
}

/* Does a come before b in the ranking? */
static bool leads(const float *score, int64_t a, int64_t b)
{
    const float x = key(score, a), y = key(score, b);
    return x != y ? x > y : a < b;
}

/* The heap's top is the one that comes last. */
static void sink(const float *score, int64_t *order, int64_t at, int64_t n)
{
    for (int64_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && leads(score, order[child], order[child + 1]))
            child++;
        if (!leads(score, order[at], order[child]))
            return;
        const int64_t swap = order[at];
        order[at] = order[child];
        order[child] = swap;
    }
}

void mye_draw_rank(const float *score, int64_t n, int64_t *order)
{
    for (int64_t i = 0; i < n; i++)
        order[i] = i;
    for (int64_t i = n / 2 - 1; i >= 0; i--)
        sink(score, order, i, n);
    for (int64_t end = n - 1; end > 0; end--) {
        const int64_t swap = order[0];
        order[0] = order[end];
        order[end] = swap;
        sink(score, order, 0, end);
    }
}

/* ---- inclusion probabilities ---- */

double mye_draw_water_fill(const double *q, int64_t n, double m, double *pi, int64_t *capped)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += q[i];
    double c = m / sum;
    for (int64_t last = -1, full = 0; full != last;) {
        double rest = 0;
        last = full;
        full = 0;
        for (int64_t i = 0; i < n; i++) {
            if (c * q[i] >= 1)
                full++;
            else
                rest += q[i];
        }
        if (full == last || rest <= 0)
            break;
        c = (m - (double)full) / rest;
    }
    *capped = 0;
    for (int64_t i = 0; i < n; i++) {
        const double p = c * q[i];
        *capped += p >= 1;
        pi[i] = p >= 1 ? 1 : p;
    }
    return c;
}

int64_t mye_draw_systematic(const double *pi, const int64_t *visit, int64_t n, double u, int64_t m,
                            int64_t *out)
{
    double sum = 0, total = 0;
    int64_t picked = 0;
    for (int64_t i = 0; i < n; i++)
        total += pi[visit[i]];
    /* Rounding must not cost or add a sample: the sum is made m. */
    const double scale = total > 0 ? (double)m / total : 0;
    for (int64_t i = 0; i < n && picked < m; i++) {
        sum += pi[visit[i]];
        const double reached = i + 1 == n ? (double)m : sum * scale;
        if (floor(reached - u) >= (double)picked)
            out[picked++] = visit[i];
    }
    return picked;
}
