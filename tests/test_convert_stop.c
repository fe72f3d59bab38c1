/* Ctrl-C in the middle of a conversion: it says so, and nothing of what was made before is lost. */
#include "convert_support.h"

/* Cancels when progress is told for the n-th time. */
typedef struct stopping {
    mye_context *ctx;
    int told, stop_at; /* stop_at 0: never */
} stopping;

static void count_and_stop(void *user, const mye_progress *p)
{
    stopping *s = user;
    (void)p;
    if (++s->told == s->stop_at)
        mye_context_cancel(s->ctx);
}

static mye_callbacks callbacks_of(stopping *s)
{
    return (mye_callbacks){.progress = count_and_stop, .user = s};
}

static mye_status open_ann(mye_context *ctx, const mye_callbacks *told, mye_conversion **c,
                           mye_error *err)
{
    mye_conversion_options o = MYE_CONVERSION_OPTIONS;
    o.calibrate = 20;
    o.batch = 5; /* several batches in every look */
    return mye_conversion_open(ctx, small_ann("convert_stop_ann"), &o, told, c, err);
}

/* ---- the functions that take long; each writes its figures ---- */

typedef struct bench {
    mye_context *ctx;
    mye_conversion *c;
    const mye_snn *snn;
} bench;

static const int steps[] = {1, 4};

static mye_status do_measure(const bench *b, const mye_callbacks *told, double *out, mye_error *err)
{
    const mye_measure_options o = {.steps = steps, .n_steps = 2};
    mye_convert_result r;
    MYE_TRY(mye_convert_measure(b->c, b->snn, &o, told, &r, err));
    for (int i = 0; i < 2; i++) {
        out[2 * i] = r.point[i].accuracy;
        out[2 * i + 1] = r.point[i].events;
    }
    mye_convert_result_free(b->ctx, &r);
    return MYE_OK;
}

static mye_status do_verify(const bench *b, const mye_callbacks *told, double *out, mye_error *err)
{
    mye_convert_proof p;
    MYE_TRY(mye_convert_verify(b->c, "exact", steps, 2, 0, told, &p, err));
    for (int i = 0; i < 2; i++) {
        out[2 * i] = (double)p.row[i].counts;
        out[2 * i + 1] = (double)p.row[i].differ_own;
    }
    mye_convert_proof_free(b->ctx, &p);
    return MYE_OK;
}

static mye_status do_levels(const bench *b, const mye_callbacks *told, double *out, mye_error *err)
{
    mye_convert_budget budget;
    mye_snn *snn = NULL;
    const mye_status status =
        mye_convert_levels(b->c, "aug:levels=4", .5, 2, told, &budget, &snn, err);
    assert_true((snn != NULL) == (status == MYE_OK));
    if (status == MYE_OK) {
        out[0] = budget.events;
        out[1] = budget.before;
        out[2] = budget.layer[0].levels;
        out[3] = budget.layer[1].levels;
        mye_convert_budget_free(b->ctx, &budget);
    }
    mye_snn_free(snn);
    return status;
}

/* With histograms that have to be made first. It tells whom the conversion was opened with. */
static mye_status do_convert(const bench *b, const mye_callbacks *told, double *out, mye_error *err)
{
    mye_snn *snn = NULL;
    b->c->callbacks = *told;
    MYE_TRY(mye_convert(b->c, "calib:balance=percentile,per=channel", &snn, err));
    for (int l = 0; l < 2; l++) {
        const mye_weight *theta = mye_node_find(mye_snn_neuron(snn, l), "theta");
        out[2 * l] = (double)theta->data[0];
        out[2 * l + 1] = (double)theta->data[1];
    }
    mye_snn_free(snn);
    return MYE_OK;
}

/* Who listened to one call is not told of the next: it may be gone. */
static void listeners_are_told_of_their_call_only(void **state)
{
    static mye_status (*const functions[])(const bench *, const mye_callbacks *, double *,
                                           mye_error *) = {do_measure, do_verify, do_levels};
    mye_context *ctx = threads_context(2);
    stopping first = {ctx, 0, 0}, second = {ctx, 0, 0};
    const mye_callbacks told = callbacks_of(&first), other = callbacks_of(&second);
    bench b = {ctx, NULL, NULL};
    mye_snn *snn = NULL, *more = NULL;
    double out[4];
    (void)state;
    ASSERT_OK(open_ann(ctx, &told, &b.c, &err));
    ASSERT_OK(mye_convert(b.c, "aug", &snn, &err));
    b.snn = snn;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        const int before[] = {first.told, second.told};
        ASSERT_OK(functions[i](&b, &other, out, &err));
        assert_int_equal(first.told, before[0]);
        assert_true(second.told > before[1]);
        const int after = second.told;
        ASSERT_OK(mye_convert(b.c, "calib", &more, &err));
        assert_int_equal(second.told, after);
        assert_true(first.told > before[0]);
        mye_snn_free(more);
    }
    mye_snn_free(snn);
    mye_conversion_free(b.c);
    mye_context_free(ctx);
}

typedef mye_status (*work)(const bench *b, const mye_callbacks *told, double *out, mye_error *err);

/* Stopped wherever it tells of progress, and then once left alone: the figures are those of a
 * conversion that nobody disturbed. */
static void stop_everywhere(const bench *b, const double *undisturbed, work what)
{
    mye_status status = MYE_ERR_CANCELLED;
    double out[4];
    int n = 0;
    while (status == MYE_ERR_CANCELLED) {
        stopping s = {b->ctx, 0, ++n};
        const mye_callbacks told = callbacks_of(&s);
        mye_error why = {0};
        status = what(b, &told, out, &why);
        if (status != MYE_OK) {
            assert_int_equal(status, MYE_ERR_CANCELLED);
            assert_int_equal(why.code, status);
            assert_int_equal(s.told, n); /* at once */
        }
        mye_context_resume(b->ctx);
    }
    assert_int_equal(status, MYE_OK);
    assert_true(n > 2); /* it does tell, more than once */
    assert_memory_equal(out, undisturbed, sizeof out);
}

static void what_was_stopped_can_be_done_again(void **state)
{
    static const work functions[] = {do_measure, do_verify, do_levels, do_convert};
    (void)state;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        mye_snn *snn = NULL;
        double out[4];
        bench b = {threads_context(2), NULL, NULL};
        const size_t live = mye_context_live_bytes(b.ctx);
        for (int k = 0; k < 2; k++) {
            const mye_callbacks silent = {NULL};
            ASSERT_OK(open_ann(b.ctx, NULL, &b.c, &err));
            ASSERT_OK(mye_convert(b.c, "aug", &snn, &err));
            b.snn = snn;
            if (k == 0)
                ASSERT_OK(functions[i](&b, &silent, out, &err));
            else
                stop_everywhere(&b, out, functions[i]);
            mye_snn_free(snn);
            mye_conversion_free(b.c);
            assert_int_equal(mye_context_live_bytes(b.ctx), live);
        }
        mye_context_free(b.ctx);
    }
}

static void opening_stops(void **state)
{
    mye_context *ctx = threads_context(2);
    const size_t live = mye_context_live_bytes(ctx);
    mye_status status = MYE_ERR_CANCELLED;
    mye_conversion *c = NULL;
    int n = 0;
    (void)state;
    while (status == MYE_ERR_CANCELLED) {
        stopping s = {ctx, 0, ++n};
        const mye_callbacks told = callbacks_of(&s);
        mye_error why = {0};
        status = open_ann(ctx, &told, &c, &why);
        assert_true((c != NULL) == (status == MYE_OK));
        mye_conversion_free(c);
        assert_int_equal(mye_context_live_bytes(ctx), live);
        mye_context_resume(ctx);
    }
    assert_int_equal(status, MYE_OK);
    assert_true(n > 4); /* the ANN twice, calibration twice */
    mye_context_free(ctx);
}

/* ---- a batch of thousands of steps ---- */

typedef struct two_steps {
    mye_context *ctx;
    int seen;
} two_steps;

static void cancel_in_the_second(void *self, const mye_pass *p, const mye_node *n, int t0, int t1)
{
    two_steps *s = self;
    (void)p;
    (void)t0;
    if (!mye_transmit_is(n))
        return;
    s->seen = t1;
    if (t1 == 2)
        mye_context_cancel(s->ctx);
}

static void a_stop_does_not_wait_for_the_end_of_a_batch(void **state)
{
    mye_context *ctx = threads_context(2);
    mye_conversion *c = NULL;
    mye_snn *snn = NULL;
    mye_error why = {0};
    two_steps s = {ctx, 0};
    (void)state;
    ASSERT_OK(open_ann(ctx, NULL, &c, &err));
    ASSERT_OK(mye_convert(c, "aug", &snn, &err));
    mye_look look = {.model = snn->model,
                     .encoder = "direct",
                     .T = 4096,
                     .n = 5,
                     .watch = {.node = cancel_in_the_second, .self = &s}};
    assert_int_equal(mye_convert_look(c, &look, &why), MYE_ERR_CANCELLED);
    assert_int_equal(s.seen, 2);
    mye_snn_free(snn);
    mye_conversion_free(c);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_stopped_can_be_done_again),
        cmocka_unit_test(listeners_are_told_of_their_call_only),
        cmocka_unit_test(opening_stops),
        cmocka_unit_test(a_stop_does_not_wait_for_the_end_of_a_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
