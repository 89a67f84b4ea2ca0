/* A host with a crash handler of its own, for test_crash.py: preloaded into the hub. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void on_crash(int number, siginfo_t *info, void *context) {
  (void)number;
  (void)context;
  /* The address that was read is told as the kernel tells it. */
  const char *text =
      info->si_addr ? "the host's handler: elsewhere\n" : "the host's handler: at 0\n";
  ssize_t written = write(STDERR_FILENO, text, strlen(text));
  _exit(written > 0 ? 42 : 43);
}

__attribute__((constructor)) static void install(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, NULL);
}
