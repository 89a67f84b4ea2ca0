/* The floor of a row: the least that any program embedding CPython must do for it. Plain C on the C
 * API, in a library of its own (floor.c) that vh_bench loads beside the library under test, so that
 * both run in one process and on one CPython. */
#ifndef VH_BENCH_FLOOR_H
#define VH_BENCH_FLOOR_H

#include "vh_python_wrapper.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A script in a sub-interpreter of its own, and one of its functions. */
typedef struct floor_script floor_script;
typedef struct floor_function floor_function;

/* The floor's functions. Each call attaches the interpreter by a kept thread state and leaves it
 * again, `times` times. What cannot work ends the process with a message. */
typedef struct floor_api {
  /* CPython's version. */
  const char *python;
  /* Starts CPython unless it runs, makes an interpreter and runs a script in it. There `vh` has one
   * function, GetUserClass(nick), which calls `get_user_class` with a block "s". */
  floor_script *(*open)(const char *path, w_Tcallback get_user_class);
  void (*close)(floor_script *script);
  floor_function *(*find)(floor_script *script, const char *name);
  /* Calls a function of so many texts, of a float or of an int, that returns an int. */
  void (*call_texts)(floor_function *function, const char *const *texts, int count, long times);
  void (*call_float)(floor_function *function, double number, long times);
  void (*call_int)(floor_function *function, long number, long times);
  /* Calls a function of no argument, of two ints returning one, of a text returning one, whose
   * copy is made and freed. */
  void (*call_nothing)(floor_function *function, long times);
  void (*call_ints)(floor_function *function, long left, long right, long times);
  void (*call_text)(floor_function *function, const char *text, long times);
  /* Makes an interpreter, compiles a file in it and ends it. */
  void (*load)(const char *path, long times);
  /* Makes so many interpreters, which stay. */
  void (*keep_interpreters)(int count);
} floor_api;

const floor_api *vh_floor(void);

#ifdef __cplusplus
}
#endif
#endif
