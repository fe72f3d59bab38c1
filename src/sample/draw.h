/* What policies share: drawing, inclusion probabilities, the budget of a run. */
#ifndef MYE_SAMPLE_DRAW_H
#define MYE_SAMPLE_DRAW_H

#include "sample/sample.h"

/* ---- draws: pure functions of (seed, epoch, tag); tags keep a policy's draws apart ---- */

/* Every sample once, in the very order of policy `all`. */
void mye_draw_all(const mye_sample_facts *f, int64_t epoch, int64_t *order);
/* m of the n numbers in `from` (NULL: 0..n-1) without repetition, uniformly, into out (which may be
 * `from`; room for n). */
void mye_draw_subset(const mye_sample_facts *f, int64_t epoch, uint64_t tag, const int64_t *from,
                     int64_t n, int64_t m, int64_t *out);
/* Shuffles order and weight (NULL: none) alike. */
void mye_draw_shuffle(const mye_sample_facts *f, int64_t epoch, uint64_t tag, int64_t n,
                      int64_t *order, float *weight);
double mye_draw_uniform(const mye_sample_facts *f, int64_t epoch, uint64_t tag, uint64_t at);

/* The numbers 0..n-1 by falling score (ties: smaller number first), into order. NAN counts as the
 * largest. MYE_ERR-free: sorts in place, O(n log n). */
void mye_draw_rank(const float *score, int64_t n, int64_t *order);

/* ---- inclusion probabilities ---- */

/* pi_i = min(1, c q_i) with sum pi_i = m, by water filling (data_pruning.md section 4.2); q [n] > 0,
 * pi [n] may be q. m at most n. Returns c; *capped: how many have pi = 1. */
double mye_draw_water_fill(const double *q, int64_t n, double m, double *pi, int64_t *capped);
/* Systematic sample (section 4.3): the numbers i of `visit` [n] (a permutation of 0..n-1) at which
 * the running sum of pi passes u, u + 1, ...; u in (0, 1]. Returns how many, in the order of visit: m
 * exactly where the sum of pi is m. */
int64_t mye_draw_systematic(const double *pi, const int64_t *visit, int64_t n, double u, int64_t m,
                            int64_t *out);

/* ---- the budget ---- */

/* Options that policies begin with, or have somewhere, and their rows in a parameter table. */
typedef struct mye_budget {
    double rho;
    int64_t warm, anneal; /* full epochs at the beginning and the end; -1: the policy's own */
} mye_budget;

#define MYE_BUDGET_RHO(options_type, field, dflt, words)                                     \
    {                                                                                        \
        .name = "rho", .type = MYE_PARAM_FLOAT, .offset = offsetof(options_type, field.rho), \
        .def = dflt, .min = 0, .max = 0.99, .unit = "", .help = words                        \
    }
#define MYE_BUDGET_WARM(options_type, field, dflt)                                           \
    {                                                                                        \
        .name = "warm", .type = MYE_PARAM_INT, .offset = offsetof(options_type, field.warm), \
        .def = dflt, .min = -1, .max = 1e9, .unit = "epochs",                                \
        .help = "full epochs at the beginning; they count as visited; -1: 5 %, at least 1"   \
    }
#define MYE_BUDGET_ANNEAL(options_type, field, dflt)                                             \
    {                                                                                            \
        .name = "anneal", .type = MYE_PARAM_INT, .offset = offsetof(options_type, field.anneal), \
        .def = dflt, .min = -1, .max = 1e9, .unit = "epochs",                                    \
        .help = "full epochs at the end; they count as visited; -1: 10 % where the network has " \
                "batch normalisation, else none"                                                 \
    }

/* Epochs [0, warm) and [epochs - anneal, epochs) are full, the others keep the share `keep`, so that
 * the whole run visits (1 - rho) n epochs samples. Where that leaves less than 5 % for the middle,
 * anneal, then warm shrinks (section 4.1). */
typedef struct mye_budget_plan {
    int64_t warm, anneal;
    double keep;
} mye_budget_plan;
mye_budget_plan mye_budget_make(const mye_budget *b, const mye_sample_facts *f);
/* Is the epoch a full one? With rho = 0 all are. */
bool mye_budget_is_full(const mye_budget *b, const mye_budget_plan *p, const mye_sample_facts *f,
                        int64_t epoch);
/* keep * n in whole batches, at least one, at most n. */
int64_t mye_budget_samples(double keep, const mye_sample_facts *f);
/* For policies that keep the same share each epoch: a full epoch and true where rho is 0, else the epoch's
 * n and keep. */
bool mye_budget_even(const mye_budget *b, const mye_sample_facts *f, int64_t epoch,
                     mye_sample_epoch *out);
/* A full epoch: all samples, weights 1. */
void mye_budget_full(const mye_sample_facts *f, int64_t epoch, mye_sample_epoch *out);

#endif
