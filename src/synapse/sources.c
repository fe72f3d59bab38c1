/* Sources of spike patterns: opening by name. */
#include "synapse/patterns.h"

#include <string.h>

#include "synapse/source_list.inc"

#define DECLARE(name) extern const mye_source_type mye_source_##name;
MYE_SOURCE_LIST(DECLARE)
#define ENTRY(name) &mye_source_##name.entry,
static const mye_entry *const entries[] = {MYE_SOURCE_LIST(ENTRY) NULL};
const mye_kind mye_kind_pattern = {"pattern", "Which spike patterns are read?", entries};

mye_status mye_patterns_open(mye_context *ctx, const char *text, const char *dir, const char *split,
                             uint64_t seed, mye_patterns **out, mye_error *err)
{
    const mye_source_request ask = {dir && dir[0] ? dir : NULL, split, seed};
    mye_method method = {0};
    *out = NULL;
    if (strcmp(split, "train") != 0 && strcmp(split, "test") != 0)
        return mye_fail(err, MYE_ERR_ARG, "patterns have the splits train and test, got '%.40s'",
                        split);
    MYE_TRY(mye_method_parse(ctx, &mye_kind_pattern, text, &method, err));
    const mye_source_type *type = (const mye_source_type *)method.entry;
    mye_status st = type->open(ctx, method.options, &ask, out, err);
    if (st == MYE_OK)
        st = mye_method_text(&method, false, (*out)->source, sizeof((*out)->source), err);
    if (st != MYE_OK) {
        mye_patterns_free(*out);
        *out = NULL;
    }
    mye_method_free(ctx, &method);
    return st;
}
