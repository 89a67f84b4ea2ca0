/* What plain CPython loses with each interpreter: the measure for reload.cpp.
 *
 * usage: bare sub|main|own-gil SCRIPT WARM-UP CYCLES
 *
 * Creates an interpreter, runs the script in it, calls its stop() if there is one and ends the
 * interpreter, again and again; with `main` the script runs in a new namespace of the main
 * interpreter. The last line says how many KB of memory and milliseconds a cycle took. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <time.h>

#include "memory.h"

static const char *const kStop = "if 'stop' in globals():\n    stop()\n";

static PyThreadState *main_state;

_Noreturn static void fail(const char *reason) {
  fprintf(stderr, "bare: %s\n", reason);
  if (PyErr_Occurred()) PyErr_Print();
  _exit(2);
}

static char *read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) fail("cannot open the script");
  const long length = ftell(file);
  char *text = calloc((size_t)length + 1, 1);
  rewind(file);
  if (!text || fread(text, 1, (size_t)length, file) != (size_t)length) fail("cannot read it");
  fclose(file);
  return text;
}

static void run_in(PyObject *namespace, const char *source) {
  PyObject *result = PyRun_String(source, Py_file_input, namespace, namespace);
  if (!result) fail("the script failed");
  Py_DECREF(result);
}

static void run(const char *source) {
  PyObject *namespace = PyDict_New();
  PyObject *name = PyUnicode_FromString("script");
  if (!namespace || !name || PyDict_SetItemString(namespace, "__name__", name) != 0) {
    fail("no namespace for the script");
  }
  Py_DECREF(name);
  run_in(namespace, source);
  run_in(namespace, kStop);
  PyDict_Clear(namespace);
  Py_DECREF(namespace);
  PyGC_Collect();
}

#if PY_VERSION_HEX >= 0x030C0000
static PyThreadState *new_own_gil(void) {
  const PyInterpreterConfig config = {
      .allow_threads = 1,
      .allow_daemon_threads = 1,
      .check_multi_interp_extensions = 1,
      .gil = PyInterpreterConfig_OWN_GIL,
  };
  PyThreadState *state = NULL;
  PyThreadState_Swap(NULL);
  Py_NewInterpreterFromConfig(&state, &config);
  return state;
}
#else
static PyThreadState *new_own_gil(void) { fail("own-gil needs Python 3.12 or newer"); }
#endif

static void cycle(const char *runtime, const char *source) {
  if (strcmp(runtime, "main") == 0) {
    run(source);
    return;
  }
  PyThreadState *state = strcmp(runtime, "own-gil") == 0 ? new_own_gil() : Py_NewInterpreter();
  if (!state) fail("no new interpreter");
  run(source);
  Py_EndInterpreter(state);
  PyThreadState_Swap(main_state);
}

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int main(int argc, char **argv) {
  if (argc != 5) fail("usage: bare sub|main|own-gil SCRIPT WARM-UP CYCLES");
  char *source = read_file(argv[2]);
  const int warm_up = atoi(argv[3]);
  const int cycles = atoi(argv[4]);
  Py_InitializeEx(0);
  main_state = PyThreadState_Get();
  for (int i = 0; i < warm_up; ++i) cycle(argv[1], source);
  const long before = resident_kb();
  const double start = now_ms();
  for (int i = 0; i < cycles; ++i) cycle(argv[1], source);
  printf("RESULT %.3f KB %.2f ms\n", (double)(resident_kb() - before) / cycles,
         (now_ms() - start) / cycles);
  fflush(stdout);
  free(source);
  /* Finalizing CPython is not what is measured, and some versions crash in it. */
  _exit(0);
}
