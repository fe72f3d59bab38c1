/*
 * Calibration: a converted network is corrected, layer by layer, by what its rates miss of the
 * activations. One kind = one file + one line in calibration_list.inc.
 */
#ifndef MYE_CALIBRATION_H
#define MYE_CALIBRATION_H

#include "convert/convert.h"

/* What a layer misses: activation - rate, over calibration images; channels [C] or neurons [n]. */
typedef struct mye_missing {
    const mye_conversion *conversion;
    mye_snn *snn;
    int layer, T;
    const double *by_neuron;  /* [n] mean over images */
    const double *by_channel; /* [C] and over pixels  */
} mye_missing;

typedef struct mye_calibration {
    mye_entry entry;
    bool per_neuron; /* wants v0 for each neuron                          */
    /* Corrects one layer of the spiking network; NULL: there is no calibration. */
    void (*correct)(const mye_missing *missing);
} mye_calibration;

extern const mye_kind mye_kind_calibration;

/* Runs the network layer by layer and corrects each. */
mye_status mye_calibrate(const mye_calibration *how, mye_conversion *c, mye_snn *snn, int T,
                         mye_error *err);

#endif
