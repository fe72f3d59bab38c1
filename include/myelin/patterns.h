/*
 * Spike patterns: what single neurons read (myelin/synapse.h).
 *
 * A spike is a time, the afferent that sends it and a coefficient: how much it carries. Ordinary
 * spikes have coefficient 1. A set holds patterns with their labels; it comes from a source (`myelin
 * list pattern`: random patterns, images, sounds, a file), from a file (NumPy), or spike by spike
 * from the caller. Source of the coefficient: Yu et al. 2020, Synaptic learning with augmented spikes.
 */
#ifndef MYELIN_PATTERNS_H
#define MYELIN_PATTERNS_H

#include "myelin/registry.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mye_spike {
    double t_ms;  /* from 0, finite                                                          */
    float c;      /* coefficient, finite; 1: ordinary spike; 0: no one sees it                */
    int32_t unit; /* afferent, 0 .. units - 1                                                */
} mye_spike;

/* One pattern of a set: points into it. */
typedef struct mye_pattern {
    const mye_spike *spike; /* [n], by time, those of one time by afferent                   */
    int64_t n;
    double window_ms; /* how long it is shown; neurons read on for 3 tau_m after its last spike
                         where that is later                                                 */
    int32_t label;    /* 0 .. classes - 1                                                    */
    int32_t group;    /* what must not be torn apart by folds: speaker, recording; 0: none   */
} mye_pattern;

typedef struct mye_patterns mye_patterns;

typedef struct mye_patterns_info {
    int64_t n, spikes; /* patterns; spikes of all                                            */
    int32_t units, classes;
    const char *const *class_name; /* [classes]; "0", "1", .. where nobody named them        */
    const char *source;            /* where it came from, for tables                         */
    size_t bytes;                  /* in memory                                              */
} mye_patterns_info;

/* Limits of a set. */
#define MYE_UNITS_MAX   (1 << 20)
#define MYE_CLASSES_MAX 4096

/* An empty set. units 1..MYE_UNITS_MAX, classes 1..MYE_CLASSES_MAX. */
MYE_API mye_status mye_patterns_create(mye_context *ctx, int32_t units, int32_t classes,
                                       mye_patterns **out, mye_error *err);
/* Adds a copy of a pattern; its spikes may come in any order. Errors: MYE_ERR_ARG names the spike whose
 * time is negative or not finite, whose afferent or coefficient is out of range; label, window. */
MYE_API mye_status mye_patterns_add(mye_patterns *set, const mye_pattern *pattern, mye_error *err);
/* Names a class; the text is copied. */
MYE_API mye_status mye_patterns_name(mye_patterns *set, int32_t label, const char *name,
                                     mye_error *err);
MYE_API const mye_patterns_info *mye_patterns_about(const mye_patterns *set);
/* Pattern k of 0 .. n - 1; valid until the set changes. */
MYE_API mye_pattern mye_patterns_at(const mye_patterns *set, int64_t k);
MYE_API void mye_patterns_free(mye_patterns *set);

/* A copy whose spikes all have coefficient 1: what is left without coefficients. */
MYE_API mye_status mye_patterns_ordinary(const mye_patterns *set, mye_patterns **out,
                                         mye_error *err);
/* A copy of the patterns with these numbers, in this order. */
MYE_API mye_status mye_patterns_choose(const mye_patterns *set, const int64_t *index, int64_t n,
                                       mye_patterns **out, mye_error *err);
/*
 * A copy with noise: `noise` is an entry of `myelin list noise` ("jitter:sd=2"), or several with
 * spaces between. Pattern k with copy r draws from (seed, k, r) alone.
 */
MYE_API mye_status mye_patterns_noise(const mye_patterns *set, const char *noise, uint64_t seed,
                                      int64_t copy, mye_patterns **out, mye_error *err);

/*
 * Opens one split ("train", "test") of a source: `text` is an entry of `myelin list pattern`, say
 * "poisson:patterns=20" or "sound:taps=8". `dir`: where its files are looked for first, may be
 * NULL or empty. Random sources draw from `seed`. Errors: those of files; MYE_ERR_ARG.
 */
MYE_API mye_status mye_patterns_open(mye_context *ctx, const char *text, const char *dir,
                                     const char *split, uint64_t seed, mye_patterns **out,
                                     mye_error *err);

/* ---- files ----
 *
 * PATH.npy: one structured array, a record a spike; fields t (ms) and unit, and where they are wanted
 * coefficient, pattern (0, 1, ..; rising), label, window (ms), group, in any order, of any number type,
 * with gaps between them or none. Other names of them are time and t_ms, afferent, c, window_ms; a field
 * that has none of these names is refused. label, window and group are the same for all spikes of a
 * pattern. A number that is left out is a pattern without spikes of label 0; such patterns, at most a
 * million, are read, but cannot be written there.
 * PATH.npz: arrays `spikes` (records t, unit, coefficient), `first` (n + 1 places in it), `label`,
 * `window`, `group` (n each), and `units`, `classes` (single numbers). Only the first three must be
 * there; an array of another name is refused. Written uncompressed, and read compressed too.
 * What is not there: coefficient 1, one pattern, label 0, group 0; the window ends with the last spike
 * of the file. Names of classes are in neither.
 */

/* Reads either, by its content; units and classes: at least so many (0: as the file says, or its
 * largest + 1). Errors: MYE_ERR_FORMAT names the record or value that is wrong. */
MYE_API mye_status mye_patterns_read(mye_context *ctx, const char *path, int32_t units,
                                     int32_t classes, mye_patterns **out, mye_error *err);
/* Writes by the ending of the path. The file appears whole or not at all. An .npz file is at most
 * 4 GiB large. */
MYE_API mye_status mye_patterns_write(const mye_patterns *set, const char *path, mye_error *err);
/* Whether patterns can be written to this path: its ending, its folder. To ask before long work.
 * Errors: MYE_ERR_ARG, MYE_ERR_IO. */
MYE_API mye_status mye_patterns_probe(mye_context *ctx, const char *path, mye_error *err);

#ifdef __cplusplus
}
#endif
#endif
