/* advanced: the initial potential of each neuron += T (mean activation - mean rate). */
#include "convert/calibration.h"

static void correct(const mye_missing *m)
{
    mye_node *n = mye_snn_neuron(m->snn, m->layer);
    mye_weight *theta = mye_node_find(n, "theta"), *v0 = mye_node_find(n, "v0");
    for (size_t i = 0; i < v0->count; i++)
        v0->data[i] += (float)(m->T * m->by_neuron[i] / (double)theta->data[i % theta->count]);
}

extern const mye_calibration mye_calibration_advanced;
const mye_calibration mye_calibration_advanced = {
    .entry = {.name = "advanced",
              .brief = "initial potentials make up for what rates of T steps miss",
              .source = "Li et al. 2021, ICML (SNN calibration), advanced pipeline, small images"},
    .per_neuron = true,
    .correct = correct,
};
