/*
 * Small parameter tables for the tests of parameters, methods and configuration.
 */
#ifndef SMALL_TABLES_H
#define SMALL_TABLES_H

#include <math.h>
#include <stddef.h>

#include "myelin/registry.h"

typedef struct atan_options {
    double alpha;
} atan_options;

static const mye_param atan_params[] = {
    {"alpha", MYE_PARAM_FLOAT, offsetof(atan_options, alpha), 0, "2", 0.001, 100, NULL, NULL, "",
     "slope"},
    {.name = NULL},
};
static const mye_entry surrogate_atan = {"atan", "arc tangent", "", atan_params,
                                         sizeof(atan_options)};
static const mye_entry surrogate_plain = {"plain", "no parameters", "", NULL, 0};
static const mye_entry *const surrogates[] = {&surrogate_atan, &surrogate_plain, NULL};
static const mye_kind kind_surrogate = {"surrogate", "which slope?", surrogates};

typedef struct lif_options {
    double tau;
    bool hard;
    char surrogate[MYE_METHOD_MAX];
    char note[32];
} lif_options;

static const mye_param lif_params[] = {
    {"tau", MYE_PARAM_FLOAT, offsetof(lif_options, tau), 0, "2", 1, HUGE_VAL, NULL, NULL, "steps",
     "time constant"},
    {"hard", MYE_PARAM_BOOL, offsetof(lif_options, hard), 0, "false", 0, 0, NULL, NULL, "",
     "reset to zero"},
    {"surrogate", MYE_PARAM_METHOD, offsetof(lif_options, surrogate), MYE_METHOD_MAX,
     "atan:alpha=2", 0, 0, NULL, &kind_surrogate, "", "slope of the spike"},
    {"note", MYE_PARAM_TEXT, offsetof(lif_options, note), 32, "", 0, 0, NULL, NULL, "", "a note"},
    {.name = NULL},
};
static const mye_entry neuron_if = {"if", "integrate and fire", "", NULL, 0};
static const mye_entry neuron_lif = {"lif", "leaky integrate and fire", "", lif_params,
                                     sizeof(lif_options)};
static const mye_entry *const neurons[] = {&neuron_if, &neuron_lif, NULL};
static const mye_kind kind_neuron = {"neuron", "what does a neuron do?", neurons};

typedef struct run_options {
    bool flip;
    int64_t steps;
    int64_t any;
    double lr;
    double free;
    int64_t memory;
    int order;
    char out[16];
    char neuron[MYE_METHOD_MAX];
    char extra[MYE_METHOD_MAX];
    char tight[8];
} run_options;

#define AT(field) offsetof(run_options, field)
static const mye_param run_params[] = {
    {"flip", MYE_PARAM_BOOL, AT(flip), 0, "true", 0, 0, NULL, NULL, "", "mirror"},
    {"T", MYE_PARAM_INT, AT(steps), 0, "4", 1, 1024, NULL, NULL, "steps", "steps"},
    {"any", MYE_PARAM_INT, AT(any), 0, "-3", 0, 0, NULL, NULL, "", "any number"},
    {"lr", MYE_PARAM_FLOAT, AT(lr), 0, "0.1", 0, HUGE_VAL, NULL, NULL, "", "rate"},
    {"free", MYE_PARAM_FLOAT, AT(free), 0, "-1e-3", 0, 0, NULL, NULL, "", "any number"},
    {"memory", MYE_PARAM_BYTES, AT(memory), 0, "512M", 0, HUGE_VAL, NULL, NULL, "bytes", "limit"},
    {"order", MYE_PARAM_CHOICE, AT(order), 0, "layer", 0, 0, "step|layer|random", NULL, "", "how"},
    {"out", MYE_PARAM_TEXT, AT(out), 16, "runs/a", 0, 0, NULL, NULL, "", "folder"},
    {"neuron", MYE_PARAM_METHOD, AT(neuron), MYE_METHOD_MAX, "lif", 0, 0, NULL, &kind_neuron, "",
     "neuron"},
    {"extra", MYE_PARAM_METHOD, AT(extra), MYE_METHOD_MAX, "", 0, 0, NULL, &kind_neuron, "",
     "maybe a neuron"},
    {"tight", MYE_PARAM_METHOD, AT(tight), 8, "if", 0, 0, NULL, &kind_neuron, "", "little room"},
    {.name = NULL},
};
#undef AT

#endif
