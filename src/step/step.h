/*
 * Step axis: how far weights move. One optimiser = one file + one line in step_list.inc; schedules
 * likewise in schedule_list.inc.
 */
#ifndef MYE_STEP_H
#define MYE_STEP_H

#include "net/graph.h"

typedef struct mye_step_info {
    int64_t step;         /* from 0                              */
    double learning_rate; /* of the schedule, times options->lr  */
} mye_step_info;

typedef struct mye_step_rule {
    mye_entry entry;
    int n_state; /* floats per weight: 1 momentum, 2 Adam moments */
    double (*learning_rate)(const void *options);
    /* Moves one weight tensor; state[i] are its n_state blocks (same layout as the weight). */
    void (*apply)(const void *options, const mye_step_info *at, const mye_weight *w,
                  float *const *state, int64_t begin, int64_t end);
} mye_step_rule;

typedef struct mye_schedule {
    mye_entry entry;
    /* Factor on the learning rate at `step` of `total` steps, `per_epoch` steps each. */
    double (*factor)(const void *options, int64_t step, int64_t total, int64_t per_epoch);
} mye_schedule;

extern const mye_kind mye_kind_step, mye_kind_schedule;

/* State of a step rule for a model: one block of n_state * n_params floats. */
typedef struct mye_stepper mye_stepper;
mye_status mye_stepper_create(mye_context *ctx, mye_model *model, const char *rule,
                              const char *schedule, int64_t total_steps, int64_t per_epoch,
                              mye_stepper **out, mye_error *err);
void mye_stepper_free(mye_stepper *s);
/* Bytes that a rule keeps for a model, without making it. */
mye_status mye_stepper_plan(mye_context *ctx, const mye_model *model, const char *rule,
                            size_t *bytes, mye_error *err);
/* Global gradient norm is clipped to `clip` (0: not); then every weight moves (in parallel, fixed
 * shards). Returns the norm before clipping. */
double mye_stepper_apply(mye_stepper *s, double clip);
double mye_stepper_rate(const mye_stepper *s); /* learning rate of the next step */
/* For checkpoints: step counter and state blocks (each n_params floats, storage layout). */
int64_t mye_stepper_counter(const mye_stepper *s);
void mye_stepper_set_counter(mye_stepper *s, int64_t step);
int mye_stepper_blocks(const mye_stepper *s, float **block, const char **name, int max);

#endif
