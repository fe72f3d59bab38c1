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

/* Sums of what layers send, over images and steps. */
typedef struct sums {
    const mye_conversion *c;
    const mye_snn *snn; /* NULL: the ANN is looked at                       */
    int layer;          /* the only one; -1: all                            */
    double **by_neuron; /* [layers][n]                                      */
} sums;

static int layer_of(const sums *s, const mye_node *n)
{
    if (s->snn != NULL)
        return mye_snn_layer(s->c, s->snn, n);
    for (int l = 0; l < s->c->n_layers; l++)
        if (s->c->layer[l].node == n->index)
            return l;
    return -1;
}

static void add_up(void *self, const mye_pass *p, const mye_node *n, int t0, int t1)
{
    const sums *s = self;
    const int l = layer_of(s, n);
    if (l < 0 || (s->layer >= 0 && l != s->layer))
        return;
    for (int t = t0; t < t1; t++)
        for (int b = 0; b < p->B; b++) {
            const float *y = mye_value_row(p, n->index, t, b);
            for (int64_t i = 0; i < p->value[n->index].n; i++)
                s->by_neuron[l][i] += (double)y[i];
        }
}

/* Means over calibration images and T steps of what a layer sends (layer -1: every layer). */
static mye_status means(const mye_conversion *c, const mye_snn *snn, int layer, int T,
                        double **by_neuron, mye_error *err)
{
    sums s = {c, snn, layer, by_neuron};
    mye_look look = {.model = snn != NULL ? snn->model : c->folded,
                     .training_set = true,
                     .encoder = snn != NULL ? c->input : "direct",
                     .T = T,
                     .n = c->n_calibrate < IMAGES ? c->n_calibrate : IMAGES,
                     .phase = "calibrate",
                     .watch = {.node = add_up, .self = &s}};
    const int first = layer < 0 ? 0 : layer, end = layer < 0 ? c->n_layers : layer + 1;
    for (int l = first; l < end; l++)
        memset(by_neuron[l], 0, (size_t)c->layer[l].n * sizeof **by_neuron);
    MYE_TRY(mye_convert_look(c, &look, err));
    for (int l = first; l < end; l++)
        for (int64_t i = 0; i < c->layer[l].n; i++)
            by_neuron[l][i] /= (double)look.n * T;
    return MYE_OK;
}

/* activation, rate: [layers][n]; by_channel: room for the channels of any layer. */
static mye_status calibrate_layer(const mye_calibration *how, mye_missing *m, double **activation,
                                  double **rate, double *by_channel, mye_error *err)
{
    const int l = m->layer, C = mye_snn_neuron(m->snn, l)->shape.c;
    const int64_t n = m->conversion->layer[l].n;
    MYE_TRY(means(m->conversion, m->snn, l, m->T, rate, err));
    memset(by_channel, 0, (size_t)C * sizeof *by_channel);
    for (int64_t i = 0; i < n; i++) {
        activation[l][i] -= rate[l][i];
        by_channel[i % C] += activation[l][i] * C / (double)n;
    }
    m->by_neuron = activation[l];
    m->by_channel = by_channel;
    how->correct(m);
    return MYE_OK;
}

mye_status mye_calibrate(const mye_calibration *how, mye_conversion *c, mye_snn *snn, int T,
                         mye_error *err)
{
    const size_t layers = (size_t)c->n_layers;
    size_t width = 0, most = 0;
    if (how->correct == NULL)
        return MYE_OK;
    for (int l = 0; l < c->n_layers; l++) {
        const size_t n = (size_t)c->layer[l].n;
        width += n;
        most = n > most ? n : most;
    }
    double *room = mye_alloc_array(c->ctx, width + 2 * most, sizeof *room);
    double **row = mye_alloc_array(c->ctx, 2 * layers, sizeof *row);
    mye_status status = room != NULL && row != NULL
                            ? MYE_OK
                            : mye_no_memory(err, (width + 2 * most) * sizeof *room, "calibration");
    double *at = room;
    for (int l = 0; l < c->n_layers && status == MYE_OK; l++) {
        row[l] = at;                         /* activations */
        row[c->n_layers + l] = room + width; /* rates: one layer at a time */
        at += c->layer[l].n;
    }
    if (status == MYE_OK)
        status = means(c, NULL, -1, 1, row, err);
    for (int l = 0; l < c->n_layers && status == MYE_OK; l++) {
        mye_missing m = {.conversion = c, .snn = snn, .layer = l, .T = T};
        status = calibrate_layer(how, &m, row, row + c->n_layers, room + width + most, err);
    }
    mye_free(c->ctx, room);
    mye_free(c->ctx, row);
    return status;
}
