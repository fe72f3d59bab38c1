/*
 * What param.c and method.c share: values know their place, so that a message can say
 * "neuron.surrogate.alpha wants ...". Internal to the base.
 */
#ifndef MYE_PARAM_H
#define MYE_PARAM_H

#include "base/base.h"

#define MYE_KEY_MAX   160 /* dotted key, with its NUL                           */
#define MYE_DEPTH_MAX 8   /* methods inside methods; ends a table that recurses */

typedef struct mye_where {
    const struct mye_where *up; /* NULL: outermost */
    const char *name;
    size_t length;
    int depth;
} mye_where;

mye_where mye_where_in(const mye_where *up, const char *name, size_t length);
/* "neuron.surrogate.alpha"; returns out. */
const char *mye_where_text(const mye_where *at, char *out, size_t size);

/* As the public functions, at a place (NULL: the top). */
mye_status mye_params_defaults_at(const mye_where *at, const mye_param *params, void *options,
                                  mye_error *err);
mye_status mye_params_set_at(const mye_where *at, const mye_param *params, void *options,
                             const char *key, const char *value, mye_error *err);
mye_status mye_method_parse_at(mye_context *ctx, const mye_where *at, const mye_kind *kind,
                               const char *text, mye_method *out, mye_error *err);

/* Sets the field of one parameter; the place names the parameter itself. */
mye_status mye_param_set(const mye_where *at, const mye_param *param, void *options,
                         const char *value, mye_error *err);
/* Writes a method's canonical text into a METHOD field. */
mye_status mye_param_store(const mye_where *at, const mye_param *param, const mye_method *method,
                           void *options, mye_error *err);
/* Text of one value; *out points into the options or into buffer (at least 64 bytes). Returns its
 * length; choices are not NUL-terminated. */
size_t mye_param_text(const mye_param *param, const void *options, char *buffer, const char **out);
bool mye_param_equal(const mye_param *param, const void *a, const void *b);

/* Sets the hint "did you mean 'x'?", or the list of all. */
void mye_hint_nearest(mye_error *err, const char *word,
                      const char *(*candidate)(const void *arg, size_t i), const void *arg);

#endif
