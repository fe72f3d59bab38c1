#include "convert/calibration.h"

#include <string.h>

#include "convert/calibration_list.inc"

#define X(name) extern const mye_calibration mye_calibration_##name;
MYE_CALIBRATION_LIST(X)
#undef X

static const mye_entry *const entries[] = {
#define X(name) &mye_calibration_##name.entry,
    MYE_CALIBRATION_LIST(X)
#undef X
        NULL};

const mye_kind mye_kind_calibration = {
    .name = "calibration", .question = "What corrects a converted network?", .entries = entries};

enum { IMAGES = 256 }; /* calibration images that are run for each layer */

/* Sums of what one node sends, over images and steps. */
typedef struct sums {
    const mye_node *node;
    double *by_neuron;
} sums;

static void add_up(void *self, const mye_pass *p, const mye_node *n, int t0, int t1)
{
    const sums *s = self;
    if (n != s->node)
        return;
    for (int t = t0; t < t1; t++)
        for (int b = 0; b < p->B; b++) {
            const float *y = mye_value_row(p, n->index, t, b);
            for (int64_t i = 0; i < p->value[n->index].n; i++)
                s->by_neuron[i] += (double)y[i];
        }
}

/* Mean over `images` calibration images and T steps of what the layer sends. */
static mye_status means(const mye_conversion *c, const mye_model *model, const mye_node *node,
                        const char *encoder, int T, double *by_neuron, mye_error *err)
{
    sums s = {node, by_neuron};
    const int64_t n = mye_shape_size(node->shape);
    mye_look look = {.model = model,
                     .training_set = true,
                     .encoder = encoder,
                     .T = T,
                     .n = c->n_calibrate < IMAGES ? c->n_calibrate : IMAGES,
                     .phase = "calibrate",
                     .watch = {.node = add_up, .self = &s}};
    memset(by_neuron, 0, (size_t)n * sizeof *by_neuron);
    MYE_TRY(mye_convert_look(c, &look, err));
    for (int64_t i = 0; i < n; i++)
        by_neuron[i] /= (double)look.n * T;
    return MYE_OK;
}

static mye_status calibrate_layer(const mye_calibration *how, mye_missing *m, double *activation,
                                  double *rate, double *by_channel, mye_error *err)
{
    const mye_conversion *c = m->conversion;
    const mye_node *ann = c->folded->node[c->layer[m->layer].node];
    const mye_node *neuron = mye_snn_neuron(m->snn, m->layer);
    const int64_t n = c->layer[m->layer].n;
    const int C = neuron->shape.c;
    MYE_TRY(means(c, c->folded, ann, "direct", 1, activation, err));
    MYE_TRY(means(c, m->snn->model, neuron, c->input, m->T, rate, err));
    memset(by_channel, 0, (size_t)C * sizeof *by_channel);
    for (int64_t i = 0; i < n; i++) {
        activation[i] -= rate[i];
        by_channel[i % C] += activation[i] * C / (double)n;
    }
    m->by_neuron = activation;
    m->by_channel = by_channel;
    how->correct(m);
    return MYE_OK;
}

mye_status mye_calibrate(const mye_calibration *how, mye_conversion *c, mye_snn *snn, int T,
                         mye_error *err)
{
    int64_t most = 0;
    for (int l = 0; l < c->n_layers; l++)
        most = c->layer[l].n > most ? c->layer[l].n : most;
    double *room = mye_alloc_array(c->ctx, 3 * (size_t)most, sizeof *room);
    mye_status status =
        room != NULL ? MYE_OK : mye_no_memory(err, 3 * (size_t)most * sizeof *room, "calibration");
    for (int l = 0; l < c->n_layers && status == MYE_OK && how->correct != NULL; l++) {
        mye_missing m = {.conversion = c, .snn = snn, .layer = l, .T = T};
        status = calibrate_layer(how, &m, room, room + most, room + 2 * most, err);
    }
    mye_free(c->ctx, room);
    return status;
}
