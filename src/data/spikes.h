/*
 * Spikes of a cochlea as SHD has them: for each sample the units that fired and their times. Reading
 * the HDF5 file is in dataset_shd.c; what follows works on memory.
 */
#ifndef MYE_SPIKES_H
#define MYE_SPIKES_H

#include "data/events.h"

/* Adds n spikes, times in seconds and units below `units`, and finishes. Refuses times that are no
 * number, negative, or above a day. `name` is for messages. */
mye_status mye_spikes_decode(const char *name, size_t n, const float *time_s, const uint16_t *unit,
                             int units, mye_events *out, mye_error *err);

#endif
