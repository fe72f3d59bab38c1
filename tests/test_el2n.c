/* EL2N and GraNd (data_pruning.md 6.8), with scores of the run's own first epochs or of a file. */
#include "sampler_fixture.h"
#include "sampler_train.h"

#include "sample/scores_file.h"

#define N 100

static float rising[MOST_SAMPLES], falling[MOST_SAMPLES];

static int fill(void **state)
{
    (void)state;
    for (int i = 0; i < MOST_SAMPLES; i++) {
        rising[i] = (float)i;
        falling[i] = 3 * (float)(N - i);
    }
    return 0;
}

/* 4 epochs, rho 0.5: one full, then 33 of 100 samples, in batches of 10: 30. */
static void the_highest_scores_stay_for_the_rest_of_the_run(void **state)
{
    const scores s = {.error = rising}, other = {.error = falling};
    sampler_fixture x;
    int64_t order[N];
    (void)state;
    begin_sampler(&x, "el2n", N, 4, 10);
    assert_int_equal(mye_sampler_tells(x.s, false), MYE_TELL_ERROR);
    assert_int_equal(decide_epoch(&x, 0), N);
    tell_epoch(&x, 0, &s);
    for (int64_t e = 1; e < 4; e++) {
        assert_int_equal(decide_epoch(&x, e), 30);
        assert_int_equal(visited_of(&x, 70, 100), 30);
        assert_true(x.e->max_weight == 1 && x.e->lr_scale == 1);
        if (e > 1)
            assert_memory_not_equal(order, x.e->order, sizeof *order * 30);
        memcpy(order, x.e->order, sizeof *order * 30);
        tell_epoch(&x, e, &other); /* too late */
    }
    assert_true(mye_sampler_scores(x.s)[80] == 80);
    end_sampler(&x);
}

/* (i + 3 (100 - i)) / 2 falls with i. */
static void scores_of_some_epochs_are_averaged(void **state)
{
    const scores s[] = {{.error = rising}, {.error = falling}};
    sampler_fixture x;
    (void)state;
    begin_sampler(&x, "el2n:at=2", N, 8, 10);
    for (int64_t e = 0; e < 2; e++) {
        assert_int_equal(decide_epoch(&x, e), N);
        tell_epoch(&x, e, &s[e]);
    }
    assert_int_equal(decide_epoch(&x, 2), 30); /* (4 - 2) / 6 */
    assert_int_equal(visited_of(&x, 0, 30), 30);
    assert_true(mye_sampler_scores(x.s)[10] == 140);
    end_sampler(&x);
}

static void the_score_is_a_choice(void **state)
{
    static const char *const policy[] = {"el2n:score=el2n", "el2n:score=grand",
                                         "el2n:score=grand-full"};
    static const unsigned tells[] = {MYE_TELL_ERROR, MYE_TELL_READOUT, MYE_TELL_LAYERS};
    static float part[3][N];
    const scores s = {.error = part[0], .readout = part[1], .layers = part[2]};
    (void)state;
    for (int i = 0; i < N; i++)
        part[0][i] = part[1][i] = part[2][i] = 0.1f * (float)(i % 10);
    for (int k = 0; k < 3; k++)
        for (int i = 30 * k; i < 30 * k + 30; i++)
            part[k][i] += 2; /* each score has another third on top */
    for (int k = 0; k < 3; k++) {
        sampler_fixture x;
        begin_sampler(&x, policy[k], N, 4, 10);
        assert_int_equal(mye_sampler_tells(x.s, false), tells[k]);
        tell_all(&x, 0, &s);
        decide_epoch(&x, 1);
        assert_int_equal(visited_of(&x, 30 * k, 30 * k + 30), 30);
        end_sampler(&x);
    }
}

static void the_lowest_may_stay_and_the_very_highest_go(void **state)
{
    const scores s = {.error = rising};
    sampler_fixture x;
    (void)state;
    begin_sampler(&x, "el2n:keep=lowest", N, 4, 10);
    tell_all(&x, 0, &s);
    decide_epoch(&x, 1);
    assert_int_equal(visited_of(&x, 0, 30), 30);
    end_sampler(&x);
    begin_sampler(&x, "el2n:offset=0.05", N, 4, 10);
    tell_all(&x, 0, &s);
    decide_epoch(&x, 1);
    assert_int_equal(visited_of(&x, 65, 95), 30);
    end_sampler(&x);
}

static void the_budget_holds_and_without_one_nothing_changes(void **state)
{
    const scores s = {.error = rising, .readout = falling};
    (void)state;
    assert_budget("el2n", 0.5, &s);
    assert_budget("el2n:rho=0.7,at=3", 0.7, &s);
    assert_budget("el2n:rho=0.7,at=14", 0.7, &s); /* fewer are there */
    assert_plain("el2n:rho=0,score=grand", 3, &s);
}

static void a_run_resumes_bit_for_bit(void **state)
{
    const scores s = {.error = rising};
    sampler_fixture x;
    (void)state;
    begin_sampler(&x, "el2n:at=2", N, 8, 10);
    decide_epoch(&x, 0);
    assert_resumes(&x, "el2n:at=2", 0, &s); /* the second is decided */
    assert_resumes(&x, "el2n:at=2", 1, &s);
    assert_resumes(&x, "el2n:at=2", 2, &s);
    end_sampler(&x);
}

/* ---- files ---- */

static void write_text(const char *path, const char *text)
{
    write_file(path, text, strlen(text));
}

/* Ten samples in any order; "%s" of the policy is the file. */
static const char *with_file(const char *rest, const char *text)
{
    static char policy[512];
    static char path[1200];
    snprintf(path, sizeof path, "%s/tests/el2n_scores.csv", MYELIN_BINARY_DIR);
    write_text(path, text);
    snprintf(policy, sizeof policy, "el2n:file=%.300s%s", path, rest);
    return policy;
}

static const char ten[] =
    "sample,score\r\n3,0.5\n0,-1e-3\n9,7\n1,2\n2,0.25\n4,5\n5,6\n6,1e3\n7,0\n8,1";

static void scores_may_come_from_a_file(void **state)
{
    const char *policy = with_file("", ten);
    const scores s = {.error = falling};
    sampler_fixture x;
    (void)state;
    begin_sampler(&x, policy, 10, 4, 5);
    assert_int_equal(mye_sampler_tells(x.s, false), 0);
    assert_true(mye_sampler_scores(x.s)[6] == 1000 && mye_sampler_scores(x.s)[0] == -1e-3f);
    assert_int_equal(decide_epoch(&x, 0), 5); /* no full epoch */
    const int wanted[] = {6, 9, 5, 4, 1};
    for (int i = 0; i < 5; i++)
        assert_int_equal(x.visits[wanted[i]], 1);
    assert_resumes(&x, policy, 0, &s);
    for (int i = 0; i < 5; i++)
        assert_int_equal(x.visits[wanted[i]], 1);
    end_sampler(&x);
}

static void damaged_files_of_scores_are_explained(void **state)
{
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"", "line 1: wants 'sample,score', got ''"},
        {"0,1\n", "'sample,score', got '0,1'"},
        {"sample,score\n0,1\n", "has the scores of 1 samples, not 2"},
        {"sample,score\n0,1\n1,2\n2,3\n", "line 4: wants a sample in [0, 1], got 2"},
        {"sample,score\n-1,1\n", "line 2: wants a sample in [0, 1], got -1"},
        {"sample,score\n0,1\n0,2\n", "line 3: sample 0 has a score already, 1"},
        {"sample,score\n0,nan\n", "line 2: wants a sample's number and its finite score"},
        {"sample,score\n0,1e300\n", "got '0,1e300'"},
        {"sample,score\n0,inf\n", "got '0,inf'"},
        {"sample,score\n0 1\n", "got '0 1'"},
        {"sample,score\n0.5,1\n", "got '0.5,1'"},
        {"sample,score\n0,1,2\n", "got '0,1,2'"},
        {"sample,score\n\n", "got ''"},
    };
    float score[2];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ASSERT_FAILS(mye_scores_parse("x.csv", bad[i].text, strlen(bad[i].text), MYE_SCORES_ALL, 2,
                                      score, &err),
                     MYE_ERR_FORMAT, bad[i].words);
    const char *long_line =
        "sample,score\n0,1.00000000000000000000000000000000000000000000000000000"
        "00000000000000000000000000000000000000000001x\n";
    ASSERT_FAILS(
        mye_scores_parse("x.csv", long_line, strlen(long_line), MYE_SCORES_ALL, 1, score, &err),
        MYE_ERR_FORMAT, "...'");
    ASSERT_FAILS(refuse_sampler("el2n:file=/nowhere/scores.csv", N, 4, 10, &err), MYE_ERR_IO,
                 "/nowhere/scores.csv");
    ASSERT_FAILS(refuse_sampler(with_file("", ten), 11, 4, 5, &err), MYE_ERR_FORMAT,
                 "has the scores of 10 samples, not 11");
}

static void what_has_no_meaning_is_refused(void **state)
{
    static const char *const bad[][2] = {
        {"el2n:at=0", "got at=0"},
        {"el2n:file=x,at=2", "not from both"},
        {"el2n:file=x,score=grand", "score=grand"},
        {"el2n:file=x,score=grand-full", "score=grand-full"},
        {"el2n:keep=lowest,offset=0.1", "offset has to be 0, got 0.1"},
        {"el2n:rho=0.1,offset=0.4", "offset=0.4 drops 40"},
        {"el2n:rho=0.98", "leaves none"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ASSERT_FAILS(refuse_sampler(bad[i][0], N, 4, 10, &err), MYE_ERR_ARG, bad[i][1]);
}

static void want_of_memory_leaves_nothing_behind(void **state)
{
    const char *policy = with_file("", ten);
    const mye_sample_facts f = plain_facts(10, 4, 5);
    int failures = 0;
    (void)state;
    for (mye_status status = MYE_ERR_NOMEM; status != MYE_OK; failures++) {
        failing memory = {0};
        mye_context *ctx = make_context(&memory);
        mye_sampler *s = NULL;
        mye_error err = {0};
        memory.calls = 0;
        memory.fail_at = failures + 1;
        status = mye_sampler_create(ctx, policy, &f, &s, &err);
        assert_true(status == MYE_OK || status == MYE_ERR_NOMEM);
        assert_true((status == MYE_OK) == (s != NULL));
        mye_sampler_free(s);
        mye_context_free(ctx);
        assert_int_equal(memory.blocks, 0);
    }
    assert_true(failures > 5); /* the last one did not fail: object, options, four arrays, file */
}

/* One run's scores.csv is another's file; the whole of the second is pruned. */
static void one_run_scores_for_another(void **state)
{
    char first[1024], second[1024], policy[1200];
    (void)state;
    assert_run_resumes("el2n:score=grand-full", "el2n_first", 3);
    train_policy("el2n:score=grand", "el2n_first", first);
    snprintf(policy, sizeof policy, "el2n:file=%s/scores.csv", first);
    const mye_train_result r = train_policy(policy, "el2n_second", second);
    assert_true(same_file(first, second, "scores.csv"));
    assert_true(r.visited == 32.0 / 72 && r.last.sample.samples == 32);
    assert_true(isnan(r.last.sample.mean_age));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_highest_scores_stay_for_the_rest_of_the_run),
        cmocka_unit_test(scores_of_some_epochs_are_averaged),
        cmocka_unit_test(the_score_is_a_choice),
        cmocka_unit_test(the_lowest_may_stay_and_the_very_highest_go),
        cmocka_unit_test(the_budget_holds_and_without_one_nothing_changes),
        cmocka_unit_test(a_run_resumes_bit_for_bit),
        cmocka_unit_test(scores_may_come_from_a_file),
        cmocka_unit_test(damaged_files_of_scores_are_explained),
        cmocka_unit_test(what_has_no_meaning_is_refused),
        cmocka_unit_test(want_of_memory_leaves_nothing_behind),
        cmocka_unit_test(one_run_scores_for_another),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
