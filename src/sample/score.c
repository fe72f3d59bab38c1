/* Scores: see score.h. */
#include "sample/score.h"

#include <math.h>

static float out_score(const mye_told *t, int b)
{
    return t->readout[b];
}

static float delta_score(const mye_told *t, int b)
{
    return t->layers[b];
}

static float count_score(const mye_told *t, int b)
{
    return t->error[b] * sqrtf(1 + t->spikes[b]);
}

static float el2n_score(const mye_told *t, int b)
{
    return t->error[b];
}

static float loss_score(const mye_told *t, int b)
{
    return t->loss[b];
}

static float uniform_score(const mye_told *t, int b)
{
    MYE_UNUSED(t);
    MYE_UNUSED(b);
    return 1;
}

static const struct {
    unsigned tells;
    float (*of)(const mye_told *t, int b);
} scores[] = {[MYE_SCORE_OUT] = {MYE_TELL_READOUT, out_score},
              [MYE_SCORE_DELTA] = {MYE_TELL_LAYERS, delta_score},
              [MYE_SCORE_COUNT] = {MYE_TELL_ERROR | MYE_TELL_SPIKES, count_score},
              [MYE_SCORE_EL2N] = {MYE_TELL_ERROR, el2n_score},
              [MYE_SCORE_LOSS] = {0, loss_score},
              [MYE_SCORE_UNIFORM] = {0, uniform_score}};

unsigned mye_score_tells(mye_score which)
{
    return scores[which].tells;
}

float mye_score_of(mye_score which, const mye_told *told, int b)
{
    const float s = scores[which].of(told, b);
    return s > 0 ? s : 0;
}
