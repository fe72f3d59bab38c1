/* Ten classes of short signals. */
#include "synapse/tones.h"

#include <math.h>

#define TURN 6.28318530717958647692

/* What all kinds begin with. */
typedef struct voice {
    mye_draws *draws;
    double rate, pitch_hz;
    float *x;
    int64_t n;
} voice;

static double between(voice *v, double low, double high)
{
    return low + (high - low) * mye_draws_uniform(v->draws);
}

/* A tone whose frequency at place u, 0 to 1, is pitch * ratio^u. */
static void chirp(voice *v, double ratio)
{
    double phase = 0;
    for (int64_t i = 0; i < v->n; i++) {
        phase += v->pitch_hz * pow(ratio, (double)i / (double)v->n) / v->rate;
        v->x[i] = (float)sin(TURN * phase);
    }
}

static void chirp_up(voice *v)
{
    chirp(v, between(v, 2, 3.5));
}

static void chirp_down(voice *v)
{
    const double ratio = between(v, 2, 3.5);
    v->pitch_hz *= ratio;
    chirp(v, 1 / ratio);
}

/* Two tones, one after the other. */
static void step(voice *v, double first_hz, double second_hz)
{
    const int64_t change = (int64_t)((double)v->n * between(v, 0.35, 0.65));
    double phase = 0;
    for (int64_t i = 0; i < v->n; i++) {
        phase += (i < change ? first_hz : second_hz) / v->rate;
        v->x[i] = (float)sin(TURN * phase);
    }
}

static void step_up(voice *v)
{
    step(v, v->pitch_hz, v->pitch_hz * between(v, 1.5, 2.5));
}

static void step_down(voice *v)
{
    step(v, v->pitch_hz * between(v, 1.5, 2.5), v->pitch_hz);
}

static void tremolo(voice *v)
{
    const double beat_hz = between(v, 8, 16), start = between(v, 0, 1), tone_hz = 1.5 * v->pitch_hz;
    for (int64_t i = 0; i < v->n; i++) {
        const double t = (double)i / v->rate;
        const double loud = 0.5 + 0.5 * cos(TURN * (beat_hz * t + start));
        v->x[i] = (float)(loud * loud * sin(TURN * tone_hz * t));
    }
}

static void siren(voice *v)
{
    const double turn_hz = between(v, 4, 8), start = between(v, 0, 1);
    double phase = 0;
    for (int64_t i = 0; i < v->n; i++) {
        const double t = (double)i / v->rate;
        phase += 1.5 * v->pitch_hz * exp(0.4 * sin(TURN * (turn_hz * t + start))) / v->rate;
        v->x[i] = (float)sin(TURN * phase);
    }
}

/* Decaying bursts of noise. */
static void clicks(voice *v)
{
    const double gap = v->rate / between(v, 10, 25), decay = v->rate * between(v, 0.002, 0.005);
    for (int64_t i = 0; i < v->n; i++)
        v->x[i] = (float)(0.5 * exp(-fmod((double)i, gap) / decay) * mye_draws_normal(v->draws));
}

static void harmonics(voice *v)
{
    const double f0 = v->pitch_hz / 3;
    for (int k = 1; k <= 12 && k * f0 < 0.45 * v->rate; k++) {
        const double start = between(v, 0, 1);
        for (int64_t i = 0; i < v->n; i++)
            v->x[i] += (float)(0.5 / sqrt(k) * sin(TURN * (k * f0 * (double)i / v->rate + start)));
    }
}

/* Noise through a resonator (two poles), growing by e^fade from end to end. */
static void hiss(voice *v, double fade)
{
    const double turn = TURN * 1.5 * v->pitch_hz / v->rate, radius = between(v, 0.8, 0.9);
    const double a1 = 2 * radius * cos(turn), a2 = -radius * radius, gain = 0.5 * (1 - radius);
    double y1 = 0, y2 = 0;
    for (int64_t i = 0; i < v->n; i++) {
        const double y = gain * mye_draws_normal(v->draws) + a1 * y1 + a2 * y2;
        const double u = (double)i / (double)v->n;
        v->x[i] = (float)(2 * y * exp(fade > 0 ? fade * (u - 1) : fade * u));
        y2 = y1;
        y1 = y;
    }
}

static void hiss_swell(voice *v)
{
    hiss(v, between(v, 2, 4));
}

static void hiss_fade(voice *v)
{
    hiss(v, -between(v, 2, 4));
}

static const struct {
    const char *name;
    void (*fill)(voice *v);
} kinds[MYE_TONES] = {
    {"chirp_down", chirp_down}, {"chirp_up", chirp_up},   {"clicks", clicks},
    {"harmonics", harmonics},   {"hiss_fade", hiss_fade}, {"hiss_swell", hiss_swell},
    {"siren", siren},           {"step_down", step_down}, {"step_up", step_up},
    {"tremolo", tremolo},
};

const char *mye_tone_name(int kind)
{
    return kinds[kind].name;
}

void mye_tone_make(int kind, mye_draws *draws, double rate, float *x, int64_t n)
{
    voice v = {draws, rate, 0, x, n};
    v.pitch_hz = 400 * pow(2.5, mye_draws_uniform(draws)); /* 400 to 1000 Hz */
    for (int64_t i = 0; i < n; i++)
        x[i] = 0;
    kinds[kind].fill(&v);
    const double ramp = 0.01 * rate; /* no clicks at the ends */
    for (int64_t i = 0; i < n; i++) {
        const double edge = fmin((double)i, (double)(n - 1 - i)) / ramp;
        x[i] *= (float)fmin(1, edge);
    }
}
