/*
 * Moving averages of a score of each sample, and the choice of the samples where they are largest: what
 * epsilon-greedy and UCB pruning share (Raju et al. 2021; data_pruning.md 6.6, 6.7).
 *
 *   mean <- (1 - a) mean + a score;   variance <- (1 - a) (variance + a (score - old mean)^2)
 *
 * A sample's first score is its mean, with variance 0.
 */
#ifndef MYE_SAMPLE_MOVING_H
#define MYE_SAMPLE_MOVING_H

#include "sample/draw.h"

typedef struct mye_moving_options {
    mye_budget budget;
    int score;
    double a;
    int64_t every; /* epochs from one choice to the next */
} mye_moving_options;

/* uncertainty: 1 - the largest softmax */
#define MYE_MOVING_ROWS(options_type, field)                                                    \
    MYE_BUDGET_RHO(options_type, field.budget, "0.5",                                           \
                   "share of the visits that is left out; 0: plain training"),                  \
        {.name = "score",                                                                       \
         .type = MYE_PARAM_CHOICE,                                                              \
         .offset = offsetof(options_type, field.score),                                         \
         .def = "loss",                                                                         \
         .choices = "loss|el2n|uncertainty",                                                    \
         .unit = "",                                                                            \
         .help = "what is averaged: the loss, the norm of the error, 1 - the largest softmax"}, \
        {.name = "a",                                                                           \
         .type = MYE_PARAM_FLOAT,                                                               \
         .offset = offsetof(options_type, field.a),                                             \
         .def = "0.8",                                                                          \
         .min = 0.001,                                                                          \
         .max = 1,                                                                              \
         .unit = "",                                                                            \
         .help = "share of a new score in the moving average; 1: the newest alone"},            \
        {.name = "every",                                                                       \
         .type = MYE_PARAM_INT,                                                                 \
         .offset = offsetof(options_type, field.every),                                         \
         .def = "1",                                                                            \
         .min = 1,                                                                              \
         .max = 1e9,                                                                            \
         .unit = "epochs",                                                                      \
         .help = "the subset is chosen anew so often"},                                         \
        MYE_BUDGET_WARM(options_type, field.budget, "1")

/* Places in a policy's state, all [n]. */
typedef struct mye_moving {
    float *mean; /* NAN: not seen */
    float *variance;
    uint32_t *seen;  /* epoch of the last sight plus 1 */
    uint8_t *chosen; /* 1: in the subset at work       */
} mye_moving;

mye_moving mye_moving_of(const mye_sample_facts *f, void *state);

/* Functions of the rule table. */
size_t mye_moving_state_bytes(const void *options, const mye_sample_facts *f);
mye_status mye_moving_open(mye_context *ctx, const void *options, const mye_sample_facts *f,
                           void *state, mye_error *err);

/* MYE_TELL_... of the score; none where nothing is pruned. */
unsigned mye_moving_tells(const mye_moving_options *o);
void mye_moving_observe(const mye_moving_options *o, const mye_sample_facts *f, void *state,
                        int64_t epoch, const mye_sample_view *v);

/* Decides: full epochs first, then of K samples those (1 - any) K with the largest rank [n] (NAN: above
 * all), and any K drawn from the others. work: mye_select_work_bytes. */
typedef struct mye_moving_choice {
    const float *rank;
    double any;
    void *work;
} mye_moving_choice;
void mye_moving_epoch(const mye_moving_options *o, const mye_sample_facts *f, void *state,
                      int64_t epoch, const mye_moving_choice *choice, mye_sample_epoch *out);

#endif
