/* JSON (jansson) into our growing text. */
#ifndef MYE_JSONTEXT_H
#define MYE_JSONTEXT_H

#include <jansson.h>

#include "base/base.h"

/* Appends the object's text; false for want of memory or when object is NULL. Releases object. */
bool mye_json_add(mye_text *out, json_t *object, size_t flags);

#endif
