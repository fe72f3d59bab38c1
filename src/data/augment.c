/* Lists of augmentations. */
#include <string.h>

#include "data/augment.h"
#include "data/augment_list.inc"

#define DECLARE(name) extern const mye_augment_type mye_augment_##name;
MYE_AUGMENT_LIST(DECLARE)
#define ENTRY(name) &mye_augment_##name.entry,
static const mye_entry *const entries[] = {MYE_AUGMENT_LIST(ENTRY) NULL};
const mye_kind mye_kind_augment = {"augment", "How are training images varied?", entries};

/* Length of the method at the start of `text`: up to white space outside of parentheses. */
static size_t word_length(const char *text)
{
    size_t n = 0;

    for (int depth = 0; text[n]; n++) {
        depth += text[n] == '(' ? 1 : text[n] == ')' ? -1 : 0;
        if (depth <= 0 && strchr(" \t\n", text[n]))
            break;
    }
    return n;
}

static mye_status parse_one(mye_context *ctx, const char *word, int C, int H, int W,
                            mye_augment_list *list, mye_error *err)
{
    mye_method method = {0};
    const mye_augment_type *type;
    mye_status st;

    if (list->n == MYE_AUGMENT_MAX)
        return mye_fail(err, MYE_ERR_ARG,
                        "a list of augmentations holds at most %d, '%s' is one "
                        "too many",
                        MYE_AUGMENT_MAX, word);
    MYE_TRY(mye_method_parse(ctx, &mye_kind_augment, word, &method, err));
    type = (const mye_augment_type *)(const void *)method.entry;
    st = type->check ? type->check(method.options, C, H, W, err) : MYE_OK;
    if (st == MYE_OK) {
        list->type[list->n] = type;
        if (method.options)
            memcpy(list->options[list->n], method.options, method.entry->options_size);
        list->n++;
    }
    mye_method_free(ctx, &method);
    return st;
}

mye_status mye_augment_parse(mye_context *ctx, const char *text, int C, int H, int W,
                             mye_augment_list *out, mye_error *err)
{
    char word[MYE_METHOD_MAX];

    memset(out, 0, sizeof *out);
    text = text ? text : "";
    for (text += strspn(text, " \t\n"); *text; text += strspn(text, " \t\n")) {
        const size_t n = word_length(text);
        if (n >= sizeof word)
            return mye_fail(err, MYE_ERR_ARG, "augmentation '%.40s...' is longer than %zu letters",
                            text, sizeof word - 1);
        memcpy(word, text, n);
        word[n] = '\0';
        MYE_TRY(parse_one(ctx, word, C, H, W, out, err));
        text += n;
    }
    return MYE_OK;
}

mye_status mye_augment_check_frames(const mye_augment_list *list, mye_error *err)
{
    for (int k = 0; k < list->n; k++)
        if (list->type[k]->images_only)
            return mye_fail(err, MYE_ERR_UNSUPPORTED,
                            "augmentation '%s' is for images in [0, 1], not for frames of events",
                            list->type[k]->entry.name);
    return MYE_OK;
}

void mye_augment_image(const mye_augment_list *list, int C, int H, int W, uint64_t seed,
                       float *image, float *scratch)
{
    for (int k = 0; k < list->n; k++)
        if (list->type[k]->apply)
            list->type[k]->apply(list->options[k], C, H, W, mye_random_derive(seed, (uint64_t)k),
                                 image, scratch);
}

void mye_augment_batch(const mye_augment_list *list, int C, int H, int W, uint64_t seed,
                       mye_batch *batch, float *scratch)
{
    for (int k = 0; k < list->n; k++)
        if (list->type[k]->apply_batch)
            list->type[k]->apply_batch(list->options[k], C, H, W,
                                       mye_random_derive(seed, (uint64_t)k), batch, scratch);
}
