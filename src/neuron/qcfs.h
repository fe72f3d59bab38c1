/*
 * What the conversion to spikes must know of a QCFS layer: the threshold that was learned, and how
 * many levels it was learned with.
 */
#ifndef MYE_QCFS_H
#define MYE_QCFS_H

#include "neuron/neuron.h"

/* A learned lambda below this counts as this. */
#define MYE_QCFS_LEAST 0x1p-10f

extern const mye_neuron_type mye_neuron_qcfs;

/* The lambda that a node with the neuron `qcfs` computes with: its weight, at least MYE_QCFS_LEAST. */
float mye_qcfs_lambda(const mye_node *n);
/* Its option L, 1 to 256. */
int mye_qcfs_levels(const mye_node *n);

#endif
