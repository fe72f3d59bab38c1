/*
 * SYNTHETIC events: what an ideal event camera would see of a picture that moves. No camera recorded
 * them. A pure function of picture, motion and options.
 */
#ifndef MYE_MOVING_DIGITS_H
#define MYE_MOVING_DIGITS_H

#include "data/events.h"

typedef struct mye_motion {
    int side;             /* of the canvas, pixels; opposite edges are joined            */
    int start_x, start_y; /* of the picture's corner, [0, side)                          */
    int dx, dy;           /* direction: -1, 0 or 1 each, not both 0                      */
    int64_t duration_us;  /* of one turn: side * d pixels, back to the start             */
    double threshold;     /* change of ln(brightness + 0.1) that makes an event          */
} mye_motion;

/*
 * Adds the events of a grey picture [H][W] in [0, 1] and finishes. The picture makes one turn around
 * the canvas, so that each pixel grows as much darker as brighter: summed over the whole recording,
 * both polarities have the same count at every pixel, and so have a motion and its opposite up to the
 * rounding to thresholds: only the order of events tells them apart.
 *
 * The camera watches one turn before the one that it records, so that no pixel remembers a beginning.
 * An event is sent whenever ln(b + 0.1) has moved by the threshold since the pixel's last one
 * (Lichtsteiner et al. 2008, IEEE JSSC 43:566), with b sampled every half pixel of motion by bilinear
 * interpolation, and times interpolated in between.
 */
mye_status mye_moving_digits_events(const float *picture, int W, int H, const mye_motion *motion,
                                    const char *name, mye_events *out, mye_error *err);

#endif
