/* Patterns of the experiment `classify`: sources, noise on sounds, folds. */
#include <string.h>

#include "synapse/classify.h"

mye_status mye_classify_snr(const mye_classify *w, const char *source, double snr, char *out,
                            size_t size, mye_error *err)
{
    mye_method method = {0};
    char number[40];
    MYE_TRY(mye_method_parse(w->ctx, &mye_kind_pattern, source, &method, err));
    const mye_param *p = method.entry->params;
    while (p && p->name && strcmp(p->name, "snr") != 0)
        p++;
    mye_status st = MYE_OK;
    if (!p || !p->name)
        st = mye_fail(err, MYE_ERR_ARG, "patterns '%.80s' have no option snr; sounds do", source);
    if (st == MYE_OK)
        st = mye_params_set(method.entry->params, method.options, "snr",
                            mye_format_double(snr, number, sizeof(number)), err);
    if (st == MYE_OK)
        st = mye_method_text(&method, false, out, size, err);
    mye_method_free(w->ctx, &method);
    return st;
}

mye_status mye_classify_open(const mye_classify *w, const char *source, const char *split_name,
                             int run, mye_patterns **out, mye_error *err)
{
    return mye_patterns_open(w->ctx, source, w->dir, split_name,
                             (uint64_t)w->o->seed + (uint64_t)run, out, err);
}

/* The fold of pattern k: by its group where groups are known, else classes are dealt out. */
static int64_t fold_of(const mye_patterns *set, int64_t k, int64_t folds, const int64_t *dealt)
{
    const int64_t group = set->group[k];
    return group != 0 ? (group % folds + folds) % folds : dealt[set->label[k]] % folds;
}

mye_status mye_classify_check_folds(const mye_classify *w, const mye_patterns *set, mye_error *err)
{
    const int64_t n = set->info.n, folds = w->o->folds;
    int64_t *dealt = mye_alloc_array(w->ctx, (size_t)set->info.classes, sizeof(*dealt));
    int64_t *size = mye_alloc_array(w->ctx, (size_t)folds, sizeof(*size));
    mye_status st = dealt && size ? MYE_OK : mye_no_memory(err, (size_t)folds * 8, "folds");
    for (int64_t k = 0; st == MYE_OK && k < n; k++) {
        size[fold_of(set, k, folds, dealt)]++;
        dealt[set->label[k]]++;
    }
    for (int64_t f = 0; st == MYE_OK && f < folds; f++)
        if (size[f] == 0 || size[f] == n)
            st = mye_fail(err, MYE_ERR_ARG,
                          "fold %lld of %lld holds %lld patterns to test on and %lld to learn from",
                          (long long)f, (long long)folds, (long long)size[f],
                          (long long)(n - size[f]));
    mye_free(w->ctx, dealt);
    mye_free(w->ctx, size);
    return st;
}

mye_status mye_classify_fold(const mye_classify *w, const mye_patterns *set, int64_t fold,
                             mye_patterns **train, mye_patterns **test, mye_error *err)
{
    const size_t n = (size_t)set->info.n;
    int64_t *index = mye_alloc_array(w->ctx, 2 * n, sizeof(*index));
    int64_t *dealt = mye_alloc_array(w->ctx, (size_t)set->info.classes, sizeof(*dealt));
    int64_t n_train = 0, n_test = 0;
    mye_status st = index && dealt ? MYE_OK : mye_no_memory(err, 2 * n * sizeof(*index), "folds");
    for (int64_t k = 0; st == MYE_OK && k < set->info.n; k++) {
        if (fold_of(set, k, w->o->folds, dealt) == fold)
            index[n + (size_t)n_test++] = k;
        else
            index[n_train++] = k;
        dealt[set->label[k]]++;
    }
    if (st == MYE_OK)
        st = mye_patterns_choose(set, index, n_train, train, err);
    if (st == MYE_OK)
        st = mye_patterns_choose(set, index + n, n_test, test, err);
    mye_free(w->ctx, index);
    mye_free(w->ctx, dealt);
    return st;
}
