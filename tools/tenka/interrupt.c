#define _POSIX_C_SOURCE 200809L
#include <signal.h>

#include "tenka.h"

static volatile sig_atomic_t arrived, second, held;

/* The first signal lets the step end. A second one ends the process, since somebody does not want to wait for that; but
 * SIGPIPE comes with each line that is printed to nobody. */
static void on_signal(int number)
{
    if (arrived == 0) {
        arrived = number;
    } else if (number != SIGPIPE && held) {
        second = number;
    } else if (number != SIGPIPE) {
        signal(number, SIG_DFL);
        raise(number);
    }
}

static void catch_signal(int number, bool unless_ignored)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, before;
    sigemptyset(&action.sa_mask);
    if (unless_ignored && sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_IGN)
        return;
    sigaction(number, &action, NULL);
}

void interrupt_catch(void)
{
    catch_signal(SIGINT, false);
    catch_signal(SIGTERM, false);
    /* nohup starts the program with SIGHUP ignored, and that must stay. */
    catch_signal(SIGHUP, true);
    /* As in `tenka train | head`, which would end the process before the network is saved. */
    catch_signal(SIGPIPE, true);
    /* So that write() returns an error where a file would exceed `ulimit -f`. */
    signal(SIGXFSZ, SIG_IGN);
}

void interrupt_hold(void)
{
    held = 1;
}

void interrupt_release(void)
{
    held = 0;
    if (second == 0)
        return;
    signal(second, SIG_DFL);
    raise(second);
}

int interrupt_signal(void)
{
    return arrived;
}
