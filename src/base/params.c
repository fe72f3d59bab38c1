/*
 * Parameter tables: keys, defaults and the hints of wrong ones. See myelin/registry.h.
 */
#include <string.h>

#include "base/param.h"

/* ---- places and hints ---- */

mye_where mye_where_in(const mye_where *up, const char *name, size_t length)
{
    return (mye_where){up, name, length, up != NULL ? up->depth + 1 : 0};
}

const char *mye_where_text(const mye_where *at, char *out, size_t size)
{
    out[0] = '\0';
    if (at == NULL)
        return out;
    mye_where_text(at->up, out, size);
    const size_t used = strlen(out);
    snprintf(out + used, size - used, "%s%.*s", used > 0 ? "." : "",
             (int)(at->length < MYE_KEY_MAX ? at->length : MYE_KEY_MAX), at->name);
    return out;
}

void mye_hint_nearest(mye_error *err, const char *word,
                      const char *(*candidate)(const void *arg, size_t i), const void *arg)
{
    const char *near = mye_nearest(word, candidate, arg);
    if (near != NULL) {
        mye_hint(err, "did you mean '%s'?", near);
        return;
    }
    char list[sizeof((mye_error *)NULL)->hint];
    size_t used = 0;
    list[0] = '\0';
    for (size_t i = 0; candidate(arg, i) != NULL && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "",
                                 candidate(arg, i));
    if (used > 0)
        mye_hint(err, "known: %s", list);
}

static const char *param_name(const void *arg, size_t i)
{
    const mye_param *params = arg;
    return params[i].name;
}

/* ---- tables ---- */

mye_status mye_params_defaults_at(const mye_where *at, const mye_param *params, void *options,
                                  mye_error *err)
{
    for (const mye_param *p = params; p != NULL && p->name != NULL; p++) {
        const mye_where here = mye_where_in(at, p->name, strlen(p->name));
        MYE_TRY(mye_param_set(&here, p, options, p->def, err));
    }
    return MYE_OK;
}

static const mye_param *find(const mye_param *params, const char *key, size_t n)
{
    for (const mye_param *p = params; p != NULL && p->name != NULL; p++)
        if (strlen(p->name) == n && memcmp(p->name, key, n) == 0)
            return p;
    return NULL;
}

/* The parameter of the first part of a dotted key; *rest is what follows its dot, or NULL. */
static mye_status look_up(const mye_where *at, const mye_param *params, const char *key,
                          const mye_param **out, const char **rest, mye_error *err)
{
    const size_t n = strcspn(key, ".");
    *rest = key[n] == '.' ? key + n + 1 : NULL;
    *out = find(params, key, n);
    const mye_where here = mye_where_in(at, key, n);
    char full[MYE_KEY_MAX], first[64];
    mye_where_text(&here, full, sizeof full);
    if (*out == NULL) {
        snprintf(first, sizeof first, "%.*s", n < sizeof first ? (int)n : 0, key);
        const bool has_any = params != NULL && params->name != NULL;
        mye_fail(err, MYE_ERR_ARG, "unknown key '%.100s'%s", full,
                 has_any ? "" : " of a method without parameters");
        if (has_any)
            mye_hint_nearest(err, first, param_name, params);
        return MYE_ERR_ARG;
    }
    if (*rest != NULL && (*out)->type != MYE_PARAM_METHOD)
        return mye_fail(err, MYE_ERR_ARG, "unknown key '%.60s.%.60s': %.60s is a single value",
                        full, *rest, full);
    return MYE_OK;
}

/* The method that a METHOD field now holds. */
static mye_status read_field(const mye_where *at, const mye_param *p, const void *options,
                             mye_method *out, mye_error *err)
{
    char key[MYE_KEY_MAX];
    const char *text = (const char *)options + p->offset;
    if (text[0] == '\0')
        return mye_fail(err, MYE_ERR_ARG, "%s has no parameters, because no %s is chosen",
                        mye_where_text(at, key, sizeof key), p->kind->name);
    return mye_method_parse_at(NULL, at, p->kind, text, out, err);
}

mye_status mye_params_set_at(const mye_where *at, const mye_param *params, void *options,
                             const char *key, const char *value, mye_error *err)
{
    const mye_param *p;
    const char *rest;
    MYE_TRY(look_up(at, params, key, &p, &rest, err));
    const mye_where here = mye_where_in(at, p->name, strlen(p->name));
    if (rest == NULL)
        return mye_param_set(&here, p, options, value, err);
    mye_method m;
    MYE_TRY(read_field(&here, p, options, &m, err));
    mye_status status = mye_params_set_at(&here, m.entry->params, m.options, rest, value, err);
    if (status == MYE_OK)
        status = mye_param_store(&here, p, &m, options, err);
    mye_method_free(NULL, &m);
    return status;
}

typedef struct target {
    char *out;
    size_t size;
} target;

static mye_status get_at(const mye_where *at, const mye_param *params, const void *options,
                         const char *key, target to, mye_error *err)
{
    const mye_param *p;
    const char *rest;
    MYE_TRY(look_up(at, params, key, &p, &rest, err));
    const mye_where here = mye_where_in(at, p->name, strlen(p->name));
    if (rest != NULL) {
        mye_method m;
        MYE_TRY(read_field(&here, p, options, &m, err));
        const mye_status status = get_at(&here, m.entry->params, m.options, rest, to, err);
        mye_method_free(NULL, &m);
        return status;
    }
    char buffer[64], full[MYE_KEY_MAX];
    const char *text;
    const size_t n = mye_param_text(p, options, buffer, &text);
    if (n >= to.size)
        return mye_fail(err, MYE_ERR_ARG, "%s has %zu bytes, more than the %zu that fit here",
                        mye_where_text(&here, full, sizeof full), n, to.size > 0 ? to.size - 1 : 0);
    memcpy(to.out, text, n);
    to.out[n] = '\0';
    return MYE_OK;
}

mye_status mye_params_defaults(const mye_param *params, void *options, mye_error *err)
{
    return mye_params_defaults_at(NULL, params, options, err);
}

mye_status mye_params_set(const mye_param *params, void *options, const char *key,
                          const char *value, mye_error *err)
{
    return mye_params_set_at(NULL, params, options, key, value, err);
}

mye_status mye_params_get(const mye_param *params, const void *options, const char *key, char *out,
                          size_t size, mye_error *err)
{
    return get_at(NULL, params, options, key, (target){out, size}, err);
}
