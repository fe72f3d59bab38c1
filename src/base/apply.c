/*
 * A YAML mapping applied to a parameter table.
 */
#include <string.h>

#include "base/param.h"

/* The table's sentence with the file's position in front; the hint stays. */
static mye_status set_one(const mye_yaml *at, const mye_param *params, void *options,
                          const char *key, const char *value, mye_error *err)
{
    mye_error inner;
    const mye_status status = mye_params_set(params, options, key, value, &inner);
    if (status == MYE_OK)
        return MYE_OK;
    if (status == MYE_ERR_NOMEM)
        return mye_fail(err, status, "%s", inner.message);
    mye_yaml_fail(at, err, "%s", inner.message);
    if (inner.hint[0] != '\0')
        mye_hint(err, "%s", inner.hint);
    return MYE_ERR_FORMAT;
}

static mye_status apply_node(const mye_yaml *node, const mye_param *params, void *options,
                             const char *key, mye_error *err);

/* {name: sgd, lr: 0.1}: the name first, since it resets the rest. */
static mye_status apply_method(const mye_yaml *node, const mye_param *params, void *options,
                               const char *key, mye_error *err)
{
    const mye_yaml *name = mye_yaml_get(node, "name");
    if (name != NULL)
        MYE_TRY(apply_node(name, params, options, key, err));
    for (int i = 0; i < node->n; i++) {
        if (&node->child[i] == name)
            continue;
        char inner[MYE_KEY_MAX];
        const int n = snprintf(inner, sizeof inner, "%s.%s", key, node->key[i]);
        if (n < 0 || (size_t)n >= sizeof inner)
            return mye_yaml_fail(&node->child[i], err, "unknown key '%.60s...'", inner);
        MYE_TRY(apply_node(&node->child[i], params, options, inner, err));
    }
    return MYE_OK;
}

static mye_status apply_node(const mye_yaml *node, const mye_param *params, void *options,
                             const char *key, mye_error *err)
{
    if (node->type == MYE_YAML_SCALAR)
        return set_one(node, params, options, key, node->text, err);
    if (node->type == MYE_YAML_MAPPING && node->n > 0)
        return apply_method(node, params, options, key, err);
    return mye_yaml_fail(node, err, "%.100s wants one value, got %s", key,
                         node->type == MYE_YAML_SEQUENCE ? "a list" : "an empty mapping");
}

mye_status mye_yaml_apply(const mye_yaml *mapping, const mye_param *params, void *options,
                          bool (*skip)(const char *key), mye_error *err)
{
    if (mapping->type != MYE_YAML_MAPPING)
        return mye_yaml_fail(mapping, err, "expected 'key: value' lines, got a %s",
                             mapping->type == MYE_YAML_SEQUENCE ? "list" : "single value");
    for (int i = 0; i < mapping->n; i++)
        if (skip == NULL || !skip(mapping->key[i]))
            MYE_TRY(apply_node(&mapping->child[i], params, options, mapping->key[i], err));
    return MYE_OK;
}
