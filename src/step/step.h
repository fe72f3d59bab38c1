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
    float grad_scale;     /* clipping: factor on every gradient  */
    const mye_kernels *k;
} mye_step_info;

#define MYE_STEP_MAX_STATE 4

/* n neighbours of the flat block of weights that are decayed alike; tensors do not matter. */
typedef struct mye_step_part {
    int64_t n;
    bool decay;
    float *weight;
    const float *grad;
    float *state[MYE_STEP_MAX_STATE]; /* the n_state blocks, same layout as the weights */
} mye_step_part;

typedef struct mye_step_rule {
    mye_entry entry;
    /* Names of the state blocks, as checkpoints call them; NULL after the last. */
    const char *state_name[MYE_STEP_MAX_STATE + 1];
    /* How many of them these options need: floats per weight (SGD without momentum: 0). */
    int (*n_state)(const void *options);
    double (*learning_rate)(const void *options);
    /* Moves the weights of a part. */
    void (*apply)(const void *options, const mye_step_info *at, const mye_step_part *part);
} mye_step_rule;

typedef struct mye_schedule {
    mye_entry entry;
    /* Factor on the learning rate at `step` of `total` steps, `per_epoch` steps each. */
    double (*factor)(const void *options, int64_t step, int64_t total, int64_t per_epoch);
    mye_status (*check)(const void *options, mye_error *err); /* NULL: ranges are enough */
} mye_schedule;

/*
 * Linear warm-up, common to all schedules: their options begin with it, their tables with
 * MYE_WARMUP_PARAMS. Warm-up step s of W has the factor (s + 1) / W.
 */
typedef struct mye_warmup {
    double epochs;
    int64_t steps; /* both given: they add up */
} mye_warmup;

#define MYE_WARMUP_PARAMS(options_type)                                                            \
    {.name = "warmup",                                                                             \
     .type = MYE_PARAM_FLOAT,                                                                      \
     .offset = offsetof(options_type, warmup.epochs),                                              \
     .def = "0",                                                                                   \
     .min = 0,                                                                                     \
     .max = 1e6,                                                                                   \
     .unit = "epochs",                                                                             \
     .help = "linear warm-up of the learning rate, in epochs"},                                    \
    {                                                                                              \
        .name = "warmup_steps", .type = MYE_PARAM_INT,                                             \
        .offset = offsetof(options_type, warmup.steps), .def = "0", .min = 0, .max = 1e12,         \
        .unit = "steps", .help = "linear warm-up of the learning rate, in steps (added to warmup)" \
    }

int64_t mye_warmup_steps(const mye_warmup *w, int64_t per_epoch);
/* Factor of warm-up at `step`; 1 after it. */
double mye_warmup_factor(const mye_warmup *w, int64_t step, int64_t per_epoch);

extern const mye_kind mye_kind_step, mye_kind_schedule;

/* State of a step rule for a model: one block of n_state * n_params floats. A step rule sees only
 * trainable weights; weights without `decay` form the group that is not decayed. */
typedef struct mye_stepper mye_stepper;
mye_status mye_stepper_create(mye_context *ctx, mye_model *model, const char *rule,
                              const char *schedule, int64_t total_steps, int64_t per_epoch,
                              mye_stepper **out, mye_error *err);
void mye_stepper_free(mye_stepper *s);
/* Bytes that a rule keeps for a model, without making it. */
mye_status mye_stepper_plan(mye_context *ctx, const mye_model *model, const char *rule,
                            size_t *bytes, mye_error *err);
/* Global gradient norm is clipped to `clip` (0: not); then every weight moves (in parallel, fixed
 * shards) and its gradient becomes 0, in one pass over memory. Returns the norm before clipping.
 * When it is not finite the training is over: with clip nothing has moved, without it those parts
 * that are finite; the others keep their gradient, so that one can tell where it began. */
double mye_stepper_apply(mye_stepper *s, double clip);
/* The same for the weights of one module (mye_module), clipped by the norm of its own gradient.
 * Whoever moves all modules one by one calls mye_stepper_advance behind the last: only then does the
 * next step begin. */
double mye_stepper_apply_module(mye_stepper *s, int module, double clip);
void mye_stepper_advance(mye_stepper *s);
/* The same at a step that need not be the next one, with the threads of another context: for modules
 * that are at different batches at the same time. Calls for different modules may overlap. */
typedef struct mye_stepper_time {
    int64_t step, place; /* counter; place in the schedule */
    double scale;        /* factor on the learning rate     */
} mye_stepper_time;
mye_stepper_time mye_stepper_now(const mye_stepper *s);
double mye_stepper_move(const mye_stepper *s, mye_context *ctx, int module, mye_stepper_time when,
                        double clip);
double mye_stepper_rate(const mye_stepper *s); /* learning rate of the next step */
/* The schedule's place for the next steps, where it is not the counter: an epoch that visits fewer
 * samples than the data set has still goes from its beginning to its end. */
void mye_stepper_place(mye_stepper *s, int64_t place);
/* A factor on the learning rate of the next steps, 1 at first (epochs that visit a part of the data). */
void mye_stepper_scale(mye_stepper *s, double scale);
/* For checkpoints: step counter and state blocks (each n_params floats, storage layout). */
int64_t mye_stepper_counter(const mye_stepper *s);
void mye_stepper_set_counter(mye_stepper *s, int64_t step);
int mye_stepper_blocks(const mye_stepper *s, float **block, const char **name, int max);

#endif
