/* Ten classes of short signals: chirps, steps, tremolo, siren, clicks, harmonics, hiss. */
#ifndef MYE_TONES_H
#define MYE_TONES_H

#include "synapse/draws.h"

enum { MYE_TONES = 10 };

const char *mye_tone_name(int kind);
/* Fills x [n] with one signal of a kind, about 1 at its loudest; what varies comes from draws. */
void mye_tone_make(int kind, mye_draws *draws, double rate, float *x, int64_t n);

#endif
