/* Training with groups of modules on threads of their own: the same files, stopped and resumed, within
 * the plan. */
#include "train_support.h"

#include <math.h>

#define DATA bars_dir("pipeline_data")

static mye_config config_in(const char *name, const char *depth, const char *groups)
{
    char dir[1024];
    run_dir(name, dir);
    mye_config c = small_config(DATA, dir);
    set(&c, "net", "4C3s2-BN-LIF-4C3-BN-LIF-MP2-DO0.1-4C3-BN-LIF-FC10");
    set(&c, "depth", depth);
    set(&c, "pipeline", groups);
    set(&c, "clip", "0.5");
    return c;
}

static void files_are_the_same(void **state)
{
    static const char *const depth[] = {"auglocal:a=1", "dgl", "greedy", "cafo"};
    (void)state;
    for (int i = 0; i < 4; i++) {
        const mye_config a = config_in("pipeline_one", depth[i], "1");
        mye_config b = config_in("pipeline_two", depth[i], "2");
        if (i == 1)
            set(&b, "pipeline", "3");
        mye_train_result ra, rb;
        ASSERT_OK(train(&a, false, 2, NULL, &ra, &err));
        ASSERT_OK(train(&b, false, 2, NULL, &rb, &err));
        if (ra.last.train_loss != rb.last.train_loss)
            fail_msg("%s: %.17g and %.17g", depth[i], ra.last.train_loss, rb.last.train_loss);
        assert_true(ra.last.test_accuracy == rb.last.test_accuracy);
        assert_true(same_file(a.out, b.out, "last.safetensors"));
        assert_true(same_file(a.out, b.out, "best.safetensors"));
        /* What is planned is what groups and context allocate, but for small lists. */
        const double planned = (double)(rb.planned_bytes + rb.data_bytes);
        /* Graph, tables, and each group's lists of nodes and buffers: no arrays. */
        const double slack = 200000 + 100000 * (i == 1 ? 3 : 2);
        assert_true(fabs((double)rb.allocated_bytes - planned) < slack);
        assert_true(planned > 8 * slack);
    }
}

typedef struct stop {
    mye_context *ctx;
    int64_t epoch, done;
} stop;

static void stop_there(void *user, const mye_progress *p)
{
    const stop *s = user;
    if (strcmp(p->phase, "train") == 0 && p->epoch == s->epoch && p->done >= s->done)
        mye_context_cancel(s->ctx);
}

static void a_stopped_run_goes_on_to_the_same_bytes(void **state)
{
    (void)state;
    const mye_config whole = config_in("flow_whole", "auglocal:a=1", "1");
    mye_config parts = config_in("flow_parts", "auglocal:a=1", "2");
    stop s = {.ctx = threads_context(2), .epoch = 2, .done = 2};
    const mye_callbacks callbacks = {.progress = stop_there, .user = &s};
    mye_trainer *t = NULL;
    mye_error why = {0};
    ASSERT_OK(train(&whole, false, 2, NULL, NULL, &err));
    ASSERT_OK(mye_trainer_create(s.ctx, &parts, false, &callbacks, &t, &err));
    assert_int_equal(mye_trainer_run(t, NULL, &why), MYE_ERR_CANCELLED);
    mye_trainer_free(t);
    mye_context_free(s.ctx);
    assert_false(same_file(whole.out, parts.out, "last.safetensors"));
    set(&parts, "pipeline", "1"); /* another number of groups changes nothing */
    ASSERT_OK(train(&parts, true, 2, NULL, NULL, &err));
    assert_true(same_file(whole.out, parts.out, "last.safetensors"));
}

static void what_makes_no_pipeline_is_refused(void **state)
{
    static const char *const row[][4] = {
        {"depth", "global", "1", "a depth rule that cuts"},
        {"time", "sltt", "2", "finishes one module before the next"},
        {"cosine", "bptt", "2", "set pipeline to 1"},
        {"profile", "true", "2", "set pipeline to 1"},
        {"depth", "auglocal:a=1,order=simultaneous", "1", "move at once"},
        {"pipeline", "4", "2", "1 to 2 groups"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        mye_config c = config_in("flow_refused", "auglocal:a=1", "2");
        mye_error why = {0};
        set(&c, row[i][0], row[i][1]);
        assert_int_not_equal(train(&c, false, 2, NULL, NULL, &why), MYE_OK);
        if (strstr(why.message, row[i][3]) == NULL)
            fail_msg("%s=%s: %s", row[i][0], row[i][1], why.message);
    }
}

static void a_weight_that_is_no_number_ends_the_run(void **state)
{
    (void)state;
    mye_config c = config_in("flow_nan", "auglocal:a=1", "2");
    mye_error why = {0};
    set(&c, "net", "FC32-RELU-FC32-RELU-FC32-RELU-FC10");
    set(&c, "encoder", "direct");
    set(&c, "T", "1");
    set(&c, "clip", "0");
    set(&c, "step", "sgd:lr=1e6");
    assert_int_equal(train(&c, false, 2, NULL, NULL, &why), MYE_ERR_NUMERIC);
    assert_non_null(strstr(why.message, "epoch 1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_the_same),
        cmocka_unit_test(a_stopped_run_goes_on_to_the_same_bytes),
        cmocka_unit_test(what_makes_no_pipeline_is_refused),
        cmocka_unit_test(a_weight_that_is_no_number_ends_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
