/*
 * spikenorm: the largest sum of weighted inputs that a neuron of the layer gets at one step, in the
 * spiking network whose earlier layers have their thresholds already.
 *
 * Source: Sengupta et al. 2019, Frontiers in Neuroscience 13:95; steps and images as in Rathi et al.
 * 2020 (hybrid conversion), there 1000 to 2500 steps of 512 images.
 */
#include "convert/balance.h"

#include <stddef.h>

typedef struct options {
    int64_t T, images;
} options;

static const mye_param params[] = {
    {.name = "T",
     .type = MYE_PARAM_INT,
     .offset = offsetof(options, T),
     .def = "100",
     .min = 1,
     .max = 4096,
     .unit = "steps",
     .help = "how long the network runs for each layer"},
    {.name = "images",
     .type = MYE_PARAM_INT,
     .offset = offsetof(options, images),
     .def = "100",
     .min = 1,
     .max = 1e9,
     .unit = "",
     .help = "how many calibration images it sees"},
    {.name = NULL},
};

typedef struct looking {
    const mye_balance_ask *ask;
    const mye_node *neuron;
    mye_lane *lane;
    float *row, *thmax;
} looking;

static void look_at(void *self, const mye_pass *p, const mye_node *n, int t0, int t1)
{
    looking *l = self;
    if (n != l->neuron)
        return;
    for (int t = t0; t < t1; t++)
        for (int b = 0; b < p->B; b++) {
            const int64_t size = mye_shape_size(n->shape);
            const float *x = mye_load(p, n->in[0], (mye_at){t, b, 0, size}, l->row, &l->lane[0]);
            l->lane[0].used = 0;
            for (int64_t i = 0; i < size; i++) {
                float *max = &l->thmax[i % l->ask->groups];
                *max = x[i] > *max ? x[i] : *max;
            }
        }
}

static mye_status thresholds(const void *opt, const mye_balance_ask *ask, float *thmax,
                             mye_error *err)
{
    const options *o = opt;
    mye_conversion *c = ask->conversion;
    const int64_t size = c->layer[ask->layer].n;
    looking l = {.ask = ask, .neuron = mye_snn_neuron(ask->snn, ask->layer), .thmax = thmax};
    for (int g = 0; g < ask->groups; g++)
        thmax[g] = 0;
    l.row = mye_alloc_array(c->ctx, (size_t)size, sizeof *l.row);
    if (l.row == NULL)
        return mye_no_memory(err, (size_t)size * sizeof *l.row, "a layer's input");
    mye_look look = {.model = ask->snn->model,
                     .training_set = true,
                     .encoder = c->input,
                     .T = (int)o->T,
                     .n = o->images < c->n_calibrate ? o->images : c->n_calibrate,
                     .phase = "spikenorm",
                     .watch = {.node = look_at, .self = &l}};
    mye_status status = mye_convert_lanes(c->ctx, ask->snn->model, size, &l.lane, err);
    if (status == MYE_OK)
        status = mye_convert_look(c, &look, err);
    mye_convert_lanes_free(c->ctx, l.lane);
    mye_free(c->ctx, l.row);
    return status;
}

extern const mye_balance mye_balance_spikenorm;
const mye_balance mye_balance_spikenorm = {
    .entry = {.name = "spikenorm",
              .brief = "the largest input of a step, layer by layer in the spiking network",
              .source = "Sengupta et al. 2019, Frontiers in Neuroscience 13:95",
              .params = params,
              .options_size = sizeof(options)},
    .thresholds = thresholds,
};
