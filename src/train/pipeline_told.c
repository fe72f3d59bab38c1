/* What groups tell, put together: see pipeline_told.h. */
#include "train/pipeline_told.h"

#include <math.h>
#include <string.h>

static float *take(const mye_told_sum *s, unsigned what, int B, mye_arena *arena)
{
    return s->tells & what ? mye_arena_take(arena, (size_t)B * sizeof(float)) : NULL;
}

void mye_told_sum_place(mye_told_sum *s, unsigned tells, int B, mye_arena *arena)
{
    s->tells = tells;
    s->loss = mye_arena_take(arena, (size_t)B * sizeof *s->loss);
    s->error = take(s, MYE_TELL_ERROR, B, arena);
    s->readout = take(s, MYE_TELL_READOUT, B, arena);
    s->layers = take(s, MYE_TELL_LAYERS, B, arena);
    s->squares[0] =
        tells & MYE_TELL_READOUT ? mye_arena_take(arena, (size_t)B * sizeof(double)) : NULL;
    s->squares[1] =
        tells & MYE_TELL_LAYERS ? mye_arena_take(arena, (size_t)B * sizeof(double)) : NULL;
    s->spikes = take(s, MYE_TELL_SPIKES, B, arena);
    s->confidence = take(s, MYE_TELL_CONFIDENCE, B, arena);
    s->right = tells & MYE_TELL_CONFIDENCE ? mye_arena_take(arena, (size_t)B) : NULL;
}

void mye_told_sum_begin(mye_told_sum *s, int B)
{
    for (int k = 0; k < 2; k++)
        if (s->squares[k] != NULL)
            memset(s->squares[k], 0, (size_t)B * sizeof *s->squares[k]);
    if (s->spikes != NULL)
        memset(s->spikes, 0, (size_t)B * sizeof *s->spikes);
}

static void finish_norms(const mye_told_sum *s, const mye_target *target, int B)
{
    for (int k = 0; k < 2; k++) {
        float *norm = k == 0 ? s->readout : s->layers;
        for (int b = 0; s->squares[k] != NULL && b < B; b++)
            norm[b] = mye_told_scale(target, B, b) * (float)sqrt(s->squares[k][b]);
    }
}

static void keep(float *to, const float *x, int B)
{
    if (to != NULL && x != NULL)
        memcpy(to, x, (size_t)B * sizeof *to);
}

void mye_told_sum_add(mye_told_sum *s, const mye_run *run, const mye_target *target, int B,
                      bool is_last)
{
    const mye_told told = mye_run_told(run);
    for (int k = 0; k < 2; k++)
        for (int b = 0; s->squares[k] != NULL && b < B; b++)
            s->squares[k][b] += mye_run_told_squares(run, b, k == 0);
    for (int b = 0; s->spikes != NULL && b < B; b++)
        s->spikes[b] += told.spikes[b];
    if (!is_last)
        return;
    finish_norms(s, target, B);
    keep(s->loss, told.loss, B);
    keep(s->error, told.error, B);
    keep(s->confidence, told.confidence, B);
    if (s->right != NULL)
        memcpy(s->right, told.right, (size_t)B);
}

mye_told mye_told_sum_get(const mye_told_sum *s)
{
    return (mye_told){.loss = s->loss,
                      .error = s->error,
                      .readout = s->readout,
                      .layers = s->layers,
                      .spikes = s->spikes,
                      .confidence = s->confidence,
                      .right = s->right};
}
