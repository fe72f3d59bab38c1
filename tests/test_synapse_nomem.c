/*
 * Memory runs out at every possible place: each operation is repeated with its 1st, 2nd, 3rd ..
 * allocation refused, until it succeeds. It must say MYE_ERR_NOMEM and give back all it took; what
 * it worked on stays whole.
 */
#include "synapse/patterns.h"
#include "synapse_support.h"

typedef struct place {
    failing requests;
    mye_context *ctx;
    mye_patterns *set;
    mye_synapse *s;
    const char *text;
    int batch;
} place;

static void place_open(place *p)
{
    *p = (place){.text = "", .batch = 1};
    p->ctx = make_context(&p->requests);
    ASSERT_OK(mye_patterns_open(p->ctx, "poisson:units=20,patterns=40,rate=20", NULL, "train", 1,
                                &p->set, &err));
}

static void place_close(place *p)
{
    mye_synapse_free(p->s);
    mye_patterns_free(p->set);
    assert_int_equal(mye_context_live_bytes(p->ctx), 0);
    mye_context_free(p->ctx);
    assert_int_equal(p->requests.blocks, 0);
}

/* Repeats `what` until no request is refused. */
static void refuse_each(place *p, const char *name, int least,
                        mye_status (*what)(place *, mye_error *))
{
    mye_status status = MYE_ERR_NOMEM;
    long n = 0;
    while (status != MYE_OK) {
        const size_t live = mye_context_live_bytes(p->ctx);
        const long blocks = p->requests.blocks;
        mye_error why = {0};
        p->requests.calls = 0;
        p->requests.fail_at = ++n;
        status = what(p, &why);
        p->requests.fail_at = 0;
        if (status != MYE_OK && (status != MYE_ERR_NOMEM || why.code != status))
            fail_msg("%s, request %ld: %s: %s", name, n, mye_status_name(status), why.message);
        if (status != MYE_OK && !strstr(why.message, "not enough memory for"))
            fail_msg("%s, request %ld: %s", name, n, why.message);
        if (p->requests.blocks != blocks || mye_context_live_bytes(p->ctx) != live)
            fail_msg("%s, request %ld: %ld blocks more than before", name, n,
                     p->requests.blocks - blocks);
    }
    print_message("%s: %ld requests\n", name, n - 1);
    assert_true(n > least);
}

static mye_status do_open(place *p, mye_error *err)
{
    mye_patterns *set = NULL;
    const mye_status st = mye_patterns_open(p->ctx, p->text, NULL, "train", 1, &set, err);
    assert_true((set != NULL) == (st == MYE_OK));
    mye_patterns_free(set);
    return st;
}

static void opening_sources_fails_cleanly(void **state)
{
    static const char *const texts[] = {"poisson:patterns=40,rate=3", "single:patterns=20"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        place p;
        place_open(&p);
        p.text = texts[i];
        refuse_each(&p, texts[i], 10, do_open);
        place_close(&p);
    }
}

static mye_status do_copies(place *p, mye_error *err)
{
    static const int64_t index[] = {3, 1, 4, 1, 5};
    mye_patterns *a = NULL, *b = NULL;
    mye_status st = mye_patterns_choose(p->set, index, 5, &a, err);
    if (st == MYE_OK)
        st = mye_patterns_ordinary(a, &b, err);
    if (st == MYE_OK)
        st = mye_patterns_append(b, p->set, err);
    mye_patterns_free(a);
    mye_patterns_free(b);
    return st;
}

static mye_status do_noise(place *p, mye_error *err)
{
    mye_patterns *out = NULL;
    const mye_status st =
        mye_patterns_noise(p->set, "jitter insert:rate=20 delete coefficient", 1, 0, &out, err);
    assert_true((out != NULL) == (st == MYE_OK));
    mye_patterns_free(out);
    return st;
}

static void copies_and_noise_fail_cleanly(void **state)
{
    place p;
    (void)state;
    place_open(&p);
    refuse_each(&p, "copies", 15, do_copies);
    refuse_each(&p, "noise", 12, do_noise);
    place_close(&p);
}

/* A pattern that could not be added is not there; the rest is. */
static void a_set_that_cannot_grow_stays_whole(void **state)
{
    place p;
    (void)state;
    place_open(&p);
    for (int64_t refused = 0, n = 40; refused < 60; n = mye_patterns_about(p.set)->n) {
        const mye_pattern last = mye_patterns_at(p.set, n - 1);
        const mye_spike before = last.spike[last.n - 1];
        p.requests.calls = 0;
        p.requests.fail_at = 1 + refused % 5;
        const mye_status st = mye_patterns_add(p.set, &last, NULL);
        p.requests.fail_at = 0;
        assert_int_equal(mye_patterns_about(p.set)->n, n + (st == MYE_OK));
        const mye_pattern again = mye_patterns_at(p.set, mye_patterns_about(p.set)->n - 1);
        assert_true(again.n == last.n && again.spike[again.n - 1].t_ms == before.t_ms);
        if (st != MYE_OK) {
            assert_int_equal(st, MYE_ERR_NOMEM);
            ASSERT_OK(mye_patterns_add(p.set, &again, &err));
        }
        refused++;
    }
    place_close(&p);
}

static mye_status do_create(place *p, mye_error *err)
{
    mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    mye_synapse *s = NULL;
    options.average = true;
    options.noise = "jitter delete insert";
    const mye_status st = mye_synapse_create(p->ctx, 20, 3, &options, &s, err);
    assert_true((s != NULL) == (st == MYE_OK));
    mye_synapse_free(s);
    return st;
}

static mye_status do_train(place *p, mye_error *err)
{
    static int32_t count[40 * 3];
    mye_synapse_result result;
    for (int i = 0; i < 120; i++)
        count[i] = i % 3;
    const mye_status st =
        mye_synapse_train(p->s, p->set, &(mye_aims){count, NULL, NULL}, NULL, &result, err);
    assert_true((result.curve != NULL) == (st == MYE_OK));
    mye_synapse_result_free(p->ctx, &result);
    return st;
}

static mye_status do_respond(place *p, mye_error *err)
{
    static int32_t count[40 * 3];
    static double v[40 * 3];
    return mye_synapse_respond(p->s, p->set, &(mye_responses){v, count}, err);
}

static mye_status do_look(place *p, mye_error *err)
{
    const mye_pattern pattern = mye_patterns_at(p->set, 2);
    double t, v, theta, g[20];
    int n;
    MYE_TRY(mye_synapse_spikes(p->s, &pattern, 1, &t, 1, &n, err));
    MYE_TRY(mye_synapse_potential(p->s, &pattern, 1, &(double){50}, 1, &v, err));
    return mye_synapse_critical(p->s, &pattern, 1, 2, &theta, g, err);
}

static mye_status do_readout(place *p, mye_error *err)
{
    int32_t count[3] = {0}, out[1];
    double v[3] = {0};
    MYE_TRY(mye_synapse_aims(p->ctx, "count", 3, 3, 1, &(int32_t){0}, count, err));
    return mye_synapse_classify(p->ctx, "count", 3, 3, 1, 1, &(mye_responses){v, count}, out, err);
}

static void making_and_asking_groups_fails_cleanly(void **state)
{
    const mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    place p;
    (void)state;
    place_open(&p);
    refuse_each(&p, "create", 8, do_create);
    ASSERT_OK(mye_synapse_create(p.ctx, 20, 3, &options, &p.s, &err));
    for (int i = 0; i < 60; i++)
        mye_synapse_weights(p.s)[i] = 0.1;
    refuse_each(&p, "respond", 4, do_respond);
    refuse_each(&p, "look", 20, do_look);
    refuse_each(&p, "readout", 1, do_readout);
    place_close(&p);
}

static void teaching_fails_cleanly(void **state)
{
    static const char *const noise[] = {"", "", "insert:rate=50", "insert:rate=50"};
    static const int batch[] = {1, 16, 1, 16};
    (void)state;
    for (int i = 0; i < 4; i++) {
        mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
        place p;
        place_open(&p);
        options.rule = "peak";
        options.epochs = 2;
        options.batch = batch[i];
        options.noise = noise[i];
        ASSERT_OK(mye_synapse_create(p.ctx, 20, 3, &options, &p.s, &err));
        refuse_each(&p, "train", 10, do_train);
        place_close(&p);
    }
}

static mye_status do_file(place *p, mye_error *err)
{
    const char *path = in_dir(MYELIN_BINARY_DIR "/tests/synapse_nomem", "group");
    mye_synapse *s = NULL;
    MYE_TRY(mye_synapse_save(p->s, path, err));
    const mye_status st = mye_synapse_load(p->ctx, path, &s, err);
    assert_true((s != NULL) == (st == MYE_OK));
    mye_synapse_free(s);
    return st;
}

static void files_fail_cleanly(void **state)
{
    const mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    place p;
    (void)state;
    fresh_dir("synapse_nomem");
    place_open(&p);
    ASSERT_OK(mye_synapse_create(p.ctx, 20, 3, &options, &p.s, &err));
    refuse_each(&p, "file", 10, do_file);
    place_close(&p);
}

/* Courses of a set that are too large to keep are made one by one, and are the same. */
static void courses_that_are_not_kept_are_the_same(void **state)
{
    const mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    mye_courses kept, made;
    mye_desk desk;
    place p;
    (void)state;
    place_open(&p);
    ASSERT_OK(mye_synapse_create(p.ctx, 20, 3, &options, &p.s, &err));
    ASSERT_OK(mye_courses_make(p.ctx, &p.s->lesson.psp, p.set, 0, &kept, &err));
    ASSERT_OK(mye_courses_make(p.ctx, &p.s->lesson.psp, p.set, 1000, &made, &err));
    assert_true(kept.course && !made.course && !made.block);
    assert_true(kept.n == 40 && made.most_spikes == kept.most_spikes);
    ASSERT_OK(mye_desk_open(&p.s->lesson, 20, made.most_spikes, &desk, &err));
    for (int64_t k = 0; k < 40; k++) {
        mye_course a, b;
        ASSERT_OK(mye_group_course(p.s, &kept, p.set, k, 0, &desk, &a, &err));
        ASSERT_OK(mye_group_course(p.s, &made, p.set, k, 0, &desk, &b, &err));
        const size_t n = (size_t)a.n;
        assert_true(a.n == b.n && a.spike == b.spike && a.end_ms == b.end_ms);
        assert_memory_equal(a.start, b.start, (n + 1) * sizeof *a.start);
        assert_memory_equal(a.decay_m, b.decay_m, n * sizeof *a.decay_m);
        assert_memory_equal(a.decay_s, b.decay_s, n * sizeof *a.decay_s);
    }
    mye_desk_close(&desk);
    mye_courses_free(&kept);
    mye_courses_free(&made);
    place_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_sources_fails_cleanly),
        cmocka_unit_test(copies_and_noise_fail_cleanly),
        cmocka_unit_test(a_set_that_cannot_grow_stays_whole),
        cmocka_unit_test(making_and_asking_groups_fails_cleanly),
        cmocka_unit_test(teaching_fails_cleanly),
        cmocka_unit_test(files_fail_cleanly),
        cmocka_unit_test(courses_that_are_not_kept_are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
