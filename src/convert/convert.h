/* What the files of conversion share. */
#ifndef MYE_CONVERT_H
#define MYE_CONVERT_H

#include "convert/fold.h"
#include "myelin/convert.h"
#include "neuron/transmit.h"
#include "train/trained.h"

/* What has a threshold of its own, as an option of the neurons says it (TRANSMIT_LAYER, ..). */
enum { MYE_PER_KINDS = 3 };

/*
 * How often an activation has which value: bin k of a group's `bins` counts values a > 0 with
 * k < a / max * bins <= k + 1, max being the group's own; zeros are apart. Counts do not depend on the
 * order of the images.
 */
typedef struct mye_histogram {
    int groups, bins;
    uint32_t *count; /* [groups][bins]                       */
    int64_t *zero;   /* [groups]                             */
    int64_t total;   /* values of a group, zeros included    */
    float *max;      /* [groups]                             */
} mye_histogram;

/* An activation of the folded network. */
typedef struct mye_activation {
    int node; /* of the folded network */
    int64_t n;
    float *max; /* [n] of every neuron over the calibration images */
    double sum;
    int64_t zeros;
    mye_histogram histogram[MYE_PER_KINDS]; /* count NULL: not made yet */
} mye_activation;

struct mye_conversion {
    mye_context *ctx;
    mye_callbacks callbacks;
    mye_trained ann;
    mye_dataset *train, *test;
    mye_model *folded; /* of the ANN; as the spiking network takes its input */
    char input[MYE_METHOD_MAX], source[512], data[MYE_METHOD_MAX], data_dir[512];
    int batch;
    int64_t n_calibrate, n_test;
    uint64_t seed;
    bool is_static; /* the encoder's input is the same at every step            */
    bool is_scaled; /* pixels are normalised before the network sees them       */
    int *answer;    /* [n_test] class that the ANN says                         */
    mye_activation *layer;
    int n_layers;
    mye_convert_ann about;
    mye_convert_activation *facts; /* [n_layers], about.layer */
};

struct mye_snn {
    mye_context *ctx;
    mye_model *model;
    char method[MYE_METHOD_MAX];
    char notes[1024];
    int *node; /* [layers of the conversion] their neurons in the model */
};

/* ---- look.c: a network at work on images, and somebody who looks on ---- */

typedef struct mye_look {
    const mye_model *model;
    bool training_set; /* evenly spread images of it; else the first of the test set */
    const char *encoder;
    int T;
    int64_t n;
    int64_t from;      /* the first image of the test set                          */
    int batch;         /* 0: the conversion's                                       */
    bool exact;        /* layers go the direct way only                             */
    double grid;       /* not 0: inputs are rounded to multiples of it              */
    double gain;       /* not 0: and then multiplied by that                        */
    const char *phase; /* for progress; NULL: silent    */
    mye_watch watch;
    /* while it runs and behind it */
    mye_tester tester;
} mye_look;

mye_status mye_convert_look(const mye_conversion *c, mye_look *look, mye_error *err);
/* Scratch for mye_load of a chunk of `floats` of any node, and so many floats beside: a lane for each
 * thread. */
mye_status mye_convert_lanes(mye_context *ctx, const mye_model *m, int64_t floats, mye_lane **out,
                             mye_error *err);
void mye_convert_lanes_free(mye_context *ctx, mye_lane *lane);

/* ---- steps.c ---- */

/* Do the steps rise, from 1 to 4096 at most? */
mye_status mye_convert_check_steps(const int *steps, int n, mye_error *err);
/* Behind step t (from 1): adds its row of out [t][B][K] to sum [B][K], which begins anew at step 1. */
void mye_convert_add_outputs(const mye_pass *p, int K, int t, const float *out, float *sum);
/* The first largest of K outputs. */
int mye_convert_class(const float *output, int K);

/* ---- activations.c ---- */

/* Fills c->layer and c->facts from the calibration images. */
mye_status mye_activations_measure(mye_conversion *c, mye_error *err);
/* The histogram of a layer's activation for thresholds `per` layer, channel or neuron. */
mye_status mye_activations_histogram(mye_conversion *c, int layer, int per,
                                     const mye_histogram **out, mye_error *err);
void mye_activations_free(mye_conversion *c);
/* Smallest value that `share` (0..1) of the group's values do not exceed; at most a bin too large. */
double mye_histogram_percentile(const mye_histogram *h, int group, double share);

/* ---- recipe.c: methods of conversion ---- */

typedef struct mye_recipe_options {
    char balance[MYE_METHOD_MAX], calibration[MYE_METHOD_MAX];
    int per;
    double levels, v0, scale;
    int64_t coef_max, T;
    bool shift;
} mye_recipe_options;

typedef struct mye_recipe {
    mye_entry entry;
    const char *neuron;
} mye_recipe;

extern const mye_kind mye_kind_convert;

/* ---- snn.c ---- */

/* Thresholds of a layer: [groups] values of `thmax`, divided by levels and times scale. */
void mye_snn_set_thresholds(mye_snn *snn, int layer, const float *thmax, double factor);
void mye_snn_note(mye_snn *snn, const char *format, ...) MYE_PRINTF(2, 3);
mye_node *mye_snn_neuron(const mye_snn *snn, int layer);
/* The layer whose neurons node n of the spiking network are, or -1. */
int mye_snn_layer(const mye_conversion *c, const mye_snn *snn, const mye_node *n);
/* Does the neuron know the option? */
bool mye_neuron_has_param(const char *neuron, const char *param);

#endif
