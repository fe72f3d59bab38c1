/* Inside of experiments: their table, and what they share. */
#ifndef MYE_EXPERIMENT_KIND_H
#define MYE_EXPERIMENT_KIND_H

#include "synapse/jobs.h"
#include "synapse/lesson.h"
#include "synapse/study.h"

typedef struct mye_experiment_type {
    mye_entry entry;
    const char *title; /* of the study */
    mye_status (*run)(mye_context *ctx, const void *options, const char *dir,
                      const mye_callbacks *callbacks, mye_study *out, mye_error *err);
} mye_experiment_type;

extern const mye_kind mye_kind_experiment;

/* ---- how neurons learn, as options of an experiment ---- */

typedef struct mye_learn_options {
    char psp[MYE_METHOD_MAX], rule[MYE_METHOD_MAX], move[MYE_METHOD_MAX], noise[MYE_METHOD_MAX];
    double lambda, decay, init_mean, init_sd;
    int64_t epochs, batch;
    bool average;
} mye_learn_options;

/* Rows that every learning experiment has, with its own defaults. */
#define MYE_LEARN_METHODS(type, field, psp_def, rule_def, move_def)                           \
    {"move",                                                                                  \
     MYE_PARAM_METHOD,                                                                        \
     offsetof(type, field.move),                                                              \
     MYE_METHOD_MAX,                                                                          \
     move_def,                                                                                \
     0,                                                                                       \
     0,                                                                                       \
     NULL,                                                                                    \
     &mye_kind_move,                                                                          \
     "",                                                                                      \
     "how far weights move"},                                                                 \
        {"psp",                                                                               \
         MYE_PARAM_METHOD,                                                                    \
         offsetof(type, field.psp),                                                           \
         MYE_METHOD_MAX,                                                                      \
         psp_def,                                                                             \
         0,                                                                                   \
         0,                                                                                   \
         NULL,                                                                                \
         &mye_kind_psp,                                                                       \
         "",                                                                                  \
         "what a spike does to the membrane"},                                                \
    {                                                                                         \
        "rule", MYE_PARAM_METHOD, offsetof(type, field.rule), MYE_METHOD_MAX, rule_def, 0, 0, \
            NULL, &mye_kind_rule, "", "what is learned from a mistake"                        \
    }
#define MYE_LEARN_NUMBERS(type, field, lambda_def, epochs_def, mean_def, sd_def)                  \
    {"epochs",                                                                                    \
     MYE_PARAM_INT,                                                                               \
     offsetof(type, field.epochs),                                                                \
     0,                                                                                           \
     epochs_def,                                                                                  \
     1,                                                                                           \
     1e9,                                                                                         \
     NULL,                                                                                        \
     NULL,                                                                                        \
     "epochs",                                                                                    \
     "at most; learning ends before when nothing is wrong"},                                      \
        {"init_mean",                                                                             \
         MYE_PARAM_FLOAT,                                                                         \
         offsetof(type, field.init_mean),                                                         \
         0,                                                                                       \
         mean_def,                                                                                \
         -1e6,                                                                                    \
         1e6,                                                                                     \
         NULL,                                                                                    \
         NULL,                                                                                    \
         "",                                                                                      \
         "first weights are normal: their mean"},                                                 \
        {"init_sd",                                                                               \
         MYE_PARAM_FLOAT,                                                                         \
         offsetof(type, field.init_sd),                                                           \
         0,                                                                                       \
         sd_def,                                                                                  \
         0,                                                                                       \
         1e6,                                                                                     \
         NULL,                                                                                    \
         NULL,                                                                                    \
         "",                                                                                      \
         "and their deviation"},                                                                  \
    {                                                                                             \
        "lambda", MYE_PARAM_FLOAT, offsetof(type, field.lambda), 0, lambda_def, 1e-12, 1e6, NULL, \
            NULL, "", "learning rate"                                                             \
    }
#define MYE_RUNS_PARAMS(type, runs_field, seed_field, runs_def)                             \
    {"runs",                                                                                \
     MYE_PARAM_INT,                                                                         \
     offsetof(type, runs_field),                                                            \
     0,                                                                                     \
     runs_def,                                                                              \
     1,                                                                                     \
     10000,                                                                                 \
     NULL,                                                                                  \
     NULL,                                                                                  \
     "runs",                                                                                \
     "each with patterns and weights of its own"},                                          \
    {                                                                                       \
        "seed", MYE_PARAM_INT, offsetof(type, seed_field), 0, "1", 0, 9e15, NULL, NULL, "", \
            "of the first run"                                                              \
    }

mye_synapse_options mye_learn_synapse(const mye_learn_options *o, uint64_t seed);

/* ---- lists in options ---- */

enum { MYE_NUMBERS_MAX = 64 };
typedef struct mye_numbers {
    int n;
    double value[MYE_NUMBERS_MAX];
} mye_numbers;
/* "1,1.5,2", each from min to max; `what` names the option. */
mye_status mye_numbers_parse(const char *what, const char *text, double min, double max,
                             mye_numbers *out, mye_error *err);

/* ---- one neuron, on one thread ---- */

typedef struct mye_school {
    int64_t epochs; /* that were run                 */
    bool converged; /* nothing was wrong at the end  */
} mye_school;
/* Teaches w [units] all patterns of a set, aim [n] each, in random order. `each` (may be NULL) is told
 * the weights after every epoch. */
mye_status mye_school_run(const mye_lesson *lesson, const mye_patterns *set, const mye_aim *aim,
                          double *w, void (*each)(void *user, int64_t epoch, const double *w),
                          void *user, mye_school *out, mye_error *err);

#endif
