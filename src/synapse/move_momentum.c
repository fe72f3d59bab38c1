/* Momentum over mistakes: v = mu v + lambda g, w += v. Guetig and Sompolinsky 2006 (mu 0.99). */
#include "synapse/move.h"

typedef struct options {
    double mu;
} options;

static const mye_param params[] = {
    {"mu", MYE_PARAM_FLOAT, offsetof(options, mu), 0, "0.9", 0, 0.99999, NULL, NULL, "",
     "share of the last move that is made again"},
    {0},
};

static void move(const void *opt, double lambda, int32_t n, const double *g, double *state,
                 double *w)
{
    const options *o = opt;
    for (int32_t i = 0; i < n; i++) {
        state[i] = o->mu * state[i] + lambda * g[i];
        w[i] += state[i];
    }
}

const mye_move_type mye_move_momentum = {
    .entry = {"momentum", "with a share of the last move", "Guetig and Sompolinsky 2006", params,
              sizeof(options)},
    .has_state = true,
    .move = move,
};
