/*
 * Methods of conversion: a neuron with its thresholds and corrections. Each is a line in the list
 * below: another neuron, rule or calibration needs no more.
 */
#include "convert/convert.h"

#include <stddef.h>

#include "convert/balance.h"
#include "convert/calibration.h"

#define ROW(field, kind, value, text)                                                          \
    .name = #field, .type = kind, .offset = offsetof(mye_recipe_options, field), .def = value, \
    .unit = "", .help = text

/* name, its identifier, neuron, balance, per, levels, coef_max, calibration, brief, source */
#define RECIPES(X)                                                                               \
    X("aug", aug, "aug", "percentile", "layer", "16", "0", "none",                               \
      "spikes that carry a number; levels says how finely (AugMapping)",                         \
      "Yu et al. 2020, arXiv 2005.03231")                                                        \
    X("burst", burst, "burst", "percentile", "layer", "1", "5", "none",                          \
      "up to coef_max spikes at a step, none taken back", "Li, Zeng 2022, IJCAI")                \
    X("calib", calib, "soft", "mse", "layer", "1", "0", "light",                                 \
      "one spike, thresholds by mse, biases corrected (light calibration)",                      \
      "Li et al. 2021, ICML")                                                                    \
    X("calib-advanced", calib_advanced, "soft", "mse", "layer", "1", "0", "advanced",            \
      "one spike, thresholds by mse, initial potentials corrected", "Li et al. 2021, ICML")      \
    X("channel", channel, "soft", "max", "channel", "1", "0", "none",                            \
      "one spike, a threshold for each channel", "Kim et al. 2020, AAAI (channel-wise)")         \
    X("exact", exact, "exact", "percentile", "layer", "16", "0", "none",                         \
      "the quantised ANN at every step", "this project, after Yu et al. 2020")                   \
    X("hard", hard, "hard", "max", "layer", "1", "0", "none", "one spike, reset to zero",        \
      "Diehl et al. 2015, IJCNN")                                                                \
    X("max", max, "soft", "max", "layer", "1", "0", "none", "one spike, the largest activation", \
      "Diehl et al. 2015; Rueckauer et al. 2017")                                                \
    X("mse", mse, "soft", "mse", "layer", "1", "0", "none", "one spike, thresholds by mse",      \
      "Li et al. 2021, ICML")                                                                    \
    X("p99", p99, "soft", "percentile:q=99", "layer", "1", "0", "none",                          \
      "one spike, percentile 99 of the activations", "Rueckauer et al. 2017")                    \
    X("p99.9", p999, "soft", "percentile", "layer", "1", "0", "none",                            \
      "one spike, percentile 99.9 of the activations", "Rueckauer et al. 2017")                  \
    X("qcfs", qcfs, "soft", "qcfs", "layer", "1", "0", "none",                                   \
      "one spike, thresholds learned with QCFS activations", "Bu et al. 2022, ICLR")             \
    X("snm", snm, "ter", "max", "neuron", "1", "0", "none",                                      \
      "spikes of +1 and -1, a threshold for each neuron",                                        \
      "Wang et al. 2022, IJCAI (signed neuron with memory)")                                     \
    X("soft", soft, "soft", "percentile", "layer", "1", "0", "none",                             \
      "one spike, reset by subtraction", "Rueckauer et al. 2017")                                \
    X("spikenorm", spikenorm, "soft", "spikenorm", "layer", "1", "0", "none",                    \
      "one spike, thresholds by the spiking network itself", "Sengupta et al. 2019")             \
    X("ter", ter, "ter", "percentile", "layer", "1", "0", "none",                                \
      "spikes of +1 and -1 (TerMapping)", "Yu et al. 2020, arXiv 2005.03231")

#define PARAMS(balance_, per_, levels_, calibration_, most_)                                    \
    {ROW(balance, MYE_PARAM_METHOD, balance_, "rule for thresholds"), .size = MYE_METHOD_MAX,   \
     .kind = &mye_kind_balance},                                                                \
        {ROW(calibration, MYE_PARAM_METHOD, calibration_, "what corrects the network"),         \
         .size = MYE_METHOD_MAX, .kind = &mye_kind_calibration},                                \
        {ROW(per, MYE_PARAM_CHOICE, per_, "what has a threshold of its own"),                   \
         .choices = "layer|channel|neuron"},                                                    \
        {ROW(levels, MYE_PARAM_FLOAT, levels_, "a threshold is so small a part of the rule's"), \
         .min = 1e-3, .max = 1e6},                                                              \
        {ROW(v0, MYE_PARAM_FLOAT, "0.5",                                                        \
             "potential to begin with, in thresholds: 0.5 rounds, 0 cuts off"),                 \
         .min = 0, .max = 1},                                                                   \
        {ROW(scale, MYE_PARAM_FLOAT, "1", "factor on the rule's thresholds"), .min = 1e-3,      \
         .max = 1e3},                                                                           \
        {ROW(coef_max, MYE_PARAM_INT, most_, "largest coefficient; 0: none"), .min = 0,         \
         .max = 1 << 22},                                                                       \
        {ROW(shift, MYE_PARAM_BOOL, "no", "coefficients are powers of two (aug)")},             \
        {ROW(T, MYE_PARAM_INT, "16", "steps that mse and calibrations reckon with"), .min = 1,  \
         .max = 4096},                                                                          \
    {                                                                                           \
        .name = NULL                                                                            \
    }

#define X(text, ident, neuron_, balance_, per_, levels_, most_, calibration_, brief_, source_) \
    static const mye_param ident##_params[] = {                                                \
        PARAMS(balance_, per_, levels_, calibration_, most_)};                                 \
    static const mye_recipe ident##_recipe = {                                                 \
        .entry = {.name = text,                                                                \
                  .brief = brief_,                                                             \
                  .source = source_,                                                           \
                  .params = ident##_params,                                                    \
                  .options_size = sizeof(mye_recipe_options)},                                 \
        .neuron = neuron_};
RECIPES(X)
#undef X

static const mye_entry *const entries[] = {
#define X(text, ident, neuron_, balance_, per_, levels_, most_, calibration_, brief_, source_) \
    &ident##_recipe.entry,
    RECIPES(X)
#undef X
        NULL};

const mye_kind mye_kind_convert = {.name = "convert",
                                   .question = "How does a trained network become a spiking one?",
                                   .entries = entries};
