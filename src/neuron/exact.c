/*
 * Exact: sends whatever makes its sum that of the quantised ANN at every step,
 *
 *   S_t = max(0, floor(U_t / theta + v0)),   U_t the sum of the drive
 *
 *   o = max(floor(v / theta), -S)
 *
 * whatever the path of the inputs. So a whole network of such neurons is, at step T, the ANN whose
 * ReLUs are that staircase of the sums. `aug` keeps still within +-theta where this neuron follows.
 */
#include "neuron/transmit.h"

static void exact_prepare(const mye_node *n, void *coef)
{
    mye_transmit_coef *c = coef;
    const float most = mye_transmit_most(n);
    mye_transmit_make(n, most, most, c);
    c->how.floor = true;
}

static const mye_param exact_params[] = {TRANSMIT_PARAMS, TRANSMIT_PARAM_MOST, TRANSMIT_PARAM_END};

extern const mye_neuron_type mye_neuron_exact;
const mye_neuron_type mye_neuron_exact = {
    .entry = {.name = "exact",
              .brief = "of converted networks: the quantised ANN at every step",
              .source = "this project, after Yu et al. 2020, arXiv 2005.03231",
              .params = exact_params,
              .options_size = sizeof(mye_transmit_options)},
    TRANSMIT_FUNCTIONS,
    .prepare = exact_prepare,
};
