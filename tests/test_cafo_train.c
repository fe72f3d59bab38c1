/* CaFo from the first batch to the saved network: resume, the two-stage recipe, memory. */
#include "train_support.h"

#include "train/train.h"

#define DATA bars_dir("cafo_data")

/* Two blocks of 392 features each, 5 batches an epoch; statistics of the batch, since 5 batches are too
 * few for running ones. */
static mye_config cafo_in(const char *name, const char *depth)
{
    char dir[1024];
    run_dir(name, dir);
    mye_config c = small_config(DATA, dir);
    set(&c, "net", "cafo:blocks=2,channels=2");
    set(&c, "neuron", "relu");
    set(&c, "depth", depth);
    set(&c, "encoder", "direct");
    set(&c, "T", "1");
    set(&c, "step", "adam:lr=0.01");
    return c;
}

static void every_form_learns(void **state)
{
    (void)state;
    static const char *const depth[] = {"cafo:statistics=batch", "cafo:blocks=dfa,statistics=batch",
                                        "dfa", "cafo:vote=sparsemax,statistics=batch"};
    for (int i = 0; i < 4; i++) {
        mye_config c = cafo_in("cafo_learns", depth[i]);
        mye_train_result r;
        set(&c, "epochs", "8");
        set(&c, "augment", "");
        set(&c, "loss", i == 3 ? "sparsemax_mean" : "ce_mean");
        ASSERT_OK(train(&c, false, 2, NULL, &r, &err));
        assert_true(r.best_test_accuracy >= 0.8);
    }
}

/* The network that was saved, on its own. */
static double accuracy_of(const char *dir)
{
    mye_context *ctx = threads_context(2);
    mye_classifier *c = NULL;
    mye_dataset *data = NULL;
    mye_eval_result e;
    const mye_infer_options o = {.batch = 16};
    ASSERT_OK(mye_classifier_open(ctx, path_of(3, dir, "last.safetensors"), &o, &c, &err));
    ASSERT_OK(mye_dataset_open(ctx, "mnist", DATA, "test", &data, &err));
    ASSERT_OK(mye_evaluate(ctx, c, data, NULL, &e, &err));
    const double accuracy = e.accuracy;
    mye_eval_free(ctx, &e);
    mye_dataset_free(data);
    mye_classifier_free(c);
    mye_context_free(ctx);
    return accuracy;
}

static void a_saved_network_answers_as_in_training(void **state)
{
    (void)state;
    static const char *const depth[] = {"cafo", "cafo:statistics=batch", "cafo:blocks=dfa", "dfa"};
    for (int i = 0; i < 4; i++) {
        const mye_config c = cafo_in("cafo_saved", depth[i]);
        mye_train_result r;
        ASSERT_OK(train(&c, false, 2, NULL, &r, &err));
        assert_true(accuracy_of(c.out) == r.last.test_accuracy);
    }
}

/* ---- resume ---- */

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

static void stop_and_resume(const char *depth)
{
    const mye_config whole = cafo_in("cafo_whole", depth), parts = cafo_in("cafo_parts", depth);
    stop s = {.ctx = threads_context(1), .epoch = 2, .done = 3};
    const mye_callbacks callbacks = {.progress = stop_there, .user = &s};
    mye_trainer *t = NULL;
    ASSERT_OK(train(&whole, false, 2, NULL, NULL, &err));
    ASSERT_OK(mye_trainer_create(s.ctx, &parts, false, &callbacks, &t, &err));
    mye_error why = {0};
    assert_int_equal(mye_trainer_run(t, NULL, &why), MYE_ERR_CANCELLED);
    mye_trainer_free(t);
    mye_context_free(s.ctx);
    assert_false(same_file(whole.out, parts.out, "last.safetensors"));
    ASSERT_OK(train(&parts, true, 2, NULL, NULL, &err));
    assert_true(same_file(whole.out, parts.out, "last.safetensors"));
}

static void a_run_that_was_stopped_goes_on_to_the_same_bytes(void **state)
{
    (void)state;
    stop_and_resume("cafo");
    stop_and_resume("cafo:blocks=dfa");
#ifdef MYELIN_HAVE_LAPACK
    stop_and_resume("cafo:fit=closed"); /* the epoch begins anew */
#endif
}

/* ---- two commands ---- */

static void predictors_begin_on_blocks_that_learned_before(void **state)
{
    (void)state;
    mye_config a = cafo_in("cafo_stage1", "dfa"), b = cafo_in("cafo_stage2", "cafo");
    ASSERT_OK(train(&a, false, 2, NULL, NULL, &err));
    set(&b, "init", path_of(3, a.out, "last.safetensors"));
    set(&b, "epochs", "1");
    set(&b, "step.lr", "0");
    ASSERT_OK(train(&b, false, 2, NULL, NULL, &err));
    mye_context *ctx = threads_context(1);
    mye_classifier *one = NULL, *two = NULL;
    ASSERT_OK(mye_classifier_open(ctx, path_of(3, a.out, "last.safetensors"), NULL, &one, &err));
    ASSERT_OK(mye_classifier_open(ctx, path_of(3, b.out, "last.safetensors"), NULL, &two, &err));
    static const char *const name[] = {"conv1.weight", "conv2.weight", "bn2.weight", "fc1.weight"};
    for (int i = 0; i < 4; i++) {
        const mye_model *m = mye_classifier_model(one), *n = mye_classifier_model(two);
        mye_tensor_info info;
        mye_model_tensor(m, mye_model_tensor_find(m, name[i]), &info);
        float *x = malloc((size_t)info.count * sizeof *x),
              *y = malloc((size_t)info.count * sizeof *y);
        mye_model_get(m, mye_model_tensor_find(m, name[i]), x);
        mye_model_get(n, mye_model_tensor_find(n, name[i]), y);
        assert_memory_equal(x, y, (size_t)info.count * sizeof *x);
        free(x);
        free(y);
    }
    mye_classifier_free(one);
    mye_classifier_free(two);
    mye_context_free(ctx);
}

/* Only what a depth rule has added may be missing in the file of the first weights. */
static void other_tensors_must_be_there(void **state)
{
    (void)state;
    mye_config a = cafo_in("cafo_small", "dfa"), b = cafo_in("cafo_large", "cafo");
    set(&a, "net", "2C3-N-MP2-8C3-N-MP2-FC10");
    set(&a, "epochs", "1");
    ASSERT_OK(train(&a, false, 2, NULL, NULL, &err));
    set(&b, "init", path_of(3, a.out, "last.safetensors"));
    ASSERT_FAILS(train(&b, false, 2, NULL, NULL, &err), MYE_ERR_SHAPE, "has no tensor 'bn1");
}

/* ---- closed form ---- */

#ifdef MYELIN_HAVE_LAPACK

static void the_closed_form_learns_in_one_epoch(void **state)
{
    (void)state;
    mye_config c = cafo_in("cafo_closed", "cafo:fit=closed,ridge=0.1,statistics=batch");
    mye_train_result r;
    set(&c, "epochs", "1");
    set(&c, "augment", "");
    ASSERT_OK(train(&c, false, 2, NULL, &r, &err));
    assert_true(r.last.test_accuracy >= 0.9);
    assert_true(accuracy_of(c.out) == r.last.test_accuracy);
}

static void one_and_two_threads_solve_the_same(void **state)
{
    (void)state;
    const mye_config a = cafo_in("cafo_one", "cafo:fit=closed");
    const mye_config b = cafo_in("cafo_two", "cafo:fit=closed");
    ASSERT_OK(train(&a, false, 1, NULL, NULL, &err));
    ASSERT_OK(train(&b, false, 2, NULL, NULL, &err));
    assert_true(same_file(a.out, b.out, "last.safetensors"));
}

static void a_comparison_of_gradients_that_are_not_there_is_refused(void **state)
{
    (void)state;
    mye_config c = cafo_in("cafo_cosine", "cafo:fit=closed");
    set(&c, "cosine", "bptt");
    ASSERT_FAILS(train(&c, false, 1, NULL, NULL, &err), MYE_ERR_UNSUPPORTED, "solves its weights");
}
#endif

/* What training takes beside its data is what was planned, but for lists and texts. */
static void memory_is_as_planned(void **state)
{
    (void)state;
    static const char *const depth[] = {"cafo", "cafo:blocks=dfa", "dfa",
#ifdef MYELIN_HAVE_LAPACK
                                        "cafo:fit=closed"
#endif
    };
    for (size_t i = 0; i < sizeof depth / sizeof *depth; i++) {
        mye_config c = cafo_in("cafo_memory", depth[i]);
        mye_train_result r;
        set(&c, "net", "cafo:channels=16");
        set(&c, "epochs", "1");
        ASSERT_OK(train(&c, false, 2, NULL, &r, &err));
        const size_t taken = r.allocated_bytes - r.data_bytes;
        if (taken > r.planned_bytes + (1u << 18) || taken < r.planned_bytes / 10 * 9)
            fail_msg("%s: planned %zu, took %zu", depth[i], r.planned_bytes, taken);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_learns),
        cmocka_unit_test(a_saved_network_answers_as_in_training),
        cmocka_unit_test(a_run_that_was_stopped_goes_on_to_the_same_bytes),
        cmocka_unit_test(predictors_begin_on_blocks_that_learned_before),
        cmocka_unit_test(other_tensors_must_be_there),
#ifdef MYELIN_HAVE_LAPACK
        cmocka_unit_test(the_closed_form_learns_in_one_epoch),
        cmocka_unit_test(one_and_two_threads_solve_the_same),
        cmocka_unit_test(a_comparison_of_gradients_that_are_not_there_is_refused),
#endif
        cmocka_unit_test(memory_is_as_planned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
