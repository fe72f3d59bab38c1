/* Readouts: from the responses of neurons to a class, and what neurons are taught for it. */
#ifndef MYE_READOUT_KIND_H
#define MYE_READOUT_KIND_H

#include "base/base.h"

/* The neurons before one pattern. */
typedef struct mye_panel {
    int classes, neurons;
    double theta;
    const double *v_max;  /* [neurons] */
    const int32_t *count; /* [neurons] */
} mye_panel;

typedef struct mye_readout_type {
    mye_entry entry;
    bool is_common; /* neurons speak for all classes; else each for one: a multiple of classes */
    int32_t (*decide)(const void *options, const mye_panel *panel);
    /* Spikes that each of the neurons should fire. */
    void (*aim)(const void *options, int classes, int neurons, int32_t label, int32_t *count);
} mye_readout_type;

extern const mye_kind mye_kind_readout;

/* The class with the largest vote(panel, neuron) summed over its neurons; ties go to the larger mean
 * V_max, then to the first. */
int32_t mye_readout_largest(const mye_panel *panel, double (*vote)(const mye_panel *p, int m));
/* `spikes` for the neurons of the label, 0 for others. */
void mye_readout_own(int classes, int neurons, int32_t label, int32_t spikes, int32_t *count);

#endif
