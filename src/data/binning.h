/*
 * Binning: a recording to T frames [T][H][W][C], counts of events for each pixel and channel.
 *
 *   time     T parts of equal duration, from the first event to the last
 *   count    T parts with equally many events (they differ by at most one)
 *   window   parts of `window` us from the first event on; what comes after T of them is put into the
 *            last frame (rest=last) or left out (rest=drop)
 *
 * Events are conserved: the sum of all frames is the number of events, but for those that
 * rest=drop leaves out, which are counted. Source: Fang et al. 2023, SpikingJelly, Science Advances 9
 * (time and count); there the last part takes what does not divide, here parts are even (Chosen:
 * with few events an overfull last frame would stand out).
 */
#ifndef MYE_BINNING_H
#define MYE_BINNING_H

#include "data/data.h"
#include "data/events.h"

typedef struct mye_binning {
    int by, rest, value, polarity;
    int64_t window_us, frames;
    double clip, divide;
} mye_binning;

/* Where the events of a camera of `side` x `side` land: size pixels a side (sums over squares). */
typedef struct mye_frames_shape {
    int T, C, H, W;
    int source_W, source_H; /* of the events */
} mye_frames_shape;

#define MYE_BINNING_ROW(of, field, key, kind_, text, from, to, words, per, line)             \
    {                                                                                        \
        .name = key, .type = kind_, .offset = offsetof(of, field), .def = text, .min = from, \
        .max = to, .choices = words, .unit = per, .help = line                               \
    }
/* Rows for a parameter table; `field` is the mye_binning in the options struct. */
#define MYE_BINNING_PARAMS(of, field)                                                              \
    MYE_BINNING_ROW(of, field.by, "bin", MYE_PARAM_CHOICE, "time", 0, 0, "time|count|window", "",  \
                    "how events become frames: equal times, equal counts, or windows"),            \
        MYE_BINNING_ROW(of, field.clip, "clip", MYE_PARAM_FLOAT, "0", 0, 1e9, NULL, "events",      \
                        "largest count of a pixel in a frame; 0: no limit"),                       \
        MYE_BINNING_ROW(of, field.divide, "divide", MYE_PARAM_FLOAT, "1", 1e-6, 1e9, NULL, "",     \
                        "values are divided by this at the end"),                                  \
        MYE_BINNING_ROW(of, field.frames, "frames", MYE_PARAM_INT, "0", 0, MYE_FRAMES_MAX, NULL,   \
                        "frames", "frames of a sample; 0: as many as T"),                          \
        MYE_BINNING_ROW(of, field.rest, "rest", MYE_PARAM_CHOICE, "last", 0, 0, "last|drop", "",   \
                        "with bin=window, events behind the last window: in the last frame, or "   \
                        "left out"),                                                               \
        MYE_BINNING_ROW(of, field.value, "value", MYE_PARAM_CHOICE, "count", 0, 0,                 \
                        "count|binary|log", "", "a count n as n, as 1 where n > 0, or ln(1 + n)"), \
        MYE_BINNING_ROW(of, field.window_us, "window", MYE_PARAM_INT, "10000", 1, 1e12, NULL,      \
                        "us", "with bin=window, duration of a frame")

/* And for cameras, which know two polarities. */
#define MYE_BINNING_POLARITY(of, field)                                                            \
    MYE_BINNING_ROW(of, field.polarity, "polarity", MYE_PARAM_CHOICE, "both", 0, 0, "both|merged", \
                    "", "a channel for each polarity, or one for both")

/* Frames of a sample: the option, else the number asked for (info->frames). */
int mye_binning_frames(const mye_binning *b, int asked);
int mye_binning_channels(const mye_binning *b);
/*
 * Fills frames [T][H][W][C] with plain counts; returns the number of events left out. Events must lie
 * within the source's sides and be sorted.
 */
size_t mye_binning_count(const mye_binning *b, const mye_events *events,
                         const mye_frames_shape *shape, float *frames);
/* Counts to values: clip, then count, binary or log, then divide. */
void mye_binning_scale(const mye_binning *b, size_t n, float *frames);

#endif
