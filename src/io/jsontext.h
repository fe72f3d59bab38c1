/* JSON (jansson) into our growing text. */
#ifndef MYE_JSONTEXT_H
#define MYE_JSONTEXT_H

#include <jansson.h>

#include "base/base.h"

/* Appends the object's text; false for want of memory or when object is NULL. Releases object. */
bool mye_json_add(mye_text *out, json_t *object, size_t flags);

/* Parses a text: MYE_ERR_FORMAT with `source` and the place when it is no JSON, MYE_ERR_NOMEM when
 * memory ran out. *out is NULL on failure. */
mye_status mye_json_parse(const char *source, const void *text, size_t bytes, size_t flags,
                          json_t **out, mye_error *err);

#endif
