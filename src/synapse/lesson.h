/*
 * A lesson: how neurons are taught, parsed once and shared by all threads. A pupil is one neuron with
 * what it keeps between mistakes; a desk is one thread's scratch. Experiments that train many single
 * neurons side by side work on these; groups (synapse.h) do too.
 */
#ifndef MYE_LESSON_H
#define MYE_LESSON_H

#include "myelin/synapse.h"
#include "synapse/move.h"
#include "synapse/noise.h"
#include "synapse/rule.h"

typedef struct mye_lesson {
    mye_context *ctx;
    mye_psp psp;
    mye_method rule, move;
    mye_noises noise;
    mye_synapse_options o; /* texts point into `text`         */
    char text[4][MYE_METHOD_MAX];
} mye_lesson;

/* Parses and checks; free in any case. */
mye_status mye_lesson_open(mye_context *ctx, const mye_synapse_options *options, mye_lesson *out,
                           mye_error *err);
void mye_lesson_close(mye_lesson *lesson);
const mye_rule_type *mye_lesson_rule(const mye_lesson *lesson);
/* MYE_ERR_ARG where the rule wants the times of spikes and none are `given`. */
mye_status mye_lesson_check_times(const mye_lesson *lesson, bool given, mye_error *err);
/* Learning rate in epoch 1 .. epochs. */
double mye_lesson_lambda(const mye_lesson *lesson, int64_t epoch);

/* What a neuron keeps: [units] each; state and sum zero at first, NULL where the lesson wants none. */
typedef struct mye_pupil {
    double *w, *state, *sum;
} mye_pupil;

/* Does the lesson want state, a sum? */
bool mye_lesson_has_state(const mye_lesson *lesson);
/* Fresh weights of neuron `number`. */
void mye_pupil_init(const mye_lesson *lesson, int32_t units, uint64_t number, double *w);

typedef struct mye_desk {
    mye_context *ctx;
    mye_reader reader;
    mye_noisy noisy;
    void *block;  /* of one course  */
    int64_t room; /* spikes in it  */
} mye_desk;

/* A desk for patterns of at most `most_spikes` spikes; close in any case. */
mye_status mye_desk_open(const mye_lesson *lesson, int32_t units, int64_t most_spikes,
                         mye_desk *out, mye_error *err);
mye_status mye_desk_reserve(mye_desk *desk, int64_t spikes, mye_error *err);
void mye_desk_close(mye_desk *desk);
/* Makes the course of a pattern at the desk, with the lesson's noise drawn from `seed`. */
mye_status mye_desk_course(const mye_lesson *lesson, mye_desk *desk, const mye_pattern *pattern,
                           uint64_t seed, mye_course *out, mye_error *err);

/* One presentation: reads, learns, moves. `seen`: presentations with this one (for the average). */
mye_verdict mye_pupil_learn(const mye_lesson *lesson, mye_desk *desk, const mye_course *course,
                            const mye_aim *aim, double lambda, int64_t seen,
                            const mye_pupil *pupil);
/* Moves the weights along desk->reader.gradient and clears it. */
void mye_pupil_move(const mye_lesson *lesson, mye_desk *desk, double lambda, int64_t seen,
                    const mye_pupil *pupil);
/* With a sum: weights become their mean over `seen` presentations. */
void mye_pupil_average(const mye_pupil *pupil, int32_t units, int64_t seen);

#endif
