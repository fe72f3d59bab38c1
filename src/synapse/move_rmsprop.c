/* Each weight by the size of its own gradients: s = decay s + (1 - decay) g^2, w += lambda g / (sqrt(s) +
 * epsilon). Tieleman and Hinton 2012. */
#include <math.h>

#include "synapse/move.h"

typedef struct options {
    double decay, epsilon;
} options;

static const mye_param params[] = {
    {"decay", MYE_PARAM_FLOAT, offsetof(options, decay), 0, "0.99", 0, 0.999999, NULL, NULL, "",
     "of the mean of squares"},
    {"epsilon", MYE_PARAM_FLOAT, offsetof(options, epsilon), 0, "1e-6", 1e-12, 1, NULL, NULL, "",
     "added to the root"},
    {0},
};

static void move(const void *opt, double lambda, int32_t n, const double *g, double *state,
                 double *w)
{
    const options *o = opt;
    for (int32_t i = 0; i < n; i++) {
        state[i] = o->decay * state[i] + (1 - o->decay) * g[i] * g[i];
        w[i] += lambda * g[i] / (sqrt(state[i]) + o->epsilon);
    }
}

const mye_move_type mye_move_rmsprop = {
    .entry = {"rmsprop", "each weight by the size of its own gradients", "Tieleman and Hinton 2012",
              params, sizeof(options)},
    .has_state = true,
    .move = move,
};
