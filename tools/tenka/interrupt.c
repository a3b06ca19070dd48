#define _POSIX_C_SOURCE 200809L
#include <signal.h>

#include "tenka.h"

static volatile sig_atomic_t arrived;

static void on_signal(int number)
{
    arrived = number;
}

void interrupt_catch(void)
{
    /* SA_RESETHAND: whoever presses Ctrl-C twice does not want to wait for the step. */
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND | SA_RESTART };
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int interrupt_signal(void)
{
    return arrived;
}
