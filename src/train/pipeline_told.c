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
    s->spikes = take(s, MYE_TELL_SPIKES, B, arena);
    s->confidence = take(s, MYE_TELL_CONFIDENCE, B, arena);
    s->right = tells & MYE_TELL_CONFIDENCE ? mye_arena_take(arena, (size_t)B) : NULL;
}

static void clear(float *x, int B)
{
    if (x != NULL)
        memset(x, 0, (size_t)B * sizeof *x);
}

void mye_told_sum_begin(mye_told_sum *s, int B)
{
    clear(s->readout, B);
    clear(s->layers, B);
    clear(s->spikes, B);
}

static void add_squares(float *to, const float *x, int B)
{
    for (int b = 0; to != NULL && x != NULL && b < B; b++)
        to[b] = hypotf(to[b], x[b]);
}

static void keep(float *to, const float *x, int B)
{
    if (to != NULL && x != NULL)
        memcpy(to, x, (size_t)B * sizeof *to);
}

void mye_told_sum_add(mye_told_sum *s, const mye_told *told, int B, bool is_last)
{
    add_squares(s->readout, told->readout, B);
    add_squares(s->layers, told->layers, B);
    for (int b = 0; s->spikes != NULL && b < B; b++)
        s->spikes[b] += told->spikes[b];
    if (!is_last)
        return;
    keep(s->loss, told->loss, B);
    keep(s->error, told->error, B);
    keep(s->confidence, told->confidence, B);
    if (s->right != NULL)
        memcpy(s->right, told->right, (size_t)B);
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
