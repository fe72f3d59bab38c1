/* Choosing by rank: see select.h. */
#include "sample/select.h"

#include <math.h>

#include "sample/draw.h"

size_t mye_select_work_bytes(const mye_sample_facts *f)
{
    return (size_t)f->n * (sizeof(int64_t) + sizeof(float));
}

void mye_select_rank(const mye_sample_facts *f, int64_t epoch, uint64_t tag, const float *score,
                     void *work, int64_t *order)
{
    int64_t *mixed = work;
    float *of_mixed = (float *)(void *)(mixed + f->n);
    mye_draw_subset(f, epoch, tag, NULL, f->n, f->n, mixed);
    for (int64_t i = 0; i < f->n; i++)
        of_mixed[i] = score[mixed[i]];
    mye_draw_rank(of_mixed, f->n, order);
    for (int64_t i = 0; i < f->n; i++)
        order[i] = mixed[order[i]];
}

int64_t mye_select_marked(const mye_sample_facts *f, int64_t epoch, const uint8_t *mark,
                          uint8_t bit, int64_t *order)
{
    int64_t n = 0;
    mye_draw_all(f, epoch, order);
    for (int64_t i = 0; i < f->n; i++)
        if (mark[order[i]] & bit)
            order[n++] = order[i];
    return n;
}

double mye_select_mean_age(const uint32_t *seen, int64_t n, int64_t epoch)
{
    double sum = 0, count = 0;
    for (int64_t i = 0; i < n; i++)
        if (seen[i] > 0) {
            sum += (double)(epoch - (int64_t)(seen[i] - 1));
            count++;
        }
    return count > 0 ? sum / count : (double)NAN;
}

void mye_select_unknown(float *score, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        score[i] = NAN;
}

mye_status mye_select_open(mye_context *ctx, const void *options, const mye_sample_facts *f,
                           void *state, mye_error *err)
{
    MYE_UNUSED(ctx);
    MYE_UNUSED(options);
    MYE_UNUSED(err);
    mye_select_unknown(state, f->n);
    return MYE_OK;
}

const float *mye_select_scores(const void *options, const mye_sample_facts *f, const void *state)
{
    MYE_UNUSED(options);
    MYE_UNUSED(f);
    return state;
}
