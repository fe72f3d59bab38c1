/* w += lambda g. */
#include "synapse/move.h"

static void move(const void *options, double lambda, int32_t n, const double *g, double *state,
                 double *w)
{
    MYE_UNUSED(options);
    MYE_UNUSED(state);
    for (int32_t i = 0; i < n; i++)
        w[i] += lambda * g[i];
}

const mye_move_type mye_move_plain = {
    .entry = {"plain", "by the learning rate", "", NULL, 0},
    .move = move,
};
