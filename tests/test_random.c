/* Random subsets: dynamic, walking, static; and fewer epochs. */
#include "sampler_support.h"

enum { N = 1000, EPOCHS = 40 };

static void run_all(const char *policy, const mye_sample_facts *f, int *count)
{
    mye_sampler *s = sampler_of(policy, f);
    memset(count, 0, N * sizeof *count);
    for (int e = 0; e < EPOCHS; e++) {
        const mye_sample_epoch *now = mye_sampler_epoch(s, e);
        bool seen[N] = {false};
        assert_int_equal(now->n, 300);
        for (int64_t i = 0; i < now->n; i++) {
            assert_true(now->weight[i] == 1);
            assert_true(strstr(policy, "repeat") || !seen[now->order[i]]);
            seen[now->order[i]] = true;
            count[now->order[i]]++;
        }
    }
    mye_sampler_free(s);
}

static void subsets_are_uniform_and_new(void **unused)
{
    MYE_UNUSED(unused);
    const mye_sample_facts f = facts_of(N, EPOCHS, 10);
    static int count[N];
    run_all("random:rho=0.7", &f, count);
    double squares = 0;
    for (int i = 0; i < N; i++)
        squares += (count[i] - 12.0) * (count[i] - 12.0);
    const double variance = squares / N; /* 40 * 0.3 * 0.7 = 8.4 */
    assert_true(variance > 7 && variance < 10);
}

static void walking_visits_all_equally_often(void **unused)
{
    MYE_UNUSED(unused);
    const mye_sample_facts f = facts_of(N, EPOCHS, 10);
    static int count[N];
    run_all("random:rho=0.7,repeat=no", &f, count);
    for (int i = 0; i < N; i++)
        assert_int_equal(count[i], 12);
}

static void static_subset_stays_in_a_new_order(void **unused)
{
    MYE_UNUSED(unused);
    const mye_sample_facts f = facts_of(N, EPOCHS, 10);
    static int count[N];
    static kept_epoch first;
    int visited = 0;
    run_all("static-random:rho=0.7", &f, count);
    for (int i = 0; i < N; i++) {
        assert_true(count[i] == 0 || count[i] == EPOCHS);
        visited += count[i] > 0;
    }
    assert_int_equal(visited, 300);
    mye_sampler *s = sampler_of("static-random:rho=0.7", &f);
    keep_epoch(mye_sampler_epoch(s, 0), &first);
    assert_memory_not_equal(first.order, mye_sampler_epoch(s, 1)->order, 300 * sizeof(int64_t));
    mye_sampler_free(s);
}

static void fewer_epochs_of_all(void **unused)
{
    MYE_UNUSED(unused);
    static const struct {
        const char *policy;
        int64_t epochs, left;
    } want[] = {{"short:rho=0.5", 10, 5},  {"short:rho=0.3", 10, 7}, {"short:rho=0.7", 14, 4},
                {"short:rho=0.99", 10, 1}, {"short:rho=0", 10, 10},  {"short:rho=0.5", 0, 0},
                {"random:rho=0.5", 10, 10}};
    mye_context *ctx = make_context(NULL);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const mye_sample_facts f = facts_of(N, want[i].epochs, 10);
        mye_sample_wants wants;
        ASSERT_OK(mye_sample_ask(ctx, want[i].policy, &f, &wants, &err));
        assert_int_equal(wants.epochs, want[i].left);
    }
    const mye_sample_facts f = facts_of(N, 10, 10);
    mye_sampler *s = sampler_of("short:rho=0.5", &f);
    expect_plain(mye_sampler_epoch(s, 3), &f, 3);
    mye_sampler_free(s);
    mye_context_free(ctx);
}

static void ratio_zero_is_all(void **unused)
{
    MYE_UNUSED(unused);
    static const char *const policy[] = {"random:rho=0", "random:rho=0,repeat=no",
                                         "static-random:rho=0"};
    const mye_sample_facts f = facts_of(N, 5, 32);
    for (size_t i = 0; i < 3; i++) {
        mye_sampler *s = sampler_of(policy[i], &f);
        expect_plain(mye_sampler_epoch(s, 2), &f, 2);
        mye_sampler_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subsets_are_uniform_and_new),
        cmocka_unit_test(walking_visits_all_equally_often),
        cmocka_unit_test(static_subset_stays_in_a_new_order),
        cmocka_unit_test(fewer_epochs_of_all),
        cmocka_unit_test(ratio_zero_is_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
