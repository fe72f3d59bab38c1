/*
 * Registry: every extension point is a kind (an axis, or nodes, losses, data sets ...), every
 * method an entry of a kind with a parameter table. Config files, `--set`, `--help`, `list`,
 * `show`, the man page and the checks are all generated from these tables; no list is typed twice.
 *
 * A method is written `name` or `name:key=value,key=value`; values that contain a comma or a colon
 * stand in parentheses: `lif:surrogate=(atan:alpha=2),tau=2`.
 */
#ifndef MYELIN_REGISTRY_H
#define MYELIN_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "myelin/context.h"
#include "myelin/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mye_param_type {
    MYE_PARAM_BOOL,   /* bool; true|false|yes|no|on|off|1|0                              */
    MYE_PARAM_INT,    /* int64_t                                                         */
    MYE_PARAM_FLOAT,  /* double; "inf" allowed where max is INFINITY                     */
    MYE_PARAM_BYTES,  /* int64_t; 512M, 2G, 1.5GiB, plain bytes                          */
    MYE_PARAM_CHOICE, /* int index into `choices` ("a|b|c")                              */
    MYE_PARAM_TEXT,   /* char[size], NUL-terminated                                      */
    MYE_PARAM_METHOD  /* char[size], canonical "name:key=value,..." of an entry of `kind` */
} mye_param_type;

struct mye_kind;

typedef struct mye_param {
    const char *name;
    mye_param_type type;
    size_t offset;               /* of the field in the options struct                  */
    size_t size;                 /* TEXT and METHOD: capacity of the char array         */
    const char *def;             /* default, as a user would write it; never NULL       */
    double min, max;             /* numbers: inclusive range (both 0: any)              */
    const char *choices;         /* CHOICE: "a|b|c"; METHOD: what the option alone, without a
                                    value, means on a command line; NULL: it wants one  */
    const struct mye_kind *kind; /* METHOD: the kind whose entries are allowed          */
    const char *unit;            /* "", "steps", "bytes", ...                           */
    const char *help;            /* one line, no full stop                              */
} mye_param;

#define MYE_METHOD_MAX 256 /* usual capacity of METHOD fields */

/* First member of every method's table. Tables of params end with a row whose name is NULL. */
typedef struct mye_entry {
    const char *name;
    const char *brief;       /* one line for `list` and the manual                      */
    const char *source;      /* paper and equation, or "" where there is none           */
    const mye_param *params; /* NULL: no parameters                                     */
    size_t options_size;     /* sizeof the options struct, 0 without parameters         */
} mye_entry;

typedef struct mye_kind {
    const char *name;                /* "time", "depth", "node", ...                    */
    const char *question;            /* one line: what choice does this kind make?      */
    const mye_entry *const *entries; /* NULL-terminated, alphabetical                   */
} mye_kind;

/* All kinds, NULL-terminated. */
MYE_API const mye_kind *const *mye_kinds(void);
/* The kind of that name, or NULL. */
MYE_API const mye_kind *mye_kind_find(const char *name);
/* The entry, or an error that names the nearest entry as hint. */
MYE_API mye_status mye_kind_entry(const mye_kind *kind, const char *name, const mye_entry **out,
                                  mye_error *err);

/* Writes every default into the options struct. Tables with a wrong default fail a test. */
MYE_API mye_status mye_params_defaults(const mye_param *params, void *options, mye_error *err);
/* Sets one parameter from text. Dotted keys reach into METHOD fields: "step.lr". */
MYE_API mye_status mye_params_set(const mye_param *params, void *options, const char *key,
                                  const char *value, mye_error *err);
/* Value of one parameter as text that mye_params_set reads back to the same bits. */
MYE_API mye_status mye_params_get(const mye_param *params, const void *options, const char *key,
                                  char *out, size_t size, mye_error *err);

/* A chosen method with its parsed options. */
typedef struct mye_method {
    const mye_entry *entry;
    void *options; /* options_size bytes, NULL without parameters */
} mye_method;

/* Parses "name:key=value,..."; free with mye_method_free. */
MYE_API mye_status mye_method_parse(mye_context *ctx, const mye_kind *kind, const char *text,
                                    mye_method *out, mye_error *err);
MYE_API void mye_method_free(mye_context *ctx, mye_method *method);
/* Canonical text with the parameters that differ from their defaults (all = every parameter). */
MYE_API mye_status mye_method_text(const mye_method *method, bool all, char *out, size_t size,
                                   mye_error *err);

#ifdef __cplusplus
}
#endif
#endif
