/* Noise on waveforms. */
#ifndef MYE_DIN_H
#define MYE_DIN_H

#include "synapse/draws.h"
#include "synapse/wav.h"

/* Same power at every frequency; or falling with it, as 1 / f. */
enum { MYE_DIN_WHITE, MYE_DIN_PINK };
#define MYE_DIN_CHOICES "white|pink"

/*
 * Adds noise whose power is that of the sound less snr_db (INFINITY: none), both as means over the
 * whole sound. Silence stays silent.
 */
mye_status mye_din_add(mye_context *ctx, int kind, double snr_db, mye_draws *draws, mye_wave *wave,
                       mye_error *err);

#endif
