/* What the system says a training step took, beside what the plan said it would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "myelin/myelin.h"
#include "net/graph.h"
#include "net/run.h"
#include "step/step.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static void fill(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    (void)self;
    const int steps = p->value[0].steps == 1 ? 1 : t1 - t0;
    const int64_t n = (int64_t)steps * p->B * p->value[0].n;
    for (int64_t i = 0; i < n; i++)
        dst[i] = mye_random_uniform(1, MYE_STREAM_TEST, (uint64_t)i);
}

typedef struct job {
    const char *net, *time;
    int C, H, T, batch;
    double most; /* MiB that the whole process may take; 0: what was planned is enough to ask */
} job;

/* Two steps (of many time steps: one) in a process of their own; its exit code says whether the peak is what was planned, and
 * the pipe `tell` receives that peak in bytes. */
static int train_twice(const job *j, int tell)
{
    mye_context *ctx = NULL;
    mye_context_options co = MYE_CONTEXT_OPTIONS;
    co.threads = 2;
    mye_model_options mo = MYE_MODEL_OPTIONS;
    mo.net = j->net;
    mo.C = j->C;
    mo.H = mo.W = j->H;
    mye_plan_options po = MYE_PLAN_OPTIONS;
    po.time = j->time;
    po.T = j->T;
    po.batch = j->batch;
    const mye_run_options ro = {
        .time = j->time, .loss = "ce_mean", .T = po.T, .B = po.batch, .training = true};
    mye_model *model = NULL;
    mye_run *run = NULL;
    mye_stepper *stepper = NULL;
    mye_plan plan;
    if (mye_context_create(&co, &ctx, NULL) || mye_model_create(ctx, &mo, &model, NULL) ||
        mye_plan_make(ctx, model, &po, &plan, NULL) ||
        mye_run_create(ctx, model, &ro, &run, NULL) ||
        mye_stepper_create(ctx, model, po.step, "constant", 10, 10, &stepper, NULL))
        return 2;
    int32_t label[128] = {0};
    const mye_target target = {.label = label};
    for (int i = 0; i < (j->T > 16 ? 1 : 2); i++) {
        if (mye_run_step(run, po.batch, (mye_source){fill, NULL}, &target, 1, NULL, NULL))
            return 3;
        mye_stepper_apply(stepper, 0);
    }
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    const double peak = (double)use.ru_maxrss * 1024, planned = (double)plan.total_bytes;
    print_message("%s, %s, T = %d: planned %.1f MiB, peak of the process %.1f MiB\n", j->net,
                  j->time, j->T, planned / 1048576, peak / 1048576);
    if (write(tell, &peak, sizeof peak) != sizeof peak)
        return 5;
    const double margin = 0.1 * planned + 40e6;
    if (j->most > 0 && peak > j->most * 1048576)
        return 4;
    return peak <= planned + margin && peak >= planned - margin ? 0 : 1;
}

static double check_job(const job *j)
{
    int pipes[2];
    double peak = 0;
    if (SANITIZED) {
        print_message("SKIPPED: a sanitizer's own memory hides the program's\n");
        skip();
    }
    assert_int_equal(pipe(pipes), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(train_twice(j, pipes[1]));
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(read(pipes[0], &peak, sizeof peak), sizeof peak);
    close(pipes[0]);
    close(pipes[1]);
    return peak;
}

static void check(const char *net, const char *time)
{
    check_job(&(job){net, time, 3, 32, 4, 16, 0});
}

static void an_mlp_trains_in_less_than_30_megabytes(void **state)
{
    (void)state;
    check_job(&(job){"FC800-LIF-FC10-LIF", "bptt", 1, 28, 8, 128, 28});
    check_job(&(job){"FC800-LIF-FC10-LIF", "rate", 1, 28, 8, 128, 28});
}

static void vgg11_takes_what_was_planned(void **state)
{
    (void)state;
    check("vgg11", "bptt");
    check("vgg11", "rate");
}

static void resnet18_takes_what_was_planned(void **state)
{
    (void)state;
    check("resnet18", "bptt");
    check("resnet18", "bptt:keep=bf16");
    check("resnet18", "bptt:checkpoint=node");
    check("resnet18", "rate:mode=s");
}

/* Plan and system agree that memory is flat in T for these rules, and that it is not for BPTT. */
static void step_by_step_rules_take_the_same_at_any_T(void **state)
{
    (void)state;
    static const char *const net[] = {"vgg11", "resnet18"};
    static const char *const flat[] = {"sltt", "ottt", "rate:mode=s"};
    for (int i = 0; i < 2; i++) {
        for (int r = 0; r < 3; r++) {
            const double few = check_job(&(job){net[i], flat[r], 3, 32, 4, 4, 0});
            const double many = check_job(&(job){net[i], flat[r], 3, 32, 64, 4, 0});
            if (many > 1.02 * few || few > 1.02 * many)
                fail_msg("%s, %s: %g bytes at T = 4, %g at T = 64", net[i], flat[r], few, many);
        }
        const double few = check_job(&(job){net[i], "bptt", 3, 32, 4, 4, 0});
        assert_true(check_job(&(job){net[i], "bptt", 3, 32, 24, 4, 0}) > 1.5 * few);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_mlp_trains_in_less_than_30_megabytes),
        cmocka_unit_test(vgg11_takes_what_was_planned),
        cmocka_unit_test(resnet18_takes_what_was_planned),
        cmocka_unit_test(step_by_step_rules_take_the_same_at_any_T),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
