/* From a list of sounds to a set of spike patterns. */
#ifndef MYE_HEARING_H
#define MYE_HEARING_H

#include "synapse/din.h"
#include "synapse/ear.h"
#include "synapse/sound.h"

typedef struct mye_hearing {
    const mye_sound_type *data;
    const mye_ear_type *ear;
    const void *ear_options;
    mye_spectrum_options spectrum;
    int bands, taps;
    double tap_ms;
    const double *snr_db; /* [copies]: every sound is heard once with each */
    int copies;
    int noise; /* MYE_DIN_WHITE, .. */
    uint64_t seed;
} mye_hearing;

/* Hears all sounds, on all threads; the copies of a sound follow each other. */
mye_status mye_hearing_run(const mye_hearing *hearing, const mye_sounds *sounds, mye_patterns **out,
                           mye_error *err);

#endif
