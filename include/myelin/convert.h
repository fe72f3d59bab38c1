/*
 * From a trained network without spikes (ANN, ReLU) to a spiking one that computes the same.
 *
 *   mye_conversion_open     reads the ANN, folds its batch normalisation, looks at its activations
 *   mye_convert             makes a spiking network of it by one method
 *   mye_convert_measure     runs it: accuracy, events, operations after every time step
 *   mye_convert_verify      neuron `exact` beside the quantised ANN, spike count by spike count
 *   mye_convert_levels      a number of levels for every layer, under a budget of events
 *   mye_convert_save        a checkpoint like every other: eval, show and train --init read it
 *
 * The neurons are those of `myelin list neuron` named hard, soft, burst, ter, aug and exact; one
 * sends y = theta o with an integer coefficient o. Classes are those of the largest sum of outputs so
 * far. Sources: Diehl et al. 2015; Rueckauer et al. 2017; Sengupta et al. 2019; Yu, Ma et al. 2020
 * (TerMapping, AugMapping); Li et al. 2021; Bu et al. 2022; Li and Zeng 2022 (burst).
 */
#ifndef MYELIN_CONVERT_H
#define MYELIN_CONVERT_H

#include "myelin/train.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mye_conversion mye_conversion;
typedef struct mye_snn mye_snn;

typedef struct mye_conversion_options {
    const char *data,
        *data_dir;   /* data set; NULL or "": that of the ANN's training               */
    const char *net; /* network description of a plain weights file; NULL: the file's  */
    /* How pixels are scaled before the network sees them: "" as its file says (an ONNX file: not at
     * all), "data" as the data set has it, "none", or "MEAN/DEVIATION" with a number each or one for
     * each channel: "0.5/0.25", "0.49,0.48,0.45/0.25,0.24,0.26" */
    const char *normalise;
    const char *input; /* encoder: "direct", "rate" (Poisson)                            */
    int64_t calibrate; /* images of the training set that thresholds are measured on     */
    int64_t limit;     /* test images; 0: all                                            */
    int batch;         /* images at a time                                               */
    uint64_t seed;     /* of a random input                                              */
} mye_conversion_options;

#define MYE_CONVERSION_OPTIONS                          \
    {                                                   \
        NULL, NULL, NULL, "", "direct", 1000, 0, 100, 1 \
    }

/* A layer of the ANN: what its activation sends over the calibration images, zeros included. */
typedef struct mye_convert_activation {
    const char *name; /* of the activation's node */
    int64_t neurons;
    double max, p999, p99, mean; /* largest; percentiles 99.9 and 99; mean */
    double zeros;                /* share of zeros                         */
} mye_convert_activation;

typedef struct mye_convert_ann {
    const char *source, *data; /* the file; the data set           */
    const char *input;         /* the encoder                      */
    int64_t n, calibrated;     /* test images; calibration images  */
    double accuracy;           /* of the folded network            */
    double unfolded_accuracy;  /* as it was trained                */
    double fold_error;         /* largest |logit - folded logit| over the largest |logit| */
    int n_folded;              /* batch norms that went into the layer before them        */
    double macs;               /* dense multiply-adds of one image                        */
    int n_layers;
    const mye_convert_activation *layer; /* [n_layers], in the order of the network */
} mye_convert_ann;

/*
 * Opens a run folder, a checkpoint, an ONNX file or (options.net) a weights file with tensors
 * "<node>.<role>", and the data sets. Errors: what those give; MYE_ERR_UNSUPPORTED where a network
 * has spiking neurons already or a node without a spiking counterpart (it is named); MYE_ERR_FORMAT
 * where weights or activations are not finite.
 *
 * `callbacks` are told of progress here and in mye_convert: their user has to live as long as the
 * conversion. The functions below that have callbacks of their own tell those while they work.
 */
MYE_API mye_status mye_conversion_open(mye_context *ctx, const char *path,
                                       const mye_conversion_options *options,
                                       const mye_callbacks *callbacks, mye_conversion **out,
                                       mye_error *err);
MYE_API const mye_convert_ann *mye_conversion_ann(const mye_conversion *c);
MYE_API void mye_conversion_free(mye_conversion *c);

/*
 * One spiking network. `method` is an entry of `myelin list convert` with its options, say
 * "aug:levels=16,v0=0.5": a neuron (hard, soft, burst, ter, aug, exact) or a rule for thresholds or a
 * calibration that stands for its usual neuron (max, p99, p99.9, channel, snm, spikenorm, mse, qcfs,
 * calib, calib-advanced).
 */
MYE_API mye_status mye_convert(mye_conversion *c, const char *method, mye_snn **out,
                               mye_error *err);
/* The method with all its options; valid while the network is. */
MYE_API const char *mye_snn_method(const mye_snn *snn);
/* Remarks of the conversion, one a line ("layer relu3 never fires: its threshold is 1"); "": none. */
MYE_API const char *mye_snn_notes(const mye_snn *snn);
MYE_API const mye_model *mye_snn_model(const mye_snn *snn);
MYE_API void mye_snn_free(mye_snn *snn);
/* Checkpoint of the spiking network, for T steps (1..4096, else MYE_ERR_ARG). Atomic. */
MYE_API mye_status mye_convert_save(const mye_conversion *c, const mye_snn *snn, int T,
                                    const char *path, mye_error *err);

typedef struct mye_measure_options {
    const int *steps; /* [n_steps], rising: time steps of the table; the last is how long it runs */
    int n_steps;
    /* Stop a batch when all its images have decided; 0: never. An image has decided when its class
     * has not changed for `stop_stable` steps, or, with stop_confidence > 0, when the softmax of its mean
     * output has reached that (0..1). */
    int stop_stable;
    double stop_confidence;
} mye_measure_options;

/* All figures of one image: mean over the test images, sum over the steps 1..T. */
typedef struct mye_convert_point {
    int T;
    double accuracy;   /* 0..1                                                                    */
    double agreement;  /* share of images with the ANN's class                                    */
    double events;     /* outputs of neurons that are not 0                                       */
    double negative;   /* of these, those that take back                                          */
    double magnitude;  /* sum of |coefficient|: ordinary spikes that would say the same           */
    double sop;        /* synaptic operations: fan-out of all that is not 0 where a layer reads it,
                         behind pooling; without a layer whose input is the same at all steps   */
    double macs;       /* multiply-adds of layers whose input is the same at all steps: once      */
    double energy_ac;  /* microjoule: 0.9 pJ an operation, 4.6 pJ a multiply-add                  */
    double energy_mac; /* microjoule: 4.6 pJ each                                                */
} mye_convert_point;

typedef struct mye_convert_layer {
    const char *name; /* of the neurons                                              */
    int64_t neurons;
    double theta_min, theta_max; /* smallest and largest threshold                              */
    const double *error;         /* [n_points] mean |theta S(T)/T - a| over neurons and the first
                                     `error_images` images                                       */
    const double *events;        /* [n_points] as above                                         */
    const double *magnitude;     /* [n_points]                                                  */
    double activation;           /* mean a on the same images                                   */
} mye_convert_layer;

typedef struct mye_convert_result {
    /* Of the network. It and all arrays live until mye_convert_result_free, names of layers as long
     * as the conversion. */
    const char *method;
    int64_t n, error_images;
    int n_points, n_layers, n_curve;
    mye_convert_point *point; /* [n_points]                                                      */
    mye_convert_layer *layer; /* [n_layers]                                                      */
    double *curve;            /* [n_curve] accuracy after step 1, 2, ..                          */
    double stable;            /* steps until the class stops changing: mean over images          */
    int reaches;              /* smallest T with the ANN's accuracy - 0.5 points; 0: none        */
    double stopped;           /* early stop: steps made, mean over images; 0: not asked for      */
    double stopped_accuracy;  /* and the accuracy then                                           */
    double images_per_s;      /* of all steps (those made)                                       */
} mye_convert_result;

/* Energy of a 45 nm, 32-bit floating-point unit in picojoule: addition; multiply-add. Horowitz 2014. */
#define MYE_PJ_AC  0.9
#define MYE_PJ_MAC 4.6

/* Errors: MYE_ERR_ARG for steps that do not rise, MYE_ERR_NOMEM, MYE_ERR_CANCELLED. */
MYE_API mye_status mye_convert_measure(mye_conversion *c, const mye_snn *snn,
                                       const mye_measure_options *options,
                                       const mye_callbacks *callbacks, mye_convert_result *out,
                                       mye_error *err);
MYE_API void mye_convert_result_free(mye_context *ctx, mye_convert_result *r);

/* ---- neuron `exact` is the quantised ANN ---- */

typedef struct mye_verify_row {
    int T;
    int64_t counts;      /* spike counts S(T) that were compared: all neurons of all images       */
    int64_t differ;      /* of these, those that differ: the network rounded to a grid of binary
                            fractions, where sums are exact; has to be 0                          */
    int64_t differ_own;  /* the network as it is: rounding moves a sum over a threshold           */
    int64_t classes_own; /* images whose class differs then                                       */
} mye_verify_row;

typedef struct mye_convert_proof {
    int64_t images;
    bool is_exact;   /* the grid leaves room for every sum: differ = 0 is a statement, not luck   */
    int weight_bits; /* of the grid, least over the layers                                        */
    int n_rows;
    mye_verify_row *row;
} mye_convert_proof;

/* method: of neuron `exact`, levels times steps 2^21 at most (else MYE_ERR_ARG). Runs `images` test
 * images (0: as many as the test has). */
MYE_API mye_status mye_convert_verify(mye_conversion *c, const char *method, const int *steps,
                                      int n_steps, int64_t images, const mye_callbacks *callbacks,
                                      mye_convert_proof *out, mye_error *err);
MYE_API void mye_convert_proof_free(mye_context *ctx, mye_convert_proof *p);

/* ---- any-time use: levels of each layer under a budget of events ---- */

typedef struct mye_level_row {
    const char *name;      /* of the neurons                                      */
    double levels, before; /* chosen; of the method                               */
} mye_level_row;

typedef struct mye_convert_budget {
    double events,
        before; /* of an image over T steps on calibration images: with the levels chosen,
                              with those of the method                                            */
    double error, error_before; /* mean |logit - ANN logit|, there                                */
    int n_layers;
    mye_level_row *layer;
} mye_convert_budget;

/*
 * Chooses levels so that at step T the outputs are as near to the ANN's as a budget of `share` times
 * the events of `method` allows (calibration images). *out sends about so many events. The method's
 * neuron wants levels (burst, ter, aug, exact).
 */
MYE_API mye_status mye_convert_levels(mye_conversion *c, const char *method, double share, int T,
                                      const mye_callbacks *callbacks, mye_convert_budget *budget,
                                      mye_snn **out, mye_error *err);
MYE_API void mye_convert_budget_free(mye_context *ctx, mye_convert_budget *b);

/* ---- report ---- */

/* One page: accuracy over steps and over events, tables, errors of layers. verify and budget may be
 * NULL. */
MYE_API mye_status mye_report_convert(mye_context *ctx, const mye_convert_ann *ann,
                                      const mye_convert_result *const *result, int n,
                                      const mye_convert_proof *proof,
                                      const mye_convert_budget *budget, const char *path,
                                      mye_error *err);

#ifdef __cplusplus
}
#endif
#endif
