/* Checkpoints: stopping anywhere and going on gives the bytes of the run that was never stopped. */
#include <math.h>
#include <signal.h>
#include <sys/wait.h>

#include "io/safetensors.h"
#include "train_support.h"

#define DATA bars_dir("checkpoint_data")

/* The run that was never stopped; made once. */
static const char *whole_run(void)
{
    static char dir[1024];
    if (!dir[0]) {
        run_dir("checkpoint_whole", dir);
        const mye_config c = small_config(DATA, dir);
        ASSERT_OK(train(&c, false, 1, NULL, NULL, &err));
    }
    return dir;
}

static void assert_like_whole(const char *dir)
{
    assert_true(same_file(whole_run(), dir, "last.safetensors"));
    assert_true(same_file(whole_run(), dir, "best.safetensors"));
}

/* Where to stop. Callbacks have no other state than `user`, which train() points at the context. */
typedef struct stop {
    mye_context *ctx;
    const char *phase;
    int64_t epoch, done;
    bool kill;
} stop;

static void stop_there(void *user, const mye_progress *p)
{
    const stop *s = user;
    if (strcmp(p->phase, s->phase) == 0 && p->epoch == s->epoch && p->done == s->done) {
        if (s->kill)
            kill(getpid(), SIGKILL);
        mye_context_cancel(s->ctx);
    } else if (p->done < p->total) {
        usleep(210000); /* progress is told a few times a second: let no batch pass untold */
    }
}

static mye_status stopped(const mye_config *c, bool resume, stop *s, mye_error *err)
{
    const mye_callbacks callbacks = {.progress = stop_there, .user = s};
    mye_trainer *t = NULL;
    s->ctx = threads_context(1);
    mye_status status = mye_trainer_create(s->ctx, c, resume, &callbacks, &t, err);
    if (status == MYE_OK)
        status = mye_trainer_run(t, NULL, err);
    mye_trainer_free(t);
    mye_context_free(s->ctx);
    return status;
}

static void resume_in(const char *phase, int64_t epoch, int64_t done)
{
    char dir[1024], name[64];
    snprintf(name, sizeof name, "checkpoint_%s_%d_%d", phase, (int)epoch, (int)done);
    run_dir(name, dir);
    const mye_config c = small_config(DATA, dir);
    stop s = {.phase = phase, .epoch = epoch, .done = done};
    ASSERT_FAILS(stopped(&c, false, &s, &err), MYE_ERR_CANCELLED, dir);
    ASSERT_OK(train(&c, true, 1, NULL, NULL, &err));
    assert_like_whole(dir);
}

/* Steps that are drawn, and several moves of the weights for each batch, go on where they were. */
static void rules_that_learn_step_by_step_go_on_bit_for_bit(void **state)
{
    (void)state;
    static const char *const rules[] = {"sltt:K=1", "ottt:variant=O"};
    for (int r = 0; r < 2; r++) {
        char whole[1024], dir[1024];
        run_dir("checkpoint_whole_rule", whole);
        run_dir("checkpoint_rule", dir);
        mye_config a = small_config(DATA, whole), b = small_config(DATA, dir);
        for (int k = 0; k < 2; k++) {
            set(k == 0 ? &a : &b, "time", rules[r]);
            set(k == 0 ? &a : &b, "loss", "ce_step");
        }
        stop s = {.phase = "train", .epoch = 2, .done = 3};
        ASSERT_OK(train(&a, false, 1, NULL, NULL, &err));
        ASSERT_FAILS(stopped(&b, false, &s, &err), MYE_ERR_CANCELLED, dir);
        ASSERT_OK(train(&b, true, 2, NULL, NULL, &err));
        assert_true(same_file(whole, dir, "last.safetensors"));
    }
}

static void a_run_stopped_in_an_epoch_ends_with_the_same_bytes(void **state)
{
    (void)state;
    resume_in("train", 1, 1);
    resume_in("train", 2, 3);
}

static void a_run_stopped_at_the_end_of_training_ends_with_the_same_bytes(void **state)
{
    (void)state;
    resume_in("train", 2, 5);
}

static void a_run_stopped_while_testing_ends_with_the_same_bytes(void **state)
{
    (void)state;
    resume_in("test", 1, 4);
}

static void a_run_stopped_twice_ends_with_the_same_bytes(void **state)
{
    (void)state;
    char dir[1024];
    run_dir("checkpoint_twice", dir);
    const mye_config c = small_config(DATA, dir);
    stop s = {.phase = "train", .epoch = 1, .done = 2};
    ASSERT_FAILS(stopped(&c, false, &s, &err), MYE_ERR_CANCELLED, "batch 2 of 5");
    s.done = 4;
    ASSERT_FAILS(stopped(&c, true, &s, &err), MYE_ERR_CANCELLED, "batch 4 of 5");
    ASSERT_OK(train(&c, true, 2, NULL, NULL, &err));
    assert_like_whole(dir);
}

static void one_trainer_may_go_on_after_a_stop(void **state)
{
    (void)state;
    char dir[1024];
    run_dir("checkpoint_again", dir);
    const mye_config c = small_config(DATA, dir);
    stop s = {.phase = "train", .epoch = 2, .done = 2, .ctx = threads_context(1)};
    const mye_callbacks callbacks = {.progress = stop_there, .user = &s};
    mye_trainer *t = NULL;
    ASSERT_OK(mye_trainer_create(s.ctx, &c, false, &callbacks, &t, &err));
    ASSERT_FAILS(mye_trainer_run(t, NULL, &err), MYE_ERR_CANCELLED, "epoch 2");
    mye_context_resume(s.ctx);
    s.done = -1;
    ASSERT_OK(mye_trainer_run(t, NULL, &err));
    mye_trainer_free(t);
    mye_context_free(s.ctx);
    assert_like_whole(dir);
}

static void a_killed_run_goes_on_from_its_last_epoch(void **state)
{
    (void)state;
    char dir[1024];
    int how = 0;
    whole_run();
    run_dir("checkpoint_killed", dir);
    const mye_config c = small_config(DATA, dir);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        stop s = {.phase = "train", .epoch = 2, .done = 2, .kill = true};
        stopped(&c, false, &s, NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
    ASSERT_OK(train(&c, true, 1, NULL, NULL, &err));
    assert_like_whole(dir);
}

/* Ends at moments that nobody chose: in the middle of a file, of a line, of a rename. */
static void a_run_killed_again_and_again_ends_with_the_same_bytes(void **state)
{
    (void)state;
    char dir[1024];
    whole_run();
    run_dir("checkpoint_restless", dir);
    const mye_config c = small_config(DATA, dir);
    bool resume = false;
    for (useconds_t us = 15000; us < 400000; us += us / 4) {
        int how = 0;
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            _exit(train(&c, resume, 1, NULL, NULL, NULL) == MYE_OK ? 0 : 1);
        }
        usleep(us);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how) || WEXITSTATUS(how) == 0);
        resume = mye_file_exists(path_of(3, dir, "last.safetensors"));
    }
    ASSERT_OK(train(&c, resume, 1, NULL, NULL, &err));
    assert_like_whole(dir);
}

static void metrics_of_a_resumed_run_have_each_epoch_once(void **state)
{
    (void)state;
    char dir[1024];
    run_dir("checkpoint_metrics", dir);
    const mye_config c = small_config(DATA, dir);
    stop s = {.phase = "train", .epoch = 2, .done = 2};
    ASSERT_FAILS(stopped(&c, false, &s, &err), MYE_ERR_CANCELLED, "");
    /* As after a crash: a line of an epoch that no checkpoint has, and half a line. */
    FILE *f = fopen(path_of(3, dir, "metrics.jsonl"), "a");
    assert_non_null(f);
    fputs("{\"event\":\"epoch\",\"epoch\":2}\n{\"event\":\"ep", f);
    fclose(f);
    ASSERT_OK(train(&c, true, 1, NULL, NULL, &err));
    char *text = text_file(dir, "metrics.jsonl");
    assert_int_equal(occurrences(text, "\"event\":\"start\""), 1);
    assert_int_equal(occurrences(text, "\"event\":\"epoch\""), 3);
    assert_int_equal(occurrences(text, "\"event\":\"resume\""), 1);
    assert_int_equal(occurrences(text, "\"event\":\"end\""), 1);
    assert_int_equal(occurrences(text, "\"finished\""), 1);
    assert_int_equal(occurrences(text, "\"epoch\":2,\"train_loss\""), 1);
    mye_free(NULL, text);
}

static void a_finished_run_can_be_given_more_epochs(void **state)
{
    (void)state;
    char dir[1024];
    run_dir("checkpoint_more", dir);
    mye_config c = small_config(DATA, dir);
    mye_train_result r;
    set(&c, "epochs", "1");
    ASSERT_OK(train(&c, false, 1, NULL, &r, &err));
    assert_int_equal(r.last.epoch, 1);
    ASSERT_OK(train(&c, true, 1, NULL, &r, &err)); /* nothing left to do */
    set(&c, "epochs", "2");
    ASSERT_OK(train(&c, true, 1, NULL, &r, &err));
    assert_int_equal(r.last.epoch, 2);
}

/* ---- refusals ---- */

static void assert_not_resumed(const char *key, const char *value, mye_status status,
                               const char *words)
{
    mye_config c = small_config(DATA, whole_run());
    set(&c, key, value);
    ASSERT_FAILS(train(&c, true, 1, NULL, NULL, &err), status, words);
}

static void other_settings_do_not_continue_a_run(void **state)
{
    (void)state;
    assert_not_resumed("batch", "8", MYE_ERR_STATE, "batch '16', now batch is '8'");
    assert_not_resumed("step.lr", "0.2", MYE_ERR_STATE, "step");
    assert_not_resumed("seed", "2", MYE_ERR_STATE, "seed");
    assert_not_resumed("limit_train", "32", MYE_ERR_STATE, "limit_train");
    assert_not_resumed("net", "5C3s2-BN-LIF-MP2-DO0.1-FC10", MYE_ERR_STATE, "another network");
    assert_not_resumed("out", "/nowhere/run", MYE_ERR_IO, "/nowhere/run");
}

static void a_damaged_checkpoint_is_refused(void **state)
{
    (void)state;
    char dir[1024];
    run_dir("checkpoint_damaged", dir);
    mye_config c = small_config(DATA, dir);
    set(&c, "epochs", "0");
    ASSERT_OK(train(&c, false, 1, NULL, NULL, &err));
    FILE *f = fopen(path_of(3, dir, "last.safetensors"), "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, -3, SEEK_END), 0);
    fputc(0x55, f);
    fclose(f);
    ASSERT_FAILS(train(&c, true, 1, NULL, NULL, &err), MYE_ERR_FORMAT, "checksum");
}

static void a_file_of_weights_is_no_checkpoint(void **state)
{
    (void)state;
    char dir[1024];
    run_dir("checkpoint_weights", dir);
    mye_config c = small_config(DATA, dir);
    set(&c, "epochs", "0");
    mye_context *ctx = threads_context(1);
    mye_trainer *t = NULL;
    ASSERT_OK(mye_trainer_create(ctx, &c, false, NULL, &t, &err));
    ASSERT_OK(
        mye_weights_save(ctx, mye_trainer_model(t), path_of(3, dir, "last.safetensors"), &err));
    mye_trainer_free(t);
    mye_classifier *classifier = NULL;
    ASSERT_FAILS(mye_classifier_open(ctx, dir, &(mye_infer_options){.batch = 4}, &classifier, &err),
                 MYE_ERR_FORMAT, "weights only");
    mye_context_free(ctx);
    ASSERT_FAILS(train(&c, true, 1, NULL, NULL, &err), MYE_ERR_FORMAT, "weights only");
}

/* ---- weights ---- */

static mye_model *model_of(mye_context *ctx, const char *net, uint64_t seed)
{
    const mye_model_options options = {
        .net = net, .C = 2, .H = 6, .W = 6, .seed = seed, .static_input = true};
    mye_model *m = NULL;
    ASSERT_OK(mye_model_create(ctx, &options, &m, &err));
    return m;
}

static void weights_go_out_and_come_back(void **state)
{
    (void)state;
    mye_context *ctx = threads_context(1);
    mye_model *a = model_of(ctx, "3C3-BN-LIF-FC4", 1), *b = model_of(ctx, "3C3-BN-LIF-FC4", 2);
    char path[1200];
    float x[512], y[512];
    snprintf(path, sizeof path, "%s", in_dir(fresh_dir("weights"), "w.safetensors"));
    ASSERT_OK(mye_weights_save(ctx, a, path, &err));
    ASSERT_OK(mye_weights_load(ctx, b, path, &err));
    for (int i = 0; i < mye_model_tensors(a); i++) {
        mye_tensor_info info;
        mye_model_tensor(a, i, &info);
        assert_true(info.count <= 512);
        mye_model_get(a, i, x);
        mye_model_get(b, i, y);
        assert_memory_equal(x, y, (size_t)info.count * sizeof *x);
    }
    mye_st *st = NULL; /* under their names, in the outside layout */
    ASSERT_OK(mye_st_open(ctx, path, &st, &err));
    const mye_st_tensor *w = mye_st_find(st, "conv1.weight");
    assert_non_null(w);
    assert_true(w->rank == 4 && w->dim[0] == 3 && w->dim[1] == 2 && w->dim[2] == 3);
    ASSERT_OK(mye_st_read_floats(st, w, x, &err));
    mye_model_get(a, mye_model_tensor_find(a, "conv1.weight"), y);
    assert_memory_equal(x, y, 54 * sizeof *x);
    mye_st_close(st);
    mye_model_free(a);
    mye_model_free(b);
    mye_context_free(ctx);
}

static void weights_of_another_network_are_refused(void **state)
{
    (void)state;
    mye_context *ctx = threads_context(1);
    mye_model *a = model_of(ctx, "3C3-LIF-FC4", 1), *b = model_of(ctx, "5C3-LIF-FC4", 2);
    mye_model *c = model_of(ctx, "3C3-BN-LIF-FC4", 3);
    char path[1200];
    snprintf(path, sizeof path, "%s", in_dir(fresh_dir("weights"), "w.safetensors"));
    ASSERT_OK(mye_weights_save(ctx, a, path, &err));
    ASSERT_FAILS(mye_weights_load(ctx, b, path, &err), MYE_ERR_SHAPE, "3x2x3x3");
    ASSERT_FAILS(mye_weights_load(ctx, c, path, &err), MYE_ERR_SHAPE, "has no tensor 'bn1.");
    mye_model_free(a);
    mye_model_free(b);
    mye_model_free(c);
    mye_context_free(ctx);
}

/* ---- inference ---- */

static void a_classifier_repeats_the_trainers_test(void **state)
{
    (void)state;
    mye_context *ctx = threads_context(2);
    char dir[1024];
    run_dir("checkpoint_classify", dir);
    mye_config c = small_config(DATA, dir);
    mye_train_result r;
    set(&c, "epochs", "1");
    ASSERT_OK(train(&c, false, 1, NULL, &r, &err));
    mye_classifier *k = NULL;
    mye_dataset *data = NULL;
    mye_eval_result e;
    ASSERT_OK(mye_classifier_open(ctx, dir, &(mye_infer_options){.batch = 16}, &k, &err));
    ASSERT_OK(mye_dataset_open(ctx, "mnist", DATA, "test", &data, &err));
    ASSERT_OK(mye_evaluate(ctx, k, data, NULL, &e, &err));
    assert_int_equal(e.n, 50);
    assert_true(e.accuracy == r.last.test_accuracy && e.loss == r.last.test_loss);
    int64_t all = 0, right = 0;
    for (int i = 0; i < e.classes; i++)
        for (int j = 0; j < e.classes; j++) {
            all += e.confusion[i * e.classes + j];
            right += i == j ? e.confusion[i * e.classes + j] : 0;
        }
    assert_int_equal(all, 50);
    assert_true((double)right / 50 == e.accuracy);
    assert_int_equal(e.n_rates, 1);
    assert_string_equal(e.rate_name[0], "lif1");
    assert_true(e.rate[0] > 0 && e.rate[0] < 1);
    float pixels[2 * 784], scores[20];
    int label;
    for (int i = 0; i < 2; i++)
        ASSERT_OK(mye_dataset_read(data, i, pixels + i * 784, &label, &err));
    ASSERT_OK(mye_infer(k, 2, pixels, scores, &err));
    for (int i = 0; i < 20; i++)
        assert_true(isfinite(scores[i]));
    ASSERT_FAILS(mye_infer(k, 17, pixels, scores, &err), MYE_ERR_ARG, "1 to 16");
    assert_string_equal(mye_classifier_config(k)->encoder, "rate");
    assert_int_equal(mye_model_classes(mye_classifier_model(k)), 10);
    mye_eval_free(ctx, &e);
    mye_dataset_free(data);
    mye_classifier_free(k);
    mye_context_free(ctx);
}

static void want_of_memory_in_a_classifier_leaves_nothing_behind(void **state)
{
    (void)state;
    failing memory = {0};
    mye_context *ctx = make_context(&memory);
    const char *dir = whole_run();
    const long blocks = memory.blocks;
    mye_status status = MYE_ERR_NOMEM;
    for (long n = 1; status != MYE_OK && n < 2000; n++) {
        mye_classifier *k = NULL;
        memory.calls = 0;
        memory.fail_at = n;
        status = mye_classifier_open(ctx, dir, &(mye_infer_options){.batch = 2}, &k, NULL);
        memory.fail_at = 0;
        assert_true(status == MYE_OK || status == MYE_ERR_NOMEM);
        mye_classifier_free(k);
        assert_int_equal(memory.blocks, blocks);
    }
    assert_int_equal(status, MYE_OK);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_that_learn_step_by_step_go_on_bit_for_bit),
        cmocka_unit_test(a_run_stopped_in_an_epoch_ends_with_the_same_bytes),
        cmocka_unit_test(a_run_stopped_at_the_end_of_training_ends_with_the_same_bytes),
        cmocka_unit_test(a_run_stopped_while_testing_ends_with_the_same_bytes),
        cmocka_unit_test(a_run_stopped_twice_ends_with_the_same_bytes),
        cmocka_unit_test(one_trainer_may_go_on_after_a_stop),
        cmocka_unit_test(a_killed_run_goes_on_from_its_last_epoch),
        cmocka_unit_test(a_run_killed_again_and_again_ends_with_the_same_bytes),
        cmocka_unit_test(metrics_of_a_resumed_run_have_each_epoch_once),
        cmocka_unit_test(a_finished_run_can_be_given_more_epochs),
        cmocka_unit_test(other_settings_do_not_continue_a_run),
        cmocka_unit_test(a_damaged_checkpoint_is_refused),
        cmocka_unit_test(a_file_of_weights_is_no_checkpoint),
        cmocka_unit_test(weights_go_out_and_come_back),
        cmocka_unit_test(weights_of_another_network_are_refused),
        cmocka_unit_test(a_classifier_repeats_the_trainers_test),
        cmocka_unit_test(want_of_memory_in_a_classifier_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
