/* Short runs with a sample policy, whole and stopped in between. Include it behind sampler_fixture.h. */
#ifndef SAMPLER_TRAIN_H
#define SAMPLER_TRAIN_H

#include <errno.h>

#include "train_support.h"

typedef struct policy_stop {
    mye_context *ctx;
    int64_t epoch, done;
} policy_stop;

static inline void stop_policy(void *user, const mye_progress *p)
{
    const policy_stop *s = user;
    if (strcmp(p->phase, "train") == 0 && p->epoch == s->epoch && p->done == s->done)
        mye_context_cancel(s->ctx);
    else if (strcmp(p->phase, "train") == 0 && p->epoch == s->epoch)
        usleep(210000); /* progress is told a few times a second: let no batch pass untold */
}

static inline mye_config policy_config(const char *policy, const char *name, char dir[1024])
{
    char data[128];
    run_dir(name, dir);
    /* Each test program makes its own data: programs run side by side. */
    snprintf(data, sizeof data, "policy_data_%s", program_invocation_short_name);
    mye_config c = small_config(bars_dir(data), dir);
    set(&c, "batch", "8");
    set(&c, "epochs", "4");
    set(&c, "sample", policy);
    return c;
}

/* A run of 4 epochs over 72 samples; its result. */
static inline mye_train_result train_policy(const char *policy, const char *name, char dir[1024])
{
    mye_train_result r;
    const mye_config c = policy_config(policy, name, dir);
    ASSERT_OK(train(&c, false, 1, NULL, &r, &err));
    return r;
}

/* Stopped behind batch 2 of epoch `epoch` (from 1) and continued, it ends with the same bytes. */
static inline void assert_run_resumes(const char *policy, const char *name, int64_t epoch)
{
    char whole[1024], part[1024], other[64];
    snprintf(other, sizeof other, "%s_parts", name);
    train_policy(policy, name, whole);
    const mye_config c = policy_config(policy, other, part);
    policy_stop s = {.ctx = threads_context(1), .epoch = epoch, .done = 2};
    const mye_callbacks callbacks = {.progress = stop_policy, .user = &s};
    mye_trainer *t = NULL;
    ASSERT_OK(mye_trainer_create(s.ctx, &c, false, &callbacks, &t, &err));
    ASSERT_FAILS(mye_trainer_run(t, NULL, &err), MYE_ERR_CANCELLED, "stopped in epoch");
    mye_trainer_free(t);
    mye_context_free(s.ctx);
    ASSERT_OK(train(&c, true, 2, NULL, NULL, &err));
    assert_true(same_file(whole, part, "last.safetensors"));
    assert_true(same_file(whole, part, "scores.csv"));
}

#endif
