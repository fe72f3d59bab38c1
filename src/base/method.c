/*
 * Methods as text: "name:key=value,key=(nested:a=1,b=2)". See myelin/registry.h.
 */
#include <string.h>

#include "base/param.h"

#define MAX_ITEMS 64

/* ---- entries ---- */

static const char *entry_name(const void *arg, size_t i)
{
    const mye_kind *kind = arg;
    return kind->entries[i] != NULL ? kind->entries[i]->name : NULL;
}

mye_status mye_kind_entry(const mye_kind *kind, const char *name, const mye_entry **out,
                          mye_error *err)
{
    *out = NULL;
    for (size_t i = 0; kind->entries[i] != NULL; i++)
        if (strcmp(kind->entries[i]->name, name) == 0) {
            *out = kind->entries[i];
            return MYE_OK;
        }
    mye_fail(err, MYE_ERR_ARG, "unknown %s '%.100s'", kind->name, name);
    mye_hint_nearest(err, name, entry_name, kind);
    return MYE_ERR_ARG;
}

/* ---- reading ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char *trim(char *text)
{
    while (is_blank(*text))
        text++;
    size_t n = strlen(text);
    while (n > 0 && is_blank(text[n - 1]))
        n--;
    text[n] = '\0';
    return text;
}

static bool is_balanced(const char *text)
{
    size_t open = 0;
    for (; *text != '\0'; text++) {
        if (*text == ')' && open == 0)
            return false;
        open += (size_t)(*text == '(') - (size_t)(*text == ')');
    }
    return open == 0;
}

/* End of the item that starts here: the next comma outside parentheses, or the NUL. */
static char *item_end(char *text)
{
    size_t open = 0;
    for (; *text != '\0' && (*text != ',' || open > 0); text++)
        open += (size_t)(*text == '(') - (size_t)(*text == ')');
    return text;
}

/* Takes one pair of parentheses off a balanced text that stands in them as a whole. */
static char *unwrap(char *text)
{
    if (*text != '(')
        return text;
    size_t open = 0;
    char *c = text;
    do
        open += (size_t)(*c == '(') - (size_t)(*c == ')');
    while (open > 0 && *++c != '\0');
    if (*c != ')' || c[1] != '\0')
        return text;
    *c = '\0';
    return text + 1;
}

/* One "key=value"; `seen` holds the keys before it. */
static mye_status read_item(const mye_where *at, mye_method *m, char *item, const char **seen,
                            size_t n_seen, mye_error *err)
{
    char place[MYE_KEY_MAX];
    char *value = strchr(item, '=');
    if (value == NULL || value == item)
        return mye_fail(err, MYE_ERR_ARG, "%s wants key=value after '%s', got '%.100s'",
                        mye_where_text(at, place, sizeof place), m->entry->name, item);
    *value++ = '\0';
    const char *key = trim(item);
    for (size_t i = 0; i < n_seen; i++)
        if (strcmp(seen[i], key) == 0)
            return mye_fail(err, MYE_ERR_ARG, "%s.%.60s is given twice",
                            mye_where_text(at, place, sizeof place), key);
    seen[n_seen] = key;
    return mye_params_set_at(at, m->entry->params, m->options, key, unwrap(trim(value)), err);
}

static mye_status read_items(const mye_where *at, mye_method *m, char *text, mye_error *err)
{
    char place[MYE_KEY_MAX];
    const char *seen[MAX_ITEMS];
    for (size_t n = 0; text != NULL; n++) {
        if (n == MAX_ITEMS)
            return mye_fail(err, MYE_ERR_ARG, "%s wants at most %d parameters, got more",
                            mye_where_text(at, place, sizeof place), MAX_ITEMS);
        char *end = item_end(text);
        char *next = *end == ',' ? end + 1 : NULL;
        *end = '\0';
        MYE_TRY(read_item(at, m, trim(text), seen, n, err));
        text = next;
    }
    return MYE_OK;
}

/* `text` is a copy that may be cut up. */
static mye_status read_method(mye_context *ctx, const mye_where *at, const mye_kind *kind,
                              char *text, mye_method *out, mye_error *err)
{
    char place[MYE_KEY_MAX];
    if (!is_balanced(text))
        return mye_fail(err, MYE_ERR_ARG, "%s has parentheses that do not match in '%.100s'",
                        mye_where_text(at, place, sizeof place), text);
    text = trim(unwrap(trim(text)));
    char *items = strchr(text, ':');
    if (items != NULL)
        *items++ = '\0';
    const char *name = trim(text);
    if (name[0] == '\0')
        return mye_fail(err, MYE_ERR_ARG, "%s wants a name, got nothing",
                        mye_where_text(at, place, sizeof place));
    MYE_TRY(mye_kind_entry(kind, name, &out->entry, err));
    if (out->entry->options_size > 0) {
        out->options = mye_alloc(ctx, out->entry->options_size);
        if (out->options == NULL)
            return mye_no_memory(err, out->entry->options_size, "the options of a method");
        MYE_TRY(mye_params_defaults_at(at, out->entry->params, out->options, err));
    }
    return items != NULL ? read_items(at, out, items, err) : MYE_OK;
}

mye_status mye_method_parse_at(mye_context *ctx, const mye_where *at, const mye_kind *kind,
                               const char *text, mye_method *out, mye_error *err)
{
    char place[MYE_KEY_MAX];
    *out = (mye_method){NULL, NULL};
    if (at->depth > MYE_DEPTH_MAX)
        return mye_fail(err, MYE_ERR_ARG, "%.60s... has more than %d methods inside each other",
                        mye_where_text(at, place, sizeof place), MYE_DEPTH_MAX);
    char *copy = mye_strdup(ctx, text);
    if (copy == NULL)
        return mye_no_memory(err, strlen(text), "the text of a method");
    const mye_status status = read_method(ctx, at, kind, copy, out, err);
    if (status != MYE_OK)
        mye_method_free(ctx, out);
    mye_free(ctx, copy);
    return status;
}

mye_status mye_method_parse(mye_context *ctx, const mye_kind *kind, const char *text,
                            mye_method *out, mye_error *err)
{
    const mye_where at = mye_where_in(NULL, kind->name, strlen(kind->name));
    return mye_method_parse_at(ctx, &at, kind, text, out, err);
}

void mye_method_free(mye_context *ctx, mye_method *method)
{
    if (method == NULL)
        return;
    mye_free(ctx, method->options);
    *method = (mye_method){NULL, NULL};
}

/* ---- writing ---- */

typedef struct writer {
    char *out;
    size_t size, used; /* used counts on after the end */
} writer;

static void put(writer *w, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++, w->used++)
        if (w->used + 1 < w->size)
            w->out[w->used] = text[i];
}

/* Whether a value must stand in parentheses to be read back unchanged. */
static bool needs_wrap(const char *text, size_t n)
{
    if (n > 0 && (is_blank(text[0]) || is_blank(text[n - 1])))
        return true;
    for (size_t i = 0; i < n; i++)
        if (strchr(",:()", text[i]) != NULL)
            return true;
    return false;
}

static mye_status put_param(writer *w, const mye_method *m, const mye_param *p, bool is_first,
                            mye_error *err)
{
    char buffer[64];
    const char *value;
    const size_t n = mye_param_text(p, m->options, buffer, &value);
    const bool is_text = p->type == MYE_PARAM_TEXT || p->type == MYE_PARAM_METHOD;
    if (is_text && !is_balanced(value))
        return mye_fail(err, MYE_ERR_ARG,
                        "%s of '%s' has parentheses that do not match in '%.100s'", p->name,
                        m->entry->name, value);
    const bool wrap = needs_wrap(value, n);
    put(w, is_first ? ":" : ",", 1);
    put(w, p->name, strlen(p->name));
    put(w, wrap ? "=(" : "=", wrap ? 2 : 1);
    put(w, value, n);
    put(w, ")", wrap);
    return MYE_OK;
}

static mye_status put_params(writer *w, const mye_method *m, const void *defaults, mye_error *err)
{
    bool is_first = true;
    for (const mye_param *p = m->entry->params; p != NULL && p->name != NULL; p++) {
        if (defaults != NULL && mye_param_equal(p, m->options, defaults))
            continue;
        MYE_TRY(put_param(w, m, p, is_first, err));
        is_first = false;
    }
    return MYE_OK;
}

mye_status mye_method_text(const mye_method *method, bool all, char *out, size_t size,
                           mye_error *err)
{
    const mye_entry *entry = method->entry;
    writer w = {out, size, 0};
    void *defaults = NULL;
    mye_status status = MYE_OK;
    put(&w, entry->name, strlen(entry->name));
    if (method->options != NULL && !all) {
        defaults = mye_alloc(NULL, entry->options_size);
        if (defaults == NULL)
            return mye_no_memory(err, entry->options_size, "the options of a method");
        status = mye_params_defaults(entry->params, defaults, err);
    }
    if (status == MYE_OK && method->options != NULL)
        status = put_params(&w, method, defaults, err);
    mye_free(NULL, defaults);
    if (size > 0)
        out[w.used < size ? w.used : size - 1] = '\0';
    if (status == MYE_OK && w.used >= size)
        status = mye_fail(err, MYE_ERR_ARG, "the text of '%s' has %zu bytes, at most %zu fit",
                          entry->name, w.used, size > 0 ? size - 1 : 0);
    return status;
}
