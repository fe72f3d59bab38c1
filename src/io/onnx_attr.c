/* ONNX files: attributes and inputs of one node. */
#include <string.h>

#include "io/onnx_parts.h"

/* Is `name` one of the words of "group|strides"? */
static bool is_word(const char *words, const char *name)
{
    const size_t length = strlen(name);
    while (length > 0 && words != NULL) {
        if (strncmp(words, name, length) == 0 && (words[length] == '|' || words[length] == '\0'))
            return true;
        words = strchr(words, '|');
        words = words != NULL ? words + 1 : NULL;
    }
    return false;
}

mye_status mye_onnx_attributes_check(mye_onnx *r, const Onnx__NodeProto *n, const char *known)
{
    for (size_t i = 0; i < n->n_attribute; i++) {
        const Onnx__AttributeProto *a = n->attribute[i];
        const char *name = a->name != NULL ? a->name : "";
        if (!is_word(known, name))
            return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                      "has the attribute '%s', which is not supported",
                                      mye_onnx_label_of(name).text);
        if (mye_onnx_attribute(n, name) != a)
            return mye_onnx_node_fail(r, n, MYE_ERR_FORMAT, "has two attributes '%s'",
                                      mye_onnx_label_of(name).text);
    }
    return MYE_OK;
}

const Onnx__AttributeProto *mye_onnx_attribute(const Onnx__NodeProto *n, const char *name)
{
    for (size_t i = 0; i < n->n_attribute; i++)
        if (n->attribute[i]->name != NULL && strcmp(n->attribute[i]->name, name) == 0)
            return n->attribute[i];
    return NULL;
}

static mye_status wrong_type(mye_onnx *r, const Onnx__NodeProto *n, const char *name,
                             const char *wanted)
{
    return mye_onnx_node_fail(r, n, MYE_ERR_FORMAT, "has an attribute '%s' that is not %s", name,
                              wanted);
}

/* Writers of proto3 leave out what is 0, so the type alone is enough; it must be the right one. */
static bool is_type(const Onnx__AttributeProto *a, bool has_value, int type)
{
    return a->has_type ? (int)a->type == type : has_value;
}

mye_status mye_onnx_int(mye_onnx *r, const Onnx__NodeProto *n, const char *name, int64_t dflt,
                        int64_t *out)
{
    const Onnx__AttributeProto *a = mye_onnx_attribute(n, name);
    *out = a != NULL ? a->i : dflt;
    if (a != NULL && !is_type(a, a->has_i, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT))
        return wrong_type(r, n, name, "a whole number");
    return MYE_OK;
}

mye_status mye_onnx_float(mye_onnx *r, const Onnx__NodeProto *n, const char *name, float dflt,
                          float *out)
{
    const Onnx__AttributeProto *a = mye_onnx_attribute(n, name);
    *out = a != NULL ? a->f : dflt;
    if (a != NULL && !is_type(a, a->has_f, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT))
        return wrong_type(r, n, name, "a number");
    return MYE_OK;
}

mye_status mye_onnx_text(mye_onnx *r, const Onnx__NodeProto *n, const char *name, const char *dflt,
                         char out[32])
{
    const Onnx__AttributeProto *a = mye_onnx_attribute(n, name);
    if (a == NULL) {
        snprintf(out, 32, "%s", dflt);
        return MYE_OK;
    }
    if (!is_type(a, a->has_s, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING) || a->s.len >= 32)
        return wrong_type(r, n, name, "a short text");
    if (a->s.len > 0)
        memcpy(out, a->s.data, a->s.len);
    out[a->s.len] = '\0';
    return MYE_OK;
}

mye_status mye_onnx_numbers(mye_onnx *r, const Onnx__NodeProto *n, const char *name, int count,
                            int64_t min, int64_t dflt, int64_t *out)
{
    const Onnx__AttributeProto *a = mye_onnx_attribute(n, name);
    for (int i = 0; i < count; i++)
        out[i] = dflt;
    if (a == NULL)
        return MYE_OK;
    if (!is_type(a, true, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS))
        return wrong_type(r, n, name, "a list of whole numbers");
    if (a->n_ints != (size_t)count)
        return mye_onnx_node_fail(
            r, n, MYE_ERR_UNSUPPORTED,
            "has %zu numbers in '%s', but %d were expected (images have two directions)", a->n_ints,
            name, count);
    for (int i = 0; i < count; i++) {
        out[i] = a->ints[i];
        if (out[i] < min || out[i] > INT32_MAX)
            return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED, "has %lld in '%s'",
                                      (long long)out[i], name);
    }
    return MYE_OK;
}

mye_status mye_onnx_must_be(mye_onnx *r, const Onnx__NodeProto *n, const char *name, int64_t wanted)
{
    int64_t value;
    MYE_TRY(mye_onnx_int(r, n, name, wanted, &value));
    if (value != wanted)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "is supported with %s = %lld, not %lld", name, (long long)wanted,
                                  (long long)value);
    return MYE_OK;
}

/* ---- inputs and the output ---- */

bool mye_onnx_has_input(const Onnx__NodeProto *n, size_t k)
{
    return k < n->n_input && n->input[k][0] != '\0';
}

mye_status mye_onnx_input(mye_onnx *r, const Onnx__NodeProto *n, size_t k, mye_onnx_value **out)
{
    *out = NULL;
    if (!mye_onnx_has_input(n, k))
        return mye_onnx_node_fail(r, n, MYE_ERR_FORMAT, "has no input %zu", k);
    mye_onnx_value *v = mye_onnx_find(r, n->input[k]);
    if (v == NULL || v->kind == MYE_ONNX_PROMISED)
        return mye_onnx_node_fail(r, n, MYE_ERR_FORMAT, "reads '%s', which %s",
                                  mye_onnx_label_of(n->input[k]).text,
                                  v == NULL ? "is neither an input, a tensor nor made by a node"
                                            : "no earlier node makes");
    *out = v;
    return MYE_OK;
}

mye_status mye_onnx_layer_input(mye_onnx *r, const Onnx__NodeProto *n, size_t k, int rank,
                                bool pads, mye_onnx_value **out)
{
    MYE_TRY(mye_onnx_input(r, n, k, out));
    const mye_onnx_value *v = *out;
    if (v->kind != MYE_ONNX_LAYER)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "reads the constant '%s', but should read what the input becomes",
                                  mye_onnx_label_of(v->name).text);
    if (rank != 0 && v->rank != rank)
        return mye_onnx_node_fail(r, n, MYE_ERR_SHAPE,
                                  "reads '%s' of %d dimensions, but %d were expected",
                                  mye_onnx_label_of(v->name).text, v->rank, rank);
    if (!pads && (v->pad_h > 0 || v->pad_w > 0))
        return mye_onnx_node_fail(
            r, n, MYE_ERR_UNSUPPORTED,
            "comes behind a Pad, but only Conv and AveragePool can take its zeros");
    return MYE_OK;
}

mye_status mye_onnx_output(mye_onnx *r, const Onnx__NodeProto *n, mye_onnx_value **out)
{
    *out = n->n_output > 0 ? mye_onnx_find(r, n->output[0]) : NULL;
    if (*out == NULL)
        return mye_onnx_node_fail(r, n, MYE_ERR_FORMAT, "has no output");
    return MYE_OK;
}
