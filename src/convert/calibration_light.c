/* light: bias_c += mean of activation - rate over images and pixels, per channel. */
#include "convert/calibration.h"

/* The layer whose bias is added to the neurons' input, or NULL. */
static mye_node *biased(const mye_snn *snn, const mye_node *neuron)
{
    mye_node *n = snn->model->node[neuron->in[0]];
    while (n->type->flags & MYE_NODE_SAME)
        n = snn->model->node[n->in[0]];
    return mye_node_find(n, "bias") != NULL ? n : NULL;
}

static void correct(const mye_missing *m)
{
    const mye_node *neuron = mye_snn_neuron(m->snn, m->layer);
    mye_node *layer = biased(m->snn, neuron);
    if (layer == NULL) {
        mye_snn_note(m->snn, "calibration: no bias in front of '%s', which stays as it is",
                     neuron->name);
        return;
    }
    mye_weight *bias = mye_node_find(layer, "bias");
    for (size_t c = 0; c < bias->count; c++)
        bias->data[c] += (float)m->by_channel[c];
}

extern const mye_calibration mye_calibration_light;
const mye_calibration mye_calibration_light = {
    .entry = {.name = "light",
              .brief = "biases make up for what rates miss, channel by channel",
              .source = "Li et al. 2021, ICML (SNN calibration), light pipeline"},
    .correct = correct,
};
